"""Leases in the database: who may work on what, and with which fencing token."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from sikka.journal.database import Database
from sikka.journal.mapping import MAPPINGS
from sikka.journal.queries import moment
from sikka.journal.tables import leases
from sikka.ports import Lease

_MAPPING = MAPPINGS[Lease]

# A lease that was given back is one that ran out long ago; its token stays and grows on.
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class SqlLeases:
    """See `Leases`. Each step is one statement that holds only for the token that was read.

    Args:
        database: where the leases are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(
        self, names: Sequence[str], holder: str, now: datetime, ttl_s: float, limit: int
    ) -> Sequence[Lease]:
        if not names or limit < 1:
            return []
        query = select(*_MAPPING.selected).where(leases.c.name.in_(names))
        records = _MAPPING.records(await self._database.rows(query))
        known: dict[str, Lease] = {lease.name: lease for lease in records}
        expires_at = now + timedelta(seconds=ttl_s)
        taken: list[Lease] = []
        for name in names:
            if len(taken) == limit:
                break
            lease = known.get(name)
            if lease is None:
                mine = Lease(name, holder, 1, expires_at)
                won = await self._create(mine)
            elif lease.expires_at <= now:
                mine = Lease(name, holder, lease.token + 1, expires_at)
                won = await self._replace(lease, mine)
            else:
                continue
            if won:
                taken.append(mine)
        return taken

    async def renew(self, lease: Lease, now: datetime, ttl_s: float) -> Lease | None:
        renewed = Lease(lease.name, lease.holder, lease.token, now + timedelta(seconds=ttl_s))
        return renewed if await self._replace(lease, renewed) else None

    async def release(self, lease: Lease) -> None:
        await self._replace(lease, Lease(lease.name, lease.holder, lease.token, _LONG_AGO))

    async def _create(self, lease: Lease) -> bool:
        try:
            await self._database.execute(insert(leases).values(_columns(lease)))
        except IntegrityError:
            return False
        return True

    async def _replace(self, held: Lease, new: Lease) -> bool:
        # Whoever took it since then has raised the token.
        where = (
            leases.c.name == held.name,
            leases.c.token == held.token,
            leases.c.holder == held.holder,
        )
        statement = update(leases).where(*where).values(_columns(new))
        return await self._database.execute(statement) == 1


def _columns(lease: Lease) -> dict[str, object]:
    return {
        "name": lease.name,
        "holder": lease.holder,
        "token": lease.token,
        "expires_at": moment(lease.expires_at),
    }
