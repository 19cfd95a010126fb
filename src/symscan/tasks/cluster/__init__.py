"""Tasks done by the workers of a Dask cluster; its library is imported where a cluster is asked for."""
