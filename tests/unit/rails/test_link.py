from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from sikka.domain.errors import UnprocessableRequest
from sikka.domain.payment import Flow
from sikka.rails.upi.keys import KeyStore
from sikka.rails.upi.link import payment_link
from sikka_sim.keys import KeyPair
from sikka_sim.npci.apps import read_link
from tests.unit.rails.samples import merchant, payment, upi

TXN = "SKA019AA9871E7000700000000000000001"


def link_of(flow: Flow, key_directory: Path | None = None, **values: Any) -> str:
    ours = payment(flow=flow, **values)
    key = None
    if key_directory is not None:
        key = KeyStore(key_directory / "signing.pem", {}).signing_key
    return payment_link(ours, upi(ours, "", npci_txn_id=TXN), merchant(), "400011", key)


def test_a_link_is_what_the_linking_specification_asks_for() -> None:
    assert link_of(Flow.INTENT, description="Two teas") == (
        "upi://pay?pa=teahouse@sikka&pn=Tea%20House&mc=5812"
        f"&tid={TXN}&tr={TXN}&tn=Two%20teas&am=1299.00&cu=INR&mode=04&orgid=400011"
    )


def test_a_qr_code_has_its_own_mode() -> None:
    assert "&mode=15&" in link_of(Flow.QR)


@pytest.mark.parametrize(("flow", "mode"), [(Flow.INTENT, "05"), (Flow.QR, "16")])
def test_a_signed_link_holds_against_the_public_key(
    flow: Flow, mode: str, our_keys: KeyPair, tmp_path: Path
) -> None:
    (tmp_path / "signing.pem").write_bytes(our_keys.private_pem)
    signed, _, signature = link_of(flow, tmp_path).partition("&sign=")
    assert f"&mode={mode}&" in signed
    key = x509.load_pem_x509_certificate(our_keys.certificate_pem).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(
        base64.b64decode(unquote(signature), validate=True),
        signed.encode(),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )


@given(
    description=st.text(max_size=80) | st.none(),
    amount_minor=st.integers(1, 10**12),
    flow=st.sampled_from([Flow.INTENT, Flow.QR]),
)
def test_an_app_reads_back_what_was_written(
    description: str | None, amount_minor: int, flow: Flow
) -> None:
    link = link_of(flow, description=description, amount_minor=amount_minor)
    read = read_link(link)
    assert (read.payee_address, read.payee_name) == ("teahouse@sikka", "Tea House")
    assert (read.transaction_id, read.reference) == (TXN, TXN)
    assert read.amount_minor == amount_minor
    assert read.category_code == "5812"
    keys = [key for key, _ in parse_qsl(urlsplit(link).query, strict_parsing=True)]
    assert len(keys) == len(set(keys)) == 10
    assert link.isascii()
    assert " " not in link


def test_a_collect_request_has_no_link() -> None:
    with pytest.raises(UnprocessableRequest):
        link_of(Flow.COLLECT)
