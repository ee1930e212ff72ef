"""What every page and route shares: responses, headers, counts, files, the reader's language."""
