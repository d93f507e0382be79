"""Compares two builds of the same sources: which files differ, where, and what the difference looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.model import Artifact, Entry

_CONTEXT = 40  # characters shown on either side
_CHUNK = 1 << 16
_TOKEN = re.compile(rb"[A-Za-z0-9_\-:.+]")
_LONGEST_TOKEN = 200
# The first shape that both sides have is the answer.
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a UUID", re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)),
    (
        "a timestamp",
        re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?|\d\d:\d\d:\d\d(?:\.\d+)?"),
    ),
    # Seconds or milliseconds since 1970, between 2001 and 2286.
    ("a timestamp", re.compile(r"(?<![\w.])\d{10}(?:\d{3})?(?![\w.])")),
    ("a hash", re.compile(r"(?<![0-9a-z])(?=[0-9a-f]*\d)[0-9a-f]{7,128}(?![0-9a-z])", re.IGNORECASE)),
    ("a hash", re.compile(r"(?<![\w-])(?=[\w-]*[A-Z0-9])(?=[\w-]*[a-z0-9])[\w-]{8,24}(?![\w-])")),
    ("a random or counted number", re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")),
)
# Bundlers put a hash of 6 to 16 characters before the ending: `index-BxK2f9aQ.js`, `index.BxK2f9aQ.css`.
_HASHED_NAME = re.compile(r"[.\-_](?=[\w-]*[A-Z0-9])[A-Za-z0-9_-]{6,16}(?=\.\w+$)")


@dataclass(frozen=True)
class Difference:
    """One file that differs; `kind` is changed, renamed, only in the first or only in the second.

    `offset` counts bytes from 0, `line` from 1 (0: not text); `first` and `second` are what stands there.
    """

    path: str
    kind: str
    offset: int = 0
    line: int = 0
    first: str = ""
    second: str = ""
    looks_like: str = ""
    other: str = ""

    def text(self) -> str:
        """Return the difference as one line for people."""
        if self.kind == "renamed":
            return f"{self.path}: only its name's hash differs, the second is {self.other}"
        if self.kind != "changed":
            return f"{self.path}: {self.kind} build"
        place = f"line {self.line}, byte {self.offset:,}" if self.line else f"byte {self.offset:,}"
        like = f" ({self.looks_like})" if self.looks_like else ""
        return f"{self.path}: {place}: {self.first!r} became {self.second!r}{like}"


@dataclass(frozen=True)
class Comparison:
    """The outcome of building twice: both tree ids and what differs, in path order."""

    first: str
    second: str
    files: int
    differences: tuple[Difference, ...]

    @property
    def identical(self) -> bool:
        """Whether both builds are the same, byte for byte."""
        return self.first == self.second


def compare(first: Artifact, first_root: Path, second: Artifact, second_root: Path) -> Comparison:
    """Compare two artifacts by digest; the bytes of files that differ are read from the two folders."""
    before, after = first.by_path, second.by_path
    found = []
    for path in sorted(before.keys() & after.keys()):
        if before[path].sha256 != after[path].sha256:
            one, two = (first_root / path).read_bytes(), (second_root / path).read_bytes()
            found.append(locate(path, one, two))
    found += _moved(
        [before[path] for path in sorted(before.keys() - after.keys())],
        [after[path] for path in sorted(after.keys() - before.keys())],
    )
    ordered = tuple(sorted(found, key=lambda one: one.path))
    return Comparison(first.tree, second.tree, len(after), ordered)


def _moved(gone: list[Entry], new: list[Entry]) -> Iterator[Difference]:
    waiting = {entry.path: entry for entry in new}
    for entry in gone:
        stem = _HASHED_NAME.sub("", entry.path)
        twin = next(
            (
                path
                for path in waiting
                if stem not in {entry.path, path} and _HASHED_NAME.sub("", path) == stem
            ),
            None,
        )
        if twin is None:
            yield Difference(entry.path, "only in the first")
        else:
            del waiting[twin]
            yield Difference(entry.path, "renamed", other=twin, looks_like="a hash")
    for path in waiting:
        yield Difference(path, "only in the second")


def first_difference(one: bytes, two: bytes) -> int:
    """Return the offset of the first byte that differs, or the shorter length where one starts the other."""
    shorter = min(len(one), len(two))
    for start in range(0, shorter, _CHUNK):
        end = min(start + _CHUNK, shorter)
        if one[start:end] != two[start:end]:
            return next(place for place in range(start, end) if one[place] != two[place])
    return shorter


def locate(path: str, one: bytes, two: bytes) -> Difference:
    """Return where two contents of a file differ first, with the words that stand there."""
    offset = first_difference(one, two)
    if _binary(one) or _binary(two):
        return Difference(
            path, "changed", offset, 0, one[offset : offset + 8].hex(), two[offset : offset + 8].hex()
        )
    line = one.count(b"\n", 0, offset) + 1
    left, right = _token(one, offset), _token(two, offset)
    return Difference(
        path, "changed", offset, line, _around(one, offset), _around(two, offset), looks_like(left, right)
    )


def _binary(data: bytes) -> bool:
    return b"\0" in data[:8_000]


def _token(data: bytes, offset: int) -> str:
    """Return the run of word characters around an offset."""
    start = end = offset
    while start > 0 and offset - start < _LONGEST_TOKEN and _TOKEN.match(data[start - 1 : start]):
        start -= 1
    while end < len(data) and end - offset < _LONGEST_TOKEN and _TOKEN.match(data[end : end + 1]):
        end += 1
    return data[start:end].decode("utf-8", "replace")


def _around(data: bytes, offset: int) -> str:
    """Return the part of the line around an offset."""
    start = max(data.rfind(b"\n", 0, offset) + 1, offset - _CONTEXT)
    stop = data.find(b"\n", offset)
    stop = len(data) if stop < 0 else stop
    return data[start : min(stop, offset + _CONTEXT)].decode("utf-8", "replace")


def looks_like(left: str, right: str) -> str:
    """Return what two differing words both look like (a timestamp, a UUID, a hash), or nothing."""
    return next((name for name, shape in _SHAPES if shape.search(left) and shape.search(right)), "")
