"""The native core of Sikka: ids, VPAs, cards, seals, signatures, UPI messages, trees, features.

Everything here is arithmetic: no file, no socket and no clock is touched, and every time is an
argument. A verification returns None or raises; no function answers a check with False, except
`is_id`, which is a question about grammar and not about trust.

The exceptions:

    SikkaCoreError
    +-- SignatureError          not signed like this, not by whom it should be, or not now
    +-- MalformedError          the input breaks a rule; also a ValueError
    +-- KeyFormatError          a key or secret cannot be used; also a ValueError
    +-- SealError               sealed bytes do not open; nothing says why
    +-- ModelError              a model cannot be used; also a ValueError

An argument of a wrong type raises TypeError.

The examples run as tests. They have every public name imported; `private_pem` is an RSA key as
`openssl genpkey` writes it, and `certificate_pem` its certificate.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Protocol, Self, TypeAlias, TypeVar, final, overload

from typing_extensions import Buffer

from sikka_core.brand import CardBrand
from sikka_core.tree import XmlNode

BUILD_PROFILE: Final[Literal["release", "debug"]]
"""How the native code was compiled. Benchmarks refuse "debug"."""

SIMD: Final[Literal["avx512", "avx2", "portable"]]
"""Which instructions score many rows. All give the same bits.

