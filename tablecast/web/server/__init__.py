"""What is particular to each of the two servers."""
