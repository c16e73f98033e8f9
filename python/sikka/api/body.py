"""Reading the body of a request, bounded in type and size."""

from __future__ import annotations

from aiohttp import web

from sikka.domain.errors import InvalidRequest


async def read_body(request: web.Request, limit: int, *, json: bool) -> bytes:
    """Return the body, decompressed, of at most `limit` bytes.

    Args:
        json: whether a body that is not empty must be `application/json` in UTF-8.

    Raises:
        InvalidRequest: `body_too_large`, `content_type_unsupported`, or `body_invalid` when it
            is cut short or not in the coding it claims to be in.
    """
    if not request.body_exists:
        return b""
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    if json and not _is_json(request):
        raise InvalidRequest("content_type_unsupported", param="Content-Type")
    try:
        return await _bounded(request, limit)
    except (web.RequestPayloadError, ConnectionError):
        raise InvalidRequest(
            "body_invalid", "the body is cut short or not in its Content-Encoding"
        ) from None


async def _bounded(request: web.Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _is_json(request: web.Request) -> bool:
    written = request.headers.get("Content-Type", "")
    if written == "application/json":
        return True
    if request.content_type != "application/json":
        return False
    return (request.charset or "utf-8").lower() in {"utf-8", "utf8"}


def _too_large(limit: int) -> InvalidRequest:
    return InvalidRequest("body_too_large", f"the body may hold at most {limit} bytes")
