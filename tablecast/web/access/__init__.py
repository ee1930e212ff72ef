"""Access to a server: keys, their roles, and rate limits."""
