"""The documents about the API that the API serves, made once at the start."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from aiohttp import web

from sikka.api.openapi import openapi_document
from sikka.api.route import Route
from sikka.domain.catalogue import CATALOGUE

_PLACE_OF_DATA = "/*DATA*/null"


@dataclass(frozen=True, slots=True)
class Documents:
    """`openapi` is JSON; `page` is HTML that needs nothing from elsewhere."""

    openapi: bytes
    page: bytes


DOCUMENTS: web.AppKey[Documents] = web.AppKey("documents", Documents)


def build_documents(routes: Sequence[Route]) -> Documents:
    """Make the documents of a table of routes."""
    document = openapi_document(routes)
    errors = [
        {"code": code, "type": entry.type, "status": entry.http_status, "message": entry.message}
        for code, entry in CATALOGUE.items()
    ]
    template = resources.files("sikka.api").joinpath("docs.html").read_text("utf-8")
    # `</` inside a script would end it.
    data = json.dumps({"openapi": document, "errors": errors}).replace("</", "<\\/")
    return Documents(
        openapi=json.dumps(document, ensure_ascii=False).encode(),
        page=template.replace(_PLACE_OF_DATA, data).encode(),
    )
