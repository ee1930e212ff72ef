"""Files of rows: CSV and Parquet of any length, read and written some rows at a time."""
