"""The kept records, in SQLite: a row once written is never changed, so readers need no lock."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from checks.base import Unavailable

# Another layout of the tables: the file is begun anew.
_VERSION = 1
_TABLES = """\
create table if not exists visits (
    id integer primary key,
    context text not null,
    page text not null,
    asked text not null,
    until text not null,
    pictures text not null,
    record blob not null
);
create index if not exists visits_of_page on visits (context, page, id);
create index if not exists visits_until on visits (until);
"""
# So many visits of a page are kept: a build that is undone finds its records again.
_KEPT = 3
FOR_EVER = "9999"
_BUSY_SECONDS = 30.0


@dataclass(frozen=True)
class Row:
    """A kept visit: what answered for the addresses that the page asked for, and until when it may be used."""

    id: int
    asked: Mapping[str, Sequence[Any]]
    until: str


class Store:
    """The database of visits; every method raises `sqlite3.Error`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._open()

    def _open(self) -> None:
        self._base = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._base.execute("pragma journal_mode = wal")
        self._base.execute("pragma synchronous = normal")
        if self._base.execute("pragma user_version").fetchone()[0] != _VERSION:
            self._base.execute("drop table if exists visits")
            self._base.execute(f"pragma user_version = {_VERSION}")
        self._base.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def kept(self, context: str, page: str) -> Iterator[Row]:
        """Return a page's kept visits, the newest first."""
        query = "select id, asked, until from visits where context = ? and page = ? order by id desc"
        for number, asked, until in self._base.execute(query, (context, page)).fetchall():
            yield Row(number, json.loads(asked), until)

    def add(
        self, context: str, page: str, asked: Mapping[str, object], until: str, record: Mapping[str, Any]
    ) -> int:
        """Keep a visit, and return its number; those before it go when they are more than a few."""
        pictures = [view["picture"] for view in record.get("views", ()) if view["picture"]]
        body = zlib.compress(json.dumps(record, separators=(",", ":")).encode(), 6)
        cursor = self._base.execute(
            "insert into visits (context, page, asked, until, pictures, record) values (?, ?, ?, ?, ?, ?)",
            (context, page, json.dumps(asked), until, " ".join(pictures), body),
        )
        return int(cursor.lastrowid or 0)

    def record(self, number: int) -> dict[str, Any]:
        """Return the record of a visit; raises Unavailable when another run removed it."""
        row = self._base.execute("select record from visits where id = ?", (number,)).fetchone()
        if row is None:
            raise Unavailable("another run removed what the browser saw", "the same again")
        found: dict[str, Any] = json.loads(zlib.decompress(row[0]))
        return found

    def drop_but(self, keep: set[int]) -> None:
        """Forget everything but some visits."""
        every = [number for (number,) in self._base.execute("select id from visits")]
        self._base.executemany(
            "delete from visits where id = ?", [(one,) for one in every if one not in keep]
        )

    def tidy(self, before: str, keep: set[int]) -> None:
        """Forget what was to be used until `before`, and all but a few visits of each page; `keep` is in use."""
        query = (
            "select id from (select id, row_number() over (partition by context, page order by id desc) as age "
            "from visits) where age > ? union select id from visits where until < ?"
        )
        old = [(number,) for (number,) in self._base.execute(query, (_KEPT, before)) if number not in keep]
        self._base.executemany("delete from visits where id = ?", old)

    def pictures(self) -> Iterator[str]:
        """Return the names of all pictures that a kept record shows."""
        for (names,) in self._base.execute("select pictures from visits"):
            yield from names.split()
