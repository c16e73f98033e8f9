"""Compressing what goes back, where the client takes it and it is worth it."""

from __future__ import annotations

import asyncio
import zlib

# Below the first a body fits a packet or two; above the second compressing would hold up others.
WORTH_IT_BYTES = 1024
IN_A_THREAD_BYTES = 64 * 1024
LEVEL = 3

_WINDOW_BITS = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


def encoding_for(accept_encoding: str) -> str | None:
    """The coding to use for an `Accept-Encoding` header: gzip, else deflate, else none."""
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        name, _, parameter = part.partition(";")
        try:
            weights[name.strip()] = float(parameter.partition("=")[2]) if parameter else 1.0
        except ValueError:
            continue
    rest = weights.get("*", 0.0)
    for coding in _WINDOW_BITS:
        if weights.get(coding, rest) > 0:
            return coding
    return None


def compress(body: bytes, coding: str) -> bytes:
    """The body in the coding."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _WINDOW_BITS[coding])
    return compressor.compress(body) + compressor.flush()


async def compressed(body: bytes, accept_encoding: str) -> tuple[bytes, str | None]:
    """The body as it is to be sent, and its coding if it has one."""
    if len(body) <= WORTH_IT_BYTES or not accept_encoding:
        return body, None
    coding = encoding_for(accept_encoding)
    if coding is None:
        return body, None
    if len(body) > IN_A_THREAD_BYTES:
        return await asyncio.to_thread(compress, body, coding), coding
    return compress(body, coding), coding
