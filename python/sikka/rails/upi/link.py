"""`upi://pay` links for apps and QR codes (NPCI, Linking Specification 1.6)."""

from __future__ import annotations

import base64
from urllib.parse import quote

from sikka.domain.errors import UnprocessableRequest
from sikka.domain.merchant import Merchant
from sikka.domain.payment import Flow, Payment, UpiTransaction
from sikka.rails.upi import blocks
from sikka_core import SigningKey

# Initiation modes: a link that a customer taps, or a QR code made for one payment; the second of
# each pair is for a signed one.
_MODES = {Flow.INTENT: ("04", "05"), Flow.QR: ("15", "16")}


def payment_link(
    payment: Payment,
    upi: UpiTransaction,
    merchant: Merchant,
    org_id: str,
    signing_key: SigningKey | None,
) -> str:
    """Return the link of one payment.

    `tid` and `tr` are both the payment's rail id: `tid` becomes `Txn@id` where the app honours it,
    and `tr` comes back as `Txn@refId` in any case.

    Args:
        payment: amount and description.
        upi: the rail id and the flow.
        merchant: who is paid.
        org_id: our organisation.
        signing_key: signs the text before `&sign=`, so that an app trusts it; None leaves it out.

    Raises:
        UnprocessableRequest: a collect request has no link.
        InvalidRequest: the payment is not of an amount of rupees.
    """
    modes = _MODES.get(upi.flow)
    if modes is None:
        raise UnprocessableRequest("state_invalid", "a collect request has no link")
    parameters = {
        "pa": quote(upi.payee_vpa, safe="@"),
        "pn": quote(blocks.name(merchant.name, blocks.NAME_LENGTH_MAX, "Merchant"), safe=""),
        "mc": merchant.category_code,
        "tid": upi.npci_txn_id,
        "tr": upi.npci_txn_id,
        "tn": quote(blocks.note(payment.description, "Payment"), safe=""),
        "am": blocks.rupees(payment.amount_minor, payment.currency),
        "cu": blocks.CURRENCY,
        "mode": modes[signing_key is not None],
        "orgid": org_id,
    }
    link = "upi://pay?" + "&".join(f"{key}={value}" for key, value in parameters.items())
    if signing_key is None:
        return link
    signature = base64.b64encode(signing_key.sign(link.encode())).decode()
    return f"{link}&sign={quote(signature, safe='')}"