The best that the processor has, unless the environment variable SIKKA_CORE_SIMD named another at
import; one that is unknown or that the processor lacks makes the import fail with ImportError.
"""

BUCKETS: Final = 4096
"""How many shard buckets there are; a bucket is a number from 0 to BUCKETS - 1."""

class SikkaCoreError(Exception):
    """The base of every error that this package raises on purpose."""

class SignatureError(SikkaCoreError):
    """A signature, its time or its signer is not acceptable. The message holds no secret."""

class MalformedError(SikkaCoreError, ValueError):
    """An input breaks a rule. The message names the field and the rule, never the value."""

class KeyFormatError(SikkaCoreError, ValueError):
    """A key or secret is empty, too short, of another kind or not parseable."""

class SealError(SikkaCoreError):
    """Sealed bytes do not open: wrong key, wrong associated data or changed bytes, untold which."""

class ModelError(SikkaCoreError, ValueError):
    """A model is malformed, truncated, too large or of a kind that is not supported."""

# Ids -------------------------------------------------------------------------------------------

def bucket_of(merchant_id: str, idempotency_key: str) -> int:
    """Return the shard bucket (0..4095) of everything that belongs to one idempotent request.

    It is the first 12 bits of SHA-256 over both texts in UTF-8, each preceded by its length in
    bytes as a 64-bit big-endian number.

    >>> bucket_of("mer_1", "order-7")
    3050
    """

def new_id(prefix: str, bucket: int, now_ms: int) -> str:
    """Return a new id: `prefix`, "_" and 26 characters of Crockford base32 (upper case).

    The 128 bits are 48 of milliseconds since 1970, 12 of bucket and 68 at random, so that ids of
    one prefix sort by time. Raises MalformedError when `prefix` is not 2 to 6 of a-z, `bucket` is
    not within 0..4095 or `now_ms` not within 0..2**48 - 1.

    >>> id = new_id("pay", bucket=7, now_ms=1_800_000_000_000)
    >>> id[:14], len(id)
    ('pay_01MCC5RM00', 30)
    >>> new_id("pay", bucket=4096, now_ms=0)
    Traceback (most recent call last):
    sikka_core.MalformedError: bucket must be within 0..4095
    """

def bucket_of_id(id: str) -> int:
    """Return the shard bucket that an id of `new_id` carries. Raises MalformedError.

    >>> bucket_of_id(new_id("pay", bucket=7, now_ms=0))
    7
    """

def time_ms_of_id(id: str) -> int:
    """Return the milliseconds since 1970 that an id of `new_id` carries. Raises MalformedError.

    >>> time_ms_of_id(new_id("pay", bucket=7, now_ms=1_800_000_000_000))
    1800000000000
    """

def is_id(id: str, prefix: str) -> bool:
    """Tell whether `id` has the grammar of `new_id(prefix, ...)`. It may still name nothing.

    >>> id = new_id("pay", bucket=7, now_ms=0)
    >>> is_id(id, "pay"), is_id(id, "ref")
    (True, False)
    """

def upi_transaction_id(psp_prefix: str, id: str) -> str:
    """Return the UPI Txn@id of an id: `psp_prefix` and its 128 bits as 32 upper-case hex digits.

    Raises MalformedError when `psp_prefix` is not 3 of A-Z and 0-9, or `id` is not one of ours.

    >>> upi_transaction_id("SKA", "pay_01HZX3V5M0000000000000000G")
    'SKA018FFA3D968000000000000000000010'
    """

def id_of_upi_transaction(transaction_id: str, prefix: str) -> str:
    """Return the id from which `upi_transaction_id` made a Txn@id, with the given id prefix.

    The 3 characters of the PSP are not judged. Raises MalformedError when `transaction_id` is not
    3 of A-Z and 0-9 and 32 upper-case hex digits, or `prefix` is not 2 to 6 of a-z.

    >>> id = new_id("pay", bucket=7, now_ms=0)
    >>> id_of_upi_transaction(upi_transaction_id("SKA", id), "pay") == id
    True
    """

def new_message_id(psp_prefix: str) -> str:
    """Return a new UPI Head@msgId: `psp_prefix` and 128 random bits as 32 upper-case hex digits.

    Raises MalformedError when `psp_prefix` is not 3 of A-Z and 0-9.

    >>> len(new_message_id("SKA"))
    35
    """

def rrn(year: int, day_of_year: int, sequence: int) -> str:
    """Return a retrieval reference number (Txn@custRef) of exactly 12 digits.

    They are the last digit of the year, the day of the year as three digits and the last eight
    digits of `sequence`. Raises MalformedError when the year is not within 1..9999, the day not
    within 1..366 or the sequence negative.

    >>> rrn(2026, day_of_year=47, sequence=1)
    '604700000001'
    """

# VPAs ------------------------------------------------------------------------------------------

def normalise_vpa(text: str) -> str:
    """Return a virtual payment address in lower case, in which it is compared and stored.

    Nothing is trimmed. The address is `local@handle` of 3 to 255 characters. The local part is 2
    to 100 of letters, digits, ".", "_" and "-", and begins with a letter or digit. The handle is 2
    to 64 letters and digits, begins with a letter, and may end in ".ifsc.npci", ".iin.npci",
    ".mmid.npci" or ".npci". Raises MalformedError that names the rule and not the address.

    >>> normalise_vpa("Asha.K@SimBank")
    'asha.k@simbank'
    >>> normalise_vpa("Asha.K")
    Traceback (most recent call last):
    sikka_core.MalformedError: vpa must contain "@"
    """

def mask_vpa(vpa: str) -> str:
    """Return an address fit for logs and pages, such as "as***@simbank".

    It keeps the first two characters of the local part, or fewer so that at least half of it stays
    hidden. What is no address becomes "***"; this never raises.

    >>> mask_vpa("asha.k@simbank"), mask_vpa("no address")
    ('as***@simbank', '***')
    """

# Cards -----------------------------------------------------------------------------------------

def normalise_card_number(text: str) -> str:
    """Return a card number as its 12 to 19 digits, after checking them.

    One space or dash may stand between two digits, as people copy numbers from cards; whatever
    else is refused, also around the number, and digits of other scripts. The last digit must be
    Luhn's check digit (ISO/IEC 7812-1, annex B). Raises MalformedError that names the rule and
    never the number.

    Every function of this section takes numbers in this form or with separators, checks them
    alike, and overwrites its own copy of them. Python's strings cannot be overwritten: keep the
    few that hold a number short-lived.

    >>> normalise_card_number("6527 6589 0000 1005")
    '6527658900001005'
    >>> normalise_card_number("6527 6589 0000 1006")
    Traceback (most recent call last):
    sikka_core.MalformedError: card number must end in its Luhn check digit
    """

@final
class BinTable:
    """Whose the BINs are, as the caller's acquirer or network says. It cannot be changed.

    A lookup costs the logarithm of the number of ranges. `len` is how many there are, and the repr
    tells only that.

    >>> BinTable([("652765", "652765", "rupay"), ("40000000", "40001999", "visa")])
    <BinTable of 2>
    """

    def __new__(cls, entries: Sequence[tuple[str, str, CardBrand]]) -> BinTable:
        """Take `(first, last, brand)` ranges of BINs of 6 to 8 digits, both ends included.

        The ends of a range have as many digits as each other; a shorter BIN stands for all longer
        ones that begin with it. Raises MalformedError, with the places of the entries, when a BIN
        or a brand is none, a range ends before it begins, or two of them overlap.
        """

    def __len__(self) -> int: ...

def card_brand(number: str, bins: BinTable | None = None) -> CardBrand | None:
    """Return the brand of a card, or None when no brand issues numbers like this one.

    The table is asked first. A number that it does not know is judged by its prefix, of which the
    longest wins:

    - amex 34, 37 (15 digits); diners 300-305, 3095, 36, 38-39 (14 to 19); visa 4 (13, 16, 19)
    - mastercard 51-55, 2221-2720 (16); jcb 3528-3589 (16 to 19)
    - rupay 508, 60, 6521-6522, 652150-653149, 81-82 (16)
    - discover 6011, 622126-622925, 644-649, 65 (16 to 19)
    - maestro 50, 56-58, 61, 63-64, 66-69 (12 to 19)

    RuPay shares prefixes with Discover (60, 65) and JCB (353, 356), which only a table of BINs can
    tell apart. A length that the brand does not issue gives None, whoever named the brand.
    Raises MalformedError as normalise_card_number does.

    >>> card_brand("6527658900001005"), card_brand("378282246310005")
    ('rupay', 'amex')
    >>> card_brand("3530111333300000", BinTable([("353011", "353011", "rupay")]))
    'rupay'
    """

def mask_card_number(number: str) -> str:
    """Return a card number fit for an operator's eyes, such as "652765******1005".

    It keeps the first six and the last four digits, the most that PCI DSS 4.0.1 (3.4.1) lets be
    shown, and of numbers below 15 digits fewer of the first ones, so that five stay hidden. What
    is no card number becomes "***"; this never raises. For customers there is card_last_four.

    >>> mask_card_number("6527-6589-0000-1005"), mask_card_number("1005")
    ('652765******1005', '***')
    """

def card_last_four(number: str) -> str:
    """Return the last four digits, by which a customer knows the card.

    Raises MalformedError as normalise_card_number does.

    >>> card_last_four("6527658900001005")
    '1005'
    """

def card_fingerprint(key: bytes, number: str) -> str:
    """Return 64 lower-case hex digits that are equal for equal cards and tell nothing else.

    They are HMAC-SHA256 under `key` over "sikka card fingerprint 1", a NUL and the digits, a keyed
    hash of the whole number as PCI DSS 4.0.1 (3.5.1.1) asks for. Card numbers are few enough to try
    them all: whoever has the key can undo every fingerprint, so it is guarded like the numbers, and
    fingerprints are not shown beside masks. Raises KeyFormatError when the key holds fewer than
    32 bytes, MalformedError as normalise_card_number does.

    >>> key = bytes(range(32))
    >>> card_fingerprint(key, "6527658900001005") == card_fingerprint(key, "6527 6589 0000 1005")
    True
    """

def check_card_expiry(month: int, year: int, now_month: int, now_year: int) -> None:
    """Check that a card is still good. It is to the end of the month that it names.

    Months are 1 to 12 and years 2000 to 2099, in full. Which month it is depends on the zone: one
    that refuses no card too early takes that of UTC-12. Raises MalformedError when a number is out
    of its range or the month is over.

    >>> check_card_expiry(11, 2026, now_month=11, now_year=2026)
    >>> check_card_expiry(10, 2026, now_month=11, now_year=2026)
    Traceback (most recent call last):
    sikka_core.MalformedError: card expiry must not lie in the past
    """

# Sealing ---------------------------------------------------------------------------------------

@final
class SealingKey:
    """A key of 32 bytes and the id under which sealed payloads name it.

    It wraps the data keys of payloads; the id is no secret and may be logged. Its memory is
    overwritten when it is dropped; the bytes it was made of are the caller's to forget. The repr
    reveals the id only.

    One key may wrap at most 2**32 times, each seal and each rewrap being one, since its nonces are
    random (NIST SP 800-38D, section 8.3); a new key is due before that. How long the payloads are
    does not count, because each is sealed under a data key of its own, which is used once.

    >>> SealingKey("vault-2027", bytes(range(32)))
    <SealingKey vault-2027>
    """

    def __new__(cls, key_id: str, secret: bytes) -> SealingKey:
        """Take an id of 1 to 64 letters, digits, ".", "_" and "-", and 32 random bytes.

        Raises KeyFormatError when either is something else.
        """

    @property
    def key_id(self) -> str:
        """The id that was given."""

def seal(key: SealingKey, plaintext: bytes, associated_data: bytes) -> bytes:
    """Encrypt and authenticate a payload with AES-256-GCM under a fresh data key, and wrap that.

    `associated_data` says where the payload belongs, such as its table and row, so that it opens
    nowhere else; it is bound to the payload and not kept. The result is 5 bytes of magic and
    version, the key id after its length, the wrapped data key and the encrypted payload, each after
    its random nonce of 96 bits and before its tag of 128; it is 94 bytes and the key id longer than
    the plaintext. Raises MalformedError when the plaintext is longer than AES-GCM takes (64 GiB).

    >>> key = SealingKey("vault-2027", bytes(range(32)))
    >>> sealed = seal(key, b"token of a card", b"cards/card_1")
    >>> unseal(key, sealed, b"cards/card_1")
    b'token of a card'
    >>> unseal(key, sealed, b"cards/card_2")
    Traceback (most recent call last):
    sikka_core.SealError: the sealed bytes do not open
    """

def unseal(keys: SealingKey | Sequence[SealingKey], sealed: bytes, associated_data: bytes) -> bytes:
    """Return the payload of sealed bytes, opened with whichever of the keys they name.

    Raises SealError, always with the same words, when the key is unknown or wrong, the associated
    data is not what was sealed, or any byte was changed, added or lost.
    """

def rewrap(
    old_keys: SealingKey | Sequence[SealingKey], new_key: SealingKey, sealed: bytes
) -> bytes:
    """Return sealed bytes that open under `new_key`, without opening the payload.

    The data key is unwrapped and wrapped again; the encrypted payload is copied as it is, and
    judged only when it is opened. A copy of the old bytes still opens under the old key: a key that
    leaked is answered by sealing anew. Raises SealError as unseal does.

    >>> old, new = SealingKey("vault-2027", bytes(32)), SealingKey("vault-2028", b"k" * 32)
    >>> sealed = rewrap(old, new, seal(old, b"payload", b""))
    >>> sealed_key_id(sealed), unseal([old, new], sealed, b"")
    ('vault-2028', b'payload')
    """

def sealed_key_id(sealed: bytes) -> str:
    """Return the id of the key that sealed bytes name, such as to find those due for rewrap.

    Nothing vouches for it until the bytes open. Raises SealError when they are not of this form.
    """

# Webhook signatures ----------------------------------------------------------------------------

def standard_webhooks_sign(secret: bytes, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return the `webhook-signature` of one delivery, "v1," and base64, as Standard Webhooks says.

    The HMAC-SHA256 covers `message_id.timestamp_s.body`. Raises MalformedError when `message_id`
    is empty or contains "." or a space, or the time is negative; KeyFormatError when the secret
    is empty.

    >>> secret = webhook_secret_bytes("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3")
    >>> standard_webhooks_sign(secret, "msg_1", 1_800_000_000, b"{}")
    'v1,GrfCJ01zkvX22a0slG3srkzZVbWjs5pG2kGqO1KNDe0='
    """

