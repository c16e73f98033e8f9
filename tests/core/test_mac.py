from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable

import pytest
import razorpay
import stripe
from hypothesis import given
from hypothesis import strategies as st
from razorpay.errors import SignatureVerificationError
from standardwebhooks import Webhook, WebhookVerificationError
from stripe import SignatureVerificationError as StripeVerificationError

from sikka_core import (
    KeyFormatError,
    MalformedError,
    SignatureError,
    hmac_sha256_hex,
    hmac_sha256_hex_verify,
    razorpay_sign,
    razorpay_verify,
    standard_webhooks_sign,
    standard_webhooks_verify,
    stripe_sign,
    stripe_verify,
    webhook_secret_bytes,
)

NOW_S = 1_800_000_000
TOLERANCE_S = 300
SECRET = b"0123456789abcdef0123456789abcdef"
OTHER_SECRET = b"another secret, as long as that one"
BODY = b'{"type":"payment.succeeded"}'

secrets = st.binary(min_size=1, max_size=200)
text_secrets = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80)
message_ids = st.from_regex(r"[A-Za-z0-9_\-]{1,40}", fullmatch=True)


# HMAC ------------------------------------------------------------------------------------------


@given(secrets, st.binary(max_size=500))
def test_an_hmac_is_that_of_the_standard_library(secret: bytes, body: bytes) -> None:
    signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
    assert hmac_sha256_hex(secret, body) == signature
    hmac_sha256_hex_verify([secret], signature, body)


@given(st.binary(max_size=100), st.integers(0, 255), st.integers(0, 7))
def test_a_changed_bit_of_a_signature_is_refused(body: bytes, place: int, bit: int) -> None:
    octets = bytearray(bytes.fromhex(hmac_sha256_hex(SECRET, body)))
    octets[place % 32] ^= 1 << bit
    with pytest.raises(SignatureError):
        hmac_sha256_hex_verify([SECRET], octets.hex(), body)


@pytest.mark.parametrize("change", [str.upper, lambda hex_: hex_[:-1], lambda hex_: hex_ + "0"])
def test_a_signature_in_another_spelling_is_refused(change: Callable[[str], str]) -> None:
    signature = hmac_sha256_hex(SECRET, BODY)
    assert signature != signature.upper()
    with pytest.raises(SignatureError):
        hmac_sha256_hex_verify([SECRET], change(signature), BODY)


@given(st.text())
def test_any_text_as_a_signature_is_refused(signature: str) -> None:
    with pytest.raises(SignatureError):
        hmac_sha256_hex_verify([SECRET], signature, BODY)
    with pytest.raises(SignatureError):
        razorpay_verify(["secret"], signature, BODY)
    with pytest.raises(SignatureError):
        stripe_verify(["secret"], signature, BODY, NOW_S, TOLERANCE_S)
    with pytest.raises(SignatureError):
        standard_webhooks_verify([SECRET], "msg_1", str(NOW_S), signature, BODY, NOW_S, TOLERANCE_S)


def test_either_secret_of_a_rotation_is_taken() -> None:
    for secret in (SECRET, OTHER_SECRET):
        hmac_sha256_hex_verify([SECRET, OTHER_SECRET], hmac_sha256_hex(secret, BODY), BODY)


def test_without_secrets_nothing_is_taken() -> None:
    with pytest.raises(SignatureError):
        hmac_sha256_hex_verify([], hmac_sha256_hex(SECRET, BODY), BODY)


def test_an_empty_secret_is_no_secret() -> None:
    forged = hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    with pytest.raises(KeyFormatError):
        hmac_sha256_hex_verify([SECRET, b""], forged, BODY)
    with pytest.raises(KeyFormatError):
        razorpay_verify([""], forged, BODY)
    with pytest.raises(KeyFormatError):
        hmac_sha256_hex(b"", BODY)


def test_one_string_is_not_a_list_of_secrets() -> None:
    with pytest.raises(TypeError):
        razorpay_verify("secret", razorpay_sign("s", BODY), BODY)


def test_an_error_tells_no_secret() -> None:
    with pytest.raises(SignatureError) as caught:
        razorpay_verify(["top secret"], "0" * 64, BODY)
    assert "top secret" not in str(caught.value)
    assert razorpay_sign("top secret", BODY) not in str(caught.value)


# Standard Webhooks -----------------------------------------------------------------------------


def now_s() -> int:
    return int(dt.datetime.now(tz=dt.UTC).timestamp())


