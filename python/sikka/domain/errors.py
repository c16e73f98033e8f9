"""What can go wrong, as one tree. Every error carries a code of the catalogue.

SikkaError
├── InvalidRequest          the caller's input breaks a rule; nothing was changed
│   └── UnprocessableRequest  well formed, but not possible in the present state
├── AuthenticationFailed    no key, or not one of ours
├── PermissionDenied        the key lacks the scope
├── NotFound                no such object for this merchant and mode
├── IdempotencyMismatch     the key was used with another request
├── IdempotencyKeyInUse     the first request with the key is still running
├── RateLimited             too many requests; carries when to come back
├── PaymentDeclined         a fact: fraud rules or the rail said no
├── RailUnavailable         the rail provably did not receive the request
├── IllegalTransition       a state change that the table does not know; a bug or an attack
├── IntegrityFailure        the rail's answer differs from ours in amount, currency or party
├── CallbackRejected        an inbound message failed verification; no effect
├── ConfigurationError      a setting is missing, unknown or wrong; names it
└── JournalError
    ├── Conflict            somebody else changed the row first; nothing was written
    ├── Duplicate           a unique key exists already; nothing was written
    ├── Rejected            the database refused the change for another reason; nothing was written
    └── Unavailable         the database cannot take the change now; nothing was written
        └── CommitUnknown   the commit was sent and neither answered nor found; may be written
"""

from __future__ import annotations


class SikkaError(Exception):
    """The root. `code` is a key of `sikka.domain.catalogue.CATALOGUE`.

    Args:
        code: the catalogue's code.
        message: what happened and what to do next, free of secrets; the catalogue's text if empty.
        param: the request's field at fault, dotted (`upi.vpa`).
        payment_id: the payment concerned.
    """

    default_code = "internal_error"

    def __init__(
        self,
        code: str | None = None,
        message: str = "",
        *,
        param: str | None = None,
        payment_id: str | None = None,
    ) -> None:
        self.code = code or self.default_code
        self.message = message
        self.param = param
        self.payment_id = payment_id
        super().__init__(message or self.code)


class InvalidRequest(SikkaError):
    """The caller's input breaks a rule; nothing was changed."""

    default_code = "parameter_invalid"


class UnprocessableRequest(InvalidRequest):
    """Well formed, but not possible in the present state."""

    default_code = "state_invalid"


class AuthenticationFailed(SikkaError):
    """No key, or not one of ours."""

    default_code = "api_key_invalid"


class PermissionDenied(SikkaError):
    """The key lacks the scope."""

    default_code = "scope_missing"


class NotFound(SikkaError):
    """No such object for this merchant and mode."""

    default_code = "resource_missing"


class IdempotencyMismatch(SikkaError):
    """The key was used with another request."""

    default_code = "idempotency_error"


class IdempotencyKeyInUse(SikkaError):
    """The first request with the key is still running."""

    default_code = "idempotency_key_in_use"


class RateLimited(SikkaError):
    """Too many requests; `retry_after_s` says when to come back."""

    default_code = "rate_limited"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class PaymentDeclined(SikkaError):
    """A fact: fraud rules or the rail said no."""

    default_code = "payment_declined"


class RailUnavailable(SikkaError):
    """The rail provably did not receive the request."""

    default_code = "rail_unavailable"


class IllegalTransition(SikkaError):
    """A state change that the transition table does not know."""

    default_code = "illegal_transition"


class IntegrityFailure(SikkaError):
    """The rail's answer differs from ours in amount, currency or party."""

    default_code = "integrity_failure"


class CallbackRejected(SikkaError):
    """An inbound message failed verification; it has no effect."""

    default_code = "callback_rejected"


class ConfigurationError(SikkaError):
    """A setting is missing, unknown or wrong; `param` names it."""

    default_code = "configuration_error"


class JournalError(SikkaError):
    """The journal did not take a change."""


class Conflict(JournalError):
    """Somebody else changed the row first; nothing was written."""

    default_code = "conflict"


class Duplicate(JournalError):
    """A unique key exists already; nothing was written.

    `constraint` names the table or index that refused, as far as the database tells.
    """

    default_code = "duplicate"

    def __init__(self, message: str = "", constraint: str = "") -> None:
        super().__init__(message=message)
        self.constraint = constraint


class Rejected(JournalError):
    """The database refused the change (a value, a foreign key); nothing was written."""

    default_code = "change_rejected"


class Unavailable(JournalError):
    """The database cannot take the change now; nothing was written. Safe to send again."""

    default_code = "database_unavailable"


class CommitUnknown(Unavailable):
    """The commit was sent and neither answered nor found by reading back; may be written."""

    default_code = "commit_unknown"
