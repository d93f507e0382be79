"""A run of the gates as one HTML page that needs nothing else: no script, style, font or picture from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from checks import GATES, TITLES
from checks.base import Finding, Limits, Measure, Rule, Verdict, amount_text, count_text, size_text
from checks.lighthouse import LIMITS
from pipeline.core import runs, ui
from pipeline.core.files import write_atomic
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.core.templates import html_templates
from pipeline.gates import machine, report_pages, show
from pipeline.gates.evidence import Judged, Judgement
from pipeline.gates.report_past import HEIGHT, WIDTH, Difference, Past, difference, series
from pipeline.gates.report_pictures import Album, Shots, films, folders, pages_of, visited
from pipeline.gates.sarif import explained
from pipeline.gates.score import PRINCIPLES, Standing, shown
from pipeline.gates.waivers import Stated

if TYPE_CHECKING:
    from jinja2 import Environment

    from pipeline.core.schema import Policy

# What a browser lays out and filters without delay; the rest is counted, and in `check --json`.
MOST_FINDINGS, MOST_OF_A_RULE, MOST_PAGES, MOST_PICTURED = 1_500, 40, 300, 60
MOST_FIRST, MOST_CHANGES, MOST_LINES = 12, 60, 12
# Characters of one text, and bytes of all pictures as data: addresses.
LONGEST, PICTURES = 600, 2_600_000
_CIRCLE = 100.0


@dataclass(frozen=True)
class Beside:
    """What a report tells beside the judgement.

    The site's name, what the principles say, the policy's waivers, earlier judgements, the addresses of all pages,
    Lighthouse's limits, and pictures by page.
    """

    site: str = ""
    principles: Mapping[str, str] = field(default_factory=dict)
    waivers: Sequence[Stated] = ()
    past: Past = field(default_factory=Past)
    pages: Sequence[str] = ()
    lighthouse: Limits = field(default_factory=dict)
    album: Album = field(default_factory=lambda: Album((), 0))
    shots: Mapping[str, Shots] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """A finding as it is shown: `kind` is one of `report_pages.KINDS`; `page` is its page's address."""

    gate: str
    rule: str
    kind: str
    page: str
    where: str
    message: str
    amount: str
    details: tuple[str, ...]
    fix: str
    picture: str = ""


@dataclass(frozen=True)
class Group:
    """All that a gate found by one rule: `count` findings on `pages` pages, of which `items` are shown."""

    gate: str
    rule: str
    kind: str
    what: str
    fix: str
    source: str
    count: int
    pages: int
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Section:
    """A gate: its result, what it is for, its findings by rule, and its measured values as rows of text."""

    one: Judged
    word: str
    state: str
    title: str
    explain: str
    groups: tuple[Group, ...]
    measures: tuple[tuple[str, str, str, str, bool], ...]
    command: str
    blocking: int
    advice: int
    points: float


def html(judgement: Judgement, beside: Beside) -> str:
    """Return the page."""
    environment = _templates()
    style = environment.get_template("check/report.css").render()
    script = environment.get_template("check/report.js").render()
    return environment.get_template("check/report.html.j2").render(
        **context(judgement, beside), style=style, script=script, policy=policy(style, script)
    )


def _templates() -> Environment:
    environment = html_templates()
    environment.filters |= {
        "size": size_text,
        "shown": shown,
        "typed": ui.as_typed,
        "link": link,
        "anchor": anchor,
        "address": address,
        "amount": amount_text,
        "seconds": seconds,
        "count": lambda value: f"{value:,}",
        "moment": lambda text: text.replace("T", " ").replace("Z", " UTC"),
    }
    return environment


