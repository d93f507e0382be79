"""Kept evidence judged again by the gates and the policy of today, beside what was recorded of it; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from checks.base import Finding, Gate, Limits
from pipeline.gates.evidence import Judged, Judgement
from pipeline.gates.runner import Measured, rule
from pipeline.gates.show import word
from pipeline.gates.waivers import Waiver


@dataclass(frozen=True)
class Row:
    """A gate's verdict as it was recorded and as it is now; `note` says what else differs, or why there is no other.

    `changed` says that they do not agree: in the verdict, or in what stands in the way.
    """

    gate: str
    recorded: str
    now: str
    note: str
    changed: bool


def rejudge(
    one: Judged, gate: Gate | None, limits: Limits, given: Sequence[Waiver], today: date
) -> Judged | str:
    """Return a recorded result judged today, or why today's gate cannot judge it."""
    if gate is None:
        return "there is no such gate any more"
    if one.evidence is None:
        return one
    if one.version != gate.VERSION:
        return f"measured by version {one.version} of the gate, which is at version {gate.VERSION}"
    judged = rule(gate, Measured(one.evidence, carried=True), limits, given, today)
    # What counted then counts now: the weight of a gate is part of the rules of its day.
    return replace(
        judged, inputs=one.inputs, seconds=one.seconds, production=one.production, weight=one.weight
    )


def rejudge_all(
    recorded: Judgement,
    gates: Mapping[str, Gate],
    limits: Callable[[Gate], Limits],
    given: Sequence[Waiver],
    today: date,
) -> tuple[Judgement, list[Row]]:
    """Return the judgement as it would be today, and a row for each of its gates.

    What cannot be judged today stays as it was recorded, and its row says why.
    """
    rows: list[Row] = []
    results: list[Judged] = []
    for one in recorded.results:
        gate = gates.get(one.gate)
        now = rejudge(one, gate, limits(gate) if gate else {}, given, today)
        if isinstance(now, str):
            rows.append(Row(one.gate, word(one), "not judged", now, changed=False))
            results.append(one)
        else:
            rows.append(compared(one, now))
            results.append(now)
    return replace(recorded, results=tuple(results)), rows


def compared(recorded: Judged, now: Judged) -> Row:
    """Return the row of one gate; pure."""
    before, after = _blocking(recorded.findings), _blocking(now.findings)
    news = [_said(one) for key, one in after.items() if key not in before]
    gone = [_said(one) for key, one in before.items() if key not in after]
    notes = [*(f"new: {text}" for text in news[:3]), *(f"gone: {text}" for text in gone[:3])]
    more = len(news) + len(gone) - len(notes)
    if more:
        notes.append(f"and {more} more")
    if not notes and recorded.verdict is not now.verdict:
        notes = [
            now.reason or "a waiver counts" if now.waivers else now.reason or "no waiver counts any more"
        ]
    changed = recorded.verdict is not now.verdict or bool(news or gone)
    return Row(recorded.gate, word(recorded), word(now), "; ".join(one for one in notes if one), changed)


def _blocking(findings: Sequence[Finding]) -> dict[tuple[str, str, int | None, str], Finding]:
    return {(one.rule, one.path, one.line, one.message): one for one in findings if one.blocking}


def _said(finding: Finding) -> str:
    return finding.message
