"""Pictures for a report: what visits and Lighthouse saw of the pages, put into the page as data: addresses."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checks.base import File, Subject, Unavailable
from checks.parse.address import page_address
from pipeline.core.model import Artifact

_NAME = re.compile(r"[0-9a-f]{64}")
_KINDS = {".webp": "image/webp", ".jpg": "image/jpeg"}
# A few newest visits of a page are looked through for the one of this very build.
_LOOKED = 6


@dataclass(frozen=True)
class Shots:
    """The pictures of a page by their digests: as on a phone, as on a desktop, and while it loaded (ms, digest)."""

    narrow: str = ""
    wide: str = ""
    film: tuple[tuple[int, str], ...] = ()


@dataclass
class Album:
    """Pictures by digest, as long as there is room: `room` is what is left, in bytes of the page."""

    folders: Sequence[Path]
    room: int
    left_out: int = 0
    _known: dict[str, str] = field(default_factory=dict)

    def address(self, name: str) -> str:
        """Return a picture as a data: address; empty when it is not there, or no room is left for it."""
        if not _NAME.fullmatch(name):
            return ""
        found = self._known.get(name) or self._read(name)
        if not found:
            return ""
        if len(found) > self.room:
            self.left_out += 1
            return ""
        self.room -= len(found)
        self._known[name] = found
        return found

    def _read(self, name: str) -> str:
        for folder in self.folders:
            for ending, kind in _KINDS.items():
                with contextlib.suppress(OSError):
                    data = (folder / f"{name}{ending}").read_bytes()
                    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
        return ""


def folders(state: Path) -> list[Path]:
    """Return where pictures are kept: of visits, and of Lighthouse."""
    from pipeline.gates import lighthouse

    return [state / "cache" / "pictures", lighthouse.pictures(state)]


def films(rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[tuple[int, str], ...]]:
    """Return by page how it appeared on a phone, else on the first screen, from Lighthouse's evidence; pure."""
    found: dict[str, tuple[tuple[int, str], ...]] = {}
    for row in sorted(rows, key=lambda one: one.get("preset") != "mobile"):
        film = next((run["film"] for run in row.get("runs", ()) if run.get("film")), ())
        if film and row["page"] not in found:
            found[row["page"]] = tuple((int(one["ms"]), str(one.get("picture", ""))) for one in film)
    return found


def visited(state: Path, artifact: Artifact, base: str, url: str, pages: Sequence[str]) -> dict[str, Shots]:
    """Return the pictures that visits of these very files made, by page; a database that is not there has none."""
    path = state / "cache" / "visits.db"
    if not path.is_file() or not pages:
        return {}
    from pipeline.gates.visits.ground import Ground
    from pipeline.gates.visits.names import Names

    files = tuple(File(one.path, one.sha256, one.size, one.gzip) for one in artifact.files)
    ground = Ground(Subject(artifact.root, artifact.root, files, artifact.tree, "", base, url))
    names = Names(ground, ground.subject.read)
    query = "select asked, record from visits where page = ? order by id desc limit ?"
    found: dict[str, Shots] = {}
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as store:
            for page in pages:
                for asked, record in store.execute(query, (page, _LOOKED)):
                    if names.same(json.loads(asked)):
                        found[page] = _shots(json.loads(zlib.decompress(record)))
                        break
    # Pictures are beside the point of a report: what cannot be read is not shown.
    except (sqlite3.Error, zlib.error, ValueError, Unavailable):
        return found
    return found


def _shots(record: Mapping[str, Any]) -> Shots:
    views = {one["name"]: one.get("picture", "") for one in record.get("views", ())}
    return Shots(views.get("narrow-light", ""), views.get("wide-light", ""))


def pages_of(artifact: Artifact) -> list[str]:
    """Return the addresses of an artifact's pages, in their order."""
    from checks.parse.address import kind_of

    return sorted(page_address(one.path) for one in artifact.files if kind_of(one.path) == "html")
