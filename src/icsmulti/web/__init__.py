"""HTTP around the engine: the API, the pages, and the one table from errors to statuses."""
