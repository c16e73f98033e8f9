"""Messages that the core signed for the switch, and their verification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sikka_core import Message, sign_message, verify_message
from tests.core.keys import NOW_S, key_pair
from tests.core.messages import PAY

if TYPE_CHECKING:
    from sikka_core import XmlNode

PAIR = key_pair("switch")
OTHER = key_pair("thief")


def verify(data: bytes) -> Message:
    """Verify under the pinned key of the switch."""
    return verify_message(data, PAIR.ring, NOW_S)


def signed_text(children: tuple[XmlNode, ...] = PAY) -> str:
    """A message of the switch."""
    return sign_message(PAIR.signing, "RespPay", children).decode()
