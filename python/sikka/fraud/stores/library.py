"""The functions that Redis runs for the store."""

from __future__ import annotations

import hashlib
from importlib.resources import files

_PARTS = ("record.lua", "function.lua")
_DIGEST_CHARACTERS = 16


class Library:
    """The source of the functions and their names, which hold a digest of the source.

    Two releases that run side by side therefore never call each other's. What is not called any
    more stays in Redis, some kilobytes, until somebody deletes it.
    """

    def __init__(self) -> None:
        folder = files("sikka.fraud.stores")
        text = "\n".join((folder / part).read_text(encoding="utf-8") for part in _PARTS)
        digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]
        self.source = f"#!lua name=sikka_features_{digest}\n" + text.replace("@digest@", digest)
        self.observe = f"sikka_observe_{digest}"
        self.label = f"sikka_label_{digest}"
        self.replay = f"sikka_replay_{digest}"
        self.finish = f"sikka_finish_{digest}"
        self.state = f"sikka_state_{digest}"
