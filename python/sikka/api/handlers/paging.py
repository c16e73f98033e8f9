"""From the query of a list to the page that the reader is asked for."""

from __future__ import annotations

from sikka.api.queries import AccountsQuery, PageQuery
from sikka.domain.errors import InvalidRequest
from sikka.ports import Page


def page(query: PageQuery | AccountsQuery) -> Page:
    """The page that is meant.

    Raises:
        InvalidRequest: both cursors are given.
    """
    if query.starting_after is not None and query.ending_before is not None:
        raise InvalidRequest("cursor_invalid", param="ending_before")
    return Page(query.limit, query.starting_after, query.ending_before)
