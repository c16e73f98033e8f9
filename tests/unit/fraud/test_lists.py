from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import ConfigurationError
from sikka.domain.fraud.assessment import Decision, Device, RiskRequest
from sikka.domain.fraud.policy import FraudListEntry, ListField, ListKind
from sikka.fraud.config import FraudConfig
from sikka.fraud.lists import Lists, configured
from tests.unit.fraud.requests import AT, request

CARD = "0123456789abcdef" * 4


def entry(
    kind: str, field: str, value: str, merchant_id: str | None = None, **values: datetime | None
) -> FraudListEntry:
    plain = FraudListEntry(
        f"lst_{kind}/{field}/{value}/{merchant_id}",
        7,
        merchant_id,
        ListKind(kind),
        ListField(field),
        value,
        None,
        "key",
        AT,
    )
    return replace(plain, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vpa", "asha@simbank"), ("vpa", "Asha@SimBank"), ("user", "user_7"),
        ("device", "device-1"), ("ip", "203.0.113.9"), ("ip", "203.0.113.0/24"),
        ("ip", "203.0.0.0/8"), ("merchant", "mer_1"),
    ],
)  # fmt: skip
def test_each_field_is_looked_up(field: str, value: str) -> None:
    listing = Lists([entry("block", field, value)]).find(request(), AT)
    assert listing is not None
    assert (listing.decision, listing.name) == (Decision.DECLINE, f"block_list_{field}")
    assert value.lower() not in listing.reason


def test_an_instrument_that_is_no_address_is_a_card() -> None:
    lists = Lists([entry("block", "card", CARD)])
    listing = lists.find(request(instrument=CARD), AT)
    assert listing is not None
    assert listing.name == "block_list_card"
    assert lists.find(request(instrument=CARD[::-1]), AT) is None
    assert lists.find(request(instrument=None), AT) is None


def test_allow_counts_before_block_and_block_before_review() -> None:
    entries = [
        entry("review", "vpa", "asha@simbank"),
        entry("block", "device", "device-1"),
        entry("allow", "user", "user_7"),
    ]
    decisions = []
    while entries:
        listing = Lists(entries).find(request(), AT)
        decisions.append(listing.decision if listing else None)
        entries.pop()
    assert decisions == [Decision.APPROVE, Decision.DECLINE, Decision.REVIEW]


def test_a_merchants_entry_counts_for_that_merchant_alone() -> None:
    lists = Lists([entry("block", "user", "user_7", "mer_1")])
    assert lists.find(request(merchant_id="mer_1"), AT) is not None
    assert lists.find(request(merchant_id="mer_2"), AT) is None
    assert not lists.blocks_all(ListField.USER, "user_7", AT)


def test_what_everybody_is_refused_is_known_without_a_payment() -> None:
    lists = Lists([entry("block", "vpa", "a@bank"), entry("block", "ip", "198.51.100.0/24")])
    assert lists.blocks_all("vpa", "A@bank", AT)
    assert lists.blocks_all("ip", "198.51.100.200", AT)
    assert not lists.blocks_all("ip", "198.51.101.200", AT)
    assert not lists.blocks_all("ip", "nowhere", AT)
    assert not Lists([entry("allow", "vpa", "a@bank")]).blocks_all("vpa", "a@bank", AT)


def test_user_ids_and_devices_are_compared_letter_by_letter() -> None:
    assert Lists([entry("block", "user", "USER_7")]).find(request(), AT) is None


def test_an_entry_counts_until_it_expires() -> None:
    lists = Lists([entry("block", "user", "user_7", expires_at=AT + timedelta(hours=1))])
    assert lists.find(request(), AT + timedelta(minutes=59)) is not None
    assert lists.find(request(), AT + timedelta(hours=1)) is None


def test_an_address_is_found_however_it_is_written() -> None:
    lists = Lists([entry("block", "ip", "203.0.113.0/24"), entry("block", "ip", "2001:db8::/32")])
    for ip in ("203.0.113.77", "::ffff:203.0.113.77", "2001:db8:0:0::9", "2001:0DB8::9"):
        assert lists.find(request(device=Device(ip=ip)), AT) is not None
    for ip in ("203.0.114.1", "2001:db9::1", "unknown", None):
        assert lists.find(request(device=Device(ip=ip)), AT) is None


def test_a_stored_address_that_is_none_is_told_of_and_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lists = Lists([entry("block", "ip", "10.0.0.0/99"), entry("block", "user", "user_7")])
    assert lists.find(request(), AT) is not None
    assert "is no IP address" in caplog.text


def test_a_change_leaves_what_was_before_as_it_was() -> None:
    before = Lists([entry("block", "user", "user_7")])
    after = before.with_entries(
        [entry("block", "user", "user_7", removed_at=AT), entry("block", "user", "user_8")]
    )
    assert before.find(request(), AT) is not None
    assert before.find(request(user_id="user_8"), AT) is None
    assert after.find(request(), AT) is None
    assert after.find(request(user_id="user_8"), AT) is not None


