"""Measures tablecast beside its peers; see docs/performance.md for the method."""
