"""What all pages and routes share: responses, headers, metrics, files, the reader's language."""
