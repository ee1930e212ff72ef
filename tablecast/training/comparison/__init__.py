"""Pipelines of any notebook beside one another, on the same rows and folds."""
