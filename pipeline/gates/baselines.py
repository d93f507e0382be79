"""How fast each page is, kept from release to release, and whether a build made one slower.

A build and the live release are served side by side and measured in turn (A B B A ...), so that what disturbs the
machine disturbs both alike. Other versions of Lighthouse or the browser, or another machine, begin a new baseline.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from checks.base import Subject, Unavailable, amount_text, count_text
from checks.lighthouse_pages import choose
from checks.lighthouse_runs import disturbed
from pipeline.core import ui
from pipeline.core.clock import Clock, stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.gates import machine
from pipeline.gates.lighthouse import Engine, serve
from pipeline.gates.live import LiveRelease, live_release
from pipeline.gates.ranks import ALPHA, EFFECT, Comparison, compare
from pipeline.gates.subject import subject_of
from pipeline.site.artifact import blobs
from pipeline.site.server.folder import FilesServer

# With fewer than five against five no order of ranks is rare enough: benchmarks/README.md.
LEAST = 5
# Name: what people call it, its unit, and the change below which nobody sees a difference, whatever its share.
METRICS: Mapping[str, tuple[str, str, float]] = {
    "lcp": ("LCP", "ms", 50.0),
    "cpu_tbt": ("TBT by CPU time", "ms", 20.0),
    "fcp": ("FCP", "ms", 50.0),
    "cls": ("CLS", "", 0.02),
    "weight": ("weight", "B", 1_000.0),
}
_VERSION = 1
_TABLE = """\
create table if not exists baselines (
    environment text not null,
    page text not null,
    preset text not null,
    tools text not null,
    machine text not null,
    tree text not null,
    at text not null,
    samples text not null,
    primary key (environment, page, preset, tools, machine)
);
"""
_BUSY_SECONDS = 30.0

Samples = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Baseline:
    """What a page measured when it was last accepted: values by metric, and the tree that it was of."""

    samples: Samples
    tree: str
    at: str


@dataclass(frozen=True)
class Line:
    """One metric of one page on one screen: against the live release, or against an earlier baseline."""

    page: str
    preset: str
    metric: str
    against: str
    comparison: Comparison


@dataclass(frozen=True)
class Report:
    """What was measured and compared, `new` pages without anything to compare with, and what could not be measured."""

    environment: str
    lines: tuple[Line, ...]
    new: tuple[str, ...]
    unmeasured: tuple[str, ...]
    kept: int
    notes: tuple[str, ...] = ()

    @property
    def worse(self) -> tuple[Line, ...]:
        """The regressions."""
        return tuple(line for line in self.lines if line.comparison.worse)

    @property
    def record(self) -> dict[str, Any]:
        """The report as JSON."""
        return {**asdict(self), "worse": len(self.worse)}

    def require(self) -> None:
        """Raise Stop (8) for a regression, and (7) when a page could not be measured."""
        again = f"invoke check.baseline --env={self.environment}"
        if self.worse:
            what = count_text(len(self.worse), "regression")
            hint = f"mend the pages and build again, or accept it: {again} --accept"
            raise Stop(f"{what} against what is live", hint, Code.DRIFT, tuple(map(line_text, self.worse)))
        if self.unmeasured:
            what = f"{count_text(len(self.unmeasured), 'page')} could not be measured"
            raise Stop(what, f"let the machine do nothing else, then: {again}", Code.SERVICE, self.unmeasured)


def line_text(line: Line) -> str:
    """Return a comparison as one line."""
    name, unit, _ = METRICS[line.metric]
    found = line.comparison
    before, after = (_amount(value, unit) for value in (found.before, found.after))
    grew = "" if found.growth is None else f", {found.growth:+.0%}"
    return f"{line.page} ({line.preset}): {name} {before} -> {after}{grew}, p = {found.p:.3f}"


def _amount(value: float, unit: str) -> str:
    return f"{value:.3f}" if not unit else amount_text(value, unit) + (" ms" if unit == "ms" else "")


def check(
    project: Project,
    artifact: Artifact,
    environment: str,
    *,
    runs: int = LEAST,
    accept: bool = False,
    clock: Clock = utc_now,
) -> Report:
    """Measure a build's pages against the live release, and keep what is no worse as the baseline.

    Measured are the pages that changed, and the gate `lighthouse`'s other pages where they have no baseline; all of
    them, against their baselines, where nothing is live. `accept` keeps regressions too. Raises Stop:
    2 for fewer than five runs, 69 where a program is missing, 7 when it fails.
    """
    if runs < LEAST:
        raise Stop(
            f"{runs} runs cannot tell a regression from chance", f"invoke check.baseline --runs={LEAST}"
        )
    subject = subject_of(project, artifact, environment, clock)
    live = live_release(project.state / "objects.git", environment, artifact.tree)
    with (
        _Book(project.state / "baselines.db") as book,
        contextlib.closing(Engine(project, environment)) as engine,
    ):
        try:
            return _check(_Bench(subject, live, engine, book, runs, accept, stamp(clock())))
        except Unavailable as refusal:
            raise Stop(refusal.reason, refusal.fix, Code.SERVICE, refusal.details) from refusal


@dataclass(frozen=True)
class _Bench:
    subject: Subject
    live: LiveRelease | None
    engine: Engine
    book: _Book
    runs: int
    accept: bool
    now: str

    @property
    def tools(self) -> str:
        return ", ".join(f"{name} {version}" for name, version in sorted(self.engine.tools.items()))


def _check(bench: _Bench) -> Report:
    subject, limits = bench.subject, bench.engine.limits
    choice = choose(subject, every=bool(limits["every"]), changed=limits["changed"])
    notes = [f"{count_text(choice.left, 'changed page')} left out: lighthouse.changed"] if choice.left else []
    found = _Found(bench, notes)
    jobs = [
        (one.page, preset, "changed" in one.why)
        for one in choice.pages
        for preset in limits["presets"]
        # What is live and has its baseline is not measured again.
        if bench.live is None or "changed" in one.why or not bench.book.of(bench, one.page, preset)
    ]
    if jobs:
        both = any(changed for _, _, changed in jobs)
        with serve(subject) as candidate, _serve_live(bench if both else None) as live:
            for page, preset, changed in jobs:
                found.add(page, preset, candidate, live if changed else None)
    return Report(
        subject.environment,
        tuple(found.lines),
        tuple(found.new),
        tuple(found.unmeasured),
        found.kept,
        tuple(dict.fromkeys(found.notes)),
    )


class _Found:
    """Collects comparisons page by page."""

    def __init__(self, bench: _Bench, notes: list[str]) -> None:
        self.bench = bench
        self.lines: list[Line] = []
        self.new: list[str] = []
        self.unmeasured: list[str] = []
        self.notes = notes
        self.kept = 0

    def add(self, page: str, preset: str, candidate: FilesServer, live: FilesServer | None) -> None:
        """Measure a page on one screen on both sides, compare, and keep it when it is no worse."""
        bench = self.bench
        sides = [live.url, candidate.url] if live else [candidate.url]
        with ui.step(f"measure {page} ({preset})") as line:
            try:
                measured = measure(bench.engine, page, preset, sides, bench.runs)
            except Unavailable as refusal:
                line.verdict, line.note = "unavailable", refusal.reason
                self.unmeasured.append(refusal.reason)
                return
        after = measured[-1]
        if live:
            before: Baseline | None = Baseline(measured[0], bench.live.tree if bench.live else "", bench.now)
            against = "live"
        else:
            before, against = self._earlier(page, preset), "baseline"
        lines = compared(page, preset, before.samples, after, against) if before else []
        self.lines += lines
        if before is None:
            self.new.append(f"{page} ({preset})")
        if bench.accept or not any(one.comparison.worse for one in lines):
            bench.book.keep(bench, page, preset, after)
            self.kept += 1

    def _earlier(self, page: str, preset: str) -> Baseline | None:
        bench = self.bench
        found = bench.book.of(bench, page, preset)
        if found is None and (others := bench.book.others(bench, page, preset)):
            self.notes.append(
                f"a new baseline: the one before was measured with {others[0]}, now with {bench.tools}"
            )
        return found


def compared(page: str, preset: str, before: Samples, after: Samples, against: str) -> list[Line]:
    """Return a line for each metric that both have; pure."""
    return [
        Line(page, preset, name, against, compare(before[name], after[name], METRICS[name][2]))
        for name in METRICS
        if before.get(name) and after.get(name)
    ]


def order(rounds: int) -> list[int]:
    """Return whose turn it is in `rounds` rounds of two: 0 1 1 0 0 1 1 0 ..., so that no drift favours one side."""
    return [side for number in range(rounds) for side in ((0, 1) if number % 2 == 0 else (1, 0))]


def measure(engine: Engine, page: str, preset: str, homes: Sequence[str], runs: int) -> list[Samples]:
    """Return each side's samples of at least `runs` undisturbed runs, measured in turn.

    Disturbed runs are replaced, at most as many as were wanted; then Unavailable is raised.
    """
    calm: list[list[Mapping[str, Any]]] = [[] for _ in homes]
    turns = order(2 * runs) if len(homes) == 2 else [0] * (2 * runs)
    for number, side in enumerate(turns):
        # Both go on until both have enough: one side alone at the end would be measured under other conditions.
        if number % len(homes) == 0 and min(map(len, calm)) >= runs:
            break
        run = engine.runs(homes[side], page, preset, ("performance",), 1)[0]
        if not disturbed(run):
            calm[side].append(run["metrics"])
    if min(map(len, calm)) < runs:
        made = len(turns) - sum(map(len, calm))
        raise Unavailable(f"{page} ({preset}): other programs disturbed {made} of {len(turns)} runs")
    return [{name: [float(one[name]) for one in side] for name in METRICS} for side in calm]


@contextlib.contextmanager
def _serve_live(bench: _Bench | None) -> Iterator[FilesServer | None]:
    """Serve the live release beside the build, under the same base path; nothing where nothing is compared."""
    if bench is None or bench.live is None:
        yield None
        return
    git, tree = bench.live.git, bench.live.tree
    done = git.run("ls-tree", "-r", "-z", tree, what="git cannot read the live release")
    files = {}
    for entry in done.out.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        about, _, path = entry.partition("\t")
        files[path] = about.split(" ")[2]
    oids = list(dict.fromkeys(files.values()))
    contents = dict(zip(oids, blobs(git, oids), strict=True))
    with FilesServer("live", files, lambda path: contents[files[path]], bench.subject.base) as server:
        yield server


class _Book:
    """The baselines in SQLite; raises Stop (7) when its file cannot be used."""

    def __init__(self, path: Path) -> None:
        try:
            self._base = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._base.execute("pragma journal_mode = wal")
            if self._base.execute("pragma user_version").fetchone()[0] != _VERSION:
                self._base.execute("drop table if exists baselines")
                self._base.execute(f"pragma user_version = {_VERSION}")
            self._base.executescript(_TABLE)
        except sqlite3.Error as error:
            raise Stop(
                f"the baselines in {path} cannot be read: {error}", f"rm {path}", Code.SERVICE
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()

    def of(self, bench: _Bench, page: str, preset: str) -> Baseline | None:
        """Return a page's baseline by what measures now on this machine, or None."""
        query = (
            "select samples, tree, at from baselines "
            "where environment = ? and page = ? and preset = ? and tools = ? and machine = ?"
        )
        values = (bench.subject.environment, page, preset, bench.tools, machine_name())
        row = self._base.execute(query, values).fetchone()
        return Baseline(json.loads(row[0]), row[1], row[2]) if row else None

    def others(self, bench: _Bench, page: str, preset: str) -> list[str]:
        """Return what else measured the page here before, the newest first."""
        query = (
            "select tools, machine from baselines "
            "where environment = ? and page = ? and preset = ? order by at desc"
        )
        rows = self._base.execute(query, (bench.subject.environment, page, preset)).fetchall()
        return [
            f"{tools} on {name}" for tools, name in rows if (tools, name) != (bench.tools, machine_name())
        ]

    def keep(self, bench: _Bench, page: str, preset: str, samples: Samples) -> None:
        """Make these samples the page's baseline."""
        key = (bench.subject.environment, page, preset, bench.tools, machine_name())
        values = (*key, bench.subject.tree, bench.now, json.dumps(samples))
        self._base.execute("insert or replace into baselines values (?, ?, ?, ?, ?, ?, ?, ?)", values)