@given(st.binary(min_size=24, max_size=64), message_ids, st.text(st.characters(codec="utf-8")))
def test_the_reference_library_takes_our_webhooks(
    secret: bytes, message_id: str, text: str
) -> None:
    webhook = Webhook(secret)
    time = dt.datetime.fromtimestamp(now_s(), tz=dt.UTC)
    timestamp_s = int(time.timestamp())
    signature = standard_webhooks_sign(secret, message_id, timestamp_s, text.encode())
    assert signature == webhook.sign(message_id, time, text)
    standard_webhooks_verify(
        [secret], message_id, str(timestamp_s), signature, text.encode(), timestamp_s, 0
    )


def test_the_reference_library_refuses_what_we_refuse() -> None:
    timestamp_s = now_s()
    signature = standard_webhooks_sign(SECRET, "msg_1", timestamp_s, BODY)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature,
    }
    Webhook(SECRET).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER_SECRET).verify(BODY, headers)
    with pytest.raises(SignatureError):
        standard_webhooks_verify(
            [OTHER_SECRET], "msg_1", str(timestamp_s), signature, BODY, timestamp_s, 300
        )


def test_one_good_signature_of_a_list_suffices() -> None:
    good = standard_webhooks_sign(SECRET, "msg_1", NOW_S, BODY)
    listed = f"v1a,{good[3:]} v1,AAAA v1,{'A' * 43}= v2,x  {good}"
    standard_webhooks_verify(
        [OTHER_SECRET, SECRET], "msg_1", str(NOW_S), listed, BODY, NOW_S, TOLERANCE_S
    )


@pytest.mark.parametrize("offset_s", [-301, 301, -(10**9), 10**9])
def test_an_old_or_future_webhook_is_refused(offset_s: int) -> None:
    timestamp_s = NOW_S + offset_s
    signature = standard_webhooks_sign(SECRET, "msg_1", timestamp_s, BODY)
    with pytest.raises(SignatureError, match="tolerance"):
        standard_webhooks_verify(
            [SECRET], "msg_1", str(timestamp_s), signature, BODY, NOW_S, TOLERANCE_S
        )


@pytest.mark.parametrize("offset_s", [-300, 0, 300])
def test_a_webhook_at_the_edge_of_the_tolerance_is_taken(offset_s: int) -> None:
    signature = standard_webhooks_sign(SECRET, "msg_1", NOW_S + offset_s, BODY)
    standard_webhooks_verify(
        [SECRET], "msg_1", str(NOW_S + offset_s), signature, BODY, NOW_S, TOLERANCE_S
    )


@pytest.mark.parametrize(
    ("message_id", "timestamp", "body"),
    [
        ("msg_2", str(NOW_S), BODY),
        ("msg_1", str(NOW_S + 1), BODY),
        ("msg_1", f"+{NOW_S}", BODY),
        ("msg_1", f" {NOW_S}", BODY),
        ("msg_1", "", BODY),
        ("msg_1", "9" * 30, BODY),
        ("msg_1", str(NOW_S), BODY + b" "),
        ("msg_1\udcff", str(NOW_S), BODY),
        ("", str(NOW_S), BODY),
    ],
)
def test_a_webhook_with_another_part_is_refused(
    message_id: str, timestamp: str, body: bytes
) -> None:
    signature = standard_webhooks_sign(SECRET, "msg_1", NOW_S, BODY)
    with pytest.raises(SignatureError):
        standard_webhooks_verify(
            [SECRET], message_id, timestamp, signature, body, NOW_S, TOLERANCE_S
        )


def test_the_borders_between_id_time_and_body_cannot_move() -> None:
    signature = standard_webhooks_sign(SECRET, "msg_1", NOW_S, b"1.x")
    with pytest.raises(SignatureError):
        standard_webhooks_verify([SECRET], f"msg_1.{NOW_S}", "1", signature, b"x", 1, TOLERANCE_S)
    for message_id in ("", "msg.1", "msg 1"):
        with pytest.raises(MalformedError, match="message_id"):
            standard_webhooks_sign(SECRET, message_id, NOW_S, BODY)


@pytest.mark.parametrize("sign", [standard_webhooks_sign, stripe_sign])
def test_a_negative_time_is_not_signed(sign: Callable[..., str]) -> None:
    arguments = (SECRET, "msg_1") if sign is standard_webhooks_sign else ("secret",)
    with pytest.raises(MalformedError, match="timestamp_s"):
        sign(*arguments, -1, BODY)


