"""Parquet: one row a spectrum."""
