"""Passes that make a graph smaller and quicker without changing an answer."""
