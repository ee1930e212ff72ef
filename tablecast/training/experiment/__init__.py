"""Experiments with PyCaret: set up, checked and scored."""
