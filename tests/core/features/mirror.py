"""Counts a payment into a record a second time, as a script inside of Redis would have to.

It is written from the description of the bytes alone, with what such a script has: strings, floats
and + - * /. What it makes must equal what the core makes, byte for byte.
"""

from __future__ import annotations

import math
import struct

HEAD = struct.Struct("<4BI3Q12dQ6d8I4I")
EVENT = struct.Struct("<I2d5II2d")
KINDS = ("user", "instrument", "device", "ip", "merchant")
# Whose different values are counted: the place of the kind among KINDS.
DISTINCT = {"user": 4, "instrument": 4, "device": 1, "ip": 1, "merchant": 1}
WINDOWS_MS = [3.6e6, 8.64e7, 7 * 8.64e7, 30 * 8.64e7]
LN_2 = 0.6931471805599453
SERIES = [1 / math.factorial(k) for k in range(12, 1, -1)] + [1.0, 1.0]
MINUTES, HOURS = 61, 25
PLACES = 16
NO_LABELS = [0] + [0.0] * 6
NO_PLACE = b"\0" * 120


def weight(age_ms: float, window_ms: float) -> float:
    half_lives = min(age_ms / (window_ms * LN_2), 1000.0)
    whole = int(half_lives + 0.5)
    y = (whole - half_lives) * LN_2
    power = 0.0
    for coefficient in SERIES:
        power = power * y + coefficient
    return math.ldexp(power, -whole)


def touch(tags: list[int], tag: int) -> list[int]:
    """The tag in front, and out of the place where it was."""
    place = tags.index(tag) if tag in tags else len(tags) - 1
    return [tag, *tags[:place], *tags[place + 1 :]]


def shift(buckets: list[int], by: int) -> list[int]:
    by = min(max(by, 0), len(buckets))
    return [0] * by + buckets[: len(buckets) - by]


def bump(buckets: list[int], back: int) -> None:
    if back < len(buckets):
        buckets[back] = min(buckets[back] + 1, 65_535)


def forget(values: list[list[int]], level: int, minute: int) -> int:
    """Empty what has not been seen for a day; return the level of the sample after it."""
    for value in values:
        if minute - value[1] > 1_440:
            value[:] = [0, 0]
    live = sum(value[0] != 0 for value in values)
    if live == 0:
        return 0
    return max(level - 1, 0) if live <= 3 else level


def see(values: list[list[int]], level: int, tag: int, minute: int) -> int:
    """See a value; return the level of the sample after it."""
    for value in values:
        if value[0] == tag:
            value[1] = max(value[1], minute)
            return level
    while tag <= 0xFFFFFFFF >> level:
        for value in values:
            if value[0] == 0:
                value[:] = [tag, minute]
                return level
        level = min(level + 1, 31)
        for value in values:
            if value[0] > 0xFFFFFFFF >> level:
                value[:] = [0, 0]
    return level


def update(kind: str, record: bytes | None, event: bytes) -> bytes:
    """The record after a payment, as `sikka_core.update_record` has it."""
    identity, at_ms, amount, *tags, cell, latitude, longitude = EVENT.unpack(event)
    if record is None:
        fresh = HEAD.pack(1, KINDS.index(kind), 0, 0, *[0] * 4, *[0.0] * 12, *NO_LABELS, *[0] * 12)
        record = fresh + b"\0" * 300 + (NO_PLACE if kind == "user" else b"")
    head = HEAD.unpack_from(record)
    _, number, level, has_place, payments, first_ms, last_ms, last_amount = head[:8]
    counts, sums, squares = list(head[8:12]), list(head[12:16]), list(head[16:20])
    labels, counted, labelled = head[20:27], list(head[27:35]), head[35:39]
    if identity in counted:
        return record
    values = [list(value) for value in struct.iter_unpack("<2I", record[232:360])]
    minutes = list(struct.unpack("<61H", record[360:482]))
    hours = list(struct.unpack("<25H", record[482:532]))

    weights = [weight(max(last_ms - at_ms, 0), window_ms) for window_ms in WINDOWS_MS]
    if at_ms > last_ms:
        for place, window_ms in enumerate(WINDOWS_MS):
            passed = weight(at_ms - last_ms, window_ms)
            for numbers in (counts, sums, squares):
                numbers[place] *= passed
        minutes = shift(minutes, int(at_ms // 60_000 - last_ms // 60_000))
        hours = shift(hours, int(at_ms // 3_600_000 - last_ms // 3_600_000))
        level = forget(values, level, int(at_ms // 60_000))
        last_ms = int(at_ms)
    for place, share in enumerate(weights):
        counts[place] += share * 1.0
        sums[place] += share * amount
        squares[place] += share * (amount * amount)
    first_ms = int(at_ms) if payments == 0 else min(first_ms, int(at_ms))
    payments = min(payments + 1, 0xFFFFFFFF)
    last_amount = int(amount) if at_ms >= last_ms else last_amount
    bump(minutes, int(last_ms // 60_000 - at_ms // 60_000))
    bump(hours, int(last_ms // 3_600_000 - at_ms // 3_600_000))
    if (tag := tags[DISTINCT[kind]]) and last_ms // 60_000 - at_ms // 60_000 <= 1_440:
        level = see(values, level, tag, int(at_ms // 60_000))
    place = b""
    if kind == "user":
        has_place, place = recognise(
            record[532:], has_place, tags[2], (at_ms, cell, latitude, longitude)
        )
    return b"".join(
        [
            HEAD.pack(
                1, number, level, has_place, payments, first_ms, last_ms, last_amount,
                *counts, *sums, *squares, *labels, *touch(counted, identity), *labelled,
            ),
            *(struct.pack("<2I", *value) for value in values),
            struct.pack("<61H", *minutes),
            struct.pack("<25H", *hours),
            place,
        ]
    )  # fmt: skip


def recognise(
    known: bytes, has_place: int, device: int, here: tuple[float, int, float, float]
) -> tuple[int, bytes]:
    """What a user's record knows of devices and places after a payment."""
    place_ms, latitude, longitude, *tags = struct.unpack("<Q2d24I", known)
    devices, places = tags[:8], tags[8:]
    at_ms, cell, *degrees = here
    if device:
        devices = touch(devices, device)
    if cell:
        places = touch(places, cell)
        if not has_place or at_ms >= place_ms:
            has_place, place_ms = 1, int(at_ms)
            latitude, longitude = degrees
    return has_place, struct.pack("<Q2d24I", place_ms, latitude, longitude, *devices, *places)
