"""A UPI payment, from the merchant's order to the rail's acknowledgement.

Score, decide, write down, and only then send: what is not in the journal was never sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sikka.domain.errors import Duplicate, InvalidRequest
from sikka.domain.fraud.assessment import Decision, Device, FraudAssessment, RiskRequest
from sikka.domain.merchant import Merchant
from sikka.domain.money import Money
from sikka.domain.payment import (
    Flow,
    Payment,
    PaymentMethod,
    Stage,
    State,
    Status,
    UpiTransaction,
    born,
)
from sikka.domain.records import EventType
from sikka.domain.review import review_of
from sikka.flows.parts import Answer, Caller, Parts
from sikka.flows.replay import completed, payment_answer, replayed, running, settled
from sikka.flows.steps import commit, event_of, milliseconds, opening, state_view
from sikka.flows.submit import submit
from sikka.ports import UpiState
from sikka_core import bucket_of, new_id


@dataclass(frozen=True, slots=True)
class UpiOrder:
    """What the merchant asks for.

    Args:
        amount_minor: positive, minor units. `currency` is INR on every UPI rail.
        vpa: the customer's address in normal form; needed for `collect`, absent otherwise.
        expires_in_s: how long the customer has; the policy's default if None.
    """

    amount_minor: int
    currency: str
    user_id: str
    description: str | None
    metadata: Mapping[str, str]
    flow: Flow
    vpa: str | None
    device: Device
    expires_in_s: float | None = None


async def pay_upi(parts: Parts, merchant: Merchant, order: UpiOrder, caller: Caller) -> Answer:
    """Take a payment to the customer.

    Returns:
        201 with the payment when it is on its way or done; 402 when fraud rules or the rail
        refused it; 424 when the rail provably did not get it. The same call again returns the
        same bytes.

    Raises:
        InvalidRequest: the order breaks a rule; nothing was changed.
        IdempotencyMismatch, IdempotencyKeyInUse: as `sikka.flows.replay.replayed`.
        Unavailable: nothing was done; safe to send again.
    """
    _check(order)
    rail = parts.rail(merchant.rail)
    if (answer := await replayed(parts, caller)) is not None:
        return answer
    now = parts.clock.now()
    bucket = bucket_of(caller.merchant_id, caller.claim.key)
    payment_id = new_id("pay", bucket, milliseconds(now))
    assessment = await parts.fraud.assess(
        RiskRequest(
            payment_id,
            f"{caller.merchant_id}/{caller.claim.key}",
            merchant.id,
            order.user_id,
            order.vpa,
            order.amount_minor,
            order.currency,
            order.device,
            now,
            caller.livemode,
        )
    )
    payment = born(_payment(parts, payment_id, bucket, merchant, order, assessment, caller, now))
    upi = await _upi(parts, payment, merchant, order, now)
    if upi.flow is not Flow.COLLECT:
        upi = replace(upi, link=rail.link(payment, upi, merchant))
    state = UpiState(payment, upi, assessment)
    event = event_of(payment, _birth_event(payment), state_view(state), now)
    waits_for_rail = payment.state == (Status.PENDING, Stage.CREATED)
    if waits_for_rail:
        claim = running(parts, caller, bucket, now, payment_id)
    else:
        answer = payment_answer(state, caller.request_id)
        claim = completed(parts, caller, bucket, now, answer, payment_id)
    held = (review_of(payment, assessment, order.expires_in_s),) if _is_held(payment) else ()
    try:
        change = opening(payment, event, caller.actor, now, upi, assessment, *held, claim)
        await commit(parts, change, event, payment)
    except Duplicate:
        return await settled(parts, caller)
    if waits_for_rail:
        return await submit(parts, state, merchant, caller, claim)
    return payment_answer(state, caller.request_id)


def _check(order: UpiOrder) -> None:
    Money(order.amount_minor, order.currency)
    if order.amount_minor < 1:
        raise InvalidRequest("amount_invalid", "amount must be at least 1", param="amount")
    if order.currency != "INR":
        raise InvalidRequest("currency_unsupported", "UPI takes INR only", param="currency")
    if order.flow is Flow.COLLECT and not order.vpa:
        raise InvalidRequest(
            "parameter_missing", "collect needs the customer's vpa", param="upi.vpa"
        )
    if order.flow is not Flow.COLLECT and order.vpa:
        raise InvalidRequest("parameter_invalid", f"{order.flow} takes no vpa", param="upi.vpa")


def _birth(order: UpiOrder, decision: Decision) -> State:
    if decision is Decision.DECLINE:
        return (Status.FAILED, Stage.DECLINED)
    if decision is Decision.REVIEW:
        return (Status.PENDING, Stage.IN_REVIEW)
    if order.flow is Flow.COLLECT:
        return (Status.PENDING, Stage.CREATED)
    return (Status.PENDING, Stage.ACTION_REQUIRED)


def _birth_event(payment: Payment) -> EventType:
    if payment.status is Status.FAILED:
        return EventType.PAYMENT_FAILED
    if _is_held(payment):
        return EventType.PAYMENT_IN_REVIEW
    return EventType.PAYMENT_CREATED


def _is_held(payment: Payment) -> bool:
    return payment.stage is Stage.IN_REVIEW


def _payment(
    parts: Parts,
    payment_id: str,
    bucket: int,
    merchant: Merchant,
    order: UpiOrder,
    assessment: FraudAssessment,
    caller: Caller,
    now: datetime,
) -> Payment:
    status, stage = _birth(order, assessment.decision)
    expiry_s = order.expires_in_s or parts.policy.collect_expiry_s
    if stage is Stage.IN_REVIEW:
        # The customer's time begins when the payment goes on.
        expiry_s = parts.review_policy.timeout_s
    return Payment(
        id=payment_id,
        bucket=bucket,
        user_id=order.user_id,
        merchant_id=merchant.id,
        amount_minor=order.amount_minor,
        currency=order.currency,
        payment_method=PaymentMethod.UPI,
        status=status,
        stage=stage,
        version=1,
        flow=order.flow,
        external_txn_id=parts.rail(merchant.rail).transaction_id(payment_id),
        description=order.description,
        metadata=order.metadata,
        captured_minor=0,
        refunded_minor=0,
        failure_code="payment_blocked" if status is Status.FAILED else None,
        livemode=caller.livemode,
        created_at=now,
        updated_at=now,
        expires_at=now + timedelta(seconds=expiry_s),
    )


async def _upi(
    parts: Parts, payment: Payment, merchant: Merchant, order: UpiOrder, now: datetime
) -> UpiTransaction:
    sends = payment.state == (Status.PENDING, Stage.CREATED)
    first_check_at = now + timedelta(seconds=parts.policy.check_delays_s[0])
    return UpiTransaction(
        id=new_id("upi", payment.bucket, milliseconds(now)),
        bucket=payment.bucket,
        payment_id=payment.id,
        rail=merchant.rail,
        flow=order.flow,
        payer_vpa=order.vpa or "",
        payee_vpa=merchant.payee_vpa,
        npci_txn_id=payment.external_txn_id or "",
        link=None,
        msg_id=None,
        rrn=await parts.numbers.next_rrn(now) if sends else None,
        bank_ref_id=None,
        approval_code=None,
        response_code=None,
        status_message=None,
        outcome=None,
        checks_made=0,
        next_check_at=first_check_at if sends else None,
        created_at=now,
        updated_at=now,
    )
