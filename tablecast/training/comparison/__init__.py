"""Comparison of pipelines from any notebook, on the same rows and folds."""
