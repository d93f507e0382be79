"""GitHub's REST API, one module per part; the table of routes is in `routes`."""
