"""Every kind of fraud takes place and looks like its kind; some look like honest payments."""

from __future__ import annotations

import msgspec
import pandas as pd
import pytest

from sikka_sim.stream import Parameters, generate, load_parameters
from sikka_sim.stream.frauds.plan import FRAUD_KINDS

HOUR_MS = 3_600_000


def of(frauds: pd.DataFrame, kind: str) -> pd.DataFrame:
    return frauds[frauds.fraud_kind == kind]


def test_the_base_rate_is_realistic(payments: pd.DataFrame) -> None:
    assert 0.0012 < payments.true_fraud.mean() < 0.004
    by_value = payments.amount_minor[payments.true_fraud].sum() / payments.amount_minor.sum()
    assert 0.003 < by_value < 0.05
    assert (payments.fraud_kind.notna() == payments.true_fraud).all()


@pytest.mark.parametrize("scenario", ["baseline", "shifted"])
def test_every_kind_takes_place(scenario: str) -> None:
    stream = generate(load_parameters(scenario=scenario), users=6_000, days=60, seed=2)
    assert set(stream["fraud_kind"].to_pylist()) - {None} == set(FRAUD_KINDS)


def test_scenarios_differ_in_mix_and_rate(payments: pd.DataFrame) -> None:
    other = generate(load_parameters(scenario="shifted"), users=4_000, days=75, seed=11)
    frame = other.to_pandas()
    assert frame.true_fraud.mean() < 0.85 * payments.true_fraud.mean()
    cards = (frame.payment_method == "CARD").mean()
    assert cards > 1.3 * (payments.payment_method == "CARD").mean()


