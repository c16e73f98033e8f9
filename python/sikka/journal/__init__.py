"""The journal: the schema, the one way to write, and every way to read."""
