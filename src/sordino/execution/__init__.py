"""Where the work runs: worker processes on one machine. An audit cannot tell."""
