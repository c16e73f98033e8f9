from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import msgspec

from sikka.domain.change import Change
from sikka.domain.fraud.report import Cohort, FraudReport, ModelReport, Outcomes
from sikka.domain.merchant import Scope
from sikka_core import new_id
from tests.integration.api.conftest import Client
from tests.integration.api.test_merchant_api import got, posted
from tests.integration.api.world import ApiHouse
from tests.unit.api.world import collect, keyed

LABELS = "/v1/fraud/labels"


async def test_a_payment_is_labelled_again_and_every_label_is_listed(
    client: Client, house: ApiHouse
) -> None:
    merchant = await house.merchant()
    _, headers = await house.key(merchant)
    payment = await posted(client, "/v1/payments", headers, collect())
    other = await posted(client, "/v1/payments", headers, collect())
    body = {"payment_id": payment["id"], "fraud": True, "reason": "चोरी ₹1,299"}
    first = await posted(client, LABELS, headers, body)
    second = await posted(client, LABELS, headers, {**body, "fraud": False, "reason": None})
    third = await posted(client, LABELS, headers, {"payment_id": other["id"], "fraud": True})
    listed = await got(client, LABELS, headers)
    assert listed["data"] == [third, second, first]
    of_payment = await got(client, f"{LABELS}?payment_id={payment['id']}&limit=1", headers)
    assert (of_payment["data"], of_payment["has_more"]) == ([second], True)
    _, admin = await house.key(merchant, Scope.ADMIN)
    trail = await got(client, f"/v1/audit?payment_id={payment['id']}", admin)
    lines = [each for each in trail["data"] if each["action"] == "fraud.labelled"]
    assert [each["metadata"]["label_id"] for each in lines] == [second["id"], first["id"]]
    _, stranger = await house.key(await house.merchant())
    assert (await got(client, LABELS, stranger))["data"] == []


async def test_the_same_label_at_once_is_one(client: Client, house: ApiHouse) -> None:
    _, headers = await house.key(await house.merchant())
    payment = await posted(client, "/v1/payments", headers, collect())
    own = keyed(headers)
    body = {"payment_id": payment["id"], "fraud": True}
    answers = await asyncio.gather(*(client.post(LABELS, json=body, headers=own) for _ in range(8)))
    assert Counter(each.status for each in answers) == {201: 8}
    assert len({await each.text() for each in answers}) == 1
    assert len((await got(client, LABELS, headers))["data"]) == 1


async def test_a_batch_of_labels_that_is_sent_again_labels_nothing_twice(
    client: Client, house: ApiHouse
) -> None:
    _, headers = await house.key(await house.merchant())
    items: list[dict[str, Any]] = [
        {"idempotency_key": f"k{n}", "payment": collect()} for n in range(40)
    ]
    batch = await posted(client, "/v1/payments/batch", headers, {"payments": items}, 200)
    labels = [
        {
            "idempotency_key": f"l{n}",
            "label": {"payment_id": each["payment"]["id"], "fraud": n % 2 == 0},
        }
        for n, each in enumerate(batch["data"])
    ]
    first = await posted(client, f"{LABELS}/batch", headers, {"labels": labels}, 200)
    again = await posted(client, f"{LABELS}/batch", headers, {"labels": labels}, 200)
    assert {each["status"] for each in first["data"]} == {201}
    assert [each["label"] for each in again["data"]] == [each["label"] for each in first["data"]]
    assert all(each["replayed"] for each in again["data"])
    assert len((await got(client, f"{LABELS}?limit=100", headers))["data"]) == 40


async def test_the_reports_of_all_versions_are_read_the_latest_first(
    client: Client, house: ApiHouse
) -> None:
    _, admin = await house.key(await house.merchant(), Scope.ADMIN)
    at = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    nothing = Outcomes(0, 0, 0, 0, None, None, None)
    cohort = Cohort(at, at, 0, 0, nothing, nothing, nothing)
    for number in range(3):
        version = f"m-{number}"
        report = ModelReport(version, None, 0, None, cohort, cohort, None, None, [])
        made_at = at.replace(minute=number)
        record = FraudReport(
            new_id("frp", 0, number), 0, version, msgspec.to_builtins(report), made_at
        )
        await house.journal.commit(Change(0, (record,)))
    body = await got(client, "/v1/fraud/monitoring?limit=2", admin)
    assert [each["report"]["model_version"] for each in body["data"]] == ["m-2", "m-1"]
    assert body["has_more"] is True
    cursor = body["data"][-1]["id"]
    rest = await got(client, f"/v1/fraud/monitoring?starting_after={cursor}", admin)
    assert [each["report"]["model_version"] for each in rest["data"]] == ["m-0"]
