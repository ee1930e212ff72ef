"""The proof that a graph answers as the pipeline does, on rows that are seen and strange."""
