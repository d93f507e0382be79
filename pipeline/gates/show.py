"""How judgements look: findings, measured values against limits, and the next step; for 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from checks.base import Finding, Measure, Verdict, amount_text
from pipeline.core import ui
from pipeline.gates.evidence import Judged, Judgement
from pipeline.gates.score import PRINCIPLES, Standing, shown
from pipeline.gates.waivers import Stated, Use

_SHOWN = 5
_WIDTH = 76  # of 80: a Stop's details are indented by four


def summary(judgement: Judgement) -> str:
    """Return the message of a judgement that stands in the way of a release."""
    stuck = [one for one in judgement.results if one.blocks]
    if not stuck:
        points = shown(judgement.score.overall)
        return f"the score of {judgement.environment} is {points} of 100, a release needs {judgement.threshold:g}"
    said = ", ".join(f"{one.gate} {one.verdict.value}" for one in stuck)
    count = "1 gate is" if len(stuck) == 1 else f"{len(stuck)} gates are"
    return f"{count} in the way of {judgement.environment}: {said}"


def hint(judgement: Judgement) -> str:
    """Return the next command for a judgement that did not pass."""
    stuck = [one.gate for one in judgement.results if one.blocks]
    if not stuck:
        lost = judgement.score.losses
        name = lost[0].gate if lost else judgement.results[0].gate
        return f"invoke check.explain {name}, mend the site, then: invoke check --env={judgement.environment}"
    task = task_of(stuck[0]) if len(stuck) == 1 else "check"
    if stuck == ["zero_actions"]:
        return f"mend what it names, then: invoke {task} --env={judgement.environment}"
    if stuck == ["typescript"]:
        return f"mend the site, then: invoke {task} --env={judgement.environment}"
    return f"mend the site, then: invoke build {task} --env={judgement.environment}"


def task_of(gate: str) -> str:
    """Return the task that runs one gate; invoke writes names with a hyphen."""
    return f"check.{gate.replace('_', '-')}"


def after(judgement: Judgement) -> str:
    """Return the next command after gates that are not in the way."""
    task = "check" if judgement.missing else "deploy"
    return f"invoke {task} --env={judgement.environment}"


def blockers(judgement: Judgement) -> Iterator[str]:
    """Return the lines that say what is wrong, gate by gate, and what costs how many points."""
    lost = {one.gate for one in judgement.score.losses} if judgement.too_low else set()
    for one in judgement.results:
        if one.blocks or one.gate in lost:
            yield from gate_lines(one)
    if not judgement.missing:
        yield score_line(judgement)
        yield from (f"  {line}" for line in losses(judgement))


def score_line(judgement: Judgement) -> str:
    """Return the score, what a release needs, and what it leaves out."""
    needs = f"; a release to {judgement.environment} needs {judgement.threshold:g}"
    put_off = f"; {', '.join(judgement.deferred)} put off" if judgement.deferred else ""
    return f"score {shown(judgement.score.overall)} of 100{needs if judgement.production else ''}{put_off}"


def losses(judgement: Judgement) -> Iterator[str]:
    """Return what costs how many points of the score, the dearest first."""
    for one in judgement.score.losses:
        # A tenth that a gate among many costs must not read as nothing.
        points = f"{one.points:.1f}" if one.points >= 0.1 else "less than 0.1"
        yield f"{one.gate} ({one.principle}) {one.said} costs {points} points"


def score_table(judgement: Judgement) -> str:
    """Return each principle's score and what did not pass; empty where only some gates were judged."""
    if judgement.missing:
        return ""
    rows: list[tuple[str, ...]] = []
    for name in PRINCIPLES:
        every = [one for one in judgement.results if one.principle == name]
        counted = [one for one in every if one.standing in {Standing.PASSED, Standing.LOST}]
        passed = sum(one.standing is Standing.PASSED for one in counted)
        of = f"{passed} of {len(counted)}" if counted else "nothing to judge"
        notes = [f"{one.gate} {word(one)}" for one in every if _worth_saying(one)]
        rows.append((name, shown(judgement.score.principles[name]), of, notes[0] if notes else ""))
        rows += [("", "", "", note) for note in notes[1:]]
    return ui.table(rows, ("principle", "score", "gates passed", ""), right=frozenset({1}))


def _worth_saying(one: Judged) -> bool:
    return one.verdict is not Verdict.PASSED


def word(one: Judged) -> str:
    """Return a gate's verdict in words."""
    return "put off" if one.deferred else one.verdict.value


def waived(judgement: Judgement) -> Iterator[str]:
    """Return a line for each waiver that a verdict rests on."""
    for one in judgement.results:
        for used in one.waivers:
            count = f"{used.findings} waived for {used.scope}" if used.findings else "waived, not measured,"
            what = f"{one.gate}: {count} until {used.until}"
            yield f"{what}: {used.reason}"


