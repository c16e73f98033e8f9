"""The merchant's HTTP API: one table of routes, one door, one file of handlers a resource."""
