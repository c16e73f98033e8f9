"""XML from the wire, parsed without DTD, entities, comments or processing instructions."""

from __future__ import annotations

from lxml import etree

_DEPTH_MAX = 12


class Malformed(Exception):
    """The body is not XML that the switch reads (U05)."""


def parse(body: bytes) -> etree._Element:
    """Parse one message.

    Returns:
        The root element.

    Raises:
        Malformed: not well-formed UTF-8 XML, a document type, an entity, a comment, a processing
            instruction, or nested deeper than any message.
    """
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Malformed("a document type is not allowed")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed("not well-formed XML") from error
    for node in root.iter():
        if not isinstance(node.tag, str):
            raise Malformed("comments, entities and processing instructions are not allowed")
    _check_depth(root)
    return root


def child(root: etree._Element, path: str) -> etree._Element:
    """The element at a path whose presence has been checked before.

    Raises:
        LookupError: it is not there after all, which is an error of this simulator.
    """
    found = root.find(path)
    if found is None:
        raise LookupError(f"{path} should have been checked")
    return found


def _check_depth(root: etree._Element) -> None:
    level, depth = list(root), 1
    while level:
        depth += 1
        if depth > _DEPTH_MAX:
            raise Malformed("nested too deeply")
        level = [child for parent in level for child in parent]