def standard_webhooks_verify(
    secrets: Sequence[bytes],
    message_id: str,
    timestamp: str,
    signatures: str,
    body: bytes,
    now_s: int,
    tolerance_s: int,
) -> None:
    """Check the three headers of a Standard Webhooks delivery against its raw body.

    `signatures` is a space separated list; one "v1" under any of the secrets suffices, and other
    versions are ignored. Raises SignatureError when none matches or `timestamp` is more than
    `tolerance_s` seconds before or after `now_s`; KeyFormatError when a secret is empty.

    >>> secret, now_s = b"0123456789abcdef01234567", 1_800_000_000
    >>> signature = standard_webhooks_sign(secret, "msg_1", now_s, b"{}")
    >>> headers = "msg_1", str(now_s), signature
    >>> standard_webhooks_verify([secret], *headers, b"{}", now_s + 5, tolerance_s=300)
    >>> standard_webhooks_verify([secret], *headers, b"{ }", now_s + 5, tolerance_s=300)
    Traceback (most recent call last):
    sikka_core.SignatureError: no signature matches
    """

def webhook_secret_bytes(secret: str) -> bytes:
    """Return the key of a secret as shown to merchants: "whsec_" and base64 of 24 to 64 bytes.

    Raises KeyFormatError.

    >>> webhook_secret_bytes("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3")
    b'0123456789abcdef01234567'
    """

