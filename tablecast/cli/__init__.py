"""The command line and its progress output."""
