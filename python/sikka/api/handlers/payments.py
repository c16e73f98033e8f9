"""Payments: create, read, list."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import msgspec

from sikka.api import schemas
from sikka.api.call import Call, Reply, reply_of
from sikka.api.decoding import decode_body
from sikka.api.handlers.paging import page
from sikka.api.queries import PageQuery, PaymentQuery, PaymentsQuery
from sikka.api.views import page_of
from sikka.domain.errors import InvalidRequest, NotFound, UnprocessableRequest
from sikka.domain.fraud.assessment import Device
from sikka.domain.payment import Flow, Payment
from sikka.domain.views import (
    PaymentView,
    assessment_view,
    attempt_view,
    encode,
    payment_view,
    refund_view,
)
from sikka.flows.parts import Answer, Caller
from sikka.flows.pay_upi import UpiOrder, pay_upi
from sikka.ports import UpiState
from sikka_core import MalformedError, normalise_vpa

_FLOWS = {schemas.Collect: Flow.COLLECT, schemas.Intent: Flow.INTENT, schemas.Qr: Flow.QR}


async def create(call: Call) -> Reply:
    """POST /v1/payments."""
    order = order_of(decode_body(call.body, schemas.PaymentRequest))
    return reply_of(await pay(call, order, call.caller()))


async def pay(call: Call, order: UpiOrder | None, caller: Caller) -> Answer:
    """Hand one payment to its flow.

    Raises:
        UnprocessableRequest: the method is not available.
        SikkaError: what the flow raises.
    """
    if order is None:
        raise UnprocessableRequest("method_unavailable", param="payment_method")
    return await pay_upi(call.parts.flows, call.principal.merchant, order, caller)


def order_of(
    request: schemas.UpiPayment | schemas.CardPayment | schemas.WalletPayment, place: str = ""
) -> UpiOrder | None:
    """What the request asks for; None for a method that no flow offers.

    Args:
        place: where the request stands in the body, with a dot at its end.

    Raises:
        InvalidRequest: an address breaks a rule that its type does not know.
    """
    if not isinstance(request, schemas.UpiPayment):
        return None
    upi = request.upi
    vpa = normal_vpa(upi.vpa, f"{place}upi.vpa") if isinstance(upi, schemas.Collect) else None
    return UpiOrder(
        amount_minor=request.amount,
        currency=request.currency,
        user_id=request.user_id,
        description=request.description,
        metadata=request.metadata,
        flow=_FLOWS[type(upi)],
        vpa=vpa,
        device=_device(request.device, f"{place}device.ip"),
        expires_in_s=upi.expires_in_s,
    )


def normal_vpa(vpa: str, param: str) -> str:
    """The address in its normal form.

    Raises:
        InvalidRequest: it has not the form of one.
    """
    try:
        return normalise_vpa(vpa)
    except MalformedError as error:
        raise InvalidRequest("vpa_invalid", str(error), param=param) from None


def _device(device: schemas.Device | None, param: str) -> Device:
    if device is None:
        return Device()
    ip = device.ip
    if ip is not None:
        try:
            # Scoped addresses (`fe80::1%eth0`) mean nothing outside the host that wrote them.
            ip = str(ipaddress.ip_address(ip if "%" not in ip else ""))
        except ValueError:
            raise InvalidRequest(
                message=f"{param} must be an IPv4 or IPv6 address", param=param
            ) from None
    return Device(device.fingerprint, ip, device.latitude, device.longitude)


async def owned_state(call: Call, payment_id: str, merchant_id: str | None) -> UpiState:
    """A payment of the merchant and mode that are meant.

    Raises:
        NotFound: there is none.
    """
    state = await call.parts.flows.store.upi_state(payment_id)
    if state is None:
        raise NotFound
    call.owned(state.payment.merchant_id, livemode=state.payment.livemode, named=merchant_id)
    return state


async def retrieve(call: Call) -> Reply:
    """GET /v1/payments/{id}."""
    query = call.query(PaymentQuery)
    state = await owned_state(call, call.id("pay"), query.merchant_id)
    view = payment_view(state.payment, state.upi, state.assessment)
    expand = query.expand.split(",") if query.expand else ()
    if "refunds" in expand:
        refunds = await call.parts.flows.store.refunds_of(state.payment.id)
        view = msgspec.structs.replace(view, refunds=[refund_view(each) for each in refunds])
    if "attempts" in expand:
        view = msgspec.structs.replace(view, attempts=[attempt_view(state.upi)])
    if "assessment" in expand:
        assessment = assessment_view(state.assessment) if state.assessment else None
        view = msgspec.structs.replace(view, assessment=assessment)
    return Reply(200, encode(view))


async def index(call: Call) -> Reply:
    """GET /v1/payments."""
    query = call.query(PaymentsQuery)
    rows = await call.parts.reader.payments(
        call.merchant_id(query.merchant_id),
        call.livemode,
        page(query),
        status=query.status,
        method=query.method,
        created_gte=query.created_gte,
        created_lte=query.created_lte,
        user_id=query.user_id,
    )
    return await listed(call, "/v1/payments", query, rows)


async def listed(call: Call, url: str, query: PageQuery, rows: Sequence[Payment]) -> Reply:
    """A list of payments with their UPI sides and assessments, read in one query each."""
    ids = [payment.id for payment in rows]
    upis = await call.parts.reader.upi_of(ids) if ids else {}
    assessments = await call.parts.reader.assessments_of(ids) if ids else {}

    def view(payment: Payment) -> PaymentView:
        return payment_view(payment, upis.get(payment.id), assessments.get(payment.id))

    return Reply(200, encode(page_of(url, query, rows, view)))
