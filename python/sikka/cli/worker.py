"""`sikka worker`: relay, delivery, checks, expiry."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack

import click
from aiohttp import web

from sikka import bootstrap
from sikka.api.serve import listening
from sikka.bootstrap import edges
from sikka.cli.main import settings_of
from sikka.cli.operator import keep_from_collector, run_loop
from sikka.ops import logging as logs
from sikka.ops.metrics import Metrics
from sikka.settings import Settings


@click.command()
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65_535),
    help="Serve /metrics here; overrides worker.metrics_port.",
)
@click.pass_context
def worker(context: click.Context, metrics_port: int | None) -> None:
    r"""Deliver webhooks, ask the rails about open payments, expire what nobody answered.

    Any number may run, on any machine; they share the work. SIGTERM finishes what is on its way.
    SIGHUP reads the keys of the rails again.

    \b
    Examples:
      sikka worker
      sikka --config sikka.yaml worker --metrics-port 9101
    """
    settings = settings_of(context)
    logs.configure(settings.logging.level, settings.logging.format)
    port = settings.worker.metrics_port if metrics_port is None else metrics_port
    run_loop(work(settings, port))


async def work(settings: Settings, metrics_port: int | None) -> None:
    """Work until a signal comes."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(bootstrap.house(settings))
        loop.add_signal_handler(signal.SIGHUP, house.reload_keys)
        await stack.enter_async_context(edges.worker(settings, on=house))
        keep_from_collector()
        said = "sikka works"
        if metrics_port is not None:
            app = _metrics_app(house.metrics)
            host, port = await stack.enter_async_context(
                listening(app, settings.server.host, metrics_port)
            )
            said += f", metrics at http://{host}:{port}/metrics"
        print(said, file=sys.stderr, flush=True)
        await stop.wait()


def _metrics_app(metrics: Metrics) -> web.Application:
    async def show(_request: web.Request) -> web.Response:
        body, content_type = metrics.render()
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/metrics", show)
    return app
