"""`sikka keys`: create, list, revoke, master."""

from __future__ import annotations

import base64
import secrets

import click
import msgspec

from sikka.bootstrap import House
from sikka.cli.exits import CommandFailed
from sikka.cli.operator import operator, run_with_house
from sikka.cli.output import json_option, show, show_all
from sikka.domain.merchant import Scope
from sikka.domain.merchant_views import ApiKeyView, api_key_view
from sikka.flows.administer import create_api_key, revoke_api_key
from sikka.ports import Page
from sikka.settings.schema import MASTER_KEY_BYTES

COLUMNS = ("id", "hint", "scopes", "livemode", "created_at", "revoked_at")


@click.group()
def keys() -> None:
    r"""Create, list and revoke API keys; make a master key.

    \b
    Examples:
      sikka keys create mer_… --scope payments --scope refunds
      sikka keys create mer_… --live
      sikka keys list mer_…
      sikka keys revoke key_…
      export SIKKA__SECRETS__MASTER_KEY=$(sikka keys master)
    """


@keys.command()
@click.argument("merchant_id")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([str(scope) for scope in Scope]),
    default=("payments", "refunds", "read"),
    show_default=True,
    help="What the key may do; may be given several times.",
)
@click.option("--live", "livemode", is_flag=True, help="A key that moves real money.")
@json_option
@click.pass_context
def create(
    context: click.Context, merchant_id: str, scopes: tuple[str, ...], livemode: bool, as_json: bool
) -> None:
    """Make an API key of a merchant. Its secret is shown now and never again."""

    async def work(house: House) -> None:
        answer = await create_api_key(
            house.parts,
            house.key_pepper(),
            merchant_id,
            scopes,
            operator("keys create"),
            livemode=livemode,
        )
        show(msgspec.json.decode(answer.body, type=ApiKeyView), as_json=as_json)

    run_with_house(context, work)


@keys.command("list")
@click.argument("merchant_id")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@json_option
@click.pass_context
def list_(context: click.Context, merchant_id: str, limit: int, as_json: bool) -> None:
    """List the keys of a merchant, newest first."""

    async def work(house: House) -> None:
        rows = await house.reader.api_keys(merchant_id, Page(limit))
        show_all([api_key_view(row) for row in rows[:limit]], COLUMNS, as_json=as_json)

    run_with_house(context, work)


@keys.command()
@click.argument("key_id")
@json_option
@click.pass_context
def revoke(context: click.Context, key_id: str, as_json: bool) -> None:
    """End a key. It stops working within seconds, in every process."""

    async def work(house: House) -> None:
        key = await house.reader.api_key(key_id)
        if key is None:
            raise CommandFailed(f"there is no key {key_id}; see sikka keys list MERCHANT_ID")
        answer = await revoke_api_key(house.parts, key, operator("keys revoke"))
        show(msgspec.json.decode(answer.body, type=ApiKeyView), as_json=as_json)

    run_with_house(context, work)


@keys.command()
def master() -> None:
    """Print a fresh master key. Keep it: without it API keys and webhook secrets are lost."""
    print(base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)).decode())
