"""How good a pipeline is on rows that it has not seen, in aggregates only."""
