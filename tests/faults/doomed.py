"""A gateway or worker that kills or freezes itself at a labelled point; run by its file's path.

    python doomed.py --config sikka.yaml --role gateway --port 8080 \
        --at payment.created --occurrence 3 --signal KILL

The labels are the names that observers hear; `<name>:<api>` for one message of the rail; and
`before_commit`, `after_commit` of the journal's transactions, `webhook.answered` between the
merchant's answer and our note of it. `a>b` is the first b after the n-th a. Without `--at` it
lives on.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from sikka.bootstrap import edges, foundation
from sikka.domain.delivery import DueDelivery
from sikka.journal.journal import SqlJournal
from sikka.ops import logging
from sikka.settings import Settings
from sikka.webhooks.attempt import Attempt, Sender


class Fate:
    """Sends the process a signal when a label is reached for the n-th time."""

    def __init__(self, labels: str | None, occurrence: int, number: signal.Signals) -> None:
        self._labels = labels.split(">") if labels else []
        self._left = occurrence
        self._signal = number

    def reached(self, label: str) -> None:
        """Hear of a point that was reached, in whichever thread."""
        if not self._labels or label != self._labels[0]:
            return
        self._left -= 1
        if self._left > 0:
            return
        self._labels, self._left = self._labels[1:], 1
        if not self._labels:
            os.kill(os.getpid(), self._signal)

    def observe(self, what: str, /, **facts: Any) -> None:
        """An observer of the gateway."""
        self.reached(what)
        if "api" in facts:
            self.reached(f"{what}:{facts['api']}")


class ObservedSender(Sender):
    """Tells when a merchant has answered and nobody has noted it yet."""

    fate: Fate

    async def attempt(self, due: DueDelivery) -> Attempt:
        attempt = await super().attempt(due)
        self.fate.reached("webhook.answered")
        return attempt


async def run(settings: Settings, role: str, fate: Fate) -> None:
    """Serve or work until SIGTERM, or the end."""
    ObservedSender.fate = fate
    vars(foundation)["SqlJournal"] = partial(SqlJournal, hook=fate.reached)
    vars(edges)["Sender"] = ObservedSender
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with AsyncExitStack() as stack:
        if role == "gateway":
            await stack.enter_async_context(edges.gateway(settings, fate.observe))
        else:
            await stack.enter_async_context(edges.worker(settings, fate.observe))
        sys.stderr.write("ready\n")
        sys.stderr.flush()
        await stop.wait()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--role", choices=("gateway", "worker"), required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--at")
    parser.add_argument("--occurrence", type=int, default=1)
    parser.add_argument("--signal", choices=("KILL", "STOP"), default="KILL")
    options = parser.parse_args()
    settings = Settings.load(options.config, os.environ)
    settings = replace(settings, server=replace(settings.server, port=options.port))
    logging.configure(settings.logging.level, settings.logging.format)
    number = signal.Signals[f"SIG{options.signal}"]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings, options.role, Fate(options.at, options.occurrence, number)))


if __name__ == "__main__":
    main()
