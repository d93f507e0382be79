"""From rows of evidence to findings: one for each page and rule, or one for what is wrong on many pages alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from checks.base import Finding, Rule, count_text

# The same wrong thing on more pages than these comes from a layout, and is told once.
_ALIKE = 5
_SHOWN = 5
_LONGEST = 200

Row = dict[str, Any]


class Kind(NamedTuple):
    """How the findings of one rule read: `message` has the places {about} and {note}."""

    blocking: bool
    message: str
    rule: Rule


def refusal(message: str, what: str, fix: str, source: str) -> Kind:
    """Return a rule whose findings block: something breaks for users, or a standard says MUST."""
    return Kind(blocking=True, message=message, rule=Rule(what, fix, source))


def advice(message: str, what: str, fix: str, source: str) -> Kind:
    """Return a rule whose findings are advice."""
    return Kind(blocking=False, message=message, rule=Rule(what, fix, source))


def row(
    rule: str, page: str, about: str = "", note: str = "", *, line: int | None = None, fix: str = ""
) -> Row:
    """Return one row: `page` is an address or a file, `about` what is wrong, `note` more about it."""
    return {
        "rule": rule,
        "page": page,
        "about": about[:_LONGEST],
        "note": note[:_LONGEST],
        "line": line,
        "fix": fix,
    }


def rules(kinds: Mapping[str, Kind]) -> dict[str, Rule]:
    """Return what a gate's RULES are."""
    return {name: kind.rule for name, kind in kinds.items()}


def told(  # noqa: PLR0913 - what a finding has
    about: Mapping[str, Rule],
    rule: str,
    text: str,
    *,
    blocking: bool = True,
    path: str = "",
    line: int | None = None,
    details: Sequence[str] = (),
    fix: str = "",
    unmeasured: bool = False,
) -> Finding:
    """Return a finding of a rule; what mends it, unless `fix` says, and its source are the rule's own."""
    own = about[rule]
    return Finding(
        rule,
        text,
        blocking=blocking,
        path=path,
        line=line,
        details=tuple(details),
        fix=fix or own.fix,
        source=own.source,
        unmeasured=unmeasured,
    )


def few(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the first lines, and how many more there are."""
    more = (f"and {len(lines) - _SHOWN:,} more",) if len(lines) > _SHOWN else ()
    return (*lines[:_SHOWN], *more)


def findings(
    rows: Iterable[Mapping[str, Any]], kinds: Mapping[str, Kind], *, soft: Iterable[str] = ()
) -> list[Finding]:
    """Return findings in the order of `kinds`, blocking ones first; the rules in `soft` do not block."""
    alike: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for one in rows:
        alike.setdefault((one["rule"], one["about"], one["note"]), []).append(one)
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    wide: list[list[Mapping[str, Any]]] = []
    for members in alike.values():
        if len({one["page"] for one in members}) > _ALIKE:
            wide.append(members)
            continue
        for one in members:
            groups.setdefault((one["rule"], one["page"]), []).append(one)
    softened = frozenset(soft)
    found = [_wide(members, kinds, softened) for members in wide]
    found += [_narrow(members, kinds, softened) for members in groups.values()]
    order = {name: number for number, name in enumerate(kinds)}
    return sorted(found, key=lambda one: (not one.blocking, order[one.rule], one.path))


def _wide(members: list[Mapping[str, Any]], kinds: Mapping[str, Kind], soft: frozenset[str]) -> Finding:
    pages = list(dict.fromkeys(one["page"] for one in members))
    return _made(members[0], kinds, soft, f", on {count_text(len(pages), 'page')}", few(pages))


def _narrow(members: list[Mapping[str, Any]], kinds: Mapping[str, Kind], soft: frozenset[str]) -> Finding:
    lines = [_line(one) for one in members if one["about"]]
    rest = f" (and {len(members) - 1:,} more like it)" if len(members) > 1 else ""
    return _made(members[0], kinds, soft, rest, few(lines))


def _made(
    first: Mapping[str, Any],
    kinds: Mapping[str, Kind],
    soft: frozenset[str],
    rest: str,
    details: tuple[str, ...],
) -> Finding:
    name = first["rule"]
    kind = kinds[name]
    return Finding(
        name,
        kind.message.format(about=first["about"], note=first["note"]) + rest,
        blocking=kind.blocking and name not in soft,
        path=first["page"],
        line=first["line"],
        details=details,
        fix=first["fix"] or kind.rule.fix,
        source=kind.rule.source,
    )


def _line(one: Mapping[str, Any]) -> str:
    place = f"line {one['line']}: " if one["line"] else ""
    return f"{place}{one['about']}" + (f"  ({one['note']})" if one["note"] else "")
