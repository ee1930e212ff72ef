"""The training table: fetched, read and tidied, and what is too good to be true in it."""
