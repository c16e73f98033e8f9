"""What a request may hold: one Struct a body or query, with a grammar and a bound for every field.

Decoding and validation are one pass of msgspec; the OpenAPI document is made of the same types.
A payment is written without its defaults when it is hashed as a part of a batch, so that a field
that is added later leaves the hashes of before as they are.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from sikka.api.versions import SUPPORTED
from sikka.domain.merchant import Scope
from sikka.domain.money import MAXIMUM_MINOR
from sikka.domain.records import EventType

# `$` alone would let a newline pass behind it; the lookahead makes it the end and nothing else.
END = r"$(?!\n)"

_ID = "[0-7][0-9A-HJKMNP-TV-Z]{25}"


def _any_case(text: str) -> str:
    return "".join(f"[{each}{each.upper()}]" for each in text)


_NPCI_ENDING = (
    rf"(\.({_any_case('ifsc')}|{_any_case('iin')}|{_any_case('mmid')})\.{_any_case('npci')}"
    rf"|\.{_any_case('npci')})?"
)

Amount = Annotated[
    int, Meta(ge=1, le=MAXIMUM_MINOR, description="Integer minor units: 129900 is ₹1,299.00.")
]
UserId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=36,
        pattern=rf"^[!-~]+{END}",
        description="The merchant's own name for its customer: printable ASCII without spaces.",
        examples=["user_7"],
    ),
]
ShortText = Annotated[str, Meta(min_length=1, max_length=255)]
NoteText = Annotated[str, Meta(min_length=1, max_length=1000)]
ReviewerName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        # A space at the end would be lost to an index's collation.
        pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?" + END,
        description="The person at the merchant who reviews, as the merchant's back office names "
        "them; it is recorded beside the key, and compared as it is written. Without it the key "
        "is the reviewer.",
        examples=["asha"],
    ),
]
Metadata = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=40)], Annotated[str, Meta(max_length=500)]],
    Meta(max_length=50, description="At most 50 keys of 40 characters, values of 500."),
]
Vpa = Annotated[
    str,
    Meta(
        min_length=5,
        max_length=100,
        pattern=(
            r"^[A-Za-z0-9][A-Za-z0-9._-]{1,99}@[A-Za-z][A-Za-z0-9]{1,63}" + _NPCI_ENDING + END
        ),
        description="A virtual payment address, `name@handle`.",
        examples=["asha@simbank"],
    ),
]
IdempotencyKey = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        # A space at the end would be lost: in the header to HTTP, in an index to its collation.
        pattern=rf"^[!-~]([ -~]*[!-~])?{END}",
        description="1 to 255 printable ASCII characters, without a space at either end.",
    ),
]
PaymentId = Annotated[str, Meta(pattern=rf"^pay_{_ID}{END}")]
RefundId = Annotated[str, Meta(pattern=rf"^rfd_{_ID}{END}")]
EventId = Annotated[str, Meta(pattern=rf"^evt_{_ID}{END}")]
EndpointId = Annotated[str, Meta(pattern=rf"^whe_{_ID}{END}")]
MerchantId = Annotated[str, Meta(pattern=rf"^mer_{_ID}{END}")]
ApiKeyId = Annotated[str, Meta(pattern=rf"^key_{_ID}{END}")]
AnyId = Annotated[str, Meta(pattern=rf"^[a-z]{{2,6}}_{_ID}{END}")]
Moment = Annotated[datetime, Meta(tz=True)]


class Device(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the merchant knows of the customer's device; all of it is optional."""

    fingerprint: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    ip: (
        Annotated[
            str,
            Meta(
                max_length=45,
                description="IPv4 or IPv6.",
                extra_json_schema={"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
            ),
        ]
        | None
    ) = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None


class Collect(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="flow",
    tag="collect",
):
    """Ask the customer at this address for the money."""

    vpa: Vpa
    expires_in_s: Annotated[int, Meta(ge=60, le=86_400)] | None = None


class Intent(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="flow",
    tag="intent",
):
    """A link that opens the customer's UPI app."""

    expires_in_s: Annotated[int, Meta(ge=60, le=86_400)] | None = None


class Qr(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="flow",
    tag="qr",
):
    """A QR code for the customer to scan; the picture is at `/v1/payments/{id}/qr`."""

    expires_in_s: Annotated[int, Meta(ge=60, le=86_400)] | None = None


class UpiPayment(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="payment_method",
    tag="UPI",
):
    """A payment by UPI."""

    amount: Amount
    currency: Literal["INR"]
    user_id: UserId
    upi: Collect | Intent | Qr
    description: ShortText | None = None
    metadata: Metadata = field(default_factory=dict)
    device: Device | None = None


class CardPayment(Struct, frozen=True, tag_field="payment_method", tag="CARD"):
    """A payment by card. Answered 422 `method_unavailable`: no card gateway is configured."""


class WalletPayment(Struct, frozen=True, tag_field="payment_method", tag="WALLET"):
    """A payment out of a wallet. Answered 422 `method_unavailable`: no wallet is configured."""


PaymentRequest = UpiPayment | CardPayment | WalletPayment


class BatchItem(Struct, frozen=True, forbid_unknown_fields=True):
    """One payment of a batch, under an idempotency key of its own."""

    idempotency_key: IdempotencyKey
    payment: PaymentRequest


class BatchRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 payments. Each stands for itself: one that fails changes no other."""

    payments: Annotated[list[BatchItem], Meta(min_length=1, max_length=1000)]


class RefundRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A refund of a payment; without an amount, of all that is left."""

    amount: Amount | None = None
    reason: ShortText | None = None
    metadata: Metadata = field(default_factory=dict)


class VpaValidationRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """An address to look at; `live` asks the network who holds it."""

    vpa: Vpa
    live: bool = True


class ReviewerRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Who takes a held payment in hand, or gives it back."""

    reviewer: ReviewerName | None = None


class ReviewNoteRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What a reviewer writes about a held payment."""

    text: NoteText
    reviewer: ReviewerName | None = None


class ReviewRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What the person who decides has to say; it is kept among the notes."""

    note: NoteText | None = None
    reviewer: ReviewerName | None = None


_LABEL = "([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_HOST = rf"(([A-Za-z0-9]{_LABEL}\.)*[A-Za-z]{_LABEL}|({_OCTET}\.){{3}}{_OCTET})"
_PORT = "(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
Url = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=2048,
        pattern=rf"^https?://{_HOST}{_PORT}([/?][!-\"$-~]*)?{END}",
        description="Where events are posted to: a DNS name or an IPv4 address, no fragment.",
        examples=["https://shop.example/webhooks"],
    ),
]
_EVENT_NAMES = [
    "*",
    *sorted({f"{type_.partition('.')[0]}.*" for type_ in EventType}),
    *(type_.value for type_ in EventType),
]
EventTypes = Annotated[
    list[Annotated[str, Meta(pattern=f"^({'|'.join(map(re.escape, _EVENT_NAMES))}){END}")]],
    Meta(
        min_length=1,
        max_length=50,
        description="Types of events, families (`payment.*`), or `*` for all.",
        examples=[["payment.*", "refund.succeeded"]],
    ),
]


class EndpointRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A new webhook endpoint."""

    url: Url
    event_types: EventTypes = field(default_factory=lambda: ["*"])
    description: ShortText | None = None


class EndpointChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change at an endpoint; what is left out stays as it is."""

    url: Url | UnsetType = UNSET
    event_types: EventTypes | UnsetType = UNSET
    description: ShortText | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


class EventReplay(Struct, frozen=True, forbid_unknown_fields=True):
    """Deliver an event again: to one endpoint, or to all that want it."""

    endpoint_id: EndpointId | None = None


MerchantName = Annotated[str, Meta(min_length=1, max_length=100)]
CategoryCode = Annotated[str, Meta(pattern=rf"^[0-9]{{4}}{END}", description="ISO 18245.")]
AccountNumber = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9]{{1,30}}{END}")]
Ifsc = Annotated[str, Meta(pattern=rf"^[A-Z]{{4}}0[A-Z0-9]{{6}}{END}")]
RailName = Annotated[
    str, Meta(pattern=rf"^[a-z0-9_-]{{1,32}}{END}", description="A configured UPI rail.")
]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000, description="Hundredths of a per cent.")]
ApiVersion = Annotated[str, Meta(extra_json_schema={"enum": list(SUPPORTED)})]
AccountType = Literal["SAVINGS", "CURRENT", "DEFAULT", "NRE", "NRO", "PPIWALLET"]


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """A body without fields."""


class MerchantRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A new merchant."""

    name: MerchantName
    legal_name: MerchantName
    category_code: CategoryCode
    payee_vpa: Vpa
    account_number: AccountNumber
    account_ifsc: Ifsc
    account_type: AccountType = "CURRENT"
    rail: RailName = "npci"
    fee_basis_points: BasisPoints = 0
    fee_fixed: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    gst_basis_points: BasisPoints = 1800


class MerchantChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change at a merchant; what is left out stays as it is."""

    name: MerchantName | UnsetType = UNSET
    legal_name: MerchantName | UnsetType = UNSET
    category_code: CategoryCode | UnsetType = UNSET
    payee_vpa: Vpa | UnsetType = UNSET
    account_number: AccountNumber | UnsetType = UNSET
    account_ifsc: Ifsc | UnsetType = UNSET
    account_type: AccountType | UnsetType = UNSET
    rail: RailName | UnsetType = UNSET
    fee_basis_points: BasisPoints | UnsetType = UNSET
    fee_fixed: Annotated[int, Meta(ge=0, le=1_000_000)] | UnsetType = UNSET
    gst_basis_points: BasisPoints | UnsetType = UNSET
    api_version: ApiVersion | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class ApiKeyRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A new API key of a merchant. Its secret is in the first answer and never again."""

    merchant_id: MerchantId
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=len(Scope))]
    livemode: bool = False
