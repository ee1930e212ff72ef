"""The hosts, a module each: its name is what ``--to`` takes. See docs/contributing.md."""
