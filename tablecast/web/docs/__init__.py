"""The API described: its document, made from the schema, and the page that shows it."""
