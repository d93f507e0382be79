"""All gates, their parts and their memory against the programs that sites use today, on the same pages.

PYTHONPATH=. python benchmarks/gates.py PART ...     # accessibility lighthouse all stability memory; Linux only
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import gates_site
import tree
from gates_ours import MODES, ONE
from gates_peers import Absent, Peers, install
from gates_stability import stability
from measure import markdown

from checks.scan import subject
from pipeline.gates.lighthouse import serve

TOP = Path(__file__).resolve().parents[1]
_OURS = [sys.executable, TOP / "benchmarks/gates_ours.py"]
_PAGES = [sys.executable, "-m", "pages_pipeline"]
_ENV = {"PYTHONPATH": str(TOP), "NO_COLOR": "1"}
Goal = tuple[str, float, float]


def accessibility(given: argparse.Namespace, scratch: Path) -> list[Goal]:
    """Compare axe and Pa11y's engine in one navigation with pa11y-ci and @axe-core/cli, by page."""
    root = scratch / "accessibility"
    pages = gates_site.make(root, given.a11y_pages)
    peers = Peers(scratch, given.chromedriver)
    found: dict[str, list[tree.Tree]] = {}
    with serve(subject(root / "dist", source=root)) as server:
        urls = [server.url + page for page in pages]
        runs: dict[str, Callable[[], tree.Tree]] = {
            **{mode: (lambda mode=mode: _visits(root, mode, len(pages))) for mode in MODES},  # type: ignore[misc]
            "pa11y-ci": lambda: peers.pa11y(urls),
            "@axe-core/cli": lambda: peers.axe(urls),
        }
        _in_turn(runs, given.rounds, found)
    # The page that is not found is visited too, and not asked of the peers.
    counts = {name: len(pages) + (name in MODES) for name in found}
    rows = [
        [name, *(f"{_middle(done, what) / counts[name]:.2f} s" for what in ("cpu", "wall"))]
        for name, done in found.items()
    ]
    print(markdown([f"accessibility, {len(pages)} pages, by page", "CPU", "wall"], rows))
    goals: list[Goal] = []
    for name, goal in (("pa11y-ci", 1 / 5), ("@axe-core/cli", 1 / 2)):
        if name in found:
            for what in ("cpu", "wall"):
                mine, theirs = (_middle(found[one], what) / counts[one] for one in (ONE, name))
                goals.append((f"accessibility by page against {name}, {what}", mine / theirs, goal))
    return goals


def _visits(root: Path, mode: str, pages: int) -> tree.Tree:
    done = tree.run([*_OURS, "visits", root, mode], env=_ENV)
    found = json.loads(done.said.splitlines()[-1])
    if found["failed"] or found["pages"] < pages or not found["passes"]:
        raise RuntimeError(f"not every page was looked at: {found}")
    return done


def lighthouse(given: argparse.Namespace, scratch: Path) -> list[Goal]:
    """Compare a run of Lighthouse for performance with one of LHCI."""
    root = scratch / "lighthouse"
    gates_site.make(root, 20)
    peers = Peers(scratch)
    found: dict[str, list[tree.Tree]] = {}
    with serve(subject(root / "dist", source=root)) as server:
        url, runs = server.url, given.runs
        both: dict[str, Callable[[], tree.Tree]] = {
            "fast": lambda: tree.run([*_OURS, "lighthouse", url, str(runs)], env=_ENV),
            "lhci": lambda: peers.lhci([url], runs, "mobile", ["performance"]),
        }
        _in_turn(both, given.rounds, found)
    rows = [
        [name, *(f"{_middle(done, what) / runs:.1f} s" for what in ("cpu", "wall"))]
        for name, done in found.items()
    ]
    print(markdown([f"Lighthouse, performance, by run of {runs}", "CPU", "wall"], rows))
    return [
        (
            f"Lighthouse by run against LHCI, {what}",
            _middle(found["fast"], what) / _middle(found["lhci"], what),
            1 / 3,
        )
        for what in ("cpu", "wall")
    ]


