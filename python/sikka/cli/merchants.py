"""`sikka merchants`: create, list, show."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from sikka.api.decoding import decode_body
from sikka.api.handlers.payments import normal_vpa
from sikka.api.schemas import MerchantRequest
from sikka.bootstrap import House
from sikka.cli.exits import CommandFailed
from sikka.cli.operator import operator, run_with_house
from sikka.cli.output import json_option, show, show_all
from sikka.domain.merchant_views import MerchantView, merchant_view
from sikka.flows.administer import MerchantOrder, create_merchant
from sikka.ports import Page

COLUMNS = ("id", "name", "payee_vpa", "rail", "fee_basis_points", "active", "created_at")


@click.group()
def merchants() -> None:
    r"""Create, list and show merchants.

    \b
    Examples:
      sikka merchants create --name "Chai Point" --vpa chai@sikka \
          --account 001234567890 --ifsc SIKK0000001 --category 5814
      sikka merchants list
      sikka merchants show mer_…
    """


@merchants.command()
@click.option("--name", required=True, help="As customers know it.")
@click.option("--legal-name", help="As the bank knows it; the name if not given.")
@click.option("--vpa", "payee_vpa", required=True, help="Where customers pay to.")
@click.option("--account", "account_number", required=True, help="The account that is credited.")
@click.option("--ifsc", "account_ifsc", required=True, help="The branch of the account.")
@click.option("--account-type", default="CURRENT", show_default=True)
@click.option("--category", "category_code", required=True, help="Merchant category, ISO 18245.")
@click.option("--rail", default="npci", show_default=True, help="npci or a sponsor bank's name.")
@click.option("--fee-basis-points", type=int, default=0, show_default=True, help="1/100 %.")
@click.option("--fee-fixed", type=int, default=0, show_default=True, help="Minor units.")
@click.option("--gst-basis-points", type=int, default=1800, show_default=True, help="On the fee.")
@json_option
@click.pass_context
def create(context: click.Context, /, as_json: bool, **fields: Any) -> None:
    r"""Take a merchant on; prints its id.

    \b
    Example:
      sikka merchants create --name "Chai Point" --vpa chai@sikka \
          --account 001234567890 --ifsc SIKK0000001 --category 5814
    """
    fields["legal_name"] = fields["legal_name"] or fields["name"]
    request: MerchantRequest = decode_body(msgspec.json.encode(fields), MerchantRequest)
    given = msgspec.structs.asdict(request)
    given["payee_vpa"] = normal_vpa(request.payee_vpa, "payee_vpa")
    given["fee_fixed_minor"] = given.pop("fee_fixed")
    order = MerchantOrder(**given)

    async def work(house: House) -> None:
        answer = await create_merchant(house.parts, order, operator("merchants create"))
        show(msgspec.json.decode(answer.body, type=MerchantView), as_json=as_json)

    run_with_house(context, work)


@merchants.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@json_option
@click.pass_context
def list_(context: click.Context, limit: int, as_json: bool) -> None:
    """List merchants, newest first."""

    async def work(house: House) -> None:
        rows = await house.reader.merchants(Page(limit))
        show_all([merchant_view(row) for row in rows[:limit]], COLUMNS, as_json=as_json)

    run_with_house(context, work)


@merchants.command("show")
@click.argument("merchant_id")
@json_option
@click.pass_context
def show_(context: click.Context, merchant_id: str, as_json: bool) -> None:
    """Show one merchant."""

    async def work(house: House) -> None:
        merchant = await house.reader.merchant(merchant_id)
        if merchant is None:
            raise CommandFailed(f"there is no merchant {merchant_id}; see sikka merchants list")
        show(merchant_view(merchant), as_json=as_json)

    run_with_house(context, work)