def machine_name() -> str:
    """Return what names this machine's speed: times from another one do not compare."""
    return f"{os.uname().nodename}, {platform.machine()}, {count_text(machine.cores(), 'core')}"


def table(report: Report) -> str:
    """Return the comparisons as a table; what is worse is marked."""
    rows = []
    for line in report.lines:
        name, unit, _ = METRICS[line.metric]
        found = line.comparison
        grew = "-" if found.growth is None else f"{found.growth:+.1%}"
        cells = (_amount(found.before, unit), _amount(found.after, unit), grew, f"{found.p:.3f}")
        rows.append((f"{line.page} {line.preset}", name, *cells, "worse" if found.worse else ""))
    heads = ("page", "figure", "before", "now", "change", "p", "")
    return ui.table(rows, heads, right=frozenset({2, 3, 4, 5}))


def summary(report: Report) -> str:
    """Return the report's last line."""
    kept = count_text(report.kept, "baseline")
    if not report.lines and not report.new:
        return "no page differs from the live release, and all have their baselines: nothing to measure"
    worst = max((line.comparison.growth or 0 for line in report.lines if line.metric == "lcp"), default=0)
    middle = median([line.comparison.growth or 0 for line in report.lines if line.metric == "lcp"] or [0])
    rule = f"worse: p <= {ALPHA:g} and more than {EFFECT:.0%}"
    told = f", LCP {middle:+.1%} in the middle and {worst:+.1%} at worst ({rule})" if report.lines else ""
    return f"{kept} kept, {len(report.new)} new{told}"
