"""How often the verdict on a page near its limit changes, with the machine idle and loaded: ours against LHCI."""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measure import markdown

from checks.lighthouse_runs import REPLACED, counting, disturbed, values
from checks.scan import subject
from pipeline.gates.lighthouse import serve
from pipeline.tools import toolbox
from pipeline.tools.chrome import find_chrome
from pipeline.tools.lighthouse.lhci import LighthouseCI
from pipeline.tools.lighthouse.report import read
from pipeline.tools.lighthouse.worker import Worker
from pipeline.tools.node import find_node

# A script that works for so many milliseconds of processor time, which is what Lighthouse multiplies by four.
_PAGE = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title><meta name="viewport"
content="width=device-width"><link rel="icon" href="data:,"></head><body><h1>A page</h1><p>With a text.</p><script>
requestAnimationFrame(() => setTimeout(() => {{
  let sum = 0;
  for (let i = 0; i < {loops}; i++) sum += Math.sqrt(i) % 7;
  document.title = String(sum);
}}, 0));
</script></body></html>
"""
_TRIAL = 10_000_000
# Total Blocking Time in milliseconds: what the pages are made to have, just inside, at, and just over the limit.
_LIMIT = 200.0
_NEAR = (0.9, 1.0, 1.1)
_RUNS = 3
_DRAWS = 4_000
_FEWEST = 6
Run = Mapping[str, Any]
Goal = tuple[str, float, float]


def stability(given: argparse.Namespace, scratch: Path) -> list[Goal]:
    """Measure three pages in turn by both engines, then draw verdicts of those runs."""
    node, chrome = find_node(), find_chrome()
    package = toolbox.need("lighthouse", node) / "node_modules/lighthouse"
    lhci = LighthouseCI(node.path, toolbox.need("lhci", node), chrome.path)
    root = scratch / "stability"
    (root / "dist").mkdir(parents=True)
    with Worker(node.path, package, chrome.path) as worker:

        def fast(url: str, home: str) -> Run:
            return read(worker.report(url, "mobile", ["performance"]), home)

        def theirs(url: str, home: str) -> Run:
            return read(lhci.reports(url, "mobile", ["performance"], 1, {}, {})[0][0], home)

        _write(root, {"trial": _TRIAL, "twice": 2 * _TRIAL})
        with serve(subject(root / "dist", source=root)) as server:
            fast(f"{server.url}trial.html", server.url)
            one, two = (
                fast(f"{server.url}{name}.html", server.url)["metrics"]["cpu_tbt"]
                for name in ("trial", "twice")
            )
        per_loop = max(1.0, two - one) / _TRIAL
        loops = {f"near-{share:g}": round(_TRIAL + (share * _LIMIT - one) / per_loop) for share in _NEAR}
        print(f"TBT by processor time {one:.0f} and {two:.0f} ms at once and twice {_TRIAL:,} loops: {loops}")
        _write(root, loops)
        found: dict[tuple[str, str, str], list[Run]] = {}
        with serve(subject(root / "dist", source=root)) as server:
            for state in ("idle", "loaded"):
                with _busy(os.cpu_count() or 1 if state == "loaded" else 0):
                    end = time.monotonic() + given.minutes * 30
                    while time.monotonic() < end:
                        for name in loops:
                            url = f"{server.url}{name}.html"
                            for engine, measure in (("ours", fast), ("lhci", theirs)):
                                found.setdefault((engine, state, name), []).append(measure(url, server.url))
    return _judge(found, list(loops))


def _write(root: Path, loops: Mapping[str, int]) -> None:
    for name, count in loops.items():
        (root / "dist" / f"{name}.html").write_text(_PAGE.format(loops=max(1, count)), encoding="utf-8")


@contextmanager
def _busy(count: int) -> Iterator[None]:
    """Keep so many processors busy with programs of our own."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def _judge(found: Mapping[tuple[str, str, str], Sequence[Run]], names: Sequence[str]) -> list[Goal]:
    """Print how often two verdicts on the same page differ, and return the goals."""
    fewest = min(len(runs) for runs in found.values())
    if fewest < _FEWEST:
        # Verdicts drawn from a handful of runs say nothing.
        print(
            f"{fewest} runs of each page are too few to say anything: give --minutes more than {fewest} took"
        )
        return []
    draw = random.Random(5)  # noqa: S311 - of measurements
    rules: Mapping[str, Callable[[Sequence[Run]], tuple[bool | None, int]]] = {"ours": _ours, "lhci": _median}
    flips: dict[str, list[float]] = {"ours": [], "lhci": []}
    used: dict[str, list[float]] = {"ours": [], "lhci": []}
    rows = []
    for name in names:
        for engine, rule in rules.items():
            drawn = []
            cells = []
            for state in ("idle", "loaded"):
                runs = list(found[engine, state, name])
                tbt = [run["metrics"]["tbt"] for run in runs]
                lost = sum(disturbed(run) for run in runs)
                cells.append(
                    f"{statistics.median(tbt):.0f} ({min(tbt):.0f} to {max(tbt):.0f}), {lost} of {len(runs)}"
                )
                drawn += [rule(draw.choices(runs, k=_RUNS + REPLACED)) for _ in range(_DRAWS // 2)]
            told = [verdict for verdict, _ in drawn if verdict is not None]
            passed = sum(told) / len(told) if told else 0.0
            # Of two verdicts drawn by chance, how many differ.
            flips[engine].append(2 * passed * (1 - passed))
            used[engine].append(statistics.mean(count for _, count in drawn))
            silent = 1 - len(told) / len(drawn)
            rows.append(
                [name, engine, *cells, f"{flips[engine][-1]:.1%}", f"{used[engine][-1]:.2f}", f"{silent:.1%}"]
            )
    heads = [
        "page",
        "engine",
        "TBT in ms, disturbed: idle",
        "loaded",
        "flips",
        "runs a verdict",
        "unavailable",
    ]
    print(markdown(heads, rows))
    ours, theirs = (statistics.mean(flips[engine]) for engine in ("ours", "lhci"))
    runs_ours, runs_theirs = (statistics.mean(used[engine]) for engine in ("ours", "lhci"))
    print(f"flips {ours:.1%} against {theirs:.1%}, runs a verdict {runs_ours:.2f} against {runs_theirs:.2f}")
    share = ours / theirs if theirs else (1.0 if ours else 0.0)
    return [
        ("flips against LHCI's median of 3", share, 1 / 4),
        ("runs a verdict against 3", runs_ours / runs_theirs, 1.0),
    ]


def _ours(runs: Sequence[Run]) -> tuple[bool | None, int]:
    """Return the verdict of our rule on runs in their order, None for unavailable, and how many it took."""
    limits = {"tbt": _LIMIT}
    for count in range(1, len(runs) + 1):
        counted = counting(runs[:count], _RUNS, limits)
        if counted:
            return statistics.median(values(run, {})["tbt"] for run in counted) <= _LIMIT, count
    return None, len(runs)


def _median(runs: Sequence[Run]) -> tuple[bool | None, int]:
    """Return the verdict of the median of three."""
    return statistics.median(run["metrics"]["tbt"] for run in runs[:_RUNS]) <= _LIMIT, _RUNS
