"""What ``parameters.yaml`` holds: the sections, and the range of every number.

The meaning of each number stands beside it in the file.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1)]
Source = Annotated[tuple[Text, ...], Meta(min_length=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Weight = Annotated[float, Meta(ge=0, le=100_000)]
Factor = Annotated[float, Meta(ge=0, le=100)]
Sigma = Annotated[float, Meta(ge=0, le=2)]
Days = Annotated[float, Meta(gt=0, le=10_000)]
Hours = Annotated[float, Meta(gt=0, le=10_000)]
Rate = Annotated[float, Meta(ge=0, le=100_000)]
Minor = Annotated[int, Meta(ge=1, le=100_000_000)]
Count = Annotated[int, Meta(ge=1, le=10_000)]
WholeDays = Annotated[int, Meta(ge=0, le=365)]
Weights = Annotated[tuple[Weight, ...], Meta(min_length=1)]
Factors = Annotated[tuple[Factor, ...], Meta(min_length=1)]
Counts = tuple[Count, Count]
FactorRange = tuple[Factor, Factor]
MinorRange = tuple[Minor, Minor]


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the parameters, which says where its numbers come from."""

    source: Source


class Population(Section, frozen=True):
    """Who pays."""

    payments_per_user_day: Annotated[float, Meta(gt=0, le=100)]
    activity_sigma: Sigma
    taste_sigma: Sigma
    wealth_sigma: Sigma
    arriving_share: Share
    leaving_share: Share
    household_weights: Weights
    day_noise: Annotated[float, Meta(ge=0, le=0.5)]


class Segment(Section, frozen=True):
    """People who live alike."""

    share: Weight
    away_by_day: Share
    activity: Factor
    wealth: Factor
    card_share: Share
    hours_shift_weights: tuple[Weight, Weight, Weight, Weight]
    gullibility: Factor
    kinds: dict[str, Factor] = {}


class Salary(Section, frozen=True):
    """Pay days and what follows from them."""

    salaried_weights: tuple[Weight, Weight, Weight]
    salaried_share: dict[str, Share]
    activity_after: Factors
    activity_before: Factor
    before_days: WholeDays
    amount_after: Factors
    amount_before: Factor


class Weekdays(Section, frozen=True):
    """How busy the days of a week are."""

    activity: Annotated[tuple[Factor, ...], Meta(min_length=7, max_length=7)]


class Festival(Section, frozen=True):
    """Days on which people pay more, and for what."""

    dates: tuple[date, ...]
    days_before: WholeDays
    factor: Factor
    kinds: dict[str, Factor] = {}


class City(Section, frozen=True):
    """A town in which people live."""

    latitude: Annotated[float, Meta(ge=6, le=38)]
    longitude: Annotated[float, Meta(ge=68, le=98)]
    weight: Weight
    radius_km: Annotated[float, Meta(gt=0, le=100)]


class Holdings(Section, frozen=True):
    """Devices and instruments."""

    device_life_days: Days
    second_device_share: Share
    second_device_use: Share
    handed_on_share: Share
    second_vpa_share: Share
    second_vpa_use: Share
    vpa_life_days: Days
    second_card_share: Share
    second_card_use: Share
    card_life_days: Days
    shared_device_share: Share
    shared_device_use: Share


class Network(Section, frozen=True):
    """IP addresses."""

    carrier_weights: Weights
    users_per_address: Annotated[float, Meta(ge=1, le=100_000)]
    address_hours: Annotated[int, Meta(ge=1, le=24)]
    wifi_share: Share
    wifi_use: Share
    lease_days: Annotated[int, Meta(ge=1, le=365)]


class Presence(Section, frozen=True):
    """Where payments are made, and what of it is seen."""

    upi_missing_share: Share
    card_online_missing_share: Share
    card_present_missing_share: Share
    misplaced_share: Share
    at_work_share: Share
    guest_share: Share
    walk_in_share: Share
    jitter_m: Annotated[int, Meta(ge=1, le=100_000)]


class Travel(Section, frozen=True):
    """Days away from home."""

    trips_per_user_month: Annotated[float, Meta(ge=0, le=30)]
    days_weights: Weights
    activity: Factor
    kinds: dict[str, Factor]


class Market(Section, frozen=True):
    """What all merchants have in common."""

    popularity_sigma: Sigma
    level_sigma: Sigma
    opening_share: Share
    nearby_choices: Annotated[int, Meta(ge=1, le=16)]


class HoursProfile(Section, frozen=True):
    """At which hours something is done."""

    weights: Annotated[tuple[Weight, ...], Meta(min_length=24, max_length=24)]


class Kind(Section, frozen=True):
    """A kind of merchant."""

    payments: Weight
    merchants: Weight
    online: bool
    median_minor: Minor
    sigma: Sigma
    elasticity: Literal["none", "half", "full"]
    upi_limit_minor: Minor
    rounding: dict[Literal["paise", "rupee", "ten", "hundred", "ninety_nine"], Weight]
    card_share: Share
    hours: str
    weekend: Factor
    favourites: Annotated[int, Meta(ge=1, le=16)]
    loyalty: Share
    payday: Factor
    festival: Factor
    refund_share: Share
    mandate_share: Share
    assisted: bool
    menu_minor: tuple[Minor, ...] = ()
    menu_share: Share = 0.0


