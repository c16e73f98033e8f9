"""What the native core costs, beside its peers and its limits.

Run as `python -m benches.bench_core [--json PATH]`. The targets are ratios, measured in one run.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xmlsec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

import sikka_core
from benches.measure import Timing, alternate, as_report, print_table, print_targets
from sikka_core import XmlNode

SECONDS_PER_CASE = 2.0
ROUNDS = 400
ORG_ID = "400011"
NOW_S = 1_800_000_000
XML_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)

COLLECT: tuple[XmlNode, ...] = (
    (
        "Head",
        {
            "ver": "2.0",
            "ts": "2026-11-23T10:00:00.000+05:30",
            "orgId": ORG_ID,
            "msgId": "SKA0192F00DF00D4A5B8C7D6E5F4A3B2C1D",
            "prodType": "UPI",
        },
        (),
    ),
    (
        "Meta",
        {},
        (("Tag", {"name": "PAYREQSTART", "value": "2026-11-23T10:00:00.000+05:30"}, ()),),
    ),
    (
        "Txn",
        {
            "id": "SKA0192F00DF00D4A5B8C7D6E5F4A3B2C1D",
            "type": "COLLECT",
            "note": "Order 4711",
            "refId": "ORDER4711",
            "refUrl": "https://shop.example/4711",
            "ts": "2026-11-23T10:00:00.000+05:30",
            "custRef": "632700004711",
            "initiationMode": "00",
            "purpose": "00",
        },
        (("Rules", {}, (("Rule", {"name": "EXPIREAFTER", "value": "10"}, ()),)),),
    ),
    (
        "Payer",
        {"addr": "asha@simbank", "type": "PERSON", "seqNum": "1", "code": "0000"},
        (("Amount", {"value": "499.00", "curr": "INR"}, ()),),
    ),
    (
        "Payees",
        {},
        (
            (
                "Payee",
                {
                    "addr": "shop@sikka",
                    "name": "Shop & Sons",
                    "type": "ENTITY",
                    "seqNum": "1",
                    "code": "5411",
                },
                (
                    (
                        "Info",
                        {},
                        (
                            ("Identity", {"type": "BANK", "verifiedName": "Shop & Sons"}, ()),
                            ("Rating", {"verifiedAddress": "TRUE"}, ()),
                        ),
                    ),
                    (
                        "Device",
                        {},
                        tuple(
                            ("Tag", {"name": name, "value": value}, ())
                            for name, value in (
                                ("TYPE", "SERVER"),
                                ("IP", "192.0.2.10"),
                                ("OS", "LINUX"),
                                ("APP", "SIKKA"),
                                ("CAPABILITY", "011001"),
                            )
                        ),
                    ),
                    (
                        "Ac",
                        {"addrType": "ACCOUNT"},
                        tuple(
                            ("Detail", {"name": name, "value": value}, ())
                            for name, value in (
                                ("IFSC", "SIMB0000001"),
                                ("ACTYPE", "CURRENT"),
                                ("ACNUM", "000123456789"),
                            )
                        ),
                    ),
                    ("Amount", {"value": "499.00", "curr": "INR"}, ()),
                    (
                        "Merchant",
                        {},
                        (
                            (
                                "Identifier",
                                {
                                    "subCode": "5411",
                                    "mid": "SHOP",
                                    "sid": "1",
                                    "tid": "1",
                                    "merchantType": "SMALL",
                                },
                                (),
                            ),
                            ("Name", {"brand": "Shop", "legal": "Shop", "franchise": "Shop"}, ()),
                            ("Ownership", {"type": "PARTNERSHIP"}, ()),
                        ),
                    ),
                ),
            ),
        ),
    ),
)
"""A collect request as a merchant's PSP sends it: 29 elements, some 1.9 kB before its signature."""


class Keys:
    """One RSA-2048 key pair in the form of each library."""

    def __init__(self) -> None:
        self.peer = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = self.peer.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        public = self.peer.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.signing = sikka_core.SigningKey.from_pem(private)
        self.ring = sikka_core.KeyRing(
            [(ORG_ID, sikka_core.VerifyingKey.from_pem(public), 0, 2 * NOW_S)]
        )
        self.xmlsec_private = xmlsec.Key.from_memory(private, xmlsec.KeyFormat.PEM)
        self.xmlsec_public = xmlsec.Key.from_memory(public, xmlsec.KeyFormat.PEM)


def measure_sign(keys: Keys) -> dict[str, Timing]:
    """Build and sign a message, beside the one RSA signature that it cannot do without."""
    octets = b"x" * 600

    def peer_signature() -> bytes:
        return keys.peer.sign(octets, padding.PKCS1v15(), hashes.SHA256())

    return alternate(
        {
            "sikka_core: build, canonicalise, sign": lambda: sikka_core.sign_message(
                keys.signing, "ReqPay", COLLECT
            ),
            "sikka_core: bare RSA-2048 signature": lambda: keys.signing.sign(octets),
            "cryptography: bare RSA-2048 signature": peer_signature,
            "lxml + xmlsec: build, canonicalise, sign": lambda: sign_with_xmlsec(keys),
        },
        SECONDS_PER_CASE,
        ROUNDS,
    )


