"""Scores and verdicts over releases: what is violated, and since when; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from checks.base import Verdict
from pipeline.core import ui
from pipeline.gates.evidence import Judgement
from pipeline.gates.score import PRINCIPLES, shown

# Raised when a summary says something else of the same record.
FORMAT = 1
# Verdicts that are no violation; what was put off is told by itself.
_GOOD = frozenset({"passed", "waived", "declared", "deferred"})


@dataclass(frozen=True)
class Summary:
    """What a record says in short: points of 100, each gate's verdict in a word, and the waivers in use."""

    overall: float | None
    principles: Mapping[str, float | None]
    gates: Mapping[str, str]
    waived: Mapping[str, str] = field(default_factory=dict)

    @property
    def violated(self) -> tuple[str, ...]:
        """Return the gates that did not pass."""
        return tuple(name for name, said in self.gates.items() if said not in _GOOD)


@dataclass(frozen=True)
class Point:
    """A release in the history; `summary` is None where nobody can tell, and `reason` says why."""

    release: str
    kind: str
    when: str
    evidence: str
    summary: Summary | None
    reason: str = ""


def summary_of(judgement: Judgement) -> Summary:
    """Return a judgement in short."""
    score = judgement.score
    gates = {}
    for one in judgement.results:
        said = "deferred" if one.deferred else "declared" if one.declared else one.verdict.value
        gates[one.gate] = said
    waived = {
        one.gate: max(used.until for used in one.waivers)
        for one in judgement.results
        if one.verdict is Verdict.WAIVED and one.waivers
    }
    return Summary(score.overall, dict(score.principles), gates, waived)


def plain(summary: Summary) -> dict[str, Any]:
    """Return a summary as JSON."""
    return asdict(summary)


def from_plain(value: object) -> Summary | None:
    """Return the summary in some JSON, None where it is none."""
    try:
        return Summary(**value)  # type: ignore[arg-type]
    except TypeError:
        return None


def since(points: Sequence[Point], gate: str) -> Point | None:
    """Return the release with which a violation that lasts began: the oldest of an unbroken row of `points`.

    They are newest first. A release that nobody can tell of breaks no row, one that did not know the gate does.
    """
    first: Point | None = None
    for one in points:
        if one.summary is None:
            continue
        if one.summary.gates.get(gate, "passed") in _GOOD:
            break
        first = one
    return first


def lasting(points: Sequence[Point]) -> Iterator[tuple[str, str, Point]]:
    """Yield gate, verdict, and the release since which it is violated, for the newest release that tells."""
    newest = next((one for one in points if one.summary), None)
    if newest is None or newest.summary is None:
        return
    for gate in newest.summary.violated:
        first = since(points, gate)
        if first is not None:
            yield gate, newest.summary.gates[gate], first


def table(points: Sequence[Point], width: int) -> str:
    """Return a row for each release: name, overall score, the five principles, and how many gates did not pass."""
    # Six numbers of five columns, one of three, and the gaps between them.
    room = max(len("YYYYMMDD-HHMMSS"), width - 6 * 7 - 5)
    rows = [(_cut(one.release, room), *_cells(one)) for one in points]
    return ui.table(rows, ("release", "score", *PRINCIPLES, "bad"), right=frozenset(range(1, 8)))


def _cells(one: Point) -> tuple[str, ...]:
    if one.summary is None:
        return ("?",) * 7
    by_principle = (shown(one.summary.principles.get(name)) for name in PRINCIPLES)
    return (shown(one.summary.overall), *by_principle, str(len(one.summary.violated) or "-"))


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
