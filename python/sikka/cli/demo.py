"""`sikka demo`: one UPI payment from request to webhook, told as it happens."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path

import aiohttp
import click
import msgspec

from sikka.background import end
from sikka.cli.exits import CommandFailed
from sikka.cli.operator import operator, run_loop
from sikka.cli.stage import HANDLE, Stage, stage
from sikka.cli.story import Story
from sikka.domain.merchant_views import ApiKeyView, MerchantView
from sikka.flows.administer import MerchantOrder, create_api_key, create_merchant
from sikka.ops import logging as logs
from sikka_sim import scripts

DEADLINE_S = 30.0
AMOUNT_MINOR = 129_900
CUSTOMER = f"asha@{scripts.HANDLE}"
SUCCEEDED = "payment.succeeded"


@click.command()
@click.option("--once", is_flag=True, help="End after the payment; non-zero if a step failed.")
@click.option("--port", type=click.IntRange(0, 65_535), help="8080 if it is free, else any.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep keys and database here; a temporary folder if not given.",
)
def demo(once: bool, port: int | None, directory: Path | None) -> None:
    r"""Take one UPI payment from request to webhook, all in one process.

    The gateway and its worker are the real ones, on an SQLite file. The NPCI switch, the banks and
    the merchant are simulated, with keys and signatures of their own. Settings are not read.

    \b
    Examples:
      sikka demo           tell the payment, then stay up for your own
      sikka demo --once    tell the payment and end
    """
    logs.configure("WARNING", "plain")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace", line_buffering=True)
    with tempfile.TemporaryDirectory(prefix="sikka-demo-") as temporary:
        place = directory or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        run_loop(perform(place.absolute(), port, once=once))


async def perform(directory: Path, port: int | None, *, once: bool) -> None:
    """Play the whole demo.

    Raises:
        CommandFailed: a step failed, or did not happen in time.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    story = Story(partial(_say, stop))
    print("Sikka: gateway, worker, and a simulated NPCI, bank and merchant, all in one process\n")
    async with stage(directory, port, story) as on, _merchant(on, story) as (session, key):
        body = _order(CUSTOMER)
        telling = asyncio.create_task(_tell(on, story, session, body))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({telling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not telling.done():
            await end(telling)
            raise KeyboardInterrupt
        telling.result()
        if not once:
            _invite(on, key)
            await stopping
            print("\nstopping")
        stopping.cancel()


async def _tell(on: Stage, story: Story, session: aiohttp.ClientSession, body: bytes) -> None:
    """Make the payment and see it through; every step has to happen."""
    print(f"POST /v1/payments  {body.decode()}\n")
    story.begin()
    try:
        async with asyncio.timeout(DEADLINE_S):
            headers = {"Idempotency-Key": "order-1042", "Content-Type": "application/json"}
            async with session.post("/v1/payments", data=body, headers=headers) as response:
                payment = await response.json()
                if response.status != HTTPStatus.CREATED:
                    raise CommandFailed(f"the payment was answered {response.status}: {payment}")
            story.tell(f"answered     201, {payment['status']} ({payment['stage']})")
            await _received(on, story, payment["id"])
            await story.complete(DEADLINE_S)
            async with session.get(f"/v1/payments/{payment['id']}") as response:
                payment = await response.json()
    except TimeoutError as error:
        missing = ", ".join(story.missing())
        raise CommandFailed(f"after {DEADLINE_S:g} s these steps are missing: {missing}") from error
    if payment["status"] != "SUCCESS":
        raise CommandFailed(f"the payment ended as {payment['status']}, not as SUCCESS")
    if errors := on.world.errors():
        raise CommandFailed(f"the simulated world failed: {errors[0]!r}")
    story.tell(f"done         {payment['id']} is SUCCESS, rrn {payment['upi']['rrn']}")


async def _received(on: Stage, story: Story, payment_id: str) -> None:
    """Wait until the merchant has verified the webhook of the success, and say so."""
    merchant = on.world.merchant

    def arrived() -> bool:
        return any(
            each.payload is not None
            and each.payload.get("type") == SUCCEEDED
            and payment_id in json.dumps(each.payload)
            for each in merchant.accepted()
        )

    await merchant.until(arrived, DEADLINE_S)
    story.tell(f"received     {SUCCEEDED}; the merchant verified its signature", "received")


@asynccontextmanager
async def _merchant(on: Stage, story: Story) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A merchant with a test key and a webhook endpoint; yields its HTTP client and the key."""
    parts = on.house.parts
    order = MerchantOrder(
        name="Chai Point",
        legal_name="Chai Point Private Limited",
        category_code="5814",
        payee_vpa=f"chai@{HANDLE}",
        account_number="001234567890",
        account_ifsc="SIKK0000001",
        account_type="CURRENT",
        rail="npci",
        fee_basis_points=200,
        fee_fixed_minor=0,
        gst_basis_points=1_800,
    )
    answer = await create_merchant(parts, order, operator("demo"))
    merchant = msgspec.json.decode(answer.body, type=MerchantView)
    answer = await create_api_key(
        parts,
        on.house.key_pepper(),
        merchant.id,
        ("payments", "refunds", "read", "admin"),
        operator("demo"),
        livemode=False,
    )
    key = msgspec.json.decode(answer.body, type=ApiKeyView).secret
    if key is None:
        raise CommandFailed("the new key has no secret")
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(on.gateway.url, headers=headers) as session:
        url = f"{on.world.merchant_url}/webhooks"
        async with session.post(
            "/v1/webhook_endpoints",
            json={"url": url, "event_types": ["*"]},
            headers={"Idempotency-Key": f"endpoint-{merchant.id}"},
        ) as response:
            endpoint = await response.json()
            if response.status != HTTPStatus.CREATED:
                raise CommandFailed(f"the endpoint was answered {response.status}: {endpoint}")
        on.world.merchant.set_secrets(endpoint["secret"])
        story.tell(f"merchant     {merchant.id} {merchant.name} ({merchant.payee_vpa}), a test key")
        story.tell(f"endpoint     {endpoint['id']} for webhooks at {url}")
        yield session, key


def _say(stop: asyncio.Event, line: str) -> None:
    """Print a line of the story; a reader who has gone away ends it."""
    try:
        print(line)
    except BrokenPipeError:
        # What is printed from here on, also at the end of the process, has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        stop.set()


def _program() -> str:
    """How this program was called."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "sikka" else f"{sys.executable} -m sikka"


def _order(vpa: str) -> bytes:
    order = {
        "amount": AMOUNT_MINOR,
        "currency": "INR",
        "payment_method": "UPI",
        "user_id": "user_7",
        "description": "Order 1042",
        "upi": {"flow": "collect", "vpa": vpa},
    }
    return json.dumps(order, separators=(",", ":")).encode()


def _invite(on: Stage, key: str) -> None:
    url = on.gateway.url
    print(
        f"""
It stays up. Try:

  curl {url}/v1/payments -u {key}: \\
    -H 'Idempotency-Key: order-1043' -H 'Content-Type: application/json' \\
    -d '{_order(f"insufficient@{scripts.HANDLE}").decode()}'

  curl {url}/v1/payments?limit=3 -u {key}:
  curl {url}/v1/events -u {key}:
  curl {url}/v1/ledger/trial_balance -u {key}:
  curl {url}/metrics

  {_program()} --config {on.settings_path} doctor --invariants \\
    --rail-record {on.world.npci_url}/sim/transactions

  {url}/docs shows every call. A refund:

  curl {url}/v1/payments/pay_…/refunds -u {key}: \\
    -H 'Idempotency-Key: refund-1' -H 'Content-Type: application/json' -d '{{"amount":50000}}'

Customers at {scripts.HANDLE} and what becomes of their payments on the rail:

{scripts.table()}

Ctrl-C ends it.
"""
    )
