"""Payments from the merchant's request to the webhook, over real HTTP, on real servers."""