def stripe_sign(secret: str, timestamp_s: int, body: bytes) -> str:
    """Return a `Stripe-Signature` header, "t=<timestamp_s>,v1=<hex>".

    Raises MalformedError when the time is negative, KeyFormatError when the secret is empty.

    >>> stripe_sign("whsec_test", 1_800_000_000, b"{}")[:24]
    't=1800000000,v1=482e6337'
    """

def stripe_verify(
    secrets: Sequence[str], header: str, body: bytes, now_s: int, tolerance_s: int
) -> None:
    """Check a `Stripe-Signature` header against the raw body.

    One "v1" under any of the secrets suffices; the secret is used verbatim. Raises SignatureError
    when none matches, the header has no single "t", or that time is more than `tolerance_s` seconds
    before or after `now_s`; KeyFormatError when a secret is empty.

    >>> header = stripe_sign("whsec_test", 1_800_000_000, b"{}")
    >>> stripe_verify(["whsec_test"], header, b"{}", now_s=1_800_000_100, tolerance_s=300)
    """

def razorpay_sign(secret: str, body: bytes) -> str:
    """Return the `X-Razorpay-Signature` of a body: HMAC-SHA256 as lower-case hex.

    Raises KeyFormatError when the secret is empty.

    >>> razorpay_sign("secret", b"order_1|pay_1")[:8]
    '52115a0d'
    """

def razorpay_verify(secrets: Sequence[str], signature: str, body: bytes) -> None:
    """Check a Razorpay signature (of a webhook, or of "order_id|payment_id") under any secret.

    Raises SignatureError when none matches, KeyFormatError when a secret is empty.

    >>> signature = razorpay_sign("secret", b"order_1|pay_1")
    >>> razorpay_verify(["secret before", "secret"], signature, b"order_1|pay_1")
    """

def hmac_sha256_hex(secret: bytes, body: bytes) -> str:
    """Return HMAC-SHA256 as 64 lower-case hex digits. Raises KeyFormatError on an empty secret.

    >>> hmac_sha256_hex(b"Jefe", b"what do ya want for nothing?")[:16]
    '5bdcc146bf60754e'
    """

def hmac_sha256_hex_verify(secrets: Sequence[bytes], signature: str, body: bytes) -> None:
    """Check an HMAC-SHA256 of 64 lower-case hex digits under any of the secrets, in constant time.

    Raises SignatureError when none matches, KeyFormatError when a secret is empty.

    >>> hmac_sha256_hex_verify([b"Jefe"], "00" * 32, b"what do ya want for nothing?")
    Traceback (most recent call last):
    sikka_core.SignatureError: no signature matches
    """

# RSA -------------------------------------------------------------------------------------------

@final
class SigningKey:
    """An RSA private key of at least 2048 bits. Its repr reveals nothing.

    >>> key = SigningKey.from_pem(private_pem)
    >>> key.verifying_key().verify(b"message", key.sign(b"message"))
    """

    @staticmethod
    def from_pem(pem: bytes) -> SigningKey:
        """Read an unencrypted PKCS#8 ("PRIVATE KEY") or PKCS#1 ("RSA PRIVATE KEY") PEM.

        Raises KeyFormatError when it is anything else or shorter than 2048 bits.
        """

    def sign(self, message: bytes) -> bytes:
        """Return the RSASSA-PKCS1-v1_5 signature with SHA-256 of `message`."""

    def verifying_key(self) -> VerifyingKey:
        """Return the public half."""

@final
class VerifyingKey:
    """An RSA public key of at least 2048 bits.

    >>> key = VerifyingKey.from_pem(certificate_pem)
    >>> key.verify(b"message", SigningKey.from_pem(private_pem).sign(b"message"))
    >>> key.verify(b"another", SigningKey.from_pem(private_pem).sign(b"message"))
    Traceback (most recent call last):
    sikka_core.SignatureError: the RSA signature is wrong
    """

    @staticmethod
    def from_pem(pem: bytes) -> VerifyingKey:
        """Read a "PUBLIC KEY" (SubjectPublicKeyInfo) or the key of an X.509 "CERTIFICATE" PEM.

        The certificate is only a container here: neither its issuer nor its dates are judged; the
        dates belong into the KeyRing. Raises KeyFormatError when it is anything else, not RSA, or
        shorter than 2048 bits.
        """

    def verify(self, message: bytes, signature: bytes) -> None:
        """Check an RSASSA-PKCS1-v1_5 signature with SHA-256. Raises SignatureError."""

    def fingerprint(self) -> str:
        """Return SHA-256 over the DER of the SubjectPublicKeyInfo as 64 lower-case hex digits."""

