"""What a gate checks, why, what its rules mean, and where each of its limits comes from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from checks import GATES, TITLES
from checks.base import Gate, Rule
from pipeline.core import ui
from pipeline.core.project import Project
from pipeline.core.schema import Policy
from pipeline.gates.runner import chosen
from pipeline.gates.subject import limits_for

_WIDTH = 80


@dataclass(frozen=True)
class Limit:
    """A limit by its dotted key, its value, and where that was given: `constitution.toml:3`, or `default`."""

    key: str
    value: Any
    origin: str


@dataclass(frozen=True)
class Explained:
    """A gate in words; `age` is in seconds, `principle` the number and `constitution` the principle's own words."""

    gate: str
    title: str
    principle: str
    constitution: str
    non_negotiable: bool
    weight: int
    scope: str
    timed: bool
    age: int | None
    text: str
    rules: dict[str, Rule]
    limits: tuple[Limit, ...]


def explain(project: Project, name: str, environment: str) -> Explained:
    """Return what there is to know of a gate; raises Stop (2) for one that there is not."""
    (known,) = chosen([name.replace("-", "_")])
    gate = GATES[known]
    return Explained(
        gate=known,
        title=TITLES.get(known, ""),
        principle=gate.PRINCIPLE,
        constitution=getattr(project.policy_for(environment).principles, gate.PRINCIPLE),
        non_negotiable=gate.NON_NEGOTIABLE,
        weight=gate.WEIGHT,
        scope=gate.SCOPE,
        timed=gate.TIMED,
        age=gate.AGE,
        text=" ".join(gate.EXPLAIN.split()),
        rules=dict(gate.RULES),
        limits=tuple(limits_of(project, gate, environment)),
    )


def limits_of(project: Project, gate: Gate, environment: str) -> Iterator[Limit]:
    """Return a gate's limits in an environment, each from invoke.yaml, else constitution.toml, else the default."""
    origins = project.loaded.origins
    ours = gate.NAME in Policy.entries
    for key, value in ui.flatten(limits_for(gate, project.policy_for(environment))).items():
        if not ours:
            yield Limit(key, value, "the gate's own")
            continue
        whole = f"{gate.NAME}.{key}"
        over = origins.get(f"environments.{environment}.policy.{whole}")
        yield Limit(whole, value, over or origins.get(whole, "default"))


def lines(one: Explained) -> Iterator[str]:
    """Return an explanation for people to read, within 80 columns."""
    kind = "not negotiable" if one.non_negotiable else "may be waived"
    yield f"{one.gate}: {one.title}"
    yield f"principle {one.principle}, {kind}, weight {one.weight}, looks at: {one.scope}"
    yield from _wrapped(one.constitution, "  ")
    yield ""
    yield from _wrapped(one.text, "")
    if one.timed:
        yield from _wrapped("It measures time, so it runs alone; an emergency puts it off.", "")
    if one.age is not None:
        yield f"What it measured holds for {_span(one.age)}."
    yield ""
    if one.limits:
        rows = [(limit.key, _value(limit.value), limit.origin) for limit in one.limits]
        yield from ui.table(rows, ("limit", "value", "from"), right=frozenset({1})).splitlines()
        yield ""
    for name, rule in one.rules.items():
        yield name
        yield from _wrapped(rule.what, "  ")
        yield from _wrapped(f"fix: {rule.fix}", "  ")
        # An address is copied, so it is never broken.
        yield f"  why: {rule.source}"


def table(project: Project, environment: str) -> str:
    """Return all gates as a table: name, principle, and whether it may be waived."""
    every = [explain(project, name, environment) for name in GATES]
    rows = [
        (one.gate, one.principle, "no" if one.non_negotiable else "yes", str(len(one.rules)), one.scope)
        for one in every
    ]
    return ui.table(rows, ("gate", "principle", "negotiable", "rules", "looks at"), right=frozenset({3}))


def _wrapped(text: str, margin: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=margin,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", [], ()):
        return "-"
    if isinstance(value, int | float):
        return f"{value:,}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _span(seconds: int) -> str:
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"
