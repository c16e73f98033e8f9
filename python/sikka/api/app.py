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
        # Every id has an underscore and no word beside an id has one: `/v1/payments/batch` is not
        # the payment `batch`.
        path = route.path.replace("{id}", "{id:[^{}/]*_[^{}/]*}")
        app.router.add_route(route.method, path, door.handler(route))
    return app
