"""Faults of the switch that apply to whatever comes next, whoever the customer is."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields
from typing import Literal

OUTCOMES = frozenset({"RespPay", "ReqTxnConfirmation"})


@dataclass(slots=True)
class Faults:
    """What is wrong with the switch now; set through ``POST /sim/faults``.

    Attributes:
        down: the front door closes every connection without reading.
        unavailable: the front door answers 503.
        drop_ack_next: so many requests are processed and their connections closed without an Ack.
        delay_ack_s: every Ack is so much later (scaled).
        delay_callbacks_s: every outcome is told so much later (scaled).
        duplicate_callbacks: every outcome is told so many times more.
        callbacks: ``deliver`` them; ``hold`` them until ``deliver`` is set again, when the last one
            held goes first; or ``discard`` them.
        wrong_signature_next: so many outcomes are signed by a foreign key and nothing else.
        wrong_org_next: so many outcomes name an organisation in their head that is not the switch.
        clock_skew_s: timestamps are so much wrong.
        drop_ack_rate, lose_callback_rate, duplicate_callback_rate: share of transactions, 0 to 1,
            to which that happens; which ones follows from the seed and the transaction's id.
    """

    down: bool = False
    unavailable: bool = False
    drop_ack_next: int = 0
    delay_ack_s: float = 0.0
    delay_callbacks_s: float = 0.0
    duplicate_callbacks: int = 0
    callbacks: Literal["deliver", "hold", "discard"] = "deliver"
    wrong_signature_next: int = 0
    wrong_org_next: int = 0
    clock_skew_s: float = 0.0
    drop_ack_rate: float = 0.0
    lose_callback_rate: float = 0.0
    duplicate_callback_rate: float = 0.0

    def change(self, wanted: dict[str, object]) -> None:
        """Set faults by name.

        Raises:
            ValueError: a name is unknown, or a value is of the wrong type or out of range; nothing
                is changed then.
        """
        accepted = {name: self._accept(name, value) for name, value in wanted.items()}
        for name, value in accepted.items():
            setattr(self, name, value)

    def _accept(self, name: str, value: object) -> object:
        if name not in {field.name for field in fields(self)}:
            raise ValueError(f"{name} is not a fault")
        kind = type(getattr(self, name))
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise ValueError(f"{name} must be {kind.__name__}")
        if name == "callbacks" and value not in ("deliver", "hold", "discard"):
            raise ValueError("callbacks must be deliver, hold or discard")
        if isinstance(value, (int, float)) and value < 0 and name != "clock_skew_s":
            raise ValueError(f"{name} must not be negative")
        if name.endswith("_rate") and isinstance(value, float) and value > 1:
            raise ValueError(f"{name} must be 0 to 1")
        return value

    def as_json(self) -> dict[str, object]:
        """The faults as they are set."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def take(
        self, name: Literal["drop_ack_next", "wrong_signature_next", "wrong_org_next"]
    ) -> bool:
        """Use up one of a counted fault, if any is left."""
        left: int = getattr(self, name)
        if left <= 0:
            return False
        setattr(self, name, left - 1)
        return True


def strikes(rate: float, seed: int, fault: str, transaction_id: str) -> bool:
    """Whether a fault of this rate strikes this transaction: the same answer for the same seed."""
    return rate > 0 and random.Random(f"{seed}|{fault}|{transaction_id}").random() < rate
