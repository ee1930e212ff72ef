"""Experiments with PyCaret: set up, checked, and compared on the same rows and folds."""
