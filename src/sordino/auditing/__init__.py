"""The main job: what is owed, ask, read, estimate, conclude."""
