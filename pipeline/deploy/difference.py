"""What differs between two releases, file by file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.core.errors import Stop
from pipeline.core.files import human_size, plural
from pipeline.deploy.desk import Desk
from pipeline.deploy.ledger import Release, find
from pipeline.tools.git import ZERO, Git

# Larger files are no text for people.
TEXT_LIMIT = 500_000
_LINE = 200


@dataclass(frozen=True)
class Changed:
    """A file that differs: `kind` is added, changed or removed, sizes are in bytes (None: not there)."""

    kind: str
    path: str
    before: int | None
    after: int | None

    @property
    def growth(self) -> int:
        """Return by how many bytes it grew."""
        return (self.after or 0) - (self.before or 0)


def named(desk: Desk, wanted: str) -> Release:
    """Return the release that `wanted` names; `live` is the site's live one. Raises Stop (2) when there is none."""
    if wanted == "live" and desk.live:
        return desk.live
    return find(desk.every, wanted)


def changed_files(git: Git, old: str, new: str) -> list[Changed]:
    """Return the files that differ between two trees, in path order."""
    done = git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index", old, new)
    fields = done.out.decode("utf-8", "replace").split("\0")
    pairs = [(about.split(), path) for about, path in zip(fields[::2], fields[1::2], strict=False)]
    sizes = sizes_of(git, {oid for about, _ in pairs for oid in about[2:4] if oid != ZERO})
    kinds = {"A": "added", "D": "removed"}
    return [
        Changed(kinds.get(about[4][0], "changed"), path, sizes.get(about[2]), sizes.get(about[3]))
        for about, path in pairs
    ]


def sizes_of(git: Git, oids: Iterable[str]) -> dict[str, int]:
    """Return the sizes of objects in bytes."""
    asked = "".join(f"{oid}\n" for oid in sorted(oids)).encode()
    done = git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", "--buffer", stdin=asked)
    rows = [line.split() for line in done.text.splitlines()]
    return {oid: int(size) for oid, size in rows if size.isdigit()}


def summary(files: list[Changed]) -> str:
    """Return the totals as a line."""
    counts = [(kind, sum(one.kind == kind for one in files)) for kind in ("added", "changed", "removed")]
    said = ", ".join(f"{count:,} {kind}" for kind, count in counts if count)
    grown = sum(one.growth for one in files)
    sign = "-" if grown < 0 else "+"
    return (
        f"{plural(len(files), 'file')}: {said} ({sign}{human_size(abs(grown))})" if files else "no difference"
    )


def text_difference(git: Git, old: Release, new: Release, path: str) -> list[str]:
    """Return the unified difference of one text file; raises Stop (2) where it is in neither, large, or no text."""
    before, after = (_text(git, one, path) for one in (old, new))
    if before is None and after is None:
        raise Stop(
            f"{path} is in neither of the two releases", "invoke releases.diff, without --text, lists them"
        )
    lines = difflib.unified_diff(
        (before or "").splitlines(),
        (after or "").splitlines(),
        f"{old.name}/{path}",
        f"{new.name}/{path}",
        lineterm="",
    )
    # Minified pages are one long line: what is new about them is not for reading.
    return [line if len(line) <= _LINE else f"{line[:_LINE]}... ({len(line):,} characters)" for line in lines]


def _text(git: Git, release: Release, path: str) -> str | None:
    size = git.maybe("cat-file", "-s", f"{release.tree}:{path}")
    if size is None:
        return None
    if int(size) > TEXT_LIMIT:
        raise Stop(
            f"{path} is {human_size(int(size))} in {release.name}: too large to show", "leave --text out"
        )
    data = git.run("cat-file", "blob", f"{release.tree}:{path}").out
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Stop(f"{path} is no text in {release.name}", "leave --text out")
    return text
