"""How the ledger looks on a terminal and as JSON; for 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.commands.show import release_value
from pipeline.core import ui
from pipeline.core.clock import ago, stamp
from pipeline.core.files import human_size, plural

if TYPE_CHECKING:
    from pipeline.deploy.described import Described
    from pipeline.deploy.ledger import Release
    from pipeline.deploy.proof_of_ledger import Audited
    from pipeline.deploy.size import Limit, Local, Size
    from pipeline.deploy.standing import Preview
    from pipeline.gates.evidence import Judgement

# Less than this says nothing.
_LEAST = 12
_SHOWN = 20


def rows_that_fit(releases: Sequence[Release], live: Release | None, now: datetime, width: int) -> str:
    """Return releases as a table: name, kind, age, source and reason, of which the last give way to the width."""
    rows = []
    for one in releases:
        name = f"{one.name} (live)" if live and one.name == live.name else one.name
        what = f"back to {one.restores}" if one.restores else one.why
        rows.append((name, one.kind, ago(one.when, now), one.source[:7] or "-", what))
    heads = ("release", "kind", "when", "source", "what")
    for count in (4, 3):
        table = ui.table([row[:count] for row in rows], heads[:count])
        used = max(len(line) for line in table.splitlines())
        if count == 4 and used + 2 + _LEAST <= width:
            return ui.table([(*row[:4], row[4][: width - used - 2]) for row in rows], heads)
        if used <= width:
            return table
    return table


def preview_rows(previews: Sequence[Preview], url: str, now: datetime) -> list[tuple[str, ...]]:
    """Return branch, last day and address of each preview."""
    return [
        (one.branch, "expired" if one.expires <= now else f"{one.expires:%Y-%m-%d}", f"{url}{one.path}/")
        for one in previews
    ]


def listed_value(release: Release, previews: Sequence[Preview], url: str) -> dict[str, object]:
    """Return a release as JSON, with the address and end of the preview that it published if that still stands."""
    value = release_value(release)
    for one in previews:
        if one.release == release.name:
            about = {"branch": one.branch, "url": f"{url}{one.path}/", "expires": stamp(one.expires)}
            return {**value, "preview": about}
    return value


def described_value(found: Described) -> dict[str, object]:
    """Return all of a release as JSON."""
    judgement = found.evidence.judgement
    return {
        **release_value(found.release),
        "before": found.before.name if found.before else None,
        "changes": str(found.changes),
        "signature": found.signature,
        "proven": found.proven,
        "branch": found.branch,
        "evidence_at": found.evidence.where or None,
        "evidence_unavailable": found.evidence.reason or None,
        "gates": {one.gate: one.verdict.value for one in judgement.results} if judgement else None,
        "score": judgement.score.overall if judgement else None,
        "principles": dict(judgement.score.principles) if judgement else None,
        "put_off": list(judgement.deferred) if judgement else [],
    }


def described_rows(found: Described) -> list[tuple[str, str]]:
    """Return all of a release as rows of what and how."""
    judgement = found.evidence.judgement
    gates = judgement.results if judgement else ()
    below = ("gates", "score", "principles", "put_off")
    value = {key: held for key, held in described_value(found).items() if key not in below}
    value["proven"] = "yes" if found.proven else "no"
    rows = [(key.replace("_", " "), str(held)) for key, held in value.items() if held]
    if judgement:
        rows += _judged_rows(judgement)
    return rows + [(f"gate {one.gate}", f"{one.verdict.value}  {one.reason}".rstrip()) for one in gates]


def _judged_rows(judgement: Judgement) -> list[tuple[str, str]]:
    """Return the score, and the run and machine that judged; older records tell nothing of these."""
    from pipeline.gates import machine
    from pipeline.gates.score import shown

    score = judgement.score
    each = ", ".join(f"{name} {shown(points)}" for name, points in score.principles.items())
    rows = [("score", f"{shown(score.overall)} of 100 ({each})")]
    if judgement.run:
        rows.append(("judged", f"{judgement.judged_at} in {judgement.duration:.1f} s, run {judgement.run}"))
    if judgement.machine:
        rows.append(("machine", machine.line(judgement.machine)))
    if judgement.deferred:
        rows.append(("put off", f"{', '.join(judgement.deferred)}: an emergency"))
    return rows


def audit_lines(found: Audited) -> list[str]:
    """Return what an audit of the ledger found."""
    from pipeline.deploy.proof_of_ledger import explained

    said = [
        f"{found.environment}: {plural(found.releases, 'release')}, {plural(found.events, 'audit event')}",
        f"signatures: {explained(found.signatures)}",
    ]
    for one in found.findings:
        said += [f"  {one.what}: {one.release or found.environment}", f"    {one.text}"]
    said += [f"  note: {remark}" for remark in found.remarks]
    return said if found.findings else [*said, "the ledger is whole"]


def size_lines(found: Size, now: datetime) -> list[str]:
    """Return what releases weigh, and how far the limits are."""
    rows = [(one.release, human_size(one.size)) for one in found.releases[:_SHOWN]]
    said = [ui.table(rows, ("release", "added"), frozenset({1}))] if rows else []
    if len(found.releases) > _SHOWN:
        said.append(f"and {len(found.releases) - _SHOWN:,} older ones")
    count = plural(len(found.releases), "release")
    pace = f"{human_size(round(found.daily))} a day" if found.daily else "no pace yet"
    said += ["", f"{found.environment}: {human_size(found.total)} in {count}, {pace}", ""]
    limits = [
        (one.name, *(_amount(one, part) for part in (one.now, one.limit)), _when(one, now))
        for one in found.limits
    ]
    said.append(ui.table(limits, ("GitHub's limit", "now", "limit", "reached"), frozenset({1, 2})))
    return [*said, "", *local_lines(found.local, now)]


def local_lines(found: Local, now: datetime) -> list[str]:
    """Return what the state folder holds on this machine."""
    largest = ", ".join(f"{name} {human_size(size)}" for name, size in found.parts[:3])
    said = [f"in .pages here: {human_size(found.total)} ({largest})"]
    tidied = f"tidied {ago(found.tidied, now)}" if found.tidied else "never tidied"
    said.append(f"{plural(found.packs, 'pack')}, about {plural(found.loose, 'loose object')}; {tidied}")
    if found.error:
        said += [f"that broke off: {found.error}", "try it again: invoke releases.tidy"]
    return said


def _amount(limit: Limit, count: int) -> str:
    return human_size(count) if limit.unit == "B" else f"{count:,}"


def _when(limit: Limit, now: datetime) -> str:
    if limit.now >= limit.limit:
        return "now"
    if limit.reached is None:
        return "-"
    return f"{limit.reached:%Y-%m}" if limit.reached.year - now.year < 30 else "in decades"


def size_value(found: Size) -> dict[str, object]:
    """Return it as JSON."""

    def plain(moment: datetime | None) -> str | None:
        return stamp(moment) if moment else None

    return {
        **asdict(found),
        "local": {
            **asdict(found.local),
            "parts": dict(found.local.parts),
            "tidied": plain(found.local.tidied),
        },
        "releases": [{**asdict(one), "when": stamp(one.when)} for one in found.releases],
        "limits": [{**asdict(one), "reached": plain(one.reached)} for one in found.limits],
    }
