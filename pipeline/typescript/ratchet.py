"""The baseline of allowed type errors, which only shrinks; how it is judged is in checks/parse/baseline.py."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from checks.parse import baseline
from checks.parse.baseline import Counts, Excess
from pipeline.core.errors import Stop
from pipeline.core.files import write_atomic


@dataclass(frozen=True)
class Turned:
    """What a turn of the ratchet came to: the counts from now on, and how many errors were allowed before."""

    counts: Counts
    before: int | None

    @property
    def now(self) -> int:
        """Return how many errors are allowed now."""
        return baseline.total(self.counts)


def allowed(root: Path) -> Counts | None:
    """Return what the site's baseline allows, None without one; raises Stop (2) when it cannot be read."""
    try:
        return baseline.read(root)
    except ValueError as error:
        raise Stop(str(error), f"git checkout {baseline.NAME}") from error


def turn(old: Counts | None, now: Counts, *, there: frozenset[str]) -> Turned | list[Excess]:
    """Return the baseline for the errors of now, or where it would have to grow.

    `there` are the files that exist: what a file allowed that is gone may go to another one, as after a move.
    """
    if old is None:
        return Turned(now, None)
    over = baseline.excess(now, old)
    spare = Counter[str]()
    for file, codes in old.items():
        if file not in there:
            spare.update(codes)
    grown = []
    for one in over:
        if one.file not in old and spare[one.code] >= one.count:
            spare[one.code] -= one.count
        else:
            grown.append(one)
    return grown or Turned(now, baseline.total(old))


def write(root: Path, counts: Counts) -> Path | None:
    """Write the baseline; at no error it goes, and the gate asks for none. Returns its path, None when it is gone."""
    path = root / baseline.NAME
    if not baseline.total(counts):
        path.unlink(missing_ok=True)
        return None
    write_atomic(path, baseline.text(counts))
    path.chmod(0o644)
    return path


def grown(over: list[Excess]) -> Stop:
    """Return the end for a baseline that would have to grow."""
    rows = tuple(f"{one.file}: {one.count} × {one.code}, {one.allowed} allowed" for one in over[:10])
    return Stop(
        f"{baseline.NAME} only shrinks, and {len(over)} of its entries would have to grow",
        "invoke ts.fix",
        details=rows,
    )
