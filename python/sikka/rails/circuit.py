"""A circuit breaker: stop knocking at a door that does not answer, and try again with one call.

Why not a library: purgatory, the one for asyncio that was read, lets every waiting payment through
at once when the pause is over, and tells the time by the wall clock. Here exactly one probe may go,
and a clock that jumps must not open or close anything. What is left after that is this file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ticket:
    """The permission for one call, to be given back by `succeeded`, `failed` or `abandoned`."""

    probe: bool


class CircuitBreaker:
    """Counts failures in a row; refuses calls while open.

    A refused call was never made. That is all the breaker ever says about a call: it does not
    interpret outcomes.

    Args:
        failures_max: so many failures in a row open it.
        open_s: for so long it refuses every call; then one probe decides.
        monotonic: seconds that never jump.
    """

    def __init__(
        self,
        failures_max: int,
        open_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures_max = failures_max
        self._open_s = open_s
        self._monotonic = monotonic
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls are refused, but for the probe."""
        return self._open_until is not None

    def admit(self) -> Ticket | None:
        """Return a ticket for one call, or None while the circuit is open."""
        if self._open_until is None:
            return Ticket(probe=False)
        if self._probing or self._monotonic() < self._open_until:
            return None
        self._probing = True
        return Ticket(probe=True)

    def succeeded(self, ticket: Ticket) -> None:
        """The other side answered. A probe's success closes the circuit."""
        if ticket.probe:
            self._probing = False
            self._open_until = None
        if self._open_until is None:
            self._failures = 0

    def failed(self, ticket: Ticket) -> None:
        """The other side did not answer. Once open, calls that were under way count no more."""
        if ticket.probe:
            self._probing = False
            self._open_until = self._monotonic() + self._open_s
        elif self._open_until is None:
            self._failures += 1
            if self._failures >= self._failures_max:
                self._open_until = self._monotonic() + self._open_s

    def abandoned(self, ticket: Ticket) -> None:
        """The call was given up by the caller; that says nothing about the other side."""
        if ticket.probe:
            self._probing = False
