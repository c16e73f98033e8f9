"""How the payment of each scripted customer must end: the table that the tests compare with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a collect payment.

    Attributes:
        status, stage: as the merchant reads them.
        failure: the error code of a payment that failed.
        path: the events after `payment.created`, but for `payment.submitted`, which an answer
            that is faster than our own bookkeeping leaves out.
        booked: what stands in the ledger.
        recorded: actions that must stand in the audit trail, beside those of the events.
        answer: the HTTP status of the request.
    """

    status: str
    stage: str
    path: tuple[str, ...]
    failure: str | None = None
    booked: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    answer: int = 201


def _paid(*recorded: str) -> Ending:
    return Ending("SUCCESS", "captured", ("payment.succeeded",), None, ("capture",), recorded)


def _failed(failure: str, *recorded: str) -> Ending:
    return Ending("FAILED", "declined", ("payment.failed",), failure, (), recorded)


def _deemed(status: str, stage: str, event: str, booked: str, failure: str | None = None) -> Ending:
    path = ("payment.deemed", event)
    return Ending(status, stage, path, failure, ("deemed", booked), ("payment.checked",))


_STILL_DEEMED = Ending(
    "PENDING", "needs_attention", ("payment.deemed", "payment.needs_attention"), None,
    ("deemed",), ("payment.checked",),
)  # fmt: skip
_ABANDONED = Ending(
    "PENDING", "needs_attention", ("payment.needs_attention",), None, (), ("payment.checked",)
)

ENDINGS = {
    "asha": _paid(),
    "insufficient": _failed("insufficient_funds"),
    "wrongpin": _failed("incorrect_pin"),
    "pintries": _failed("incorrect_pin"),
    "limit": _failed("limit_exceeded"),
    "frequency": _failed("limit_exceeded"),
    "dormant": _failed("account_unusable"),
    "frozen": _failed("account_unusable"),
    "declined": _failed("payment_cancelled"),
    "invalidvpa": _failed("invalid_vpa"),
    "risk": _failed("risk_declined"),
    "bankdown": _failed("bank_technical_error"),
    "authtimeout": _failed("bank_technical_error"),
    "expire": Ending("EXPIRED", "expired", ("payment.expired",), "payment_collect_request_expired"),
    "debittimeout": _failed("bank_technical_error"),
    "debitnotdone": _failed("bank_technical_error"),
    "debitlost": _failed("bank_technical_error"),
    "creditdeclined": _failed("beneficiary_declined"),
    "credittimeout": _deemed("SUCCESS", "captured", "payment.succeeded", "deemed_confirmed"),
    "deemedfail": _deemed(
        "FAILED", "declined", "payment.failed", "deemed_refused", "beneficiary_technical_error"
    ),
    "deemedforever": _STILL_DEEMED,
    "reversal00": _failed("beneficiary_technical_error"),
    "reversal96": _STILL_DEEMED,
    "reversalcs": _paid(),
    "reversalnc": _failed("beneficiary_technical_error"),
    "reversaloc": _failed("beneficiary_technical_error"),
    # Acknowledged and then unheard of is a contradiction of the rail's, which a person resolves.
    "lost": _ABANDONED,
    "duplicate": _paid(),
    "late": _paid(),
    "outoforder": _paid(),
    "wrongamount": _paid("payment.integrity_failure", "payment.checked"),
    "wrongparty": _paid("payment.integrity_failure", "payment.checked"),
    "wrongsignature": _paid("payment.checked"),
    "noack": _paid("payment.checked"),
    "dropack": _paid(),
    "nackd": Ending("FAILED", "declined", ("payment.failed",), "bank_technical_error", answer=402),
    "garbageack": _paid(),
    "slow": _paid(),
    "silent": _ABANDONED,
    "contradict": _paid("payment.contradiction"),
    "refundfail": _paid(),
    "refundpending": _paid(),
    "refundlate": _paid(),
    "refunddeemed": _paid(),
    "refundduplicate": _paid(),
}
