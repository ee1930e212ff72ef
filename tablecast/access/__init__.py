"""Who may ask, and how often: keys, their roles, and rate limits."""
