"""A file, or a folder of files, answered in parts: here, or by an engine's workers."""
