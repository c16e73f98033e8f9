"""What every flow is handed: the ports, and the policy of the house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sikka.domain.errors import UnprocessableRequest
from sikka.domain.records import Actor
from sikka.domain.review import TimeoutAction
from sikka.flows.fraud.ports import FraudPolicyStore
from sikka.ports import (
    Clock,
    FraudEngine,
    FraudModelStore,
    Journal,
    Observer,
    PaymentStore,
    ReferenceNumbers,
    Reviews,
    UpiRail,
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Times and bounds that an operator may set.

    Args:
        collect_expiry_s: how long a customer has to answer, unless the order says.
        check_delays_s: seconds from the start of a payment to its first checks. The default is
            the network's etiquette: the first after 90 s, three within two hours.
        check_interval_s: the rhythm after that.
        checks_until_s: age at which a payment that stays unknown goes to a person.
        send_window_s: how old a payment may be when it is first sent. A process that was
            paused for longer leaves it to the poller.
        expiry_grace_s: how long past its expiry a payment is left to the rail's own word.
        running_s: how long a request may hold its idempotency key before its process counts
            as dead.
        retention_s: how long an idempotency key is kept.
    """

    collect_expiry_s: float = 600.0
    check_delays_s: tuple[float, ...] = (90.0, 900.0, 3600.0, 7200.0)
    check_interval_s: float = 900.0
    checks_until_s: float = 172_800.0
    send_window_s: float = 30.0
    expiry_grace_s: float = 120.0
    running_s: float = 60.0
    retention_s: float = 172_800.0


@dataclass(frozen=True, slots=True)
class ReviewPolicy:
    """How payments are reviewed.

    Args:
        timeout_s: how long a held payment waits for a person.
        timeout_action: what becomes of it then.
        claim_s: how long a claim keeps other reviewers away.
    """

    timeout_s: float = 14_400.0
    timeout_action: TimeoutAction = TimeoutAction.EXPIRE
    claim_s: float = 900.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The flows' world. `rails` maps a merchant's `rail` to its adapter."""

    clock: Clock
    journal: Journal
    store: PaymentStore
    reviews: Reviews
    fraud: FraudEngine
    rails: Mapping[str, UpiRail]
    numbers: ReferenceNumbers
    policy: Policy
    observe: Observer
    fraud_policy: FraudPolicyStore
    fraud_models: FraudModelStore
    review_policy: ReviewPolicy = field(default_factory=ReviewPolicy)

    def rail(self, name: str) -> UpiRail:
        """The rail of that name.

        Raises:
            UnprocessableRequest: when no such rail is configured.
        """
        rail = self.rails.get(name)
        if rail is None:
            raise UnprocessableRequest("method_unavailable", f"no UPI rail {name!r} is configured")
        return rail


@dataclass(frozen=True, slots=True)
class IdempotencyClaim:
    """A merchant's Idempotency-Key with the request it stands for.

    `request_hash` is the SHA-256 (hex) of the body as received; `route` is method and path.
    """

    key: str
    route: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a flow runs."""

    merchant_id: str
    livemode: bool
    actor: Actor
    claim: IdempotencyClaim
    request_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API sends back: the bytes are what a replay returns too."""

    status: int
    body: bytes
    replayed: bool = False
