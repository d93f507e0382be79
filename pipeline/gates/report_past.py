"""What a report says of earlier judgements: how scores and measured values went, and what is new since a release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from checks.base import Finding
from pipeline.core.files import read_json, write_json
from pipeline.gates.evidence import Judgement

# Raised when a moment says something else of the same record.
_FORMAT = 1
# So many judgements of an environment are remembered, and so many of them are drawn.
_KEPT, SHOWN = 120, 40
_LINES = 16
# Whose values are drawn, what visitors feel most first; other gates' values say nothing over time.
_DRAWN = (
    *("lighthouse", "budgets", "runtime", "accessibility", "keyboard", "privacy", "security", "links"),
    *("html", "typescript", "images", "fonts", "build"),
)
# The field that a line is drawn in, and the space around it; SVG's own units.
WIDTH, HEIGHT, _GAP = 160, 40, 4


@dataclass(frozen=True)
class Moment:
    """A judgement in short: when, points of 100, what was in the way, and measured values by gate and name.

    `release` is empty for a build that was judged and never released; `units` are those of the values.
    """

    digest: str
    at: str
    overall: float | None
    blocking: int
    values: Mapping[str, float]
    units: Mapping[str, str]
    release: str = ""


@dataclass(frozen=True)
class Past:
    """Earlier judgements, oldest first; and that of the last release, or the reason why it cannot be compared with."""

    moments: tuple[Moment, ...] = ()
    release: str = ""
    before: Judgement | None = None
    reason: str = "nothing was released yet"


@dataclass(frozen=True)
class Series:
    """A measured value over time: its curve as points of a polyline, and those points that are releases."""

    name: str
    unit: str
    values: tuple[float, ...]
    curve: str
    releases: tuple[tuple[float, float, str], ...]
    last: tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """Findings, each with its gate, beside an earlier judgement's: what came, what went, and what is still there."""

    new: tuple[tuple[str, Finding], ...] = ()
    mended: tuple[tuple[str, Finding], ...] = ()
    still: tuple[tuple[str, Finding], ...] = ()
    unknown: tuple[str, ...] = field(default=())


def moment_of(judgement: Judgement, release: str = "", digest: str = "") -> Moment:
    """Return a judgement in short; pure."""
    every = [(one.gate, measure) for one in judgement.results for measure in one.measures]
    names = {f"{gate}: {measure.name.partition(', at least ')[0]}": measure for gate, measure in every}
    return Moment(
        digest=digest or judgement.digest,
        at=judgement.judged_at,
        overall=judgement.score.overall,
        blocking=sum(finding.blocking for one in judgement.results for finding in one.findings),
        values={name: measure.value for name, measure in names.items()},
        units={name: measure.unit for name, measure in names.items()},
        release=release,
    )


def remembered(state: Path, environment: str) -> dict[str, Moment]:
    """Return what is remembered of an environment's judgements, by the digest of their records."""
    value = read_json(_path(state))
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        return {}
    try:
        return {one["digest"]: Moment(**one) for one in value["environments"].get(environment, ())}
    except (KeyError, TypeError, AttributeError):
        return {}


def remember(state: Path, environment: str, moments: Iterable[Moment]) -> None:
    """Remember the newest of an environment's moments; raises OSError."""
    value = read_json(_path(state))
    known: dict[str, Any] = {}
    if isinstance(value, dict) and value.get("format") == _FORMAT:
        known = dict(value.get("environments") or {})
    newest = sorted(moments, key=lambda one: one.at)[-_KEPT:]
    known[environment] = [asdict(one) for one in newest]
    write_json(_path(state), {"format": _FORMAT, "environments": known})


def _path(state: Path) -> Path:
    return state / "cache" / "report.json"


def difference(before: Judgement, now: Judgement) -> Difference:
    """Return what came and went between two judgements; pure.

    Findings are paired by gate, rule and place, those with the same words first: amounts in words may differ. Of a
    gate that did not measure on one of the two sides nothing is said but its name, in `unknown`.
    """
    measured = {one.gate for one in before.results if one.evidence is not None}
    both = [one.gate for one in now.results if one.gate in measured and one.evidence is not None]
    old, new = _by_place(before, both), _by_place(now, both)
    came: list[tuple[str, Finding]] = []
    went: list[tuple[str, Finding]] = []
    still: list[tuple[str, Finding]] = []
    for key in {**new, **old}:
        was, now_there = list(old.get(key, ())), list(new.get(key, ()))
        words = [one.message for one in was]
        # What has no equal pairs with whatever is left.
        now_there.sort(key=lambda one: one.message not in words)
        count = min(len(was), len(now_there))
        still += [(key[0], one) for one in now_there[:count]]
        came += [(key[0], one) for one in now_there[count:]]
        kept = {one.message for one in now_there}
        was.sort(key=lambda one: one.message not in kept)
        went += [(key[0], one) for one in was[count:]]
    silent = [one.gate for one in now.results if one.gate not in both]
    return Difference(_sorted(came), _sorted(went), _sorted(still), tuple(silent))


def _by_place(judgement: Judgement, gates: Sequence[str]) -> dict[tuple[str, str, str], list[Finding]]:
    found: dict[tuple[str, str, str], list[Finding]] = {}
    for one in judgement.results:
        if one.gate in gates:
            for finding in one.findings:
                found.setdefault((one.gate, finding.rule, finding.path), []).append(finding)
    return found


def _sorted(rows: list[tuple[str, Finding]]) -> tuple[tuple[str, Finding], ...]:
    return tuple(sorted(rows, key=lambda row: not row[1].blocking))


def series(moments: Sequence[Moment]) -> list[Series]:
    """Return the score, what was in the way, and the measured values that changed over the newest moments; pure."""
    shown = list(moments)[-SHOWN:]
    if len(shown) < 2:
        return []
    lines = [
        _series("score", "", [(one, one.overall) for one in shown]),
        _series("findings in the way", "", [(one, one.blocking) for one in shown]),
    ]
    names = [
        name for name in shown[-1].values if _drawn(name) and len({one.values.get(name) for one in shown}) > 1
    ]
    names.sort(key=lambda name: _DRAWN.index(name.partition(":")[0]))
    lines += [
        _series(name, shown[-1].units.get(name, ""), [(one, one.values.get(name)) for one in shown])
        for name in names
    ]
    return [one for one in lines if one][:_LINES]


def _drawn(name: str) -> bool:
    # "validated now" says how much was carried over, and nothing about the site.
    return name.partition(":")[0] in _DRAWN and not name.endswith(" now")


def _series(name: str, unit: str, rows: Sequence[tuple[Moment, float | None]]) -> Series | None:
    known = [(moment, float(value)) for moment, value in rows if value is not None]
    if len(known) < 2:
        return None
    values = tuple(value for _, value in known)
    low, high = min(values), max(values)
    step = (WIDTH - 2 * _GAP) / (len(known) - 1)
    # What never changed is a line in the middle.
    span = high - low

    def place(at: int) -> tuple[float, float]:
        part = (values[at] - low) / span if span else 0.5
        return round(_GAP + at * step, 1), round(_GAP + (HEIGHT - 2 * _GAP) * (1 - part), 1)

    points = [place(at) for at in range(len(known))]
    return Series(
        name,
        unit,
        values,
        " ".join(f"{x:g},{y:g}" for x, y in points),
        tuple(
            (*point, moment.release)
            for point, (moment, _) in zip(points, known, strict=True)
            if moment.release
        ),
        points[-1],
    )
