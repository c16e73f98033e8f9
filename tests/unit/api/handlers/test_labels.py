from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from sikka.domain.fraud.label import FraudLabel
from sikka.domain.fraud.report import Cohort, FraudReport, ModelReport, Outcomes
from sikka.domain.merchant import Merchant, Scope
from sikka.domain.records import AuditRecord
from sikka_core import new_id
from tests.unit.api.conftest import Client
from tests.unit.api.world import AT, World, collect, keyed

LABELS = "/v1/fraud/labels"


async def paid(client: Client, headers: dict[str, str]) -> str:
    response = await client.post("/v1/payments", json=collect(), headers=keyed(headers))
    assert response.status == 201, await response.text()
    return str((await response.json())["id"])


async def test_a_label_is_kept_audited_and_listed(client: Client, world: World) -> None:
    headers = world.headers()
    payment_id = await paid(client, headers)
    body = {"payment_id": payment_id, "fraud": True, "reason": "stolen phone"}
    response = await client.post(LABELS, json=body, headers=keyed(headers))
    label = await response.json()
    assert response.status == 201, label
    assert (label["payment_id"], label["fraud"], label["source"]) == (payment_id, True, "api")
    (record,) = world.memory.all(FraudLabel)
    assert (record.bucket, record.livemode) == (world.memory.changes[-1].bucket, False)
    lines = [each for each in world.memory.all(AuditRecord) if each.action == "fraud.labelled"]
    assert [each.payment_id for each in lines] == [payment_id]
    assert lines[0].metadata["label_id"] == label["id"]
    for query in ("", f"?payment_id={payment_id}"):
        listed = await (await client.get(LABELS + query, headers=headers)).json()
        assert listed["data"] == [label]
    other = new_id("pay", 7, 0)
    listed = await (await client.get(f"{LABELS}?payment_id={other}", headers=headers)).json()
    assert listed["data"] == []


async def test_a_label_that_is_sent_again_is_one_label(client: Client, world: World) -> None:
    headers = world.headers()
    body = {"payment_id": await paid(client, headers), "fraud": False}
    own = keyed(headers)
    first, again = [await client.post(LABELS, json=body, headers=own) for _ in range(2)]
    assert await first.read() == await again.read()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(world.memory.all(FraudLabel)) == 1
    other = await client.post(LABELS, json={**body, "fraud": True}, headers=own)
    assert (await other.json())["error"]["code"] == "idempotency_error"


@pytest.mark.parametrize(
    ("offset", "rule"),
    [(timedelta(days=1), "future"), (timedelta(days=-1), "after the payment")],
)
async def test_a_label_from_the_future_or_before_the_payment_is_refused(
    client: Client, world: World, offset: timedelta, rule: str
) -> None:
    headers = world.headers()
    body = {
        "payment_id": await paid(client, headers),
        "fraud": True,
        "known_at": (AT + offset).isoformat(),
    }
    response = await client.post(LABELS, json=body, headers=keyed(headers))
    error = (await response.json())["error"]
    assert (response.status, error["param"]) == (400, "known_at")
    assert rule in error["message"]
    assert world.memory.all(FraudLabel) == []


async def test_nobody_labels_the_payments_of_another_merchant_or_mode(
    client: Client, world: World
) -> None:
    merchant: Merchant = world.new_merchant()
    body = {"payment_id": await paid(client, world.headers(merchant=merchant)), "fraud": True}
    for headers in (world.headers(), world.headers(merchant=merchant, livemode=True)):
        response = await client.post(LABELS, json=body, headers=keyed(headers))
        assert response.status == 404
    reader = world.headers(Scope.READ, merchant=merchant)
    assert (await client.post(LABELS, json=body, headers=keyed(reader))).status == 403
    assert world.memory.all(FraudLabel) == []


async def test_each_label_of_a_batch_has_its_own_result(client: Client, world: World) -> None:
    headers = world.headers()
    ids = [await paid(client, headers), new_id("pay", 7, 0), await paid(client, headers)]
    items: list[dict[str, Any]] = [
        {"idempotency_key": f"k{n}", "label": {"payment_id": each, "fraud": n == 0}}
        for n, each in enumerate(ids)
    ]
    for replayed in (False, True):
        response = await client.post(
            f"{LABELS}/batch", json={"labels": items}, headers=keyed(headers)
        )
        body = await response.json()
        assert [each["status"] for each in body["data"]] == [201, 404, 201]
        assert [each["replayed"] for each in body["data"]] == [replayed, False, replayed]
        assert body["data"][0]["label"]["fraud"] is True
        assert body["data"][1]["error"]["code"] == "resource_missing"
    assert len(world.memory.all(FraudLabel)) == 2
    items[1]["idempotency_key"] = "k0"
    response = await client.post(f"{LABELS}/batch", json={"labels": items}, headers=keyed(headers))
    assert (await response.json())["error"]["param"] == "labels[1].idempotency_key"


async def test_the_source_is_not_the_callers_to_say(client: Client, world: World) -> None:
    headers = world.headers()
    body = {"payment_id": await paid(client, headers), "fraud": True, "source": "chargeback"}
    response = await client.post(LABELS, json=body, headers=keyed(headers))
    assert (await response.json())["error"]["code"] == "parameter_unknown"
    assert world.memory.all(FraudLabel) == []


def made_report(version: str) -> FraudReport:
    nothing = Outcomes(0, 0, 0, 0, None, None, None)
    cohort = Cohort(AT, AT, 0, 0, nothing, nothing, nothing)
    report = ModelReport(version, "champion", 5, 0.0, cohort, cohort, None, None, [])
    document = msgspec.json.decode(msgspec.json.encode(report))
    return FraudReport(new_id("frp", 0, 1), 0, version, document, AT)


async def test_reports_are_for_administrators(client: Client, world: World) -> None:
    world.memory.add(made_report("m-1"))
    url = "/v1/fraud/monitoring"
    response = await client.get(url, headers=world.headers(Scope.ADMIN))
    body = await response.json()
    assert response.status == 200, body
    assert [each["report"]["model_version"] for each in body["data"]] == ["m-1"]
    assert body["data"][0]["report"]["mature"]["decisions"]["precision"] is None
    assert (await client.get(url, headers=world.headers(Scope.READ))).status == 403
