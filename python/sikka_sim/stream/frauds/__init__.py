"""What fraudsters do, a file a kind; `plan` says when, `reporting` when it becomes known."""
