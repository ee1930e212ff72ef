"""The proof that a graph predicts like the pipeline, on training rows and on random ones."""
