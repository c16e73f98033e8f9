"""What the flows need from outside. The contract of each stands here, not in its adapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sikka.domain.change import Change
from sikka.domain.delivery import WebhookAttempt, WebhookDelivery
from sikka.domain.fraud.assessment import FraudAssessment, RiskLevel, RiskRequest
from sikka.domain.fraud.label import FraudLabel
from sikka.domain.fraud.model import FraudModel, ModelState
from sikka.domain.fraud.report import FraudReport
from sikka.domain.ledger import Account, AccountKind, LedgerTransaction
from sikka.domain.merchant import ApiKey, Merchant, WebhookEndpoint
from sikka.domain.outcome import Outcome
from sikka.domain.payment import Payment, PaymentMethod, Status, UpiTransaction
from sikka.domain.records import AuditRecord, Event, EventType, IdempotencyRecord
from sikka.domain.refund import Refund
from sikka.domain.review import QueueOrder, QueueState, Review, Reviewer, ReviewNote


class Clock(Protocol):
    """The time. Tests bring their own."""

    def now(self) -> datetime:
        """Now, aware, UTC."""
        ...


class Journal(Protocol):
    """The one way to write."""

    async def commit(self, change: Change) -> None:
        """Return when the transaction that holds the change is durable.

        Raises:
            Conflict: a guarded record is no longer what the change expects. Nothing was written.
            Duplicate: a unique key is taken. Nothing was written.
            Rejected: the database refuses the change for good. Nothing was written.
            Unavailable: the queue is full or the database is away. Nothing was written.
            CommitUnknown: the answer to the commit is lost and the row could not be looked up.
        """
        ...


@dataclass(frozen=True, slots=True)
class UpiState:
    """A payment with its UPI side and its assessment, as stored at one moment."""

    payment: Payment
    upi: UpiTransaction
    assessment: FraudAssessment | None


class PaymentStore(Protocol):
    """Reads for the flows. Every read sees all that `commit` has acknowledged."""

    async def upi_state(self, payment_id: str) -> UpiState | None:
        """The payment with its UPI transaction and assessment (one query), or None."""
        ...

    async def refund(self, refund_id: str) -> Refund | None:
        """One refund, or None."""
        ...

    async def refunds_of(self, payment_id: str) -> Sequence[Refund]:
        """All refunds of a payment, oldest first."""
        ...

    async def assessment(self, payment_id: str) -> FraudAssessment | None:
        """The fraud assessment of a payment, or None."""
        ...

    async def merchant(self, merchant_id: str) -> Merchant | None:
        """One merchant, or None. May be up to a few seconds old."""
        ...

    async def idempotency(
        self, merchant_id: str, livemode: bool, key: str
    ) -> IdempotencyRecord | None:
        """What is stored under a merchant's key, or None."""
        ...

    async def due_payment_checks(
        self, now: datetime, buckets: range, limit: int
    ) -> Sequence[UpiState]:
        """Open payments whose next check is due, the longest due first."""
        ...

    async def due_refund_checks(
        self, now: datetime, buckets: range, limit: int
    ) -> Sequence[Refund]:
        """Open refunds whose next check is due, the longest due first."""
        ...

    async def overdue(self, now: datetime, buckets: range, limit: int) -> Sequence[UpiState]:
        """Payments that still wait (in review, or for the customer) past their expiry."""
        ...


class FraudModelStore(Protocol):
    """Reads of the registry of models. Every read sees all that `commit` has acknowledged.

    All raise Unavailable when the database is away.
    """

    async def model(self, version: str) -> FraudModel | None:
        """The model of that version, or None."""
        ...

    async def models(self, page: Page) -> Sequence[FraudModel]:
        """All models, as the lists of `Reader`."""
        ...

    async def in_force(self) -> Mapping[ModelState, FraudModel]:
        """The champion, the challenger and the one in shadow, as far as there are any."""
        ...

    async def champion_before(self, promoted_at: datetime | None) -> FraudModel | None:
        """The retired model that was promoted last, and before that time if one is given."""
        ...


class FraudEngine(Protocol):
    """Scores a payment."""

    async def assess(self, request: RiskRequest) -> FraudAssessment:
        """Update the windows and decide. Assessing one payment id twice counts it once.

        Never raises for a slow or absent store: the assessment says `features_stale` instead.
        """
        ...


class ReferenceNumbers(Protocol):
    """Hands out RRNs."""

    async def next_rrn(self, at: datetime) -> str:
        """Twelve digits, unique for the participant and the Indian calendar day.

        Raises:
            Unavailable: when no block of numbers can be reserved.
        """
        ...


@dataclass(frozen=True, slots=True)
class VpaHolder:
    """What the rail says about an address."""

    vpa: str
    valid: bool
    name: str | None
    response_code: str | None


