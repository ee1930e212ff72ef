"""tablecast: a table is cast once (trained, compiled, proven) and then forecast from."""

__version__ = "0.1.0"
