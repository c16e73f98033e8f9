"""A phone's camera: finds the QR code in a picture and reads it, PNG or SVG."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import zxingcpp

SVG = "{http://www.w3.org/2000/svg}"
_WHITE = 255
# One stroke of the picture's path: move (absolute or relative), or draw to the right.
_STROKE = re.compile(r"([Mmh])(-?[\d.]+)(?: ?(-?[\d.]+))?")


def scan_png(picture: bytes) -> str:
    """Read a PNG of one bit a pixel, grey, as its format defines it (W3C PNG, 1 bit, no palette).

    Raises:
        ValueError: it is another kind of picture, or shows no QR code.
    """
    if not picture.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError("no PNG")
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", picture[16:29])
    if (depth, colour, interlaced) != (1, 0, 0):
        raise ValueError("not one bit a pixel, grey")
    raw = zlib.decompress(b"".join(data for kind, data in _chunks(picture) if kind == b"IDAT"))
    line_bytes = (width + 7) // 8 + 1
    pixels = bytearray()
    above = bytes(line_bytes - 1)
    for start in range(0, line_bytes * height, line_bytes):
        above = _unfiltered(raw[start], raw[start + 1 : start + line_bytes], above)
        bits = "".join(f"{byte:08b}" for byte in above)[:width]
        pixels += bytes(_WHITE if bit == "1" else 0 for bit in bits)
    return _scan(bytes(pixels), width, height)


def scan_svg(picture: bytes) -> str:
    """Read an SVG that is drawn in horizontal strokes of one module.

    Raises:
        ValueError: it shows no QR code.
    """
    root = ET.fromstring(picture)  # noqa: S314 - the gateway under test drew it
    path = root.find(f"{SVG}path")
    if root.tag != f"{SVG}svg" or path is None:
        raise ValueError("no SVG with a path")
    scale = int(float((path.get("transform") or "scale(1)")[6:-1]))
    width, height = int(root.get("width", "0")), int(root.get("height", "0"))
    pixels = bytearray([_WHITE]) * (width * height)
    x = y = 0.0
    for kind, first, second in _STROKE.findall(path.get("d", "")):
        if kind == "M":
            x, y = float(first), float(second)
        elif kind == "m":
            x, y = x + float(first), y + float(second)
        else:
            _draw(pixels, width, scale, int(x), int(y), int(first))
            x += float(first)
    return _scan(bytes(pixels), width, height)


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(picture):
        length, kind = struct.unpack(">I4s", picture[at : at + 8])
        yield kind, picture[at + 8 : at + 8 + length]
        at += 12 + length


def _draw(pixels: bytearray, width: int, scale: int, x: int, y: int, modules: int) -> None:
    for line in range(y * scale, (y + 1) * scale):
        start = line * width + x * scale
        pixels[start : start + modules * scale] = bytes(modules * scale)


def _unfiltered(kind: int, line: bytes, above: bytes) -> bytes:
    """A line without its filter; one bit a pixel counts as one byte a pixel."""
    if kind == 0:
        return line
    if kind == 2:
        return bytes((byte + up) % 256 for byte, up in zip(line, above, strict=True))
    raise ValueError(f"filter {kind} is not used in pictures of one bit")


def _scan(pixels: bytes, width: int, height: int) -> str:
    # Of all kinds of codes, a picture now and then shows a second one by chance.
    found = zxingcpp.read_barcodes(
        memoryview(pixels).cast("B", shape=[height, width]),
        formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]),
    )
    if len(found) != 1:
        raise ValueError(f"{len(found)} codes in the picture")
    text: str = found[0].text
    return text