@final
class KeyRing:
    """The pinned keys of the participants. An organisation may have several, each for a while.

    >>> keys = KeyRing([("400011", VerifyingKey.from_pem(certificate_pem), 0, 2_000_000_000)])
    """

    def __new__(cls, entries: Sequence[tuple[str, VerifyingKey, int, int]]) -> KeyRing:
        """Take `(org_id, key, not_before_s, not_after_s)`; both ends of the time are included.

        Raises MalformedError when an org_id is empty or `not_after_s` lies before `not_before_s`.
        """

# UPI messages ----------------------------------------------------------------------------------

@final
class Element:
    """One element of a UPI message. It cannot be changed; names are local names.

    Whitespace between elements is not kept. The repr shows the name only.

    >>> amount = Element("Amount", {"value": "10.00", "curr": "INR"})
    >>> payer = Element("Payer", {"addr": "asha@simbank"}, [amount])
    >>> payer, payer.require_child("Amount").require("value"), payer.get("code")
    (<Element Payer>, '10.00', None)
    """

    def __new__(
        cls,
        name: str,
        attributes: Mapping[str, str] | None = None,
        children: Sequence[Element] = ...,
        text: str = "",
    ) -> Element:
        """Build an element, for tests and adapters.

        Raises MalformedError when a name is no XML name, a character is forbidden in XML 1.0, text
        stands beside children, or the tree is deeper than 16.
        """

    @property
    def name(self) -> str:
        """The local name."""

    @property
    def text(self) -> str:
        """The text of an element without children; "" when there is none."""

    @property
    def attributes(self) -> dict[str, str]:
        """A copy of the attributes."""

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return an attribute, or `default` when it is absent."""

    def require(self, name: str) -> str:
        """Return an attribute. Raises MalformedError that names element and attribute."""

    def child(self, name: str) -> Element | None:
        """Return the first child of that name, or None."""

    def require_child(self, name: str) -> Element:
        """Return the first child of that name. Raises MalformedError that names both elements."""

    def children(self, name: str | None = None) -> list[Element]:
        """Return the children, all or those of one name, in their order."""

    def find(self, path: str) -> Element | None:
        """Return the first element in document order at the end of a path like "Payees/Payee"."""

@final
class Message:
    """A message whose signature held. It holds what was signed and nothing else.

    >>> key = SigningKey.from_pem(private_pem)
    >>> signed = sign_message(key, "RespPay", [("Head", {"orgId": "400011"}, ())])
    >>> keys = KeyRing([("400011", key.verifying_key(), 0, 2_000_000_000)])
    >>> message = verify_message(signed, keys, now_s=1_800_000_000)
    >>> message, message.element.require_child("Head").attributes
    (<Message RespPay of 400011>, {'orgId': '400011'})
    """

    @property
    def root(self) -> str:
        """The local name of the root, such as "RespPay"."""

    @property
    def org_id(self) -> str:
        """Head@orgId, under whose pinned key the signature held."""

    @property
    def element(self) -> Element:
        """The root element, without the Signature."""

def sign_message(key: SigningKey, root: str, children: Sequence[XmlNode]) -> bytes:
    """Write `<upi:root>` with these children in canonical form and sign it.

    The result has no declaration and no whitespace nodes. The last child of its root is one
    enveloped Signature in the default namespace: inclusive C14N 1.0, RSA-SHA256, SHA-256, and the
    public key as RSAKeyValue.

    Raises MalformedError on a bad name, a character that XML 1.0 forbids, an element named
    "Signature", a depth over 16, or a message over 64 KiB.

    >>> head = ("Head", {"ver": "2.0", "orgId": "400011"}, ())
    >>> signed = sign_message(SigningKey.from_pem(private_pem), "ReqHbt", [head])
    >>> signed[:61]
    b'<upi:ReqHbt xmlns:upi="http://npci.org/upi/schema/"><Head org'
    """

def write_message(
    root: str, attributes: Mapping[str, str | None], children: Sequence[XmlNode]
) -> bytes:
    """Write `<upi:root>` in canonical form without a signature, as an Ack is.

    Raises MalformedError for the reasons that sign_message names.

    >>> write_message("Ack", {"api": "ReqPay", "err": None}, [])
    b'<upi:Ack xmlns:upi="http://npci.org/upi/schema/" api="ReqPay"></upi:Ack>'
    """

def verify_message(data: bytes, keyring: KeyRing, now_s: int) -> Message:
    """Parse a signed UPI message strictly and check its signature against the pinned keys.

    The key is chosen by Head@orgId among those valid at `now_s`; a key inside the message is never
    used. Raises SignatureError when the organisation is unknown or has no key valid now, or when
    the digest or the signature is wrong.

    Raises MalformedError when the bytes are not a message of the profile: over 64 KiB, not UTF-8,
    deeper than 16, with a DTD, processing instruction, comment, CDATA section or other entities
    than the predefined; a root outside of the UPI namespace or without a prefix, qualified children
    or attributes; no Signature, more than one, or not the last child; other algorithms, transforms
    or references; not exactly one Head, or one without orgId.

    >>> key = SigningKey.from_pem(private_pem)
    >>> keys = KeyRing([("400011", key.verifying_key(), 0, 2_000_000_000)])
    >>> signed = sign_message(key, "RespPay", [("Head", {"orgId": "400011"}, ())])
    >>> verify_message(signed.replace(b"RespPay", b"ReqPay"), keys, now_s=1_800_000_000)
    Traceback (most recent call last):
    sikka_core.SignatureError: the digest is wrong: the content was changed
    """

def parse_ack(data: bytes) -> Element:
    """Parse an unsigned message, such as an Ack, as strictly as verify_message does.

    Nothing vouches for what it says. Raises MalformedError, also when it carries a Signature.

    >>> ack = b'<upi:Ack xmlns:upi="http://npci.org/upi/schema/" api="ReqPay"/>'
    >>> parse_ack(ack).require("api")
    'ReqPay'
    """

# Models of decision trees ----------------------------------------------------------------------

class _Array(Protocol):
    """An array of numpy, which is a buffer, but not for a type checker before Python 3.12."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...