def measure_verify(keys: Keys) -> dict[str, Timing]:
    """Parse and verify the same signed message."""
    message = sikka_core.sign_message(keys.signing, "ReqPay", COLLECT)
    verify_with_xmlsec(keys, message)
    return alternate(
        {
            "sikka_core: parse and verify": lambda: sikka_core.verify_message(
                message, keys.ring, NOW_S
            ),
            "lxml + xmlsec: parse and verify": lambda: verify_with_xmlsec(keys, message),
        },
        SECONDS_PER_CASE,
        ROUNDS,
    )


def measure_hmac() -> dict[str, Timing]:
    """Verify the HMAC-SHA256 of a webhook of 256 bytes."""
    secret, body = b"k" * 32, b"b" * 256
    secrets = [secret]
    signature = sikka_core.hmac_sha256_hex(secret, body)

    def stdlib() -> None:
        expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(expected, signature)

    def stdlib_one_shot() -> None:
        expected = hmac.digest(secret, body, "sha256").hex()
        assert hmac.compare_digest(expected, signature)

    return alternate(
        {
            "sikka_core: hmac_sha256_hex_verify": lambda: sikka_core.hmac_sha256_hex_verify(
                secrets, signature, body
            ),
            "stdlib: hmac.new, compare_digest": stdlib,
            "stdlib: hmac.digest, compare_digest": stdlib_one_shot,
        },
        SECONDS_PER_CASE,
        ROUNDS,
    )


def sign_with_xmlsec(keys: Keys) -> bytes:
    """Do with lxml and xmlsec what `sikka_core.sign_message` does (without the KeyValue)."""
    namespace = "http://npci.org/upi/schema/"
    root = etree.Element(etree.QName(namespace, "ReqPay"), nsmap={"upi": namespace})
    append_nodes(root, COLLECT)
    template = xmlsec.template.create(
        root, xmlsec.constants.TransformInclC14N, xmlsec.constants.TransformRsaSha256
    )
    root.append(template)
    reference = xmlsec.template.add_reference(template, xmlsec.constants.TransformSha256, uri="")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    context = xmlsec.SignatureContext()
    context.key = keys.xmlsec_private
    context.sign(template)
    signed: bytes = etree.tostring(root)
    return signed


def append_nodes(parent: etree._Element, nodes: Sequence[Any]) -> None:
    """Append plain nodes to an lxml element."""
    for name, attributes, children in nodes:
        element = etree.SubElement(parent, name, attributes)
        append_nodes(element, children)


def verify_with_xmlsec(keys: Keys, message: bytes) -> None:
    """Do with lxml and xmlsec what `sikka_core.verify_message` does (without its strictness)."""
    root = etree.fromstring(message, XML_PARSER)
    context = xmlsec.SignatureContext()
    context.key = keys.xmlsec_public
    context.verify(root[-1])


def run(report: dict[str, Any]) -> None:
    """Measure, print the tables, and put medians and ratios into `report["core"]`.

    Raises RuntimeError when the native core is a debug build.
    """
    if sikka_core.BUILD_PROFILE != "release":
        raise RuntimeError("sikka_core is a debug build; benches need a release build")
    keys = Keys()
    sign, verify, mac = measure_sign(keys), measure_verify(keys), measure_hmac()
    print_table("UPI message: build and sign", sign, "sikka_core: bare RSA-2048 signature")
    print_table("UPI message: parse and verify", verify, "lxml + xmlsec: parse and verify")
    print_table("HMAC-SHA256 verify, 256 bytes", mac, "stdlib: hmac.new, compare_digest")
    targets = {
        "sign_time_of_bare_rsa_at_most_1.1": ratio(sign, 0, 1),
        "sign_time_of_cryptography_rsa": ratio(sign, 0, 2),
        "verify_speed_of_xmlsec_at_least_5": ratio(verify, 1, 0),
        "hmac_speed_of_stdlib_at_least_3": ratio(mac, 1, 0),
    }
    print_targets(targets)
    report["core"] = {
        "sign": as_report(sign),
        "verify": as_report(verify),
        "hmac": as_report(mac),
        "ratios": targets,
    }


def ratio(timings: dict[str, Timing], numerator: int, denominator: int) -> float:
    """Return how many times the median of one case is that of another, by their order."""
    medians = [timing.median_s for timing in timings.values()]
    return medians[numerator] / medians[denominator]


def main() -> None:
    """Run the bench from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="where to write the report")
    arguments = parser.parse_args()
    report: dict[str, Any] = {}
    run(report)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
