"""`sikka migrate`: the schema."""

from __future__ import annotations

import click

from sikka.bootstrap.registrar import registrar
from sikka.cli.main import settings_of
from sikka.cli.operator import run_loop
from sikka.cli.shipped_model import install_shipped, said_of
from sikka.journal import migrate as schema
from sikka.ops import logging as logs


@click.command()
@click.option("--to", "revision", default="head", show_default=True, help="A revision.")
@click.option("--show", is_flag=True, help="Only say where the database stands.")
@click.pass_context
def migrate(context: click.Context, revision: str, show: bool) -> None:
    r"""Bring the database forward to the schema of this program. Safe to repeat.

    A registry without a model is given the one that comes with the gateway. It decides at once
    where no payment was taken yet, and only when it is promoted where rules alone decided before.

    \b
    Examples:
      sikka migrate --show
      sikka migrate
    """
    settings = settings_of(context)
    logs.configure("WARNING", "plain")
    url = settings.database.url.reveal()

    async def move() -> tuple[str | None, str | None]:
        before = await schema.current(url)
        if not show:
            await schema.upgrade(url, revision)
        return before, await schema.current(url)

    async def furnish() -> None:
        async with registrar(settings) as at:
            model = await install_shipped(at.parts, at.database)
        if model is not None:
            print(said_of(model))

    before, after = run_loop(move())
    head = schema.head()
    if show:
        print(f"at {after or 'nothing'}; this program needs {head}")
        return
    print(f"at {after} already" if before == after else f"from {before or 'nothing'} to {after}")
    if after == head:
        run_loop(furnish())
