"""What a pipeline is worth on rows that it has not seen, all in aggregates."""
