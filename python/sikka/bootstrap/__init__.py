"""The composition root: the one place that knows every part and puts them together.

    async with house(settings) as house:          # database, journal, rails, flows; no edge
    async with gateway(settings) as gateway:      # the HTTP API, on a house
    async with worker(settings) as worker:        # the background duties, on a house

A demo or a test may put a gateway and a worker on one house. What is entered last is left first:
a gateway stops accepting and finishes its requests, the answers to the rails go out, the journal
writes what it holds, and only then connections close.
"""

from sikka.bootstrap.edges import Gateway, gateway, worker
from sikka.bootstrap.foundation import House, house

__all__ = ["Gateway", "House", "gateway", "house", "worker"]
