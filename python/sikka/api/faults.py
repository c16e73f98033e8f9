"""From exceptions to replies: the catalogue's answer, and no word of what went wrong inside."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from sikka.api.call import JSON, Reply
from sikka.domain.errors import InvalidRequest, NotFound, RateLimited, SikkaError
from sikka.domain.views import error_body, status_of

RETRY_AFTER_S = 1

_LOG = logging.getLogger("sikka.api")


def reply_to_error(error: SikkaError, request_id: str) -> Reply:
    """The reply to an error of ours."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.retry_after_s)
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    elif status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="sikka"'
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _LOG.error("%s: %s", request_id, error.code, exc_info=error)
    return Reply(status, error_body(error, request_id), JSON, headers)


def reply_to_framework(error: web.HTTPException, request_id: str) -> Reply:
    """The reply to what aiohttp itself refuses: no such route, or not with this method."""
    ours: SikkaError
    headers: Mapping[str, str] = {}
    match error.status:
        case 404:
            ours = NotFound("route_missing")
        case 405:
            ours = InvalidRequest("method_not_allowed")
            headers = {"Allow": error.headers["Allow"]}
        case 413:
            ours = InvalidRequest("body_too_large")
        case _:
            ours = InvalidRequest("body_invalid")
    return Reply(status_of(ours), error_body(ours, request_id), JSON, headers)


def reply_to_bug(error: Exception, request_id: str) -> Reply:
    """The reply to what nobody foresaw: it goes into the log under the request's id."""
    _LOG.error("%s: unexpected %s", request_id, type(error).__name__, exc_info=error)
    ours = SikkaError("internal_error")
    return Reply(status_of(ours), error_body(ours, request_id))
