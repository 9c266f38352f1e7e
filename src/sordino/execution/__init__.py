"""Where the work runs: processes of this machine, or a Ray cluster. An audit cannot tell."""
