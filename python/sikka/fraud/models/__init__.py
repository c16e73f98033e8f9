"""Models of fraud: what travels with their trees, and which of them judge."""
