"""How many errors there were at each analysis: a point for each that found something else than the one before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.core.files import read_json, write_json

_MOST = 400


@dataclass(frozen=True)
class Point:
    """One analysis: when (UTC, ISO 8601), at which commit (empty outside of git), and what it counted."""

    at: str
    commit: str
    errors: int
    causes: int


def read(state: Path) -> list[Point]:
    """Return the points in order; what cannot be read counts as none."""
    data = read_json(_path(state))
    rows = data if isinstance(data, list) else []
    try:
        return [
            Point(str(one["at"]), str(one["commit"]), int(one["errors"]), int(one["causes"])) for one in rows
        ]
    except (KeyError, TypeError, ValueError):
        return []


def add(state: Path, point: Point) -> list[Point]:
    """Keep a point and return all; one that counts what the last one counted at the same commit takes its place."""
    points = read(state)
    if points and (points[-1].commit, points[-1].errors, points[-1].causes) == (
        point.commit,
        point.errors,
        point.causes,
    ):
        points.pop()
    points = [*points, point][-_MOST:]
    write_json(_path(state), [asdict(one) for one in points])
    return points


def _path(state: Path) -> Path:
    return state / "ts" / "trend.json"
