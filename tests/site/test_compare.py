"""Where two builds differ, and what the difference looks like."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipeline.core.model import Artifact, Entry
from pipeline.site.compare import Comparison, compare, first_difference, locate, looks_like
from tests.site.tiny import write


def artifact(root: Path, files: dict[str, str]) -> Artifact:
    write(root, files)
    entries = [
        Entry(path, "", hashlib.sha256(text.encode()).hexdigest(), len(text), 0, 0)
        for path, text in sorted(files.items())
    ]
    return Artifact(hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest(), tuple(entries), root)


def compared(tmp_path: Path, first: dict[str, str], second: dict[str, str]) -> Comparison:
    one, two = artifact(tmp_path / "1", first), artifact(tmp_path / "2", second)
    return compare(one, one.root, two, two.root)


def test_equal_builds_are_identical(tmp_path: Path) -> None:
    found = compared(tmp_path, {"index.html": "1"}, {"index.html": "1"})
    assert found.identical
    assert found.differences == ()


def test_difference_is_found_with_line_offset_and_context(tmp_path: Path) -> None:
    text = "<h1>\n<p>made at 2026-01-0{}T10:00:00Z</p>\n"
    found = compared(tmp_path, {"a.html": text.format(1)}, {"a.html": text.format(2)})
    (one,) = found.differences
    assert one.text() == (
        "a.html: line 2, byte 25: '<p>made at 2026-01-01T10:00:00Z</p>' became "
        "'<p>made at 2026-01-02T10:00:00Z</p>' (a timestamp)"
    )


def test_name_with_another_hash_is_one_difference(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        {"_astro/index.BxK2f9aQ.js": "1", "gone.txt": "", "app-Zk3aa1bb.css": ""},
        {"_astro/index.Qq81LmNp.js": "2", "new.txt": "", "app-Zk3aa1bb.js": ""},
    )
    assert [one.text() for one in found.differences] == [
        "_astro/index.BxK2f9aQ.js: only its name's hash differs, the second is _astro/index.Qq81LmNp.js",
        "app-Zk3aa1bb.css: only in the first build",
        "app-Zk3aa1bb.js: only in the second build",
        "gone.txt: only in the first build",
        "new.txt: only in the second build",
    ]


def test_binary_files_are_compared_by_offset() -> None:
    found = locate("a.png", b"\x89PNG\0abc", b"\x89PNG\0abd")
    assert (found.line, found.offset, found.first, found.second) == (0, 7, "63", "64")
    assert found.text() == "a.png: byte 7: '63' became '64'"


@pytest.mark.parametrize(
    ("one", "two", "offset"),
    [(b"", b"a", 0), (b"ab", b"ab", 2), (b"ab", b"abc", 2), (b"x" * 70_000, b"x" * 69_999 + b"y", 69_999)],
)
def test_first_difference(one: bytes, two: bytes, offset: int) -> None:
    assert first_difference(one, two) == offset


def test_file_that_became_longer_differs_at_its_old_end() -> None:
    found = locate("a.txt", b"one\n", b"one\ntwo\n")
    assert (found.line, found.first, found.second) == (2, "", "two")


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("2026-11-22T21:00:00.123Z", "2026-11-22T21:00:01.456Z", "a timestamp"),
        ("21:00:00", "21:00:01", "a timestamp"),
        ("1795384483402", "1795384483648", "a timestamp"),
        ("1795384483", "1795384484", "a timestamp"),
        ("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "7d444840-9dc0-11d1-b245-5ffdce74fad2", "a UUID"),
        ("9f86d081884c", "a3b1c09ef412", "a hash"),
        ("index.BxK2f9aQ.js", "index.Qq81LmNp.js", "a hash"),
        ("astro-cid-37fxchfa", "astro-cid-j7pv25f6", "a hash"),
        ("id-17", "id-18", "a random or counted number"),
        ("0.7238", "0.1182", "a random or counted number"),
        ("hello", "goodbye", ""),
        ("", "word", ""),
    ],
)
def test_kind_of_difference_is_recognised(left: str, right: str, expected: str) -> None:
    assert looks_like(left, right) == expected
