"""
State on disk: one SQLite file, documents in tables.

A simulator is killed and started again in the middle of a demonstration and must lose nothing, so every change is
committed before its answer leaves. Everything happens on one thread (the server's event loop) and never awaits inside a
transaction, which is why there are no locks here.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

__all__ = ["Collection", "Store", "Values"]


class Store:
    """
    One state file.

    Args:
        path: of the SQLite file, made when absent; `:memory:` for tests.
    """

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")  # survives a killed process, which is what is promised
        self._depth = 0
        self.revision = 0
        """Grows with every change that a person may want to see."""

    def execute(self, sql: str, parameters: tuple[Any, ...] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        return self._db.execute(sql, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything in the block or nothing; may be nested."""
        if self._depth == 0:
            self._db.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0:
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class Collection[T]:
    """
    Documents of one dataclass, in order of insertion.

    Args:
        store: the state file.
        name: of the table; a plain identifier from our own code.
        model: the dataclass that the documents hold.
        key: its field that identifies a document.
        indexed: fields that are searched by.
        quiet: changes are of no interest to a person who looks at the page.
    """

    def __init__(
        self, store: Store, name: str, model: type[T], *, key: str, indexed: tuple[str, ...] = (), quiet: bool = False
    ) -> None:
        self._store, self._name, self._key, self._quiet = store, name, key, quiet
        self._adapter: TypeAdapter[T] = TypeAdapter(model)
        self._searchable = frozenset({key, *indexed})
        self.revision = 0
        """Grows with every change of a document, for what is computed from all of them."""
        store.execute(
            f"CREATE TABLE IF NOT EXISTS {name} (seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, doc TEXT)"
        )
        for field in indexed:
            store.execute(f"CREATE INDEX IF NOT EXISTS {name}_{field} ON {name} ({_path(field)})")

    def get(self, key: str) -> T | None:
        """Return the document of that key."""
        rows = self._store.execute(f"SELECT doc FROM {self._name} WHERE key = ?", (key,))  # noqa: S608 - our own table name
        return self._adapter.validate_json(rows[0][0]) if rows else None

    def put(self, item: T) -> T:
        """Insert or replace; a replaced document keeps its place in the order."""
        self._store.execute(
            f"INSERT INTO {self._name} (key, doc) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET doc = excluded.doc",  # noqa: S608 - our own table name
            (str(getattr(item, self._key)), self._adapter.dump_json(item).decode()),
        )
        self._touch()
        return item

    def remove(self, key: str) -> None:
        """Delete the document of that key, if there is one."""
        self._store.execute(f"DELETE FROM {self._name} WHERE key = ?", (key,))  # noqa: S608 - our own table name
        self._touch()

    def clear(self) -> None:
        """Delete everything."""
        self._store.execute(f"DELETE FROM {self._name}")  # noqa: S608 - our own table name
        self._touch()

    def find(self, *, newest_first: bool = False, limit: int = -1, **where: object) -> list[T]:
        """Return the documents whose fields equal `where`, oldest first unless told otherwise."""
        return self._select(where, newest_first=newest_first, limit=limit)

    def _select(self, where: Mapping[str, object], *, newest_first: bool, limit: int) -> list[T]:
        condition, values = self._where(where)
        order = "DESC" if newest_first else "ASC"
        rows = self._store.execute(
            f"SELECT doc FROM {self._name}{condition} ORDER BY seq {order} LIMIT ?",  # noqa: S608 - our own names
            (*values, limit),
        )
        return [self._adapter.validate_json(row[0]) for row in rows]

    def first(self, **where: object) -> T | None:
        """Return the oldest document whose fields equal `where`."""
        return next(iter(self._select(where, newest_first=False, limit=1)), None)

    def count(self, **where: object) -> int:
        """Count the documents whose fields equal `where`."""
        condition, values = self._where(where)
        return int(self._store.execute(f"SELECT COUNT(*) FROM {self._name}{condition}", values)[0][0])  # noqa: S608 - our own names

    def dump(self, item: T) -> dict[str, Any]:
        """Return the document as JSON-ready values."""
        return dict(self._adapter.dump_python(item, mode="json"))

    def _where(self, where: Mapping[str, object]) -> tuple[str, tuple[object, ...]]:
        unknown = where.keys() - self._searchable
        if unknown:
            raise ValueError(f"{self._name} is not searched by {sorted(unknown)}: index it first")
        if not where:
            return "", ()
        return " WHERE " + " AND ".join(f"{_path(field)} = ?" for field in where), tuple(where.values())

    def _touch(self) -> None:
        self.revision += 1
        if not self._quiet:
            self._store.revision += 1


class Values:
    """Small named values: the clock's offset, counters, switches."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.execute("CREATE TABLE IF NOT EXISTS named_values (name TEXT PRIMARY KEY, value REAL)")

    def get(self, name: str, default: float = 0.0) -> float:
        """Return the value of that name."""
        rows = self._store.execute("SELECT value FROM named_values WHERE name = ?", (name,))
        return float(rows[0][0]) if rows else default

    def put(self, name: str, value: float) -> None:
        """Keep the value under that name."""
        self._store.execute(
            "INSERT INTO named_values VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def increment(self, name: str) -> int:
        """Add one and return the sum."""
        value = self.get(name) + 1
        self.put(name, value)
        return int(value)


def _path(field: str) -> str:
    return f"json_extract(doc, '$.{field}')"
