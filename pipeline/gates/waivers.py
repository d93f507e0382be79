"""Waivers: which findings the policy sets aside, until when, and why."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
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
    @property
    def measure(self) -> bool: ...


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


def instead(gate: str, waivers: Iterable[Waiver], today: date, *, negotiable: bool) -> Waived | None:
    """Return the waiver that stands in place of a measurement today: one of the whole gate that wants none."""
    for one in waivers if negotiable else ():
        if one.gate == gate and one.scope == "*" and not one.measure and today <= one.until:
            return Waived(one.scope, one.reason, one.until.isoformat(), 0)
    return None


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


class Use(StrEnum):
    """What a waiver of the policy does now."""

    USED = "in use"
    SHORT = "not enough"
    IDLE = "covers nothing any more"
    ENDED = "ended"
    UNKNOWN = "no such gate"
    UNASKED = "not judged"


@dataclass(frozen=True)
class Stated:
    """A waiver of the policy and what it does now; `until` is ISO 8601, `findings` how many blocking ones it covers."""

    gate: str
    scope: str
    reason: str
    until: str
    use: Use
    findings: int = 0

    def line(self) -> str:
        """Return it for people to read, with what to do about one that nobody needs."""
        what = f"waiver: {self.gate} {self.scope} until {self.until}, {self.use.value}"
        if self.use is Use.USED:
            what += f" for {self.findings}"
        end = "; take it out of constitution.toml" if self.use in {Use.IDLE, Use.ENDED, Use.UNKNOWN} else ""
        return f"{what}: {self.reason}{end}"


def stated(
    waivers: Iterable[Waiver],
    judged: Mapping[str, tuple[Verdict, Sequence[Finding]]],
    known: Iterable[str],
    today: date,
) -> list[Stated]:
    """Return every waiver of the policy with what it does now; pure. `judged` has each judged gate's result."""
    gates = frozenset(known)
    return [
        Stated(one.gate, one.scope, one.reason, one.until.isoformat(), *_use(one, judged, gates, today))
        for one in waivers
    ]


def _use(
    one: Waiver,
    judged: Mapping[str, tuple[Verdict, Sequence[Finding]]],
    known: frozenset[str],
    today: date,
) -> tuple[Use, int]:
    if one.gate not in known:
        return Use.UNKNOWN, 0
    if today > one.until:
        return Use.ENDED, 0
    said, findings = judged.get(one.gate, (Verdict.UNAVAILABLE, ()))
    if said is Verdict.UNAVAILABLE:
        return Use.UNASKED, 0
    count = sum(finding.blocking and covers(one.scope, finding.path) for finding in findings)
    if not one.measure and said is Verdict.WAIVED:
        return Use.USED, 0
    if not count:
        return Use.IDLE, 0
    return (Use.USED if said is Verdict.WAIVED else Use.SHORT), count
