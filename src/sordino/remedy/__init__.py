"""Takes the mute off: edits of the weights, and of the data that a model learns from."""