def policy(style: str, script: str) -> str:
    """Return a Content-Security-Policy that lets this one style and script in, pictures in the page, and nothing else.

    https://www.w3.org/TR/CSP3/
    """

    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; style-src {source(style)}; script-src {source(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def link(text: str) -> str:
    """Return an address that may be followed; anything but https and http is none."""
    return text if text.startswith(("https://", "http://")) and not set(text) & set(" \"'<>\\") else ""


def seconds(value: float) -> str:
    """Return a duration as people read it."""
    return f"{value:.1f} s" if value < 60 else f"{int(value // 60)} min {int(value % 60)} s"


def context(judgement: Judgement, beside: Beside) -> dict[str, Any]:
    """Return what the template shows; reads pictures, and decides nothing that the judgement has not decided."""
    known = dict.fromkeys(beside.pages)
    rows = report_pages.rows(judgement, beside.pages, beside.lighthouse)
    listed = rows[:MOST_PAGES]
    film = films(report_pages.lighthouse_rows(judgement))
    # Before the findings' own: without them nobody sees what the site looks like.
    pictured = _pictures([row.page for row in listed[:MOST_PICTURED]], beside, film)
    sections = _sections(judgement, known, beside.album)
    first = [group for one in sections if _in_the_way(one, judgement) for group in one.groups if _bad(group)]
    changes = difference(beside.past.before, judgement) if beside.past.before else Difference()
    return {
        "judgement": judgement,
        "beside": beside,
        "verdict": verdict(judgement),
        "score": judgement.score,
        "principles": _principles(judgement, beside),
        "sections": sections,
        "silent": [one for one in sections if _silent(one, judgement)],
        "first": first[:MOST_FIRST],
        "more_first": len(first) - len(first[:MOST_FIRST]),
        "left_out": _left_out(sections),
        "blocking": sum(one.blocking for one in sections),
        "advice": sum(one.advice for one in sections),
        "passed": sum(one.one.verdict is Verdict.PASSED for one in sections),
        "waived": [(one.one.gate, used) for one in sections for used in one.one.waivers],
        "idle": [one for one in beside.waivers if one.use.value not in {"in use", "not judged"}],
        "rows": listed,
        "pictured": pictured,
        "folders": report_pages.folders(rows[MOST_PAGES:]),
        "page_count": len(rows),
        "weighed": any(row.weight is not None for row in listed),
        "screened": any(row.screens for row in listed),
        "changes": changes,
        "most_changes": MOST_CHANGES,
        "series": series(beside.past.moments),
        "field": (WIDTH, HEIGHT),
        "machine": machine.line(judgement.machine),
        "slowest": sorted((one.one for one in sections), key=lambda one: -one.seconds),
        "stuck": [one for one in sections if _in_the_way(one, judgement)],
        "next": next_step(judgement),
    }


def verdict(judgement: Judgement) -> tuple[str, str]:
    """Return good, bad or part, and the sentence that stands on top."""
    if judgement.refusal() is not None:
        # Which gates, and how they ended, stands below it.
        text = show.summary(judgement).partition(": ")[0]
        return "bad", text[:1].upper() + text[1:]
    if judgement.missing:
        return "part", f"{count_text(len(judgement.results), 'gate')} judged, and nothing in the way so far"
    return "good", f"Nothing is in the way of {judgement.environment}"


def next_step(judgement: Judgement) -> tuple[str, str]:
    """Return what to do next in words, if anything, and the command."""
    if judgement.refusal() is None:
        return "", show.after(judgement)
    before, then, command = show.hint(judgement).partition("then: ")
    return (before + then, command) if then else ("", before)


def _in_the_way(section: Section, judgement: Judgement) -> bool:
    return section.one.blocks or (judgement.too_low and section.points > 0)


def _bad(group: Group) -> bool:
    return group.kind == "blocks"


def _silent(section: Section, judgement: Judgement) -> bool:
    """Whether a gate is in the way and there is no finding to show for it: it could not measure."""
    return _in_the_way(section, judgement) and not any(_bad(group) for group in section.groups)


def _principles(judgement: Judgement, beside: Beside) -> list[dict[str, Any]]:
    rows = []
    for name in PRINCIPLES:
        every = [one for one in judgement.results if one.principle == name]
        counted = [one for one in every if one.standing in {Standing.PASSED, Standing.LOST}]
        title, _, words = beside.principles.get(name, "").partition(": ")
        points = judgement.score.principles[name]
        rows.append(
            {
                "name": name,
                "title": title,
                "words": words,
                "points": points,
                "passed": sum(one.standing is Standing.PASSED for one in counted),
                "counted": len(counted),
                "state": "none" if points is None else "good" if points >= _CIRCLE else "bad",
                "lost": [one.gate for one in counted if one.standing is Standing.LOST],
                "gates": len(every),
            }
        )
    return rows


def _sections(judgement: Judgement, pages: Mapping[str, object], album: Album) -> list[Section]:
    points = {one.gate: one.points for one in judgement.score.losses}
    room = MOST_FINDINGS
    found = []
    # What is in the way is shown first and in full, whatever else there is.
    for one in sorted(judgement.results, key=lambda one: (not one.blocks, one.gate not in points)):
        groups, room = _groups(one, pages, album, room)
        blocking = sum(finding.blocking for finding in one.findings)
        found.append(
            Section(
                one=one,
                word=show.word(one),
                state=_state(one),
                title=TITLES.get(one.gate, ""),
                explain=" ".join(GATES[one.gate].EXPLAIN.split()) if one.gate in GATES else "",
                groups=tuple(groups),
                measures=tuple(_measure(measure) for measure in one.measures),
                command=_command(one, judgement.environment),
                blocking=blocking,
                advice=len(one.findings) - blocking,
                points=points.get(one.gate, 0.0),
            )
        )
    return found


def _state(one: Judged) -> str:
    if one.verdict is Verdict.PASSED:
        return "good"
    if one.blocks or one.verdict is Verdict.FAILED:
        return "bad"
    return "waived" if one.verdict is Verdict.WAIVED else "part"


def _command(one: Judged, environment: str) -> str:
    task = f"invoke {show.task_of(one.gate)} --env={environment}"
    # A mended page has to be built first; a type, and what GitHub says, has not.
    if one.evidence is None or one.gate in {"typescript", "zero_actions"}:
        return task
    return f"invoke build {show.task_of(one.gate)} --env={environment}"


def _groups(one: Judged, pages: Mapping[str, object], album: Album, room: int) -> tuple[list[Group], int]:
    """Return the findings by rule and kind, what is in the way first, and how many more may be shown."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in one.findings:
        found.setdefault((report_pages.kind_of(one, finding), finding.rule), []).append(finding)
    made = []
    for (kind, rule), findings in sorted(
        found.items(), key=lambda pair: report_pages.KINDS.index(pair[0][0])
    ):
        shown_here = findings[: min(MOST_OF_A_RULE, room)]
        room -= len(shown_here)
        known = explained(one.gate, rule)
        made.append(_group(one.gate, rule, kind, findings, known, shown_here, pages, album))
    return made, room


def _group(  # noqa: PLR0913 - a group is all of these
    gate: str,
    rule: str,
    kind: str,
    findings: Sequence[Finding],
    known: Rule | None,
    listed: Iterable[Finding],
    pages: Mapping[str, object],
    album: Album,
) -> Group:
    fixes = {one.fix for one in findings}
    # The rule's own words where each finding has others of its own.
    fix = fixes.pop() if len(fixes) == 1 else known.fix if known else ""
    return Group(
        gate=gate,
        rule=rule,
        kind=kind,
        what=_cut(_title(gate, rule, known, findings)),
        fix=_cut(fix),
        source=next((one.source for one in findings if one.source), known.source if known else ""),
        count=len(findings),
        pages=len({one.path for one in findings if one.path}),
        items=tuple(_item(gate, kind, one, fix, pages, album) for one in listed),
    )


def _title(gate: str, rule: str, known: Rule | None, findings: Sequence[Finding]) -> str:
    """Return what a group has in common; of a family of rules, such as axe's, the family's words say too little."""
    if known and gate in GATES and rule in GATES[gate].RULES:
        return known.what
    heads = {one.message.rpartition(": ")[0] or one.message for one in findings}
    return heads.pop() if len(heads) == 1 or known is None else known.what


def address(page: str, url: str) -> str:
    """Return where a page is live, empty for a site that is not served over https."""
    there = url.startswith("https://") and link(url)
    return url + quote(page[1:], safe="/", errors="surrogateescape") if there else ""


def anchor(text: str) -> str:
    """Return a text as part of an element's id, which has no white space."""
    return "-".join(text.split())


def _item(
    gate: str, kind: str, finding: Finding, said: str, pages: Mapping[str, object], album: Album
) -> Item:
    line = f":{finding.line}" if finding.line else ""
    return Item(
        gate=gate,
        rule=finding.rule,
        kind=kind,
        page=report_pages.page_of(finding, pages),
        where=_cut(f"{finding.path}{line}"),
        message=_cut(finding.message),
        amount=_amount(finding),
        details=tuple(_lines(finding.details)),
        fix="" if finding.fix == said else _cut(finding.fix),
        picture=album.address(finding.picture),
    )


def _amount(finding: Finding) -> str:
    if finding.measured is None or finding.limit is None:
        return ""
    unit = f" {finding.unit}" if finding.unit and finding.unit != "B" else ""
    return (
        f"{_value(finding.measured, finding.unit)}{unit}, limit {_value(finding.limit, finding.unit)}{unit}"
    )


def _value(value: float, unit: str) -> str:
    # A shift of 0.25 is not 0.2.
    return f"{value:.2f}" if not unit and 0 < abs(value) < 1 else amount_text(value, unit)


def _measure(measure: Measure) -> tuple[str, str, str, str, bool]:
    unit = f" {measure.unit}" if measure.unit and measure.unit != "B" else ""
    limit = "" if measure.limit is None else f"{_value(measure.limit, measure.unit)}{unit}"
    is_over = measure.limit is not None and measure.value > measure.limit
    return measure.name, f"{_value(measure.value, measure.unit)}{unit}", limit, _cut(measure.where), is_over


def _lines(details: Sequence[str]) -> Iterator[str]:
    yield from (_cut(line) for line in details[:MOST_LINES])
    if len(details) > MOST_LINES:
        yield f"and {count_text(len(details) - MOST_LINES, 'more line')}"


def _cut(text: str) -> str:
    # A lone surrogate has no bytes in UTF-8: it comes from a file name that is none.
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 1]}…"


