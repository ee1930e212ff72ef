"""The form: what its file may say, the order of its fields, and how each is shown and read."""
