"""Waivers: which findings the policy sets aside, until when, and why."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from checks.base import Finding, Verdict, verdict


class Waiver(Protocol):
    """A waiver of constitution.toml: `until` is the last day on which it counts."""

    @property
    def gate(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def until(self) -> date: ...


@dataclass(frozen=True)
class Waived:
    """A waiver as it was used; `until` is ISO 8601, `findings` how many it covers."""

    scope: str
    reason: str
    until: str
    findings: int


def apply(
    gate: str, findings: Sequence[Finding], waivers: Iterable[Waiver], today: date, *, negotiable: bool
) -> tuple[Verdict, tuple[Waived, ...]]:
    """Return the verdict and the waivers that it rests on.

    It is waived only when every blocking finding is covered by a waiver that counts today; a gate that is not
    negotiable is never waived.
    """
    plain = verdict(findings)
    valid = [one for one in waivers if one.gate == gate and today <= one.until] if negotiable else []
    if plain is not Verdict.FAILED or not valid:
        return plain, ()
    counts = dict.fromkeys(range(len(valid)), 0)
    for finding in findings:
        if finding.blocking:
            place = next((place for place, one in enumerate(valid) if covers(one.scope, finding.path)), None)
            if place is None:
                return Verdict.FAILED, ()
            counts[place] += 1
    used = (
        Waived(one.scope, one.reason, one.until.isoformat(), counts[place])
        for place, one in enumerate(valid)
        if counts[place]
    )
    return Verdict.WAIVED, tuple(used)


def covers(scope: str, path: str) -> bool:
    """Whether a waiver's pattern of page paths covers a finding there; `*` covers everything."""
    return scope == "*" or (bool(path) and fnmatch.fnmatchcase(path, scope))


def strangers(waivers: Iterable[Waiver], gates: Iterable[str]) -> list[str]:
    """Return a line for each gate that waivers name and that does not exist."""
    known = list(gates)
    told = []
    for name in sorted({one.gate for one in waivers} - set(known)):
        near = difflib.get_close_matches(name, known, 1)
        nearest = f"; the nearest is {near[0]}" if near else ""
        told.append(f"constitution.toml has a waiver for {name}, and there is no such gate{nearest}")
    return told


def expired(gate: str, waivers: Iterable[Waiver], today: date) -> list[str]:
    """Return a line for each waiver of the gate that no longer counts."""
    return [
        f"its waiver ended on {one.until.isoformat()}: {one.reason}"
        for one in waivers
        if one.gate == gate and today > one.until
    ]