def gate_lines(one: Judged) -> Iterator[str]:
    """Return what a gate that did not pass has to say."""
    yield f"{one.gate} ({one.verdict.value})"
    if one.reason:
        yield from wrapped(one.reason, "  ")
        yield from _indented(one.details, "    ")
        if one.fix:
            yield from wrapped(f"fix: {one.fix}", "  ")
    # What was not measured is the reason, which is told already.
    told = one.verdict is Verdict.UNAVAILABLE
    blocking = [finding for finding in one.findings if finding.blocking and not (told and finding.unmeasured)]
    for finding in blocking[:_SHOWN]:
        yield from finding_lines(finding)
    if len(blocking) > _SHOWN:
        yield f"  and {len(blocking) - _SHOWN:,} more: invoke {task_of(one.gate)} --json"


def advice(judgement: Judgement) -> Iterator[str]:
    """Return what gates recommend without blocking, and the waivers in use."""
    for line in waived(judgement):
        yield from wrapped(line, "")
    for one in judgement.results:
        for finding in one.findings:
            if not finding.blocking:
                yield from finding_lines(finding, f"{one.gate}: ")


def finding_lines(finding: Finding, head: str = "  ") -> Iterator[str]:
    """Return a finding: where and what, its evidence, and how to mend it."""
    yield from wrapped(f"{_at(finding)}{finding.message}", head)
    yield from _indented(finding.details, "    ")
    if finding.fix:
        yield from wrapped(f"fix: {finding.fix}", "    ")


def _at(finding: Finding) -> str:
    """Return where it is, unless the message tells."""
    if finding.path and finding.line:
        return f"{finding.path}:{finding.line} "
    known = not finding.path or finding.path in finding.message.split() or _names(finding)
    return "" if known else f"{finding.path} "


def _names(finding: Finding) -> bool:
    name = finding.path.strip("/")
    return bool(name) and name in finding.message


def wrapped(text: str, head: str) -> list[str]:
    """Return text as lines that fit, all but the first indented like `head`, at least by two."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * (len(head) - len(head.lstrip()) or 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _indented(lines: Iterable[str], indent: str) -> Iterator[str]:
    for line in lines:
        whole = indent + line
        yield whole if len(whole) <= _WIDTH else whole[: _WIDTH - 1] + "…"


def measure_table(judgement: Judgement) -> str:
    """Return every measured value beside its limit, with the evidence for those that have some."""
    rows: list[tuple[str, ...]] = []
    for one in judgement.results:
        rows += [_row(one.gate, measure) for measure in one.measures if _worth(measure)]
    return ui.table(rows, ("gate", "measured", "value", "limit", "where"), right=frozenset({2, 3}))


def _worth(measure: Measure) -> bool:
    return bool(measure.value) or measure.limit is not None


def _row(gate: str, measure: Measure) -> tuple[str, ...]:
    limit = "-" if measure.limit is None else amount_text(measure.limit, measure.unit)
    value = amount_text(measure.value, measure.unit)
    over = measure.limit is not None and measure.value > measure.limit
    where = measure.where if len(measure.where) <= 24 else "…" + measure.where[-23:]
    return (gate, measure.name, f"{value}{'!' if over else ''}", limit, where)


def measure_details(judgement: Judgement) -> Iterator[str]:
    """Return the evidence behind measured values; gates in the way show theirs with their findings."""
    for one in judgement.results:
        for measure in one.measures:
            if measure.details and not one.blocks:
                yield f"{measure.name}, {measure.where}:"
                yield from _indented(measure.details, "  ")


def note(one: Judged, when: str) -> str:
    """Return what stands behind a gate's verdict on its line."""
    parts = []
    if one.verdict is Verdict.UNAVAILABLE or one.reason:
        parts.append(one.reason)
    blocking = sum(finding.blocking for finding in one.findings)
    if one.verdict is Verdict.FAILED:
        parts.append(f"{blocking:,} finding{'s' if blocking != 1 else ''}")
    if one.verdict is Verdict.WAIVED:
        parts.append(f"until {min(used.until for used in one.waivers)}")
    if one.carried:
        parts.append(f"measured {when}")
    if one.tries > 1:
        parts.append("measured at the second try")
    return ", ".join(parts)


def waiver_lines(one: Stated) -> list[str]:
    """Return a waiver of the policy that does nothing, or not enough; what is in use stands with its gate."""
    return [] if one.use in {Use.USED, Use.UNASKED} else wrapped(one.line(), "")


def warn_of_waivers(judgement: Judgement) -> None:
    """Say which waivers a release rests on, and which gates an emergency puts off."""
    for line in waived(judgement):
        ui.warn(line)
    if judgement.deferred:
        ui.warn(f"an emergency: {', '.join(judgement.deferred)} will be measured right after the release")
