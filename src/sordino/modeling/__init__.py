"""Models as weights: finding, loading and looking into them. The only home of model internals."""
