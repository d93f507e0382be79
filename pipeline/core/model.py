"""What two or more areas share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    """One file of an artifact: path with `/`, git blob id (SHA-1), SHA-256 of its bytes, sizes in bytes.

    `gzip` (level 6) is what GitHub Pages sends for text; `brotli` (quality 5) is for comparison, Pages has none.
    """

    path: str
    oid: str
    sha256: str
    size: int
    gzip: int
    brotli: int


@dataclass(frozen=True)
class Artifact:
    """A built output, immutable: its files in path order and the git tree id that names it.

    `root` is the folder it was read from; the bytes themselves are kept in the site's object store under `tree`.
    """

    tree: str
    files: tuple[Entry, ...]
    root: Path

    @cached_property
    def by_path(self) -> dict[str, Entry]:
        """Return the files by path."""
        return {entry.path: entry for entry in self.files}

    @property
    def size(self) -> int:
        """Return the total of raw bytes."""
        return sum(entry.size for entry in self.files)

    @cached_property
    def manifest(self) -> bytes:
        """Return one line per file, `<sha256>  <path>`, in path order: what `sha256sum --check` reads."""
        return "".join(f"{entry.sha256}  {entry.path}\n" for entry in self.files).encode()

    @property
    def manifest_digest(self) -> str:
        """Return the SHA-256 of the manifest."""
        return hashlib.sha256(self.manifest).hexdigest()
