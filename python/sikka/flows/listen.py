"""What the rails bring: answers to apply, and customers who want to pay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sikka.domain.change import amend
from sikka.domain.errors import Conflict, NotFound
from sikka.domain.outcome import Outcome
from sikka.domain.payment import Flow, Stage, Status
from sikka.domain.records import Actor, EventType
from sikka.flows.conclude import conclude_payment
from sikka.flows.conclude_refund import conclude_refund
from sikka.flows.parts import Parts
from sikka.flows.steps import commit, event_of, state_view, step
from sikka.ports import Authorisation, AuthorisationRequest, UpiState

# Codes of the authorisation answer (UPI error and response codes, RespAuthDetails).
ACCEPTED = "00"
INVALID_ADDRESS = "ZH"
TOO_LATE = "X1"
MERCHANT_ERROR = "YG"


class Listener:
    """Implements `sikka.ports.RailListener` on the flows."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answered(self, rail: str, transaction_id: str, outcome: Outcome) -> None:
        """Apply an outcome to the payment, or else the refund, of a transaction id.

        A rail is heard about its own transactions only: one bank's word does not move what was
        sent through another.
        """
        parts = self._parts
        adapter = parts.rail(rail)
        actor = Actor(f"rail:{rail}")
        state = await parts.store.upi_state(adapter.payment_id(transaction_id, "pay"))
        if state is not None:
            if (state.upi.rail, state.upi.npci_txn_id) != (rail, transaction_id):
                raise NotFound
            await conclude_payment(parts, state, outcome, actor)
            return
        refund = await parts.store.refund(adapter.payment_id(transaction_id, "rfd"))
        paid = await parts.store.upi_state(refund.payment_id) if refund else None
        if refund is None or paid is None:
            raise NotFound
        if (paid.upi.rail, refund.npci_txn_id) != (rail, transaction_id):
            raise NotFound
        await conclude_refund(parts, refund.id, outcome, actor)

    async def authorise(self, request: AuthorisationRequest) -> Authorisation:
        """Accept a customer's payment of a link that is open, in the amount it names.

        The payment moves to `submitted` before the answer leaves: from then on the rail is
        asked about it until it says. Asked twice by the same customer, the answer is the same.
        """
        parts = self._parts
        payment_id = parts.rail(request.rail).payment_id(request.transaction_id, "pay")
        try:
            return await self._decide(payment_id, request)
        except Conflict:
            return await self._decide(payment_id, request)

    async def _decide(self, payment_id: str, request: AuthorisationRequest) -> Authorisation:
        parts = self._parts
        state = await parts.store.upi_state(payment_id)
        if state is None:
            return Authorisation(False, MERCHANT_ERROR, None)
        payment, upi = state.payment, state.upi
        merchant = await parts.store.merchant(payment.merchant_id)
        ours = (upi.rail, upi.npci_txn_id) == (request.rail, request.transaction_id)
        if merchant is None or upi.flow is Flow.COLLECT or not ours:
            return Authorisation(False, MERCHANT_ERROR, merchant)
        if request.payee_vpa != upi.payee_vpa:
            return Authorisation(False, INVALID_ADDRESS, merchant)
        if (request.amount_minor, request.currency) != (payment.amount_minor, payment.currency):
            return Authorisation(False, MERCHANT_ERROR, merchant)
        if payment.stage is Stage.SUBMITTED and upi.payer_vpa == request.payer_vpa:
            return Authorisation(True, ACCEPTED, merchant)
        now = parts.clock.now()
        late = payment.expires_at is not None and now >= payment.expires_at
        if payment.stage is not Stage.ACTION_REQUIRED or late:
            return Authorisation(False, TOO_LATE, merchant)
        await self._submitted(state, request)
        return Authorisation(True, ACCEPTED, merchant)

    async def _submitted(self, state: UpiState, request: AuthorisationRequest) -> None:
        parts = self._parts
        now = parts.clock.now()
        upi = replace(
            state.upi,
            payer_vpa=request.payer_vpa,
            next_check_at=now + timedelta(seconds=parts.policy.check_delays_s[0]),
            updated_at=now,
        )
        payment = state.payment.moved(Status.PENDING, Stage.SUBMITTED, now)
        after = UpiState(payment, upi, state.assessment)
        event = event_of(payment, EventType.PAYMENT_SUBMITTED, state_view(after), now)
        change = step(
            state.payment,
            payment,
            event,
            Actor(f"rail:{request.rail}"),
            now,
            amends=(amend(state.upi, upi),),
        )
        await commit(parts, change, event, payment)
