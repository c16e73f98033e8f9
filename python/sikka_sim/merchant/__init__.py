"""A merchant that receives webhooks, verifies them by another library and remembers them."""