_Numbers: TypeAlias = Buffer | _Array
_Out = TypeVar("_Out", bound=_Numbers)

@final
class Model:
    """An ensemble of decision trees with one output, compiled. It never changes.

    A row goes left at a node when its feature, as float32, is less than the threshold; what is
    equal goes right, and NaN is a missing value, which goes where the node sends missing values.
    The margin is `base_margin` plus the leaf of each tree, in the order of the trees, in float32.
    So a margin has the bits that XGBoost's own `predict` of a DMatrix gives, whichever method
    computes it and on whichever processor; the score is the link of the margin, by the same
    formula.

    Threads may share a model. While many rows are scored the GIL is released, and nobody may write
    to them.

    >>> from array import array
    >>> stump = Model.from_nodes(
    ...     tree_sizes=array("i", [3]), left=array("i", [1, -1, -1]), right=array("i", [2, -1, -1]),
    ...     feature=array("i", [0, 0, 0]), threshold=array("f", [100.0, 0, 0]),
    ...     default_left=array("B", [1, 0, 0]), value=array("f", [0, -2.0, 2.0]),
    ...     cover=array("f", [10, 9, 1]), feature_count=1, base_margin=0.0, link="logistic")
    >>> stump.margin([99.5]), stump.margin([100.0]), stump.margin([float("nan")])
    (-2.0, 2.0, -2.0)
    >>> round(stump.score([250.0]), 3)
    0.881
    >>> [round(share, 6) for share in stump.contributions([250.0])]
    [3.6, -1.6]
    """

    @staticmethod
    def from_xgboost(
        data: Buffer, *, iterations: int | None = None, schema_version: int | None = None
    ) -> Model:
        """Read a model as XGBoost 1.7 to 3 saves it, in JSON or in UBJ.

        `iterations` is how many rounds of boosting to use; else it is those up to the best one of
        early stopping, else all. `schema_version` binds the model to a version of the feature
        schema; else its attribute "sikka_schema_version" does, if there is one.

        Raises ModelError when the bytes are malformed or cut short, when a tree is no tree (a
        cycle, a child or feature that is not there), and for what is not supported: several
        classes or targets, vector leaves, gblinear, an unknown objective, which it names, and more
        than 256 MiB.
        """

    @staticmethod
    def from_nodes(
        *,
        tree_sizes: _Numbers,
        left: _Numbers,
        right: _Numbers,
        feature: _Numbers,
        threshold: _Numbers,
        default_left: _Numbers,
        value: _Numbers,
        cover: _Numbers,
        feature_count: int,
        base_margin: float,
        link: Literal["identity", "logistic", "exponential", "hinge"],
        categories: Sequence[tuple[int, bool, Sequence[int]]] = ...,
        feature_names: Sequence[str] | None = None,
        schema_version: int | None = None,
    ) -> Model:
        """Build a model from flat arrays, which hold the nodes of one tree after the other.

        `tree_sizes` (n_trees,) int32 is how many nodes each tree has. The others are (n_nodes,):
        `left` and `right` int32, the children counted from the root of their tree, -1 at a leaf;
        `feature` int32; `threshold` float32, a row goes left if it is less; `default_left` uint8,
        where a missing value goes; `value` float32, of a leaf; `cover` float32, the training
        weight that reached the node, for `contributions` only.

        `categories` makes nodes categorical: which node, counted over all trees; whether what is
        listed goes right, and all else left; and the list, of 0 to 2**24 - 1. Values truncate to
        whole numbers. The link of a margin m is m, 1 / (1 + exp(-m)), exp(m), or 1 if m > 0 else 0.

        Raises ModelError when a rule is broken, TypeError when a buffer is of another type.
        """

    @staticmethod
    def from_bytes(data: Buffer) -> Model:
        """Read a model as `to_bytes` wrote it.

        Raises ModelError when the bytes are no model, are cut short, do not match their checksum or
        were written by a later version of this package that writes them in another way.
        """

    def to_bytes(self) -> bytes:
        """Return the model in the core's own form. The same model gives the same bytes."""

    def score(self, row: _Numbers | Sequence[float]) -> float:
        """Return the score of one row: a probability where the link is "logistic".

        `row` is (feature_count,) of float32 or float64, a list or a tuple of floats. float64 is
        rounded to float32 first. Raises MalformedError when it has another length or shape,
        TypeError when it holds anything else.
        """

    def margin(self, row: _Numbers | Sequence[float]) -> float:
        """Return the margin of one row, from which the score follows. Raises as `score` does."""

    @overload
    def score_many(
        self, matrix: _Numbers, out: None = None, *, margin: bool = False
    ) -> memoryview[float]: ...
    @overload
    def score_many(self, matrix: _Numbers, out: _Out, *, margin: bool = False) -> _Out:
        """Return the scores of many rows, or their margins.

        `matrix` is (n_rows, feature_count) of float32 or float64 with any strides; it is read where
        it lies. The answer is (n_rows,) of float32: `out`, which must be contiguous and writable,
        or a new read-only memoryview, of which `numpy.asarray` makes an array without a copy.

        Raises MalformedError when a shape is wrong, TypeError when a type is.
        """

    def contributions(self, row: _Numbers | Sequence[float]) -> list[float]:
        """Return each feature's share of the margin, and last the margin of no features.

        They are Shapley values of the path-dependent game (Lundberg, Erion and Lee 2018, TreeSHAP),
        in float64: they add up to the margin but for its rounding to float32. They are exact for
        paths that ask for at most 256 features. Raises as `score` does, and ModelError when a cover
        of the model is negative or no finite number.
        """

    @property
    def feature_count(self) -> int:
        """How many features a row has."""

    @property
    def tree_count(self) -> int:
        """How many trees are added up."""

    @property
    def link(self) -> Literal["identity", "logistic", "exponential", "hinge"]:
        """How a score follows from a margin."""

    @property
    def base_margin(self) -> float:
        """The margin of no trees."""

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """The names of the features in their order, if the model has them."""

    @property
    def schema_version(self) -> int | None:
        """The version of the feature schema that the model is bound to, if it is."""

    @property
    def checksum(self) -> str:
        """SHA-256 of what the model is, as 64 lower-case hex digits: the same model, the same."""

