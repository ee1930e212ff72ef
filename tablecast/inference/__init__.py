"""Columns in, answers out, and why."""
