"""Runs held against each other: paired differences, rankings, gates. Reads outcomes; asks nothing."""
