"""The message signature of UPI: enveloped, inclusive C14N 1.0, SHA-256, RSA-SHA256, RSAKeyValue.

libxmlsec computes and checks it. It leaves ``KeyValue`` empty when it signs, so the key is written
here; and a signature is only ever checked under the pinned key, never under the one in the message.
"""

from __future__ import annotations

import base64

import xmlsec
from lxml import etree

from sikka_sim.keys import KeyPair, public_numbers
from sikka_sim.npci.parse import parse

DSIG = "http://www.w3.org/2000/09/xmldsig#"
_CANONICAL = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

_PROFILE = (
    ("SignedInfo/CanonicalizationMethod", "Algorithm", _CANONICAL),
    ("SignedInfo/SignatureMethod", "Algorithm", _RSA_SHA256),
    ("SignedInfo/Reference", "URI", ""),
    ("SignedInfo/Reference/Transforms/Transform", "Algorithm", _ENVELOPED),
    ("SignedInfo/Reference/DigestMethod", "Algorithm", _SHA256),
)


class SignatureRefused(Exception):
    """The message is not signed as the profile says, or not by the pinned key."""


def _q(path: str) -> str:
    return "/".join(f"{{{DSIG}}}{step}" for step in path.split("/"))


def _base64(number: int) -> str:
    size = (number.bit_length() + 7) // 8
    return base64.b64encode(number.to_bytes(size, "big")).decode("ascii")


class SigningKey:
    """A private key, ready to sign messages.

    Args:
        pair: the key and its certificate.
    """

    def __init__(self, pair: KeyPair) -> None:
        self._key = xmlsec.Key.from_memory(pair.private_pem, xmlsec.constants.KeyDataFormatPem)
        numbers = public_numbers(pair.certificate_pem)
        self._key_value = (
            "<KeyInfo><KeyValue><RSAKeyValue>"
            f"<Modulus>{_base64(numbers.n)}</Modulus><Exponent>{_base64(numbers.e)}</Exponent>"
            "</RSAKeyValue></KeyValue></KeyInfo>"
        )

    def sign(self, message: str) -> bytes:
        """Append the signature as the root's last child and return the message as UTF-8.

        Args:
            message: one well-formed document without a signature, as `xml_text.document` writes it.
        """
        head, closing, tail = message.rpartition("</")
        unsigned = self._signature("", "")
        root = parse(f"{head}{unsigned}{closing}{tail}".encode())
        signature = root[-1]
        context = xmlsec.SignatureContext()
        context.key = self._key
        context.sign(signature)
        digest = signature.findtext(_q("SignedInfo/Reference/DigestValue"), "")
        value = signature.findtext(_q("SignatureValue"), "")
        signed = self._signature("".join(digest.split()), "".join(value.split()))
        return f"{head}{signed}{closing}{tail}".encode()

    def _signature(self, digest: str, value: str) -> str:
        return (
            f'<Signature xmlns="{DSIG}"><SignedInfo>'
            f'<CanonicalizationMethod Algorithm="{_CANONICAL}"></CanonicalizationMethod>'
            f'<SignatureMethod Algorithm="{_RSA_SHA256}"></SignatureMethod>'
            f'<Reference URI=""><Transforms><Transform Algorithm="{_ENVELOPED}"></Transform>'
            f'</Transforms><DigestMethod Algorithm="{_SHA256}"></DigestMethod>'
            f"<DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
            f"<SignatureValue>{value}</SignatureValue>{self._key_value}</Signature>"
        )


class VerifyingKey:
    """A peer's pinned public key.

    Args:
        certificate_pem: the certificate that holds it.

    Raises:
        ValueError: not an RSA certificate.
    """

    def __init__(self, certificate_pem: bytes) -> None:
        public_numbers(certificate_pem)
        self._key = xmlsec.Key.from_memory(certificate_pem, xmlsec.constants.KeyDataFormatCertPem)

    def verify(self, root: etree._Element) -> None:
        """Check a parsed message's signature.

        Raises:
            SignatureRefused: there is not exactly one signature as the root's last child, its
                algorithms or reference are not the profile's, or it does not fit this key.
        """
        signature = _signature_of(root)
        _check_profile(signature)
        context = xmlsec.SignatureContext()
        context.key = self._key
        try:
            context.verify(signature)
        except xmlsec.Error as error:
            raise SignatureRefused("the signature does not fit the pinned key") from error


def _signature_of(root: etree._Element) -> etree._Element:
    found = list(root.iter(f"{{{DSIG}}}Signature"))
    if len(found) != 1:
        raise SignatureRefused(f"one Signature expected, {len(found)} found")
    if found[0] is not root[-1]:
        raise SignatureRefused("Signature must be the root's last child")
    return found[0]


def _check_profile(signature: etree._Element) -> None:
    for path, attribute, expected in _PROFILE:
        found = signature.findall(_q(path))
        if len(found) != 1 or found[0].get(attribute) != expected or len(found[0].attrib) != 1:
            raise SignatureRefused(f"{path} must be given once, with {attribute} {expected!r}")
    if [child.tag for child in signature[0]] != [
        _q("CanonicalizationMethod"),
        _q("SignatureMethod"),
        _q("Reference"),
    ]:
        raise SignatureRefused("SignedInfo must hold one method each and one Reference")
