"""Specs and settings become objects: the one place that knows every implementation."""