# Features --------------------------------------------------------------------------------------

SCHEMA_VERSION: Final = 2
"""The version of `SCHEMA`. A model names the one that it was trained on."""

SCHEMA: Final[tuple[tuple[int, str, str, str, str], ...]]
"""Every feature in the order of a vector: its place, name, unit, meaning, and when it is missing.

Counts and sums include the payment itself. Averages, deviations, ages, novelty and risk are of
what was before it. Counts that are called exact are kept by minute (10 minutes, 1 hour) or by hour
(24 hours): they never miss a payment of their window, and may count one that is older by less than
a minute or an hour. Other windows are decayed: what is of age a weighs e**(-a / window), so that
under a steady stream they count what the plain window counts. What is missing is NaN; an average
or share is also missing when all that it is of is older than 460 times its window.
"""

FEATURE_NAMES: Final[tuple[str, ...]]
"""The names of `SCHEMA` by themselves."""

@final
class PaymentEvent:
    """A payment as records see it, for a store that keeps their bytes elsewhere.

    The arguments are those of `FeatureStore.observe`, and so are the errors.
    """

    def __new__(
        cls,
        payment_id: str,
        time_ms: int,
        amount_minor: int,
        *,
        user: str | None = None,
        instrument: str | None = None,
        device: str | None = None,
        ip: str | None = None,
        merchant: str | None = None,
        latitude: float | None = None,
        longitude: float | None = None,
    ) -> Self: ...
    def pack(self) -> bytes:
        """Return the 60 bytes that a script elsewhere needs to update the records as here.

        Little endian: the tag of the payment id (u32), time and amount (two f64), the tags of
        user, instrument, device, ip and merchant (5 u32), the cell of the place (u32), latitude
        and longitude (two f64). What is not known is 0; no tag or cell is 0.
        """

def update_record(kind: str, record: bytes | None, event: PaymentEvent) -> bytes:
    """Count a payment into the record of one entity, and return the record after it.

    `kind` is "user", "instrument", "device", "ip" or "merchant"; without a record the entity is
    new. A payment that the record remembers (among its last eight) changes nothing, and the very
    bytes come back. The bytes are those of `FeatureStore.record` after the same payments: 652 for
    a user, 532 for others; rust_core/src/features/codec.rs describes them.

    Raises MalformedError when `kind` is none of these or the record is not one of the kind.

    >>> event = PaymentEvent("pay_1", 1_800_000_000_000, 10_000, user="user_1")
    >>> store = FeatureStore()
    >>> vector = store.observe("pay_1", 1_800_000_000_000, 10_000, user="user_1")
    >>> update_record("user", None, event) == store.record("user", "user_1")
    True
    >>> read_records(event).tobytes() == vector.tobytes()
    True
    """

def label_record(
    kind: str, record: bytes | None, payment_id: str, known_ms: int, fraud: bool
) -> bytes:
    """Count a label into the record of one entity, and return the record after it.

    A payment that the record remembers as labelled (among its last four) changes nothing. Raises
    MalformedError as `update_record` and `FeatureStore.label` do.
    """

def read_records(
    event: PaymentEvent,
    *,
    user: bytes | None = None,
    instrument: bytes | None = None,
    device: bytes | None = None,
    ip: bytes | None = None,
    merchant: bytes | None = None,
    utc_offset_s: int = 19800,
) -> memoryview:
    """Return the vector of a payment, given the records as they were before it.

    It is the vector that `FeatureStore.observe` returns. An entity of the event whose record is
    left out is new; a record of an entity that the event does not name is not looked at. Raises
    MalformedError when a record is not one of its kind.
    """

def assess_records(
    model: Model,
    event: PaymentEvent,
    *,
    user: bytes | None = None,
    instrument: bytes | None = None,
    device: bytes | None = None,
    ip: bytes | None = None,
    merchant: bytes | None = None,
    utc_offset_s: int = 19800,
    top: int = 3,
) -> tuple[memoryview, float, list[tuple[str, float]]]:
    """Let a model judge a payment beside records that are kept elsewhere.

    Return the vector of `read_records`, and score and top as `FeatureStore.assess` does. Raises
    ModelError and MalformedError as these do.
    """

