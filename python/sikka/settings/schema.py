"""Every setting: its name, type, rule and default. The defaults are the embedded mode."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Meta

from sikka.domain.errors import ConfigurationError
from sikka.settings.build import BrokenRuleError, Builder
from sikka.settings.fraud_monitoring import FraudMonitoring
from sikka.settings.secret import Secret
from sikka.settings.source import read

MASTER_KEY_BYTES = 32
EMBEDDED_DATABASE = Secret("sqlite+aiosqlite:///sikka.db")
LOCAL_REDIS = Secret("redis://127.0.0.1:6379/0")

Count = Annotated[int, Meta(ge=1, le=1_000_000, description="a whole number of 1 to 1000000")]
Amount = Annotated[int, Meta(ge=1, le=10**15 - 1, description="minor units, 1 or more")]
Hundredths = Annotated[int, Meta(ge=0, le=101, description="hundredths, 0 to 100; 101 for never")]
Bytes = Annotated[int, Meta(ge=1_024, le=1 << 30, description="a number of bytes, 1024 to 1 GiB")]
Port = Annotated[int, Meta(ge=0, le=65_535, description="a port, 0 (any free one) to 65535")]
Seconds = Annotated[float, Meta(gt=0, le=31_536_000, description="a number of seconds above 0")]
Instant = Annotated[
    datetime, Meta(tz=True, description="a time with its zone, such as 2026-01-31T00:00:00Z")
]
Flag = Annotated[bool, Meta(description="true or false")]
Text = Annotated[str, Meta(min_length=1, max_length=255, description="a text of 1 to 255")]
OrganisationId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9]{1,20}$", description="1 to 20 letters and digits (quote it)")
]
PspPrefix = Annotated[
    str, Meta(pattern=r"^[A-Z0-9]{3}$", description="3 of A-Z and 0-9 (quote it)")
]
Version = Annotated[
    str, Meta(pattern=r"^[0-9]\.[0-9]$", description="a version such as '2.0' (quote it)")
]


@dataclass(frozen=True, slots=True)
class Server:
    """The HTTP server.

    `port` 0 takes a free one. `public_url` is how merchants reach it. `allowed_hosts` are the
    values of `Host` that are served (all, when empty). `trusted_proxies` says how many proxies in
    front add themselves to `X-Forwarded-For`. `key_cache_s` is the longest for which a revoked
    API key can still be used.
    """

    host: Text = "127.0.0.1"
    port: Port = 8080
    workers: Annotated[int, Meta(ge=1, le=256, description="1 to 256 processes")] = 1
    public_url: Text | None = None
    body_limit_bytes: Bytes = 64 * 1024
    batch_body_limit_bytes: Bytes = 4 * 1024 * 1024
    batch_concurrency: Annotated[int, Meta(ge=1, le=1_000, description="1 to 1000")] = 64
    key_cache_s: Annotated[float, Meta(ge=0, le=5, description="0 to 5 seconds")] = 3.0
    check_timeout_s: Seconds = 2.0
    shutdown_timeout_s: Seconds = 30.0
    allowed_hosts: tuple[Text, ...] = ()
    trusted_proxies: Annotated[int, Meta(ge=0, le=10, description="0 to 10 proxies")] = 0

    def __post_init__(self) -> None:
        if self.public_url is not None:
            _require_url("public_url", self.public_url, ("http", "https"))


@dataclass(frozen=True, slots=True)
class Database:
    """Where payments live: `sqlite+aiosqlite:///file` or `mysql+asyncmy://user:…@host/name`."""

    url: Secret = EMBEDDED_DATABASE
    pool_size: Annotated[int, Meta(ge=1, le=1_000, description="1 to 1000 connections")] = 8

    def __post_init__(self) -> None:
        schemes = ("sqlite+aiosqlite", "mysql+asyncmy", "mariadb+asyncmy")
        if urlsplit(self.url.reveal()).scheme not in schemes:
            raise BrokenRuleError("url", f"must begin with {'://, '.join(schemes)}://")

    @property
    def is_sqlite(self) -> bool:
        """Whether it is the embedded database."""
        return self.url.reveal().startswith("sqlite")


@dataclass(frozen=True, slots=True)
class Redis:
    """Windows and rates shared by all processes. Without it each process keeps its own."""

    url: Secret = LOCAL_REDIS
    timeout_s: Seconds = 0.25

    def __post_init__(self) -> None:
        if urlsplit(self.url.reveal()).scheme not in ("redis", "rediss", "unix"):
            raise BrokenRuleError("url", "must begin with redis://, rediss:// or unix://")


@dataclass(frozen=True, slots=True)
class Journal:
    """Bounds of the group commit and of the queue before it."""

    queue_changes_max: Count = 10_000
    group_changes_max: Annotated[int, Meta(ge=1, le=4_096, description="1 to 4096 changes")] = 256
    group_bytes_max: Bytes = 4 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.group_changes_max > self.queue_changes_max:
            raise BrokenRuleError("group_changes_max", "must not exceed queue_changes_max")


@dataclass(frozen=True, slots=True)
class Peer:
    """A certificate (or public key) pinned for an organisation, for as long as it is valid.

    Without dates a certificate's own dates count; a bare public key is then always valid.
    """

    certificate: Path
    not_before: Instant | None = None
    not_after: Instant | None = None

    def __post_init__(self) -> None:
        if self.not_before and self.not_after and self.not_after <= self.not_before:
            raise BrokenRuleError("not_after", "must be later than not_before")


@dataclass(frozen=True, slots=True)
class Tls:
    """Mutual TLS: the authority that the other side is signed by, and what we show."""

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Npci:
    """The way to the UPI switch.

    `peers` maps an organisation (the switch, `switch_org_id`, is the one that is believed) to its
    certificates; give the next one beside the present one and a rotation needs no stop.
    `certificate` is our own, as the switch has it: `sikka doctor` compares it with `signing_key`.
    """

    url: Text
    org_id: OrganisationId
    psp_prefix: PspPrefix
    signing_key: Path
    peers: Mapping[OrganisationId, tuple[Peer, ...]]
    certificate: Path | None = None
    tls: Tls | None = None
    switch_org_id: OrganisationId = "NPCI"
    version: Version = "2.0"
    path_prefix: str = ""
    merchant_type: Literal["SMALL", "LARGE"] = "SMALL"
    onboarding_type: Literal["BANK", "AGGREGATOR", "NETWORK", "TPAP"] = "AGGREGATOR"
    ownership: Literal["PROPRIETARY", "PARTNERSHIP", "PRIVATE", "PUBLIC", "OTHERS"] = "PRIVATE"
    sign_links: Flag = False
    reply_timeout_s: Seconds = 10.0
    connections_max: Count = 64
    connect_timeout_s: Seconds = 2.0
    answer_timeout_s: Seconds = 15.0
    heartbeat_interval_s: Seconds = 180.0
    breaker_failures: Count = 5
    breaker_open_s: Seconds = 10.0

    def __post_init__(self) -> None:
        _require_url("url", self.url, ("http", "https"))
        if not self.peers.get(self.switch_org_id):
            raise BrokenRuleError("peers", f"must pin a certificate of {self.switch_org_id}")
        if self.path_prefix and not self.path_prefix.startswith("/"):
            raise BrokenRuleError("path_prefix", "must begin with /")


@dataclass(frozen=True, slots=True)
class Sponsor:
    """A sponsor bank's JSON API. Callbacks are good under any of `callback_secrets`."""

    url: Text
    merchant_id: Text
    psp_prefix: PspPrefix
    secret: Secret
    callback_secrets: tuple[Secret, ...] = ()
    connections_max: Count = 32
    connect_timeout_s: Seconds = 2.0
    answer_timeout_s: Seconds = 15.0
    breaker_failures: Count = 5
    breaker_open_s: Seconds = 10.0

    def __post_init__(self) -> None:
        _require_url("url", self.url, ("http", "https"))


