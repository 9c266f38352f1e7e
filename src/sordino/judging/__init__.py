"""Judges: what is said of an exchange on one axis, or why it could not be said."""
