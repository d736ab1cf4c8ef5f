"""Keep secrets out of what the HTTP client logs: some platforms take access tokens and keys in the query."""

from __future__ import annotations

import logging

import httpx

__all__ = ["hide_queries"]


class _WithoutQuery(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                each.copy_with(query=None) if isinstance(each, httpx.URL) else each for each in record.args
            )
        return True


_WITHOUT_QUERY = _WithoutQuery()


def hide_queries() -> None:
    """Take the query off every address that httpx logs. Doing it again changes nothing."""
    logging.getLogger("httpx").addFilter(_WITHOUT_QUERY)
