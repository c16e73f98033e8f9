from __future__ import annotations

import gzip
import zlib

import pytest

from sikka.api.compression import IN_A_THREAD_BYTES, WORTH_IT_BYTES, compressed, encoding_for

BODY = b'{"object":"list"}' * 200


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("deflate", "deflate"),
        ("GZIP;q=0.5", "gzip"),
        ("gzip;q=0, deflate", "deflate"),
        ("gzip; q=0", None),
        ("*", "gzip"),
        ("gzip;q=0, *", "deflate"),
        ("br", None),
        ("identity", None),
        ("gzip;q=much", None),
        ("", None),
    ],
)
def test_the_coding_is_one_that_the_client_takes(header: str, coding: str | None) -> None:
    assert encoding_for(header) == coding


@pytest.mark.parametrize("size", [WORTH_IT_BYTES + 1, IN_A_THREAD_BYTES + 1])
async def test_a_large_body_is_compressed_and_can_be_read_again(size: int) -> None:
    body = (BODY * (size // len(BODY) + 1))[:size]
    sent, coding = await compressed(body, "gzip")
    assert coding == "gzip"
    assert gzip.decompress(sent) == body
    sent, coding = await compressed(body, "deflate")
    assert coding == "deflate"
    assert zlib.decompress(sent) == body


async def test_a_small_body_is_left_alone() -> None:
    body = b"x" * WORTH_IT_BYTES
    assert await compressed(body, "gzip") == (body, None)


async def test_nothing_is_compressed_for_who_did_not_ask() -> None:
    assert await compressed(BODY, "") == (BODY, None)
    assert await compressed(BODY, "br") == (BODY, None)