def test_card_testing_tries_many_cards_at_one_merchant_in_a_short_time(
    frauds: pd.DataFrame, rough: pd.DataFrame
) -> None:
    tested = of(frauds, "card_testing")
    assert (tested.payment_method == "CARD").all()
    assert tested.amount_minor.max() <= 40_000
    attacks = tested.groupby([tested.merchant, tested.day // 3])
    cards, hours = attacks.instrument.nunique(), (attacks.time_ms.agg(lambda t: t.max() - t.min()))
    assert cards.median() >= 12
    assert (hours < 48 * HOUR_MS).all()
    # Cards share a device, the whole attack's or one of a few of it.
    on_device = tested.device.map(tested.groupby("device").instrument.nunique())
    assert (on_device >= 2).mean() > 0.95
    assert on_device.max() >= 12
    # Ordinary devices do not see as many cards.
    honest = rough[~rough.true_fraud & (rough.payment_method == "CARD")]
    assert honest.groupby("device").instrument.nunique().quantile(0.99) < 6


def test_a_stolen_card_is_used_from_elsewhere_or_at_a_terminal(
    frauds: pd.DataFrame, rough: pd.DataFrame
) -> None:
    stolen = of(frauds, "stolen_card")
    assert (stolen.payment_method == "CARD").all()
    terminal = stolen[stolen.device.isna()]
    online = stolen[stolen.device.notna()]
    assert 0.05 < len(terminal) / len(stolen) < 0.5
    assert terminal.amount_minor.max() <= 500_000
    honest = rough[~rough.true_fraud]
    usual = set(zip(honest.instrument, honest.device, strict=True))
    known = [pair in usual for pair in zip(online.instrument, online.device, strict=True)]
    assert sum(known) < 0.05 * len(known)
    # The holder of a card goes on using it, until it is reported.
    assert stolen.instrument.isin(honest.instrument).mean() > 0.2


def test_an_account_is_taken_over_mostly_from_a_new_device(
    frauds: pd.DataFrame, rough: pd.DataFrame
) -> None:
    taken = of(frauds, "account_takeover")
    honest = rough[~rough.true_fraud]
    usual = set(zip(honest.user, honest.device, strict=True))
    own = pd.Series(
        [pair in usual for pair in zip(taken.user, taken.device, strict=True)], index=taken.index
    )
    by_victim = own.groupby(taken.user).max()
    assert 0.1 < by_victim.mean() < 0.6
    assert taken.user.isin(honest.user).mean() > 0.85
    # Some are drained in a burst, others in single rough.
    bursts = taken.groupby("user").time_ms.agg(["min", "max", "size"])
    fast = (bursts["size"] >= 3) & (bursts["max"] - bursts["min"] < 2 * HOUR_MS)
    assert 0.15 < fast.mean() < 0.85
    assert (bursts["size"] == 1).mean() > 0.1


def test_a_mule_account_is_paid_by_many_from_their_own_devices(
    frauds: pd.DataFrame, rough: pd.DataFrame
) -> None:
    scammed = of(frauds, "mule_account")
    assert (scammed.merchant_kind == "small_seller").all()
    victims = scammed.groupby("merchant").user.nunique()
    assert victims.max() >= 10
    honest = rough[~rough.true_fraud]
    assert scammed.device.dropna().isin(honest.device).mean() > 0.8
    assert scammed.user.dropna().isin(honest.user).mean() > 0.85
    # Accounts have honest payments besides.
    assert honest.merchant.isin(scammed.merchant).sum() > 0
    usual = honest[honest.merchant_kind == "small_seller"].amount_minor
    assert scammed.amount_minor.median() > 3 * usual.median()


def test_collusion_is_a_small_circle_at_one_merchant_over_weeks(frauds: pd.DataFrame) -> None:
    colluding = of(frauds, "merchant_collusion")
    by_merchant = colluding.groupby("merchant")
    assert (by_merchant.instrument.nunique() <= 20).all()
    repeated = colluding.groupby(["merchant", "instrument"]).size()
    assert repeated.mean() > 1.8
    assert (by_merchant.day.max() - by_merchant.day.min()).median() >= 4


def test_a_slow_drip_takes_small_amounts_over_weeks(frauds: pd.DataFrame) -> None:
    dripping = of(frauds, "slow_drip")
    assert dripping.amount_minor.max() <= 50_000
    by_victim = dripping.groupby("instrument")
    spans = (by_victim.day.max() - by_victim.day.min())[by_victim.size() >= 4]
    assert spans.median() >= 8
    gaps = dripping.sort_values(["instrument", "time_ms"]).groupby("instrument").time_ms.diff()
    assert gaps.dropna().median() > 20 * HOUR_MS
    assert (dripping.groupby("merchant").instrument.nunique() > 1).any()


def test_fraudsters_pay_what_honest_people_pay(frauds: pd.DataFrame, rough: pd.DataFrame) -> None:
    honest = rough[~rough.true_fraud].groupby("merchant_kind").amount_minor
    low, high = honest.quantile(0.05), honest.quantile(0.95)
    usual = frauds.amount_minor.between(
        frauds.merchant_kind.map(low), frauds.merchant_kind.map(high)
    )
    by_kind = usual.groupby(frauds.fraud_kind).mean()
    assert by_kind["slow_drip"] > 0.8
    assert by_kind["stolen_card"] > 0.4
    assert by_kind["account_takeover"] > 0.25
    assert (by_kind < 1).any()


def without(parameters: Parameters) -> Parameters:
    """The same parameters, of nobody who does fraud."""
    none = {
        kind: msgspec.structs.replace(getattr(parameters.frauds, kind), per_million=0)
        for kind in FRAUD_KINDS
    }
    frauds = msgspec.structs.replace(parameters.frauds, **none)
    return msgspec.structs.replace(parameters, frauds=frauds)


def test_without_fraudsters_there_is_no_fraud(parameters: Parameters) -> None:
    stream = generate(without(parameters), users=1_000, days=10, seed=1)
    assert not any(stream["true_fraud"].to_pylist())
    assert not any(stream["fraud"].to_pylist())


def test_fraud_moves_no_honest_payment_of_its_day(parameters: Parameters) -> None:
    peaceful = generate(without(parameters), users=20_000, days=1, seed=9).to_pandas()
    stream = generate(parameters, users=20_000, days=1, seed=9).to_pandas()
    assert stream.true_fraud.any()
    made = zip(stream.time_ms, stream.amount_minor, strict=True)
    assert set(zip(peaceful.time_ms, peaceful.amount_minor, strict=True)) <= set(made)
