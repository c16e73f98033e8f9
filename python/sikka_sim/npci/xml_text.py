"""UPI messages written as plain text.

Only the root is qualified. The switch writes the prefix ``ns2`` and declares the central mapper's
namespace ``ns3`` as well, as the real one does: neither changes the meaning, both change the
canonical bytes, and a receiver has to cope.
"""

from __future__ import annotations

from collections.abc import Mapping

NAMESPACE = "http://npci.org/upi/schema/"
MAPPER_NAMESPACE = "http://npci.org/cm/schema/"

_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}
)


def text(value: str) -> str:
    """Escape character data."""
    return value.translate(_TEXT)


def element(name: str, attributes: Mapping[str, str | None], *children: str) -> str:
    """Write one unqualified element; attributes that are None are left out.

    Args:
        name: the element's name.
        attributes: values as they are meant, not yet escaped.
        children: elements already written, or text escaped by `text`.
    """
    written = "".join(
        f' {key}="{value.translate(_ATTRIBUTE)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(children)}</{name}>"


def document(api: str, *children: str) -> str:
    """Write a whole message of the switch: no XML declaration, no white space nodes."""
    namespaces = f'xmlns:ns2="{NAMESPACE}" xmlns:ns3="{MAPPER_NAMESPACE}"'
    return f"<ns2:{api} {namespaces}>{''.join(children)}</ns2:{api}>"


def ack(api: str, message_id: str, timestamp: str, errors: tuple[tuple[str, str], ...] = ()) -> str:
    """Write the HTTP answer to a message.

    Args:
        api: the message's API, such as ``ReqPay``.
        message_id: its ``Head@msgId``, empty when it could not be read.
        timestamp: ISO 8601 with zone.
        errors: (code, detail) of a negative Ack, the first one being ``err``; empty when accepted.
    """
    attributes: dict[str, str | None] = {
        "xmlns:upi": NAMESPACE,
        "api": api,
        "reqMsgId": message_id,
        "ts": timestamp,
        "err": errors[0][0] if errors else None,
    }
    messages = (
        element(
            "errorMessages",
            {},
            element("errorCd", {}, text(code)),
            element("errorDtl", {}, text(detail)),
        )
        for code, detail in errors
    )
    return element("upi:Ack", attributes, *messages)
