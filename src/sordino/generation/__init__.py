"""Backends: what turns a request into an attempt."""