def _left_out(sections: Iterable[Section]) -> int:
    return sum(group.count - len(group.items) for one in sections for group in one.groups)


def _pictures(
    pages: Sequence[str], beside: Beside, every: Mapping[str, tuple[tuple[int, str], ...]]
) -> dict[str, dict[str, Any]]:
    """Return the data: addresses of pages' pictures, empty for each that there is not; what is small comes first."""
    found: dict[str, dict[str, Any]] = {}
    for page in pages:
        film = [(ms, beside.album.address(name)) for ms, name in every.get(page, ())]
        found[page] = {"film": [(ms, address) for ms, address in film if address]}
    for view in ("narrow", "wide"):
        for page in pages:
            found[page][view] = beside.album.address(getattr(beside.shots.get(page, Shots()), view))
    return found


def write(
    project: Project, artifact: Artifact, judgement: Judgement, waivers: Sequence[Stated], past: Past
) -> Path:
    """Write the page into this run's folder and return its path; raises OSError."""
    found = pages_of(artifact)
    policy_here = project.policy_for(judgement.environment)
    beside = Beside(
        site=project.settings.site.name or project.root.name,
        principles={name: str(getattr(policy_here.principles, name)) for name in PRINCIPLES},
        waivers=waivers,
        past=past,
        pages=found,
        lighthouse=_lighthouse_limits(policy_here),
        album=Album(folders(project.state), PICTURES),
        # Which pages have most to tell is not known yet, and to look all of a big site up takes seconds.
        shots=visited(project.state, artifact, judgement.base, judgement.url, _worst(judgement, found)),
    )
    path = runs.folder(project.state) / "check.html"
    write_atomic(path, html(judgement, beside).encode("utf-8", "replace"))
    return path


def _worst(judgement: Judgement, found: Sequence[str]) -> list[str]:
    return [row.page for row in report_pages.rows(judgement, found, LIMITS)[:MOST_PICTURED]]


def _lighthouse_limits(policy_here: Policy) -> Limits:
    own = getattr(policy_here, "lighthouse", None)
    return {**LIMITS, **own.model_dump(mode="json")} if own else LIMITS