def test_what_was_taken_off_may_come_back_under_another_row() -> None:
    off = entry("block", "user", "user_7", removed_at=AT)
    on = replace(entry("block", "user", "user_7"), id="lst_other")
    assert Lists([off, on]).find(request(), AT) is not None
    assert Lists([off]).with_entries([on]).find(request(), AT) is not None


def test_the_configuration_blocks_for_everybody_whatever_the_table_says() -> None:
    config = FraudConfig(
        blocked_users=("user_7",), blocked_vpas=("Bo@bank",), blocked_devices=("d",),
        blocked_ips=("198.51.100.0/24",),
    )  # fmt: skip
    assert [each.value for each in configured(config)] == [
        "user_7", "bo@bank", "d", "198.51.100.0/24",
    ]  # fmt: skip
    removed = entry("block", "user", "user_7", removed_at=AT)
    listing = Lists(configured(config)).with_entries([removed]).find(
        request(merchant_id="mer_9"), AT
    )  # fmt: skip
    assert listing is not None
    assert listing.name == "block_list_user"


def test_a_value_of_the_configuration_that_breaks_its_rule_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        configured(FraudConfig(blocked_ips=("203.0.113.9", "nowhere")))
    assert caught.value.param == "fraud.blocked_ips[1]"


# The naive way: every entry is looked at.
FOUND = {"allow": Decision.APPROVE, "block": Decision.DECLINE, "review": Decision.REVIEW}


def naive(entries: Iterable[FraudListEntry], payment: RiskRequest, at: datetime) -> str | None:
    latest: dict[tuple[str | None, str, str, str], FraudListEntry] = {}
    for each in entries:
        latest[each.merchant_id, each.kind, each.field, each.value] = each
    kinds = {
        each.kind.value
        for each in latest.values()
        if each.removed_at is None
        and (each.expires_at is None or at < each.expires_at)
        and each.merchant_id in (None, payment.merchant_id)
        and matches(each, payment)
    }
    return next((FOUND[kind] for kind in ("allow", "block", "review") if kind in kinds), None)


def matches(each: FraudListEntry, payment: RiskRequest) -> bool:
    if each.field is ListField.IP:
        ip = payment.device.ip
        return ip is not None and ipaddress.ip_address(ip) in ipaddress.ip_network(each.value)
    values = {
        ListField.USER: payment.user_id,
        ListField.VPA: payment.instrument,
        ListField.CARD: payment.instrument,
        ListField.DEVICE: payment.device.fingerprint,
        ListField.MERCHANT: payment.merchant_id,
    }
    return each.value == values[each.field]


IPS = ["10.0.0.1", "10.0.0.2", "10.0.1.1", "10.1.0.1", "2001:db8::1", "2001:db8:1::1"]
RANGES = [*IPS, "10.0.0.0/31", "10.0.0.0/24", "10.0.0.0/8", "2001:db8::/32", "2001:db8::/48"]
MOMENTS = st.sampled_from([None, AT, AT + timedelta(hours=1), AT + timedelta(days=1)])
VALUES = st.one_of(
    st.tuples(st.just("ip"), st.sampled_from(RANGES)),
    st.tuples(st.just("user"), st.sampled_from(["u1", "u2"])),
    st.tuples(st.just("vpa"), st.sampled_from(["a@bank", "b@bank"])),
    st.tuples(st.just("card"), st.sampled_from(["c1", "c2"])),
    st.tuples(st.just("device"), st.sampled_from(["d1", "d2"])),
    st.tuples(st.just("merchant"), st.sampled_from(["mer_1", "mer_2"])),
)
ENTRIES = st.builds(
    lambda kind, value, merchant, expires, removed: entry(
        kind, *value, merchant, expires_at=expires, removed_at=removed
    ),
    st.sampled_from(["allow", "block", "review"]),
    VALUES,
    st.sampled_from([None, "mer_1", "mer_2"]),
    MOMENTS,
    st.sampled_from([None, None, AT]),
)
PAYMENTS = st.builds(
    lambda user, instrument, device, ip, merchant: request(
        user_id=user, instrument=instrument, device=Device(device, ip), merchant_id=merchant
    ),
    st.sampled_from(["u1", "u2", "u3"]),
    st.sampled_from([None, "a@bank", "b@bank", "c1", "c3"]),
    st.sampled_from([None, "d1", "d3"]),
    st.sampled_from([None, *IPS]),
    st.sampled_from(["mer_1", "mer_2", "mer_3"]),
)


@given(st.lists(st.lists(ENTRIES, max_size=8), max_size=5), st.lists(PAYMENTS, max_size=5))
def test_lists_that_grow_step_by_step_find_what_looking_at_every_entry_finds(
    steps: list[list[FraudListEntry]], payments: list[RiskRequest]
) -> None:
    lists, so_far = Lists(), []
    for step in steps:
        lists = lists.with_entries(step)
        so_far += step
        for payment in payments:
            for at in (AT, AT + timedelta(hours=2)):
                found = lists.find(payment, at)
                assert (found and found.decision) == naive(so_far, payment, at)
    whole = Lists(so_far)
    assert [lists.find(each, AT) for each in payments] == [
        whole.find(each, AT) for each in payments
    ]
