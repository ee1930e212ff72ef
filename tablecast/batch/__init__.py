"""Predictions for files of rows: CSV, Parquet and workbooks of any length."""
