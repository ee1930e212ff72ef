"""The model card as people and programs read it: a page, a file, or JSON."""
