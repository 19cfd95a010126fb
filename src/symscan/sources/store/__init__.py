"""The bar store: Parquet files and their catalogue."""