class HardCases(Section, frozen=True):
    """Honest payments that look like fraud."""

    retry_share: Share
    retry_other_instrument_share: Share
    spree_per_user_day: Share
    spree_payments: Counts
    spree_kinds: dict[str, Weight]
    assisted_share: dict[str, Share]
    agents_per_thousand_users: Annotated[float, Meta(ge=0, le=1_000)]
    drives_per_million: Rate
    drive_payments: Counts
    drive_days: Counts
    large_share: Share
    large_factor: FactorRange


class Limits(Section, frozen=True):
    """Bounds of amounts."""

    amount_minor_min: Minor
    card_minor_max: Minor
    contactless_minor_max: Minor


class Rings(Section, frozen=True):
    """Groups of fraudsters."""

    reuse_share: Share
    life_days: Counts
    devices: Counts
    crude_fresh_share: Share
    careful_fresh_share: Share
    careful_share: Share
    proxy_share: Share
    cities: dict[str, Weight]


class Reporting(Section, frozen=True):
    """Whether and when a fraud becomes known."""

    reported_share: Share
    small_factor: Share
    delay_days_median: Days
    delay_sigma: Sigma
    investigated_share: Share
    investigated_days_median: Days


class Fraud(Section, frozen=True):
    """What every kind of fraud has."""

    per_million: Rate
    reporting: Reporting


class StolenCard(Fraud, frozen=True):
    """Someone else pays with a card."""

    outsider_share: Share
    tested_share: Share
    at_terminal_share: Share
    payments: Counts
    crude_hours: Hours
    careful_hours: Hours
    crude_factor: FactorRange
    careful_factor: FactorRange
    guest_share: Share
    victim_account_share: Share
    hidden_place_share: Share
    kinds: dict[str, Weight]
    terminal_kinds: dict[str, Weight]


class AccountTakeover(Fraud, frozen=True):
    """Someone else pays from an account."""

    remote_share: Share
    crude_payments: Counts
    crude_minutes: Counts
    careful_payments: Counts
    careful_hours: Hours
    careful_factor: FactorRange
    taken_share: tuple[Share, Share]
    balance_minor_median: Minor
    balance_sigma: Sigma
    probe_share: Share
    near_share: Share
    hidden_place_share: Share
    card_share: Share
    kinds: dict[str, Weight]


class CardTesting(Fraud, frozen=True):
    """Which of many cards are valid is tried out."""

    cards: Counts
    outsider_share: Share
    crude_gap_s: Counts
    careful_gap_s: Counts
    cards_per_device: Counts
    crude_minor: MinorRange
    careful_minor: MinorRange
    again_share: Share
    guest_share: Share
    hidden_place_share: Share
    kinds: dict[str, Weight]


class Scam(Section, frozen=True):
    """What victims are made to believe, and what they pay for it."""

    weight: Weight
    median_minor: Minor
    sigma: Sigma
    growth: Annotated[float, Meta(ge=0.1, le=10)]


class MuleAccount(Fraud, frozen=True):
    """Victims are talked into paying an account that passes the money on."""

    new_account_share: Share
    victims: Counts
    days: Counts
    payments_per_victim: Counts
    scams: dict[str, Scam]
    honest_share: Share
    closed_after_reports: Count


class MerchantCollusion(Fraud, frozen=True):
    """A merchant takes payments for nothing, from accomplices."""

    accomplices: Counts
    days: Counts
    payments_per_accomplice: Counts
    crude_factor: FactorRange
    careful_factor: FactorRange
    shared_devices: Counts
    stranger_share: Share
    card_share: Share
    hidden_place_share: Share
    kinds: dict[str, Weight]


class SlowDrip(Fraud, frozen=True):
    """Small amounts over weeks."""

    payments: Counts
    gap_days: Counts
    front_share: Share
    victims_per_front: Count
    menu_minor: Annotated[tuple[Minor, ...], Meta(min_length=1)]
    guises: dict[Literal["merchant_started", "own_device", "foreign_device"], Weight]
    card_share: Share
    hidden_place_share: Share
    kinds: dict[str, Weight]


class Frauds(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every kind of fraud, by the name that ``fraud_kind`` has."""

    stolen_card: StolenCard
    account_takeover: AccountTakeover
    card_testing: CardTesting
    mule_account: MuleAccount
    merchant_collusion: MerchantCollusion
    slow_drip: SlowDrip


class Parameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that a stream is made of. `sikka_sim.stream.parameters` reads and checks them."""

    sources: dict[str, Text]
    population: Population
    segments: dict[str, Segment]
    salary: Salary
    weekdays: Weekdays
    festivals: dict[str, Festival]
    cities: dict[str, City]
    holdings: Holdings
    network: Network
    presence: Presence
    travel: Travel
    market: Market
    hours: dict[str, HoursProfile]
    kinds: dict[str, Kind]
    hard_cases: HardCases
    limits: Limits
    rings: Rings
    frauds: Frauds

    @property
    def kind_names(self) -> tuple[str, ...]:
        """The kinds of merchants; a kind's number is its place here."""
        return tuple(self.kinds)
