"""The composition root: the one place that knows every part and puts them together.

    async with house(settings) as house:                # database, journal, rails, flows; no edge
    async with edges.gateway(settings) as gateway:      # the HTTP API, on a house
    async with edges.worker(settings) as worker:        # the background duties, on a house

A demo or a test may put a gateway and a worker on one house. What is entered last is left first:
a gateway stops accepting and finishes its requests, the answers to the rails go out, the journal
writes what it holds, and only then connections close.

The edges have to be imported by their name: a command that reads or writes a row does not wait
for all of the API.
"""

from sikka.bootstrap.foundation import House, house

__all__ = ["House", "house"]