class UpiRail(Protocol):
    """A way to the UPI switch: signed XML at NPCI, or a sponsor bank's JSON.

    No method raises for what the outside world does; it answers in an `Outcome`. `approved`
    and `declined` are returned only for what the rail itself has said. `not_sent` is returned
    only when no byte of the request can have left.
    """

    name: str

    def transaction_id(self, id: str) -> str:
        """The rail's transaction id (35 characters) of a payment or refund id."""
        ...

    def payment_id(self, transaction_id: str, prefix: str) -> str:
        """The way back; raises `MalformedError` for an id that is not ours."""
        ...

    async def collect(
        self, payment: Payment, upi: UpiTransaction, merchant: Merchant, now: datetime
    ) -> Outcome:
        """Ask the customer for money. `pending` when the rail has taken the request."""
        ...

    def link(self, payment: Payment, upi: UpiTransaction, merchant: Merchant) -> str:
        """The `upi://pay` link that a customer's app opens or scans."""
        ...

    async def refund(
        self,
        refund: Refund,
        payment: Payment,
        upi: UpiTransaction,
        merchant: Merchant,
        now: datetime,
    ) -> Outcome:
        """Send money back. `pending` when the rail has taken the request."""
        ...

    async def check(
        self,
        transaction_id: str,
        *,
        original_at: datetime,
        rrn: str | None,
        refund: bool,
        now: datetime,
    ) -> Outcome:
        """Ask what became of a transaction.

        `pending` also when the answer comes later as a callback; `not_found` when the rail says
        that it never had it; `ambiguous` when the check itself got no usable answer.
        """
        ...

    async def validate(self, vpa: str, merchant: Merchant, now: datetime) -> VpaHolder:
        """Ask the rail who holds an address.

        Raises:
            RailUnavailable: when the rail does not say.
        """
        ...


@dataclass(frozen=True, slots=True)
class AuthorisationRequest:
    """May this customer pay this merchant this amount? The switch asks before a debit."""

    rail: str
    transaction_id: str
    reference: str | None
    payer_vpa: str
    payee_vpa: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Our answer. Refused carries the code the rail knows (`ZH`, `X1`, …)."""

    accepted: bool
    response_code: str
    merchant: Merchant | None


class RailListener(Protocol):
    """Where the rails bring what they have received and verified."""

    async def answered(self, rail: str, transaction_id: str, outcome: Outcome) -> None:
        """Apply an outcome to the payment or refund of a rail's transaction id.

        Safe to repeat and in any order. Returns when the effect, if any, is durable.

        Raises:
            NotFound: no payment or refund of ours has the id.
            IntegrityFailure: recorded, and not applied.
            Unavailable: nothing was written; the rail should send it again.
        """
        ...

    async def authorise(self, request: AuthorisationRequest) -> Authorisation:
        """Decide about an incoming customer payment (intent, QR)."""
        ...


class Replies(Protocol):
    """Where an asynchronous answer waits for whoever asked, in whichever process that is."""

    async def leave(self, key: str, reply: Mapping[str, Any], until: datetime) -> None:
        """Keep a reply under a message id until then; the first one stays."""
        ...

    async def take(self, key: str) -> Mapping[str, Any] | None:
        """The reply under the message id, or None so far."""
        ...


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on something for a while. `token` grows with every new holder."""

    name: str
    holder: str
    token: int
    expires_at: datetime


class Leases(Protocol):
    """Shares work among processes. A write under a lease checks its token (fencing)."""

    async def acquire(
        self, names: Sequence[str], holder: str, now: datetime, ttl_s: float, limit: int
    ) -> Sequence[Lease]:
        """Take up to `limit` of the free or expired leases, creating rows as needed."""
        ...

    async def renew(self, lease: Lease, now: datetime, ttl_s: float) -> Lease | None:
        """Prolong, or None when somebody else has it by now."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give it back. Without effect when it is somebody else's by now."""
        ...


class Observer(Protocol):
    """Hears what happens, for metrics, alerts and the demo's story. It must not raise."""

    def __call__(self, what: str, /, **facts: Any) -> None:
        """`what` is a dotted name (`rail.sent`, `payment.integrity_failure`); facts are small."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list, newest first.

    Args:
        limit: how many the caller shows; a list answers one more when there is more.
        starting_after: the id of the last object seen: what is older follows.
        ending_before: the id of the first object seen: what is newer, right before it.
    """

    limit: int
    starting_after: str | None = None
    ending_before: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """A review with its payment, as stored at one moment."""

    state: UpiState
    review: Review


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which reviews a list shows, and in which order.

    Args:
        now: when a claim counts as run out.
        reviewer: whose `mine` is.
    """

    now: datetime
    reviewer: Reviewer
    state: QueueState = QueueState.WAITING
    order: QueueOrder = QueueOrder.DUE
    risk_level: RiskLevel | None = None


class Reviews(Protocol):
    """Reads of what waits for a person. Every read sees all that `commit` has acknowledged."""

    async def case(self, payment_id: str) -> ReviewCase | None:
        """The review of a payment (one query), or None when it was never held."""
        ...

    async def notes(self, payment_ids: Sequence[str]) -> Mapping[str, Sequence[ReviewNote]]:
        """The notes of payments, by payment id and oldest first; one without is absent."""
        ...

    async def queue(
        self, merchant_id: str, livemode: bool, page: Page, wanted: QueueFilter
    ) -> Sequence[ReviewCase]:
        """A merchant's reviews in the order that is wanted, paged as the lists of `Reader` are.

        A page's ids are payment ids. A review that has left the list still tells where to go on.
        """
        ...


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """An account of the books with the sums of its entries, minor units."""

    account: Account
    debits_minor: int
    credits_minor: int

    @property
    def balance_minor(self) -> int:
        """The balance on the account's own side: debits for assets and expenses."""
        if self.account.kind in (AccountKind.ASSET, AccountKind.EXPENSE):
            return self.debits_minor - self.credits_minor
        return self.credits_minor - self.debits_minor