def everything(given: argparse.Namespace, scratch: Path) -> list[Goal]:
    """Compare `invoke check` on a new site, and again after 1% of it changed, with the four peers one by one."""
    root = scratch / "all"
    pages = gates_site.make(root, given.pages)
    first = _check(root)
    # Pages that differ from the live release are looked at once more, so there has to be one.
    tree.run([*_PAGES, "deploy"], cwd=root, env={**_ENV, "INVOKE_SITE_PATH": str(root)})
    audited = _audited(root)
    changed = gates_site.change(root, 0, pages)
    again = _check(root)
    nothing = _check(root)
    peers = Peers(scratch, given.chromedriver)
    theirs: dict[str, tree.Tree] = {}
    with serve(subject(root / "dist", source=root)) as server:
        urls = [server.url + page for page in pages]
        skip = f"^{gates_site.ADDRESS}"
        todo: dict[str, Callable[[], tree.Tree]] = {
            "linkinator": lambda: peers.linkinator(root / "dist", len(pages), skip),
            "@axe-core/cli": lambda: peers.axe(urls),
            "pa11y-ci": lambda: peers.pa11y(urls),
        }
        for (preset, count), some in audited.items():
            where = [server.url + page.removeprefix("/") for page in some]
            todo[f"lhci autorun, {preset}, n = {count}"] = lambda where=where, count=count, preset=preset: (
                peers.lhci(  # type: ignore[misc]
                    where, count, preset
                )
            )
        for name, work in todo.items():
            try:
                theirs[name] = work()
            except Absent as reason:
                print(f"{name}: unavailable: {reason}", file=sys.stderr)
            else:
                _tell(name, theirs[name])
    rows = [[f"ours, first run of {len(pages)} pages", *_cells(first)]]
    rows += [
        [f"ours, {changed} of {len(pages)} changed", *_cells(again)],
        ["ours, nothing changed", *_cells(nothing)],
    ]
    rows += [[name, *_cells(done)] for name, done in theirs.items()]
    print(markdown(["all gates", "CPU", "wall"], rows))
    goals: list[Goal] = []
    for what in ("cpu", "wall"):
        whole = sum(getattr(one, what) for one in theirs.values())
        goals.append((f"all gates, first run, {what}", getattr(first, what) / whole, 1 / 2))
        goals.append(
            (
                f"all gates, {changed} of {len(pages)} pages changed, {what}",
                getattr(again, what) / whole,
                1 / 20,
            )
        )
    return goals


def _check(root: Path) -> tree.Tree:
    done = tree.run(
        [*_PAGES, "check", "--json"], cwd=root, env={**_ENV, "INVOKE_SITE_PATH": str(root)}, good=(0, 3)
    )
    said = json.loads(done.said)
    verdicts = ", ".join(f"{name} {one['verdict']}" for name, one in said["gates"].items())
    _tell(f"check ({verdicts})", done)
    return done


def _audited(root: Path) -> dict[tuple[str, int], list[str]]:
    """Return the pages that Lighthouse measured, by screen and number of runs."""
    import sqlite3

    found: dict[tuple[str, int], list[str]] = {}
    with sqlite3.connect(root / ".pages/cache/lighthouse.db") as base:
        for page, preset, count in base.execute(
            "select page, preset, count(*) from runs group by page, preset"
        ):
            found.setdefault((preset, count), []).append(page)
    return found


