"""Watches models at work: what became of their payments, and how far the world has moved."""
