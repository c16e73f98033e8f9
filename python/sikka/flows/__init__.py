"""The use cases, one a file, each told in the order in which it happens."""
