"""SQL tables that hold every run, and what reads and writes them."""
