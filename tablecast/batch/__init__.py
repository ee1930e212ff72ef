"""A file of rows in, the same with predictions out: CSV and Parquet of any length."""
