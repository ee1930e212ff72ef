"""What the pages say in each language, and ``messages``, which keeps it up to date."""
