"""A day of payments and of bad requests: no secret in any log line, metric or error."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sikka_sim import SCRIPTS
from tests.e2e import orders
from tests.e2e.client import Client, Reply
from tests.e2e.configuration import MASTER_KEY, Keys, Place
from tests.e2e.conftest import place_of
from tests.e2e.estate import Estate, estate_at

pytestmark = pytest.mark.slow

# Numbers that the card brands give out for tests; each has a right check digit.
PANS = ("4111111111111111", "5555555555554444", "378282246310005", "6074820000000007")
GROUPED = ("4111 1111 1111 1111", "5555-5555-5555-4444")
CVV = "cvv=737"
STRANGE_KEY = "sk_test_" + "Z9" * 20
STRANGE_SECRET = "whsec_" + "QUJDREVGR0g=" * 3
VPA = re.compile(r"[A-Za-z0-9._-]{2,}@(?:simbank|sikka|okstranger)\b", re.IGNORECASE)
DEBUG = {"logging": {"level": "DEBUG", "format": "json"}, "policy": {"checks_until_s": 4.0}}


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of("mariadb", tmp_path, request) as place:
        yield place


def bad_bodies() -> list[object]:
    """Bodies with card numbers, keys and addresses where they do not belong."""
    order = orders.collect("mallory.secret@okstranger")
    upi = order["upi"]
    return [
        {**order, "card": {"number": PANS[0], "cvv": "737"}},
        {**order, "amount": PANS[1]},
        {**order, "currency": PANS[0]},
        {**order, "user_id": f"{PANS[2]} {PANS[2]}"},
        {**order, "upi": {**upi, "vpa": f"{PANS[0]}@@okstranger"}},
        {**order, "upi": {**upi, "vpa": "mallory.secret@okstranger\n"}},
        {**order, "upi": {**upi, "expires_in_s": "mallory.secret@okstranger"}},
        {**order, "metadata": {"x" * 41: PANS[0]}},
        {**order, "metadata": {"pan": PANS[0] * 40}},
        {**order, "device": {"ip": PANS[0]}},
        {**order, "description": "mallory.secret@okstranger " * 20},
        {**order, "payment_method": STRANGE_KEY},
        [PANS[0], STRANGE_SECRET],
        f"{PANS[1]} mallory.secret@okstranger {STRANGE_KEY}",
    ]


async def misbehave(estate: Estate) -> list[Reply]:
    """Every kind of request that goes wrong, with secrets wherever one can stand."""
    client = estate.client
    json_body = {"Content-Type": "application/json"}
    replies = [
        await client.send(
            "POST", "/v1/payments", json.dumps(body).encode(), {**json_body, "Idempotency-Key": "x"}
        )
        for body in bad_bodies()
    ]
    for path in (
        f"/v1/payments/{PANS[0]}",
        f"/v1/payments?user_id={PANS[0]}&vpa=mallory.secret@okstranger",
        f"/v1/payments?starting_after={STRANGE_KEY}",
        f"/v1/{STRANGE_KEY}/mallory.secret@okstranger",
        f"/upi/{PANS[0]}/2.0/urn:txnid:{PANS[1]}",
    ):
        replies.append(await client.send("GET", path))
        replies.append(await client.send("POST", path, PANS[0].encode(), json_body))
    for header in (f"Bearer {STRANGE_KEY}", f"Basic {PANS[0]}", f"Bearer {PANS[1]}"):
        async with Client(client.url) as stranger:
            replies.append(
                await stranger.send("GET", "/v1/payments", None, {"Authorization": header})
            )
    for key in (f"order {PANS[0]}", "é" * 3, "mallory.secret@okstranger"):
        headers = {**json_body, "Idempotency-Key": key.encode().decode("latin-1")}
        replies.append(await client.send("POST", "/v1/payments", b"{" + PANS[2].encode(), headers))
    xml = f"<x pan='{PANS[0]}' vpa='mallory.secret@okstranger'/>".encode()
    replies.append(await client.send("POST", "/upi/RespPay/2.0/urn:txnid:SKA1", xml))
    replies.append(
        await client.send("POST", "/callbacks/sponsor/simsponsor", xml, {"X-Signature": PANS[0]})
    )
    hook = {"url": f"https://mallory:{STRANGE_KEY}@shop.example/{PANS[0]}"}
    replies.append(await client.post("/v1/webhook_endpoints", hook))
    asked = await client.post("/v1/upi/vpa/validate", {"vpa": "mallory.secret@okstranger"})
    assert asked.status == 200
    return replies


async def trade(estate: Estate) -> None:
    """Every scripted customer pays; whoever paid is refunded; the descriptions hold secrets."""
    turns = asyncio.Semaphore(4)

    async def one(name: str) -> None:
        async with turns:
            said = f"card {PANS[0]} {CVV} {STRANGE_KEY}"
            order = orders.collect(f"{name}@simbank", description=said, metadata={"pan": PANS[1]})
            reply = await estate.client.post("/v1/payments", order)
            await estate.client.post(f"/v1/payments/{reply.payment_id}/refunds", {"reason": said})

    await asyncio.gather(*(one(name) for name in SCRIPTS))
    for order in (orders.intent(), orders.qr()):
        reply = await estate.client.post("/v1/payments", order)
        estate.world.npci.apps.pay(reply.json["next_action"]["link"], "asha@simbank")
    await estate.quiet(40.0)
    for row in await estate.archive.payments():
        if row.status == "SUCCESS":
            await estate.client.post(f"/v1/payments/{row.id}/refunds", {"reason": PANS[0]})
    await estate.quiet(40.0)


async def test_no_secret_stands_in_any_log_line_metric_or_error(place: Place, keys: Keys) -> None:
    async with estate_at(place, keys, DEBUG) as estate:
        gateway, worker = estate.server(), estate.worker()
        await gateway.start()
        await worker.start()
        await trade(estate)
        errors = await misbehave(estate)
        # Whoever fails loudly logs most: the database goes on strike for a moment.
        await estate.archive.execute("RENAME TABLE idempotency_keys TO elsewhere")
        order = orders.collect("mallory.secret@okstranger", description=PANS[0])
        errors.append(await estate.client.post("/v1/payments", order))
        await estate.archive.execute("RENAME TABLE elsewhere TO idempotency_keys")
        metrics = await estate.client.send("GET", "/metrics")
        await estate.prove()
    assert all(reply.status >= 400 for reply in errors), [r.status for r in errors]
    secrets = [*PANS, *GROUPED, CVV, STRANGE_KEY, STRANGE_SECRET, MASTER_KEY]
    secrets += [estate.tenant.secret, estate.tenant.admin_secret, "PRIVATE KEY"]
    secrets += estate.world.config.sponsor_secrets.values()
    assert '"level":"ERROR"' in gateway.log.read_text()
    for log in (gateway.log, worker.log):
        for line in log.read_text().splitlines():
            _assert_clean(line, secrets)
            assert line.startswith("sikka ") or json.loads(line)["message"]
    _assert_clean(metrics.body.decode(), secrets)
    for reply in errors:
        _assert_clean(reply.body.decode(), secrets)


def _assert_clean(text: str, secrets: list[str]) -> None:
    for line in text.splitlines():
        found = [secret for secret in secrets if secret in line]
        assert not found, line[:400]
        assert VPA.search(line) is None, line[:400]