class Reader(Protocol):
    """Reads for the API and the console. Every list takes a `Page` and is newest first.

    A list answers up to `page.limit` + 1 objects; the last one only tells that there is more
    (the first one, with `ending_before`). An id in the page that names nothing answers an empty
    list. All raise Unavailable when the database is away.
    """

    async def payments(
        self,
        merchant_id: str,
        livemode: bool,
        page: Page,
        *,
        status: Status | None = None,
        method: PaymentMethod | None = None,
        created_gte: datetime | None = None,
        created_lte: datetime | None = None,
        user_id: str | None = None,
    ) -> Sequence[Payment]:
        """A merchant's payments."""
        ...

    async def upi_of(self, payment_ids: Sequence[str]) -> Mapping[str, UpiTransaction]:
        """The UPI sides of payments, by payment id; a payment without one is absent."""
        ...

    async def assessments_of(self, payment_ids: Sequence[str]) -> Mapping[str, FraudAssessment]:
        """The fraud assessments of payments, by payment id; one without is absent."""
        ...

    async def refunds(
        self, merchant_id: str, livemode: bool, page: Page, *, payment_id: str | None = None
    ) -> Sequence[Refund]:
        """A merchant's refunds, of one payment or of all."""
        ...

    async def fraud_labels(
        self, merchant_id: str, livemode: bool, page: Page, *, payment_id: str | None = None
    ) -> Sequence[FraudLabel]:
        """What became known of a merchant's payments, of one or of all."""
        ...

    async def fraud_reports(self, page: Page) -> Sequence[FraudReport]:
        """The last report of every version of a model, the latest first."""
        ...

    async def events(
        self,
        merchant_id: str,
        livemode: bool,
        page: Page,
        *,
        type: EventType | None = None,
        payment_id: str | None = None,
    ) -> Sequence[Event]:
        """A merchant's events."""
        ...

    async def event(self, event_id: str) -> Event | None:
        """One event, or None."""
        ...

    async def deliveries(
        self, page: Page, *, event_id: str | None = None, endpoint_id: str | None = None
    ) -> Sequence[WebhookDelivery]:
        """Deliveries of an event, to an endpoint, or both.

        Raises:
            ValueError: when neither is given.
        """
        ...

    async def attempts(self, delivery_id: str) -> Sequence[WebhookAttempt]:
        """The attempts of a delivery, oldest first."""
        ...

    async def merchants(self, page: Page) -> Sequence[Merchant]:
        """All merchants."""
        ...

    async def merchant(self, merchant_id: str) -> Merchant | None:
        """One merchant, or None."""
        ...

    async def api_key_by_hash(self, secret_hash: str) -> ApiKey | None:
        """The key with that keyed hash, revoked or not, or None."""
        ...

    async def api_key(self, key_id: str) -> ApiKey | None:
        """One key, revoked or not, or None."""
        ...

    async def api_keys(self, merchant_id: str, page: Page) -> Sequence[ApiKey]:
        """A merchant's keys, of both modes, revoked ones too."""
        ...

    async def endpoints(
        self, merchant_id: str, livemode: bool, page: Page
    ) -> Sequence[WebhookEndpoint]:
        """A merchant's webhook endpoints."""
        ...

    async def endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        """One webhook endpoint, or None."""
        ...

    async def ledger_accounts(
        self, owner: str | None, livemode: bool, page: Page
    ) -> Sequence[AccountBalance]:
        """The accounts of an owner, or of everybody, in the order of their names."""
        ...

    async def ledger_transactions(
        self,
        livemode: bool,
        page: Page,
        *,
        owner: str | None = None,
        payment_id: str | None = None,
        account_id: str | None = None,
    ) -> Sequence[LedgerTransaction]:
        """Transactions with their postings: of an owner's accounts, a payment, an account."""
        ...

    async def trial_balance(self, livemode: bool) -> Sequence[AccountBalance]:
        """Every account of the mode; per currency, debits and credits add up to the same."""
        ...

    async def audit(
        self,
        page: Page,
        *,
        bucket: int | None = None,
        payment_id: str | None = None,
        merchant_id: str | None = None,
    ) -> Sequence[AuditRecord]:
        """The audit trail of a bucket, a payment or a merchant.

        Raises:
            ValueError: unless exactly one is given.
        """
        ...
