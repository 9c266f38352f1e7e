"""From estimates and exchanges to what a person reads: one HTML file, a terminal table, JSON and CSV."""
