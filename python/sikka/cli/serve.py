"""`sikka serve`: the API, in one process or in several under a supervisor."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from dataclasses import replace

import click

from sikka.bootstrap import edges
from sikka.cli.exits import CommandFailed, Exit
from sikka.cli.main import settings_of
from sikka.cli.operator import keep_from_collector, run_loop
from sikka.cli.supervisor import LINE_VARIABLE, Line, Supervisor
from sikka.ops import logging as logs
from sikka.settings import Settings

log = logging.getLogger(__name__)


@click.command()
@click.option("--workers", type=click.IntRange(1, 256), help="Processes; overrides server.workers.")
@click.option("--host", help="Overrides server.host.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Overrides server.port; 0 is any.")
@click.pass_context
def serve(context: click.Context, workers: int | None, host: str | None, port: int | None) -> None:
    r"""Serve the API until SIGTERM; what has begun is finished first.

    With several workers a supervisor replaces those that die. SIGHUP reads the keys of the rails
    again. Run `sikka migrate` first and `sikka worker` beside it.

    \b
    Examples:
      sikka serve
      sikka --config sikka.yaml serve --workers 4 --port 8080
    """
    settings = settings_of(context)
    server = settings.server
    server = replace(
        server,
        workers=workers or server.workers,
        host=host or server.host,
        port=server.port if port is None else port,
    )
    settings = replace(settings, server=server)
    logs.configure(settings.logging.level, settings.logging.format)
    line = os.environ.get(LINE_VARIABLE)
    if line is not None:
        run_loop(serve_one(settings, Line(int(line))))
    elif server.workers == 1:
        run_loop(serve_one(settings, None))
    else:
        context.exit(supervise(context, settings))


async def serve_one(settings: Settings, line: Line | None) -> None:
    """Serve in this process until a signal, or until the supervisor is gone."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with edges.gateway(settings, reuse_port=line is not None) as gateway:
        loop.add_signal_handler(signal.SIGHUP, gateway.house.reload_keys)
        keep_from_collector()
        if line is None:
            print(f"sikka serves {gateway.url}", file=sys.stderr, flush=True)
        else:
            line.when_lost(stop.set)
            line.ready()
        await stop.wait()
        log.info("stopping")
    if line is not None:
        line.close()


def supervise(context: click.Context, settings: Settings) -> Exit:
    """Serve by several processes on one port."""
    server = settings.server
    if settings.redis is None:
        log.warning("without redis each process keeps its own windows and rates; set redis.url")
    with _reserved(server.host, server.port) as reservation:
        host, port = reservation.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        command = [sys.executable, "-m", "sikka"]
        if context.obj is not None:
            command += ["--config", str(context.obj)]
        command += ["serve", "--host", server.host, "--port", str(port)]

        def ready() -> None:
            where = f"http://{shown}:{port}"
            said = f"sikka serves {where} by {server.workers} processes"
            print(said, file=sys.stderr, flush=True)

        supervisor = Supervisor(
            command, server.workers, os.environ, server.shutdown_timeout_s + 5.0, ready
        )
        with asyncio.Runner() as runner:
            return runner.run(supervisor.run())


def _reserved(host: str, port: int) -> socket.socket:
    """The port, bound and never listened on, so that it stays ours while workers come and go."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reservation = socket.socket(family, socket.SOCK_STREAM)
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        reservation.bind((host, port))
    except OSError as error:
        reservation.close()
        raise CommandFailed(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port",
            Exit.AWAY,
        ) from error
    return reservation
