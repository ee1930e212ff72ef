"""A deployment written as something else that answers alike: an HTML file, an SQL statement."""
