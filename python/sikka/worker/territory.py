"""The buckets of this worker: partitions it holds leases on, and the fence for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sikka.domain.change import Amend
from sikka.ports import Lease
from sikka_core import BUCKETS

PARTITIONS = 16
PARTITION_BUCKETS = BUCKETS // PARTITIONS


def lease_name(partition: int) -> str:
    """The name of a partition's lease."""
    return f"partition/{partition:02d}"


def buckets_of(partition: int) -> range:
    """The buckets of a partition."""
    return range(partition * PARTITION_BUCKETS, (partition + 1) * PARTITION_BUCKETS)


def fence_of(lease: Lease) -> Amend:
    """The check, to be part of a change, that nobody has taken the lease since."""
    return Amend(Lease, lease.name, {"token": lease.token}, {})


@dataclass(frozen=True, slots=True)
class Shift:
    """One round of a duty.

    Args:
        buckets: what the worker holds; a contiguous run of partitions.
        guard: the fence of the partition of a bucket.
        wake: to be called when something has happened that may be work for a duty.
    """

    buckets: range
    guard: Callable[[int], Amend]
    wake: Callable[[], None]


class Territory:
    """The leases that a worker holds at one moment; it does not change.

    Args:
        leases: partition to lease.
    """

    def __init__(self, leases: Mapping[int, Lease]) -> None:
        self._fences = {partition: fence_of(lease) for partition, lease in leases.items()}

    def guard(self, bucket: int) -> Amend:
        """The fence of a bucket within the territory."""
        return self._fences[bucket // PARTITION_BUCKETS]

    def ranges(self) -> list[range]:
        """The buckets as few contiguous ranges: neighbours share one query."""
        ranges: list[range] = []
        for partition in sorted(self._fences):
            buckets = buckets_of(partition)
            if ranges and ranges[-1].stop == buckets.start:
                ranges[-1] = range(ranges[-1].start, buckets.stop)
            else:
                ranges.append(buckets)
        return ranges
