"""Lighthouse's runs, kept in SQLite until something that the page loads, or what measures it, is another one."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# Another layout of the tables: the file is begun anew.
_VERSION = 1
_TABLES = """\
create table if not exists runs (
    id integer primary key,
    tool text not null,
    page text not null,
    preset text not null,
    needs text not null,
    run blob not null
);
create index if not exists runs_of_page on runs (tool, page, preset, id);
"""
# So many runs of a page and screen are kept: a build that is undone finds its runs again.
_KEPT = 30
_BUSY_SECONDS = 30.0


class KeptRuns:
    """The database of runs; every method raises `sqlite3.Error`. A run is there as soon as it was made."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._base.execute("pragma journal_mode = wal")
        self._base.execute("pragma synchronous = normal")
        if self._base.execute("pragma user_version").fetchone()[0] != _VERSION:
            self._base.execute("drop table if exists runs")
            self._base.execute(f"pragma user_version = {_VERSION}")
        self._base.executescript(_TABLES)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def of(
        self, tool: str, page: str, preset: str, digest_of: Callable[[str], str | None]
    ) -> list[dict[str, Any]]:
        """Return the runs, oldest first, that loaded just what `digest_of` gives for each of their paths now."""
        query = "select needs, run from runs where tool = ? and page = ? and preset = ? order by id"
        return [
            json.loads(zlib.decompress(run))
            for needs, run in self._base.execute(query, (tool, page, preset)).fetchall()
            if all(digest_of(path) == digest for path, digest in json.loads(needs).items())
        ]

    def add(
        self, tool: str, page: str, preset: str, needs: Mapping[str, str | None], run: Mapping[str, Any]
    ) -> None:
        """Keep a run with the digests of what it loaded; the oldest go when they are too many."""
        body = zlib.compress(json.dumps(run, separators=(",", ":")).encode(), 6)
        values = (tool, page, preset, json.dumps(needs, sort_keys=True), body)
        self._base.execute("insert into runs (tool, page, preset, needs, run) values (?, ?, ?, ?, ?)", values)
        self._base.execute(
            "delete from runs where id in (select id from runs where page = ? and preset = ? "
            "order by id desc limit -1 offset ?)",
            (page, preset, _KEPT),
        )

    def drop(self, tool: str, page: str, preset: str) -> None:
        """Forget a page's runs."""
        self._base.execute(
            "delete from runs where tool = ? and page = ? and preset = ?", (tool, page, preset)
        )