@given(st.binary(min_size=24, max_size=64))
def test_a_webhook_secret_gives_its_bytes(secret: bytes) -> None:
    assert webhook_secret_bytes("whsec_" + base64.b64encode(secret).decode()) == secret


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        base64.b64encode(SECRET).decode(),
        "WHSEC_" + base64.b64encode(SECRET).decode(),
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_" + base64.b64encode(SECRET).decode() + "\n",
        "whsec_" + base64.b64encode(b"\xff" * 33).decode().replace("/", "_"),
        "whsec_" + base64.b64encode(SECRET).decode().rstrip("="),
    ],
)
def test_a_bad_webhook_secret_is_refused_and_not_told(secret: str) -> None:
    with pytest.raises(KeyFormatError) as caught:
        webhook_secret_bytes(secret)
    assert len(secret) < 10 or secret not in str(caught.value)


# Stripe ----------------------------------------------------------------------------------------


# Stripe's library takes a secret of white space for none.
@given(text_secrets.filter(str.strip), st.text(st.characters(codec="utf-8")))
def test_stripe_and_the_core_take_each_others_headers(secret: str, text: str) -> None:
    timestamp_s = now_s()
    ours = stripe_sign(secret, timestamp_s, text.encode())
    assert stripe.WebhookSignature.verify_header(text, ours, secret, tolerance=300)
    theirs = stripe.WebhookSignature.generate_signature_header(text, secret, timestamp_s)
    stripe_verify([secret], theirs, text.encode(), timestamp_s, 0)


def test_stripe_refuses_what_the_core_refuses() -> None:
    header = stripe_sign("secret", now_s(), BODY)
    with pytest.raises(StripeVerificationError):
        stripe.WebhookSignature.verify_header(BODY.decode(), header, "other", tolerance=300)
    with pytest.raises(SignatureError):
        stripe_verify(["other"], header, BODY, now_s(), TOLERANCE_S)


def test_a_stripe_header_may_hold_several_signatures_and_schemes() -> None:
    old = stripe_sign("old", NOW_S, BODY).partition("v1=")[2]
    new = stripe_sign("new", NOW_S, BODY).partition("v1=")[2]
    header = f"t={NOW_S},v1={old},v0=zz,v1={new}"
    for secret in ("old", "new"):
        stripe_verify([secret], header, BODY, NOW_S, TOLERANCE_S)
    stripe_verify(["other", "new"], header, BODY, NOW_S, TOLERANCE_S)


@pytest.mark.parametrize("offset_s", [-301, 301])
def test_an_old_or_future_stripe_header_is_refused(offset_s: int) -> None:
    header = stripe_sign("secret", NOW_S + offset_s, BODY)
    with pytest.raises(SignatureError, match="tolerance"):
        stripe_verify(["secret"], header, BODY, NOW_S, TOLERANCE_S)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.replace("v1=", "v0="),
        lambda header: header.replace("t=", "t=0"),
        lambda header: header + f",t={NOW_S}",
        lambda header: header.partition(",")[2],
        lambda header: header.partition(",")[0],
        lambda header: header + ",",
        lambda header: header.upper(),
        lambda header: header[:0],
        lambda header: header + ",v1=\udcff",
    ],
)
def test_a_changed_stripe_header_is_refused(change: Callable[[str], str]) -> None:
    header = change(stripe_sign("secret", NOW_S, BODY))
    with pytest.raises(SignatureError):
        stripe_verify(["secret"], header, BODY, NOW_S, TOLERANCE_S)


# Razorpay --------------------------------------------------------------------------------------


@given(text_secrets, st.text(st.characters(codec="utf-8")))
def test_razorpay_takes_our_signatures(secret: str, text: str) -> None:
    signature = razorpay_sign(secret, text.encode())
    client = razorpay.Client(auth=("key_id", secret))
    client.utility.verify_webhook_signature(text, signature, secret)
    razorpay_verify([secret], signature, text.encode())


def test_razorpay_refuses_what_the_core_refuses() -> None:
    signature = razorpay_sign("secret", BODY)
    client = razorpay.Client(auth=("key_id", "secret"))
    with pytest.raises(SignatureVerificationError):
        client.utility.verify_webhook_signature(BODY.decode(), signature, "other")
    with pytest.raises(SignatureError):
        razorpay_verify(["other"], signature, BODY)


def test_the_signature_of_a_razorpay_payment_is_verified() -> None:
    signature = razorpay_sign("secret", b"order_1|pay_1")
    client = razorpay.Client(auth=("key_id", "secret"))
    client.utility.verify_payment_signature(
        {
            "razorpay_order_id": "order_1",
            "razorpay_payment_id": "pay_1",
            "razorpay_signature": signature,
        }
    )
    razorpay_verify(["secret"], signature, b"order_1|pay_1")
