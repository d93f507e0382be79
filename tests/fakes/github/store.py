"""What the double knows: one JSON file that is always whole, so a killed server goes on where it was."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fakes.github.objects import Bare

Json = dict[str, Any]
Clock = Callable[[], datetime]

_FRESH: Json = {
    "ports": {"api": 0, "front": 0},
    "tokens": {},
    "plans": {},
    "organizations": [],
    "usage": {},
    "used": 0,
    "next": 1,
    "repositories": {},
}


def utc_now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """A time as GitHub writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """The state in a folder: `state.json`, and `repositories/<owner>/<name>.git`."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self.lock = threading.RLock()
        self.roots = folder / "repositories"
        self.roots.mkdir(parents=True, exist_ok=True)
        self._path = folder / "state.json"
        self.data: Json = {}
        self.load()

    def load(self) -> None:
        """Forget what is in memory and read what was saved."""
        with self.lock:
            saved = json.loads(self._path.read_text("utf-8")) if self._path.exists() else {}
            self.data = json.loads(json.dumps(_FRESH)) | saved

    @contextmanager
    def change(self) -> Iterator[Json]:
        """Hold the state, and save it whole at the end."""
        with self.lock:
            yield self.data
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps(self.data), encoding="utf-8")
            os.replace(new, self._path)  # noqa: PTH105 - the same call, and said to be atomic

    def next_id(self) -> int:
        self.data["next"] += 1
        return int(self.data["next"])

    def now(self) -> str:
        return stamp(self.clock())

    def find(self, name: str) -> Json | None:
        """The repository called `owner/name`; case does not count, as on GitHub."""
        wanted = name.lower()
        with self.lock:
            for known, repository in self.data["repositories"].items():
                if known.lower() == wanted:
                    found: Json = repository
                    return found
        return None

    def repository(self, name: str) -> Json:
        found = self.find(name)
        if found is None:
            raise LookupError(f"there is no repository {name}")
        return found

    def bare(self, repository: Json) -> Bare:
        return Bare(self.roots / f"{repository['full_name']}.git")
