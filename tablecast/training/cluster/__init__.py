"""Where the work of a search is done: in threads of this process, or on a Dask or Ray cluster."""
