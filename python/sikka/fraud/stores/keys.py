"""The names of the keys in Redis."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

from sikka.fraud.stores.facts import Facts

# In the order of the core: the first that takes part in a payment recognises its repetition.
KINDS = ("user", "instrument", "device", "ip", "merchant")
KEY_BYTES_MIN = 16
KEY_BYTES_MAX = 64
# 96 bits: two of a thousand million ids share a name with a probability of 10^-11.
_DIGEST_BYTES = 12
# The layout of a record (rust_core/src/features/codec.rs). Another one begins with nothing known.
_LAYOUT = 1


class Keys:
    """Names that tell nobody who somebody is: every id stands in them as a keyed hash.

    All names of a mode carry one hash tag, so that in a cluster they are in one slot. A payment may
    join any user to any merchant, and a function can only reach the keys of its slot: records that
    were spread over slots would need a round trip each, and no payment would be counted with all
    or with none. The price is that a mode lives on one shard, with its replicas.

    Args:
        namespace: what the names begin with.
        key: of the hash, 16 to 64 bytes. Under another key nobody is known.

    Raises:
        ValueError: the namespace is empty or has a brace, or the key has another length.
    """

    def __init__(self, namespace: str, key: bytes) -> None:
        if not namespace or set(namespace) & set("{}"):
            raise ValueError("namespace must not be empty and have no brace")
        if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
            raise ValueError(f"key must have {KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes")
        self._modes = {
            livemode: f"{{{namespace}:{mode}}}:{_LAYOUT}:"
            for livemode, mode in ((True, "live"), (False, "test"))
        }
        self._hashes = {
            kind: hashlib.blake2b(digest_size=_DIGEST_BYTES, key=key, person=kind.encode())
            for kind in ("payment", *KINDS)
        }

    def state(self, livemode: bool) -> str:
        """The state of a mode's memory."""
        return self._modes[livemode] + "state"

    def lock(self, livemode: bool) -> str:
        """Held by whoever plays history into a mode's memory."""
        return self._modes[livemode] + "lock"

    def answer(self, facts: Facts) -> str:
        """The answer to a payment."""
        return self._name(facts, "payment", facts.payment_id)

    def records(self, facts: Facts) -> list[str]:
        """The records of those who take part, the narrowest first."""
        ids = (facts.user, facts.instrument, facts.device, facts.ip, facts.merchant)
        return [
            self._name(facts, kind, id)
            for kind, id in zip(KINDS, ids, strict=True)
            if id is not None
        ]

    def _name(self, facts: Facts, kind: str, id: str) -> str:
        digest = self._hashes[kind].copy()
        digest.update(id.encode())
        name = urlsafe_b64encode(digest.digest()).decode()
        return f"{self._modes[facts.livemode]}{facts.currency}:{kind}:{name}"
