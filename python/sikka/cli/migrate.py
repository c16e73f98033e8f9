"""`sikka migrate`: the schema."""

from __future__ import annotations

import click

from sikka.cli.main import settings_of
from sikka.cli.operator import run_loop
from sikka.journal import migrate as schema
from sikka.ops import logging as logs


@click.command()
@click.option("--to", "revision", default="head", show_default=True, help="A revision.")
@click.option("--show", is_flag=True, help="Only say where the database stands.")
@click.pass_context
def migrate(context: click.Context, revision: str, show: bool) -> None:
    r"""Bring the database forward to the schema of this program. Safe to repeat.

    \b
    Examples:
      sikka migrate --show
      sikka migrate
    """
    settings = settings_of(context)
    logs.configure("WARNING", "plain")
    url = settings.database.url.reveal()

    async def work() -> tuple[str | None, str | None]:
        before = await schema.current(url)
        if not show:
            await schema.upgrade(url, revision)
        return before, await schema.current(url)

    before, after = run_loop(work())
    if show:
        head = schema.head()
        print(f"at {after or 'nothing'}; this program needs {head}")
    elif before == after:
        print(f"at {after} already")
    else:
        print(f"from {before or 'nothing'} to {after}")