@dataclass(frozen=True, slots=True)
class Upi:
    """The UPI rails. A merchant's `rail` is `npci` or the name of a sponsor bank."""

    npci: Npci | None = None
    sponsors: Mapping[str, Sponsor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "npci" in self.sponsors:
            raise BrokenRuleError("sponsors.npci", "npci is the switch itself; name the bank")


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Delivery of events. `retry_delays_s` holds the wait before each attempt."""

    allow_private_addresses: Flag = False
    timeout_s: Seconds = 15.0
    endpoint_concurrency: Annotated[int, Meta(ge=1, le=100, description="1 to 100")] = 8
    rotation_overlap_s: Seconds = 86_400.0
    retry_delays_s: tuple[Annotated[float, Meta(ge=0, description="0 or more seconds")], ...] = (
        0.0,
        5.0,
        300.0,
        1_800.0,
        7_200.0,
        18_000.0,
        36_000.0,
        50_400.0,
        72_000.0,
        86_400.0,
    )

    def __post_init__(self) -> None:
        if not self.retry_delays_s:
            raise BrokenRuleError("retry_delays_s", "must name at least one attempt")


@dataclass(frozen=True, slots=True)
class Fraud:
    """The rules of the fraud engine; what each means stands at `sikka.fraud.config.FraudConfig`.

    How held payments are reviewed stands at `sikka.flows.parts.ReviewPolicy`. `label_delay_days`
    says after how long silence means that a payment was genuine: by then customers have seen it on
    a monthly statement, and most chargebacks have come.
    """

    review_amount_minor: Amount | None = None
    decline_amount_minor: Amount | None = None
    user_payments_per_10_min: Count = 30
    user_payments_per_day: Count = 300
    instrument_payments_per_10_min: Count = 30
    instrument_payments_per_day: Count = 300
    device_payments_per_10_min: Count = 60
    ip_payments_per_10_min: Count = 600
    device_instruments_per_day: Count = 10
    card_testing_amount_minor: Amount = 10_000
    card_testing_device_payments_per_10_min: Count = 8
    card_testing_ip_payments_per_10_min: Count = 60
    card_testing_merchant_payments_per_10_min: Count = 60
    card_testing_instruments_per_day: Count = 4
    probing_payments_per_10_min: Count = 3
    probing_ratio: Annotated[float, Meta(ge=1, description="a number of 1 or more")] = 10.0
    amount_deviations_max: Annotated[float, Meta(gt=0, description="a number above 0")] = 6.0
    speed_km_h_max: Annotated[float, Meta(gt=0, description="a number above 0")] = 1_000.0
    distance_km_max: Annotated[float, Meta(gt=0, description="a number above 0")] = 2_000.0
    review_score_hundredths: Hundredths = 40
    decline_score_hundredths: Hundredths = 95
    stale_policy: Literal["rules_only", "review", "decline"] = "rules_only"
    review_timeout_s: Seconds = 14_400.0
    review_timeout_action: Literal["expire", "approve", "decline"] = "expire"
    review_claim_s: Annotated[float, Meta(ge=1, le=86_400, description="1 to 86400 seconds")] = (
        900.0
    )
    blocked_users: tuple[Text, ...] = ()
    blocked_vpas: tuple[Text, ...] = ()
    blocked_devices: tuple[Text, ...] = ()
    blocked_ips: tuple[Text, ...] = ()
    label_delay_days: Annotated[
        float, Meta(ge=1, le=365, description="a number of days, 1 to 365")
    ] = 30.0
    monitoring: FraudMonitoring = field(default_factory=FraudMonitoring)


@dataclass(frozen=True, slots=True)
class Features:
    """The memory of customers, instruments, devices, addresses and merchants.

    `store` says where it is: in each process, or in Redis, shared by all; by default in Redis
    where Redis is configured. `timeout_s` is how long a payment waits for Redis. `warm_days` and
    `warm_payments_max` bound what an empty memory is filled with from the database.
    """

    store: Literal["memory", "redis"] | None = None
    timeout_s: Seconds = 0.005
    entities_max: Annotated[
        int, Meta(ge=1_000, le=100_000_000, description="a whole number of 1000 to 100000000")
    ] = 200_000
    warm_days: Annotated[int, Meta(ge=1, le=366, description="1 to 366 days")] = 30
    warm_payments_max: Annotated[
        int, Meta(ge=0, le=10_000_000, description="0 to 10000000 payments")
    ] = 100_000


@dataclass(frozen=True, slots=True)
class Policy:
    """Times of the flows; what each means stands at `sikka.flows.parts.Policy`."""

    collect_expiry_s: Seconds = 600.0
    check_delays_s: tuple[Seconds, ...] = (90.0, 900.0, 3_600.0, 7_200.0)
    check_interval_s: Seconds = 900.0
    checks_until_s: Seconds = 172_800.0
    expiry_grace_s: Seconds = 120.0
    send_window_s: Seconds = 30.0
    running_s: Seconds = 60.0
    retention_s: Annotated[
        float, Meta(ge=86_400, description="at least 86400 seconds (24 hours)")
    ] = 172_800.0

    def __post_init__(self) -> None:
        delays = self.check_delays_s
        if not delays or list(delays) != sorted(delays):
            raise BrokenRuleError("check_delays_s", "must name times that grow, at least one")
        if self.send_window_s >= delays[0]:
            # Else a request might still leave when the poller has begun to ask about it.
            raise BrokenRuleError("send_window_s", "must be less than the first of check_delays_s")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests an API key may make; `burst` at once, then `per_s` a second."""

    enabled: Flag = True
    per_s: Annotated[float, Meta(gt=0, le=1_000_000, description="requests a second")] = 100.0
    burst: Count = 200


@dataclass(frozen=True, slots=True)
class Worker:
    """The background duties: relay, delivery, checks, expiry."""

    interval_s: Seconds = 0.5
    batch: Annotated[int, Meta(ge=1, le=10_000, description="1 to 10000 rows")] = 256
    lease_s: Seconds = 15.0
    metrics_port: Port | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """The one secret that the gateway's own keys come from: 32 random bytes in base64.

    Every purpose has a key of its own, derived by HKDF-SHA256 (RFC 5869), so that none is of use
    for another. `sikka keys master` prints a fresh one.
    """

    master_key: Secret | None = None

    def __post_init__(self) -> None:
        if self.master_key is None:
            return
        try:
            key = base64.b64decode(self.master_key.reveal(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != MASTER_KEY_BYTES:
            raise BrokenRuleError("master_key", f"must be {MASTER_KEY_BYTES} bytes in base64")

    def derived(self, purpose: str) -> bytes:
        """The 32-byte key of one purpose (`api-keys`, `webhook-secrets`).

        Raises:
            ConfigurationError: no master key is set.
        """
        if self.master_key is None:
            raise ConfigurationError(
                message="secrets.master_key: is missing; set SIKKA__SECRETS__MASTER_KEY to what "
                "`sikka keys master` prints, and keep it",
                param="secrets.master_key",
            )
        key = base64.b64decode(self.master_key.reveal(), validate=True)
        derivation = HKDF(hashes.SHA256(), 32, salt=None, info=f"sikka/{purpose}".encode())
        return derivation.derive(key)


@dataclass(frozen=True, slots=True)
class Logging:
    """What is written to standard error, and how: `json` for machines, `plain` for people."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["json", "plain"] = "json"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `Settings()` is the embedded mode; `Settings.load` reads file and variables."""

    server: Server = field(default_factory=Server)
    database: Database = field(default_factory=Database)
    redis: Redis | None = None
    journal: Journal = field(default_factory=Journal)
    upi: Upi = field(default_factory=Upi)
    webhooks: Webhooks = field(default_factory=Webhooks)
    fraud: Fraud = field(default_factory=Fraud)
    features: Features = field(default_factory=Features)
    policy: Policy = field(default_factory=Policy)
    rate_limit: RateLimit = field(default_factory=RateLimit)
    worker: Worker = field(default_factory=Worker)
    secrets: Secrets = field(default_factory=Secrets)
    logging: Logging = field(default_factory=Logging)

    def __post_init__(self) -> None:
        if self.features.store == "redis" and self.redis is None:
            raise BrokenRuleError("features.store", "redis needs the section redis")

    @classmethod
    def load(cls, path: Path | None, environ: Mapping[str, str]) -> Settings:
        """Read the file, if there is one, and lay the variables `SIKKA__…` over it.

        Args:
            path: a YAML file; relative paths in it start at its folder.
            environ: the environment; `SIKKA__SERVER__PORT=9000` sets `server.port`, an empty
                value sets null, a list or mapping is written as JSON.

        Raises:
            ConfigurationError: a setting is missing, unknown or wrong; `param` is its dotted path.
        """
        directory = Path() if path is None else path.parent
        source = read(path, environ)
        return Builder(source, directory).section(cls, source.tree, "")


def _require_url(name: str, url: str, schemes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BrokenRuleError(name, "must be a URL") from None
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise BrokenRuleError(name, f"must be a URL that begins with {'://, '.join(schemes)}://")
    if parts.username or parts.password:
        raise BrokenRuleError(name, "must not hold a user or password")
