"""A deployment written as something else: an HTML file, an SQL statement, a folder for a host."""
