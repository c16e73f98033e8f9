"""Other implementations of XML signatures, which say whether ours is right."""

from __future__ import annotations

import base64
import subprocess
from typing import TYPE_CHECKING, Any

import signxml
import xmlsec
from lxml import etree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.keys import KeyPair

DSIG = "http://www.w3.org/2000/09/xmldsig#"


def verify_with_xmlsec(message: bytes, key: KeyPair) -> None:
    """Verify with the libxmlsec of the Python package. Raises xmlsec.Error."""
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.public_pem, xmlsec.KeyFormat.PEM)
    context.verify(xmlsec.tree.find_node(etree.fromstring(message), "Signature"))


def verify_with_command(message: bytes, option: str, pem: bytes, folder: Path) -> None:
    """Verify with the xmlsec1 of the system. Raises CalledProcessError."""
    (folder / "message.xml").write_bytes(message)
    (folder / "key.pem").write_bytes(pem)
    subprocess.run(
        ["xmlsec1", "--verify", option, "key.pem", "message.xml"],  # noqa: S607
        cwd=folder,
        check=True,
        capture_output=True,
    )


def verify_with_signxml(message: bytes, certificate_pem: bytes) -> None:
    """Verify with signxml. Raises signxml.exceptions.InvalidSignature."""
    verifier = signxml.XMLVerifier()
    # Without it, signxml trips over lxml's canonical form of a default namespace.
    verifier.excise_empty_xmlns_declarations = True
    verifier.verify(message, x509_cert=certificate_pem.decode())


def sign_with_xmlsec(
    root: etree._Element,
    key: KeyPair,
    *,
    prefix: str | None = None,
    canonicalisation: Any = xmlsec.constants.TransformInclC14N,
    signature: Any = xmlsec.constants.TransformRsaSha256,
    digest: Any = xmlsec.constants.TransformSha256,
    transforms: tuple[Any, ...] = (xmlsec.constants.TransformEnveloped,),
    line_breaks: bool = False,
) -> bytes:
    """Sign a document in the profile of UPI, or in what the arguments make of it."""
    template = xmlsec.template.create(root, canonicalisation, signature, ns=prefix)
    root.append(template)
    reference = xmlsec.template.add_reference(template, digest, uri="")
    for transform in transforms:
        xmlsec.template.add_transform(reference, transform)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.private_pem, xmlsec.KeyFormat.PEM)
    context.sign(template)
    add_key_value(template, key, line_breaks=line_breaks)
    if not line_breaks:
        without_line_breaks(template)
    return bytes(etree.tostring(root))


def add_key_value(signature: etree._Element, key: KeyPair, *, line_breaks: bool) -> None:
    """Append the KeyInfo that NPCI's messages carry, which libxmlsec would leave empty."""
    numbers = key.private.public_key().public_numbers()
    info = etree.SubElement(signature, etree.QName(DSIG, "KeyInfo"))
    value = etree.SubElement(info, etree.QName(DSIG, "KeyValue"))
    rsa_value = etree.SubElement(value, etree.QName(DSIG, "RSAKeyValue"))
    encode = base64.encodebytes if line_breaks else base64.b64encode
    for name, number in (("Modulus", numbers.n), ("Exponent", numbers.e)):
        octets = number.to_bytes((number.bit_length() + 7) // 8)
        etree.SubElement(rsa_value, etree.QName(DSIG, name)).text = encode(octets).decode()


def without_line_breaks(signature: etree._Element) -> None:
    """Take the line breaks out of what is not signed."""
    for element in signature.iter(etree.QName(DSIG, "SignatureValue")):
        element.text = "".join((element.text or "").split())
