"""The search beside stock PyCaret and FLAML, on the same splits of the same tables."""