@final
class FeatureStore:
    """What this process remembers of users, instruments, devices, IP addresses and merchants.

    Any thread may call anything at any time. Time is always an argument: a payment that comes
    late, with an earlier time than its entity has seen, is counted with the weight that its age
    deserves, in the minute and hour that it belongs to, and its windows end at the latest time
    seen. Amounts are to be of one currency.

    Arguments:
        entities_max: how many entities of each kind are kept, 1 to 2**28, at some 0.8 KB each.
            Beyond it those go whose last payment or label is the oldest, approximately: the oldest
            of every eight in turn.
        utc_offset_s: how far the clock that makes hours and weekdays is ahead of UTC, within
            -86400..86400; India's by default.

    Raises MalformedError when one of them is out of range.
    """

    def __new__(cls, *, entities_max: int = 200000, utc_offset_s: int = 19800) -> Self: ...
    def observe(
        self,
        payment_id: str,
        time_ms: int,
        amount_minor: int,
        *,
        user: str | None = None,
        instrument: str | None = None,
        device: str | None = None,
        ip: str | None = None,
        merchant: str | None = None,
        latitude: float | None = None,
        longitude: float | None = None,
    ) -> memoryview:
        """Count a payment with all who take part in it, and return its vector.

        The vector is a read-only memoryview of len(SCHEMA) float32 in native order;
        `numpy.asarray` takes it without a copy. What includes the payment is said at `SCHEMA`.

        A repeated payment id counts once. It gets the same vector while it is among the last four
        thousand or so payments of the store; later it is still recognised by the first of user,
        instrument, device, ip and merchant that is given, if it is among that one's last eight,
        and gets a vector of the present.

        Arguments:
            payment_id: what a repetition is recognised by; not empty.
            time_ms: when it is made, in milliseconds since 1970, within 0..2**47 - 1.
            amount_minor: what is paid, in minor units, within 0..2**53 - 1.
            user, instrument, device, ip, merchant: the ids of those who take part, at least one.
                They are only kept as hashes. An instrument is a VPA or a card's fingerprint.
            latitude, longitude: where it is made, in degrees (-90..90, -180..180); both or none.

        Raises MalformedError when an argument breaks one of these rules; nothing is counted then.

        >>> store = FeatureStore()
        >>> for minute in range(3):
        ...     vector = store.observe(
        ...         f"pay_{minute}", 1_800_000_000_000 + minute * 60_000, 10_000 + minute,
        ...         user="user_1", merchant="merchant_1", device="a", latitude=19.1, longitude=72.9,
        ...     )
        >>> features = dict(zip(FEATURE_NAMES, vector))
        >>> features["user_count_10m"], features["new_device"], features["user_gap_s"]
        (3.0, 0.0, 60.0)
        """

    def read(
        self,
        payment_id: str,
        time_ms: int,
        amount_minor: int,
        *,
        user: str | None = None,
        instrument: str | None = None,
        device: str | None = None,
        ip: str | None = None,
        merchant: str | None = None,
        latitude: float | None = None,
        longitude: float | None = None,
    ) -> memoryview:
        """Return the vector that `observe` would return, and count nothing."""

    def assess(
        self,
        model: Model,
        payment_id: str,
        time_ms: int,
        amount_minor: int,
        *,
        user: str | None = None,
        instrument: str | None = None,
        device: str | None = None,
        ip: str | None = None,
        merchant: str | None = None,
        latitude: float | None = None,
        longitude: float | None = None,
        top: int = 3,
    ) -> tuple[memoryview, float, list[tuple[str, float]]]:
        """Count a payment as `observe` does and let a model judge it.

        Return its vector, the model's score, and the names of the `top` features that moved the
        margin most with how far each did, the strongest first (see `Model.contributions`). A
        feature that moved nothing is left out; with `top=0` none is computed, and of a model that
        has no contributions none is told.

        Raises ModelError when the model was not trained on `SCHEMA_VERSION`, or has other features
        than `SCHEMA`; MalformedError as `observe` does. Nothing is counted then.
        """

    def label(
        self,
        payment_id: str,
        known_ms: int,
        fraud: bool,
        *,
        user: str | None = None,
        instrument: str | None = None,
        device: str | None = None,
        ip: str | None = None,
        merchant: str | None = None,
    ) -> bool:
        """Count what became known of a payment with those who took part in it.

        Return False, and count nothing, when the first of them that is given remembers a label of
        this payment (among its last four).

        Arguments:
            payment_id: of the payment.
            known_ms: when this became known, in milliseconds since 1970, within 0..2**47 - 1. A
                vector must not know what was not known: when history is played again, labels go
                in between payments by this time.
            fraud: whether the payment was fraud. Payments that were not are to be labelled as
                well, after the same delay; risk is the share of frauds among labels.

        Raises MalformedError when an argument breaks a rule; nothing is counted then.

        >>> store = FeatureStore()
        >>> store.label("pay_1", 1_800_000_000_000, True, merchant="merchant_1")
        True
        >>> vector = store.read("pay_2", 1_800_000_060_000, 10_000, merchant="merchant_1")
        >>> dict(zip(FEATURE_NAMES, vector))["merchant_risk_7d"]
        1.0
        """

    def record(self, kind: str, id: str) -> bytes | None:
        """Return the packed record of an entity, or None when it is not remembered.

        Raises MalformedError when `kind` is none of those of `update_record`.
        """

    def snapshot(self) -> bytes:
        """Return all that is remembered; equal memories give equal bytes.

        Each record in it is whole. When payments are observed meanwhile, one that comes just now
        may be counted in some of its records. Without the GIL. See also `save_snapshot`.
        """

    def restore(self, snapshot: bytes) -> None:
        """Forget everything and remember what a snapshot holds. Without the GIL.

        Where the store has less room, the latest are kept. Raises MalformedError when the bytes
        are not a whole snapshot of this version; nothing has changed then.
        """

    def __len__(self) -> int: ...