def memory(given: argparse.Namespace, scratch: Path) -> list[Goal]:
    """Watch the memory of a check of many pages; it is ended after some minutes, and says how far it came."""
    import sqlite3

    root = scratch / "memory"
    pages = gates_site.make(root, given.many)
    database = root / ".pages/cache/visits.db"

    def count() -> int:
        try:
            with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as base:
                return int(base.execute("select count(*) from visits").fetchone()[0])
        except sqlite3.Error:
            return 0

    argv = [*_PAGES, "check.accessibility", "--json"]
    env = {**_ENV, "INVOKE_SITE_PATH": str(root)}
    done = tree.run(argv, cwd=root, env=env, good=(0, 3), seconds=given.minutes * 60, count=count)
    seen = max(one.pages for one in done.moments)
    rows = []
    for share in (0.1, 0.25, 0.5, 0.75, 1.0):
        part = [one for one in done.moments if one.pages and one.pages <= share * seen] or list(
            done.moments[-1:]
        )
        recent = [one.sizes for one in part[-10:]]
        cells = [
            f"{statistics.median(one[kind] for one in recent) / 1e6:.0f} MB" for kind in ("python", "browser")
        ]
        rows.append([f"{part[-1].pages:,}", *cells])
    print(f"{seen:,} of {len(pages):,} pages in {done.wall:.0f} s" + (", then ended" if done.stopped else ""))
    print(markdown(["pages visited", "python", "browser"], rows))
    whole = max(sum(one.sizes.values()) for one in done.moments)
    peaks = ", ".join(f"{kind} {done.peak(kind) / 1e6:.0f} MB" for kind in ("python", "browser", "node"))
    print(f"peaks: {peaks}; all together {whole / 1e6:.0f} MB")
    return [(f"memory of {seen:,} pages in GB", whole / 1e9, 1.0)]


def _in_turn(
    runs: Mapping[str, Callable[[], tree.Tree]], rounds: int, found: dict[str, list[tree.Tree]]
) -> None:
    """Run all of them A B C A B C; one that is not there is named and left out."""
    absent: set[str] = set()
    for _ in range(rounds):
        for name, run in runs.items():
            if name in absent:
                continue
            try:
                done = run()
            except Absent as reason:
                print(f"{name}: unavailable: {reason}", file=sys.stderr)
                absent.add(name)
                continue
            found.setdefault(name, []).append(done)
            _tell(name, done)


def _tell(name: str, done: tree.Tree) -> None:
    load = os.getloadavg()[0]
    print(f"{name}: {done.cpu:.1f} s CPU, {done.wall:.1f} s; load {load:.1f}", file=sys.stderr)


def _cells(done: tree.Tree) -> list[str]:
    return [f"{done.cpu:.0f} s", f"{done.wall:.0f} s"]


def _middle(done: Sequence[tree.Tree], what: str) -> float:
    return statistics.median(getattr(one, what) for one in done)


PARTS: Mapping[str, Callable[[argparse.Namespace, Path], list[Goal]]] = {
    "accessibility": accessibility,
    "lighthouse": lighthouse,
    "all": everything,
    "stability": stability,
    "memory": memory,
}


def main() -> int:
    """Print a table for each part; the exit code is 1 when a goal is missed."""
    grammar = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    grammar.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default")
    grammar.add_argument("--rounds", type=int, default=2, help="of accessibility and lighthouse")
    grammar.add_argument("--runs", type=int, default=3, help="of Lighthouse, on a page")
    grammar.add_argument("--pages", type=int, default=60, help="of `all`")
    grammar.add_argument("--a11y-pages", type=int, default=12)
    grammar.add_argument("--many", type=int, default=1_000, help="pages of `memory`; 10000 takes hours")
    grammar.add_argument("--minutes", type=float, default=6.0, help="limit of `memory` and of `stability`")
    grammar.add_argument("--chromedriver", default="", help="for @axe-core/cli; else the one on PATH")
    given = grammar.parse_args()
    if strangers := set(given.parts) - set(PARTS):
        grammar.error(f"there is no part {', '.join(sorted(strangers))}; there are: {', '.join(PARTS)}")
    versions = install()
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    goals: list[Goal] = []
    for part in given.parts or PARTS:
        scratch = Path(tempfile.mkdtemp(prefix=f"gates-{part}-"))
        try:
            print(f"\n## {part}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
            goals += PARTS[part](given, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    print()
    rows = [
        [name, f"{value:.3f}", f"{goal:.3f}", "met" if value <= goal else "missed"]
        for name, value, goal in goals
    ]
    print(markdown(["", "measured", "goal", ""], rows))
    return int(any(value > goal for _, value, goal in goals))


if __name__ == "__main__":
    sys.exit(main())
