"""What a table says: its names and cells, what it can teach, and what is too good to be true."""
