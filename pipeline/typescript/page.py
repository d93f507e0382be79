"""An analysis as one HTML page that needs nothing else: no script, style or font from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.core.templates import html_templates
from pipeline.typescript.analysis import Analysis
from pipeline.typescript.trend import Point

# Rows that a browser filters without delay; the rest is in the JSON.
MOST_ROWS = 5_000
_WIDTH, _HEIGHT = 640, 120


def html(done: Analysis, about: Mapping[str, Any], points: Sequence[Point]) -> str:
    """Return the page; `about` holds name, command, configs, versions, at and seconds."""
    environment = html_templates()
    environment.filters["duration"] = duration
    longest = max((one.errors for one in done.rows), default=1)
    return environment.get_template("typescript/report.html.j2").render(
        done=done,
        about=about,
        points=points,
        curve=curve([one.errors for one in points]),
        longest=longest,
        problems=done.problems[:MOST_ROWS],
        hidden=max(0, done.errors - MOST_ROWS),
        unreached=sum(one.reached == "" for one in done.problems),
        blocking=sum(one.blocks for one in done.problems),
    )


def duration(minutes: float) -> str:
    """Return minutes as people say them: `5 min`, `2 h 10 min`, `3 d` (of 8 hours)."""
    whole = max(1, round(minutes))
    if whole < 60:
        return f"{whole} min"
    hours, rest = divmod(whole, 60)
    if hours >= 16:
        return f"{round(hours / 8)} d"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def curve(counts: Sequence[int]) -> str:
    """Return the points of a polyline in a field of 640 by 120; empty where nothing changed."""
    if len(set(counts)) < 2:
        return ""
    top = max(*counts, 1)
    step = (_WIDTH - 16) / (len(counts) - 1)
    return " ".join(
        f"{8 + at * step:.1f},{8 + (_HEIGHT - 16) * (1 - one / top):.1f}" for at, one in enumerate(counts)
    )
