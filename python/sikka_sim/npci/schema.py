"""The structure of the messages a PSP may send: which child follows which, which attribute exists.

Follows the sequences of the UPI schema. What is *absent* is judged by `validation`, which has a
code for it; what must not be there, or stands in the wrong place, is a format error (U05).
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from sikka_sim.npci.xml_text import NAMESPACE
from sikka_sim.npci.xmldsig import DSIG


class NotInSchema(Exception):
    """An element or attribute that the schema does not know at this place (U05)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an element may hold: attributes, and children in this order, some repeatedly."""

    attributes: frozenset[str]
    children: tuple[str, ...] = ()
    repeated: frozenset[str] = frozenset()


def _shape(attributes: str, children: str = "", repeated: str = "") -> Shape:
    return Shape(
        frozenset(attributes.split()), tuple(children.split()), frozenset(repeated.split())
    )


MESSAGES: dict[str, tuple[str, ...]] = {
    "ReqPay": ("Head", "Meta", "Txn", "Payer", "Payees"),
    "ReqChkTxn": ("Head", "Txn"),
    "ReqValAdd": ("Head", "Txn", "Payer", "Payee"),
    "ReqHbt": ("Head", "Txn", "HbtMsg"),
    "RespAuthDetails": ("Head", "Txn", "Resp", "Payer", "Payees"),
    "RespTxnConfirmation": ("Head", "Txn", "Resp"),
    "RespHbt": ("Head", "Resp", "Txn"),
}
ANY_ORDER = frozenset({"RespAuthDetails", "RespTxnConfirmation"})

_TXN = (
    "id type note refId refUrl ts custRef subType initiationMode purpose refCategory initiatedBy "
    "orgTxnId orgMsgId orgRrn orgRespCode orgTxnDate umn pspOrgId"
)
_PARTY = "addr type name seqNum code"
_REF = (
    "type seqNum addr settAmount settCurrency approvalNum respCode regName reversalRespCode "
    "orgAmount acNum IFSC code accType"
)

ELEMENTS: dict[str, Shape] = {
    "Head": _shape("ver ts orgId msgId prodType callbackEndpointIP"),
    "Meta": _shape("", "Tag", "Tag"),
    "Txn": _shape(_TXN, "RiskScores Rules"),
    "RiskScores": _shape("", "Score", "Score"),
    "Score": _shape("provider type value"),
    "Rules": _shape("", "Rule", "Rule"),
    "Rule": _shape("name value"),
    "Payer": _shape(
        f"{_PARTY} aadhaarConsent", "Info Device Ac Creds Amount NewCred Merchant Institution"
    ),
    "Payees": _shape("", "Payee", "Payee"),
    "Payee": _shape(_PARTY, "Info Device Ac Amount Merchant"),
    "Info": _shape("", "Identity Rating"),
    "Identity": _shape("type verifiedName id"),
    "Rating": _shape("verifiedAddress"),
    "Device": _shape("", "Tag", "Tag"),
    "Tag": _shape("name value"),
    "Ac": _shape("addrType", "Detail", "Detail"),
    "Detail": _shape("name value"),
    "Creds": _shape("", "Cred", "Cred"),
    "Cred": _shape("type subType", "Data"),
    "Data": _shape("code ki"),
    "Amount": _shape("value curr", "Split", "Split"),
    "Split": _shape("name value"),
    "Merchant": _shape("", "Identifier Name Ownership"),
    "Identifier": _shape("subCode mid sid tid merchantType merchantGenre onBoardingType"),
    "Name": _shape("brand legal franchise"),
    "Ownership": _shape("type"),
    "Institution": _shape("type route"),
    "NewCred": _shape("", "Cred"),
    "HbtMsg": _shape("type value"),
    "Resp": _shape("reqMsgId result errCode approvalNum actn", "Ref", "Ref"),
    "Ref": _shape(_REF),
}


def check_structure(root: etree._Element, api: str) -> None:
    """Hold a parsed message against the schema of its API.

    Args:
        root: the message.
        api: what the path says it is; a key of `MESSAGES`.

    Raises:
        NotInSchema: the root is not the qualified ``api``, a child is qualified, unknown, repeated
            or out of order, or an attribute is unknown. The message names the path.
    """
    if root.tag != f"{{{NAMESPACE}}}{api}":
        raise NotInSchema(f"the root must be {api} in the UPI namespace")
    if root.attrib:
        raise NotInSchema("the root has no attributes")
    children = [child for child in root if child.tag != f"{{{DSIG}}}Signature"]
    shape = Shape(frozenset(), MESSAGES[api])
    _check_children(children, shape, api, ordered=api not in ANY_ORDER)
    for child in children:
        _check_element(child, f"{api}/{child.tag}")


def _check_element(node: etree._Element, path: str) -> None:
    shape = ELEMENTS[str(node.tag)]
    for attribute in node.attrib:
        if attribute not in shape.attributes:
            raise NotInSchema(f"{path} has no attribute {attribute!s}")
    if node.tag != "Data" and (node.text or "").strip():
        raise NotInSchema(f"{path} holds no text")
    _check_children(list(node), shape, path, ordered=True)
    for child in node:
        _check_element(child, f"{path}/{child.tag}")


def _check_children(
    children: list[etree._Element], shape: Shape, path: str, *, ordered: bool
) -> None:
    position = 0
    seen: set[str] = set()
    for child in children:
        name = str(child.tag)
        if name.startswith("{"):
            raise NotInSchema(
                f"{path} has a child with a namespace: {etree.QName(child).localname}"
            )
        if name not in shape.children:
            raise NotInSchema(f"{path} has no child {name}")
        if name in seen and name not in shape.repeated:
            raise NotInSchema(f"{path}/{name} may stand only once")
        seen.add(name)
        place = shape.children.index(name)
        if ordered and place < position:
            raise NotInSchema(f"{path}/{name} stands out of order")
        position = place
