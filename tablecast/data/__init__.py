"""The training table: loaded, read, tidied, and checked for leaks."""
