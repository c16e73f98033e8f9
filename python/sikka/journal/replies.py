"""Asynchronous answers of the rails, left by one process for another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import column, insert, select, table
from sqlalchemy.exc import IntegrityError

from sikka.journal.database import Database
from sikka.journal.mapping import raw, rows_of
from sikka.journal.queries import moment
from sikka.journal.tables import replies

_ROWS = rows_of(replies, ("reply",))
# Without types: the reply is JSON text already.
_PLAIN = table("replies", column("message_id"), column("reply"), column("expires_at"))


class SqlReplies:
    """See `Replies`.

    Args:
        database: where the replies wait.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def leave(self, key: str, reply: Mapping[str, Any], until: datetime) -> None:
        values = {
            "message_id": key,
            "reply": msgspec.json.encode(reply).decode(),
            "expires_at": moment(until),
        }
        try:
            await self._database.execute(insert(_PLAIN).values(values))
        except IntegrityError:
            # The first one stays.
            return

    async def take(self, key: str) -> Mapping[str, Any] | None:
        query = select(*raw(replies, ("reply",))).where(replies.c.message_id == key)
        rows = _ROWS.decode(await self._database.rows(query))
        return rows[0][0] if rows else None
