"""Events on their way to the merchants: endpoints, the outbox relay, signed deliveries."""
