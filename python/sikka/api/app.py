"""The web application: every route of the table, behind the one door."""

from __future__ import annotations

from aiohttp import web

from sikka.api.documents import DOCUMENTS, build_documents
from sikka.api.door import Door
from sikka.api.parts import ApiParts
from sikka.api.routes import ROUTES


def build_app(parts: ApiParts) -> web.Application:
    """Return the API as an aiohttp application. It owns nothing that needs to be closed."""
    door = Door(parts)
    # Bodies are bounded where they are read, route by route.
    app = web.Application(middlewares=[door.middleware()])
    app[DOCUMENTS] = build_documents(ROUTES)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, door.handler(route))
    return app
