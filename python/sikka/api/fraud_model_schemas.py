"""What requests about models of fraud may hold."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from sikka.api.schemas import END

ModelVersion = Annotated[
    str,
    Meta(
        pattern=rf"^[a-z0-9][a-z0-9._-]{{0,63}}{END}",
        description="A model's name, as training gave it.",
        examples=["upi-2027-01"],
    ),
]


class ChallengeRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The share of the payments that the challenger decides."""

    percent: Annotated[int, Meta(ge=1, le=100)]
