"""How often the regression rule cries wolf on an unchanged page, and how often it finds a page that is 20% slower.

One page is measured many times, in turn with itself and with a slower copy (A B C C B A ...). Verdicts are then drawn
from these runs: five against five undisturbed ones by our rule, and "10% worse on the median of 3" on the same runs.
"""

from __future__ import annotations

import argparse
import random
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from measure import markdown

from checks.lighthouse_runs import disturbed
from checks.scan import subject
from pipeline.gates import machine
from pipeline.gates.baselines import METRICS
from pipeline.gates.lighthouse import serve
from pipeline.gates.ranks import EFFECT, compare
from pipeline.tools import toolbox
from pipeline.tools.chrome import find_chrome
from pipeline.tools.lighthouse.report import read
from pipeline.tools.lighthouse.worker import Worker
from pipeline.tools.node import find_node

# A page whose largest part is an image, with a script that works for a while after the first picture is shown.
_PAGE = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"></head><body><h1>A page</h1>
<img src="picture-{name}.bmp" width="390" height="600" alt="A picture" fetchpriority="high">
<script>
requestAnimationFrame(() => setTimeout(() => {{
  let sum = 0;
  for (let i = 0; i < {loops}; i++) sum += Math.sqrt(i) % 7;
  document.title = String(sum);
}}, 0));
</script></body></html>
"""
_LOOPS = 10_000_000
_ROWS = 280
_SLOWER = 1.2
# The time until the first paint stays the same: so much more of the picture makes the LCP 20% later.
_HEAVIER = 1.29
_DRAWS = 4_000
_JUDGED = ("lcp", "cpu_tbt", "tbt")

Runs = Sequence[Mapping[str, float]]
Rule = Callable[[Runs, Runs, str], bool]


def site(folder: Path) -> None:
    """Write the page, an equal copy of it, and one whose LCP and script are slower by 20%."""
    noise = random.Random(7)  # noqa: S311 - the same bytes every time, which gzip cannot make smaller
    for name, work, more in (("a", 1.0, 1.0), ("b", 1.0, 1.0), ("slow", _SLOWER, _HEAVIER)):
        page = _PAGE.format(name=name, loops=round(_LOOPS * work))
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
        rows = round(_ROWS * more)
        # A bitmap of 24 bits a pixel: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
        size = 300 * rows * 3
        head = struct.pack(
            "<2sIHHIIiiHHIIiiII", b"BM", 54 + size, 0, 0, 54, 40, 300, rows, 1, 24, 0, size, 0, 0, 0, 0
        )
        (folder / f"picture-{name}.bmp").write_bytes(head + noise.randbytes(size))


def gather(rounds: int, minutes: float) -> tuple[dict[str, list[dict[str, float]]], int, int]:
    """Return the undisturbed runs of each page, how many runs there were in all, and how many were disturbed."""
    node = find_node()
    package = toolbox.need("lighthouse", node) / "node_modules/lighthouse"
    end = time.monotonic() + 60 * minutes
    found: dict[str, list[dict[str, float]]] = {"a": [], "b": [], "slow": []}
    made = lost = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site(folder)
        with (
            serve(subject(folder, source=folder)) as server,
            Worker(node.path, package, find_chrome().path) as worker,
        ):
            for number in range(rounds):
                for page in list(found) if number % 2 == 0 else list(reversed(found)):
                    run = read(
                        worker.report(f"{server.url}{page}.html", "mobile", ["performance"]), server.url
                    )
                    made += 1
                    if disturbed(run):
                        lost += 1
                    # The first round warms everything up.
                    elif number:
                        found[page].append({name: float(run["metrics"][name]) for name in (*METRICS, "tbt")})
                if time.monotonic() > end:
                    break
    return found, made, lost


def ours(before: Runs, after: Runs, name: str) -> bool:
    """Return the verdict of our rule on five runs of each."""
    floor = METRICS.get(name, ("", "", 0.0))[2]
    return compare([one[name] for one in before[:5]], [one[name] for one in after[:5]], floor).worse


def median_of_three(before: Runs, after: Runs, name: str) -> bool:
    """Return the verdict of the usual rule on three runs of each."""
    old, new = (statistics.median(one[name] for one in side[:3]) for side in (before, after))
    return new > old * (1 + EFFECT)


def share(rule: Rule, before: Runs, after: Runs, names: Sequence[str]) -> float:
    """Return how often a rule calls any of these figures worse, drawing five runs of each side anew each time."""
    draw = random.Random(11)  # noqa: S311
    hits = 0
    for _ in range(_DRAWS):
        old, new = draw.sample(list(before), 5), draw.sample(list(after), 5)
        hits += any(rule(old, new, name) for name in names)
    return hits / _DRAWS


def main() -> int:
    """Print the figures as Markdown; exit code 1 when a goal is missed."""
    grammar = argparse.ArgumentParser(description=__doc__)
    grammar.add_argument("--rounds", type=int, default=30)
    grammar.add_argument("--minutes", type=float, default=8.0)
    given = grammar.parse_args()
    found, made, lost = gather(given.rounds, given.minutes)
    counts = {name: len(runs) for name, runs in found.items()}
    print(f"{made} runs, {lost} of them disturbed, {counts} used; load now {machine.load()}\n")
    if min(counts.values()) < 6:
        print("too few undisturbed runs to say anything: let the machine do nothing else", file=sys.stderr)
        return 69
    rows = []
    for name in _JUDGED:
        values = [one[name] for one in found["a"]]
        spread = statistics.stdev(values) / statistics.mean(values) if statistics.mean(values) else 0.0
        slower = statistics.median(one[name] for one in found["slow"]) / (statistics.median(values) or 1)
        cells = [
            f"{share(rule, found['a'], found[other], [name]):.1%}"
            for other in ("b", "slow")
            for rule in (ours, median_of_three)
        ]
        rows.append(
            [name, f"{statistics.median(values):.0f} ms", f"{spread:.1%}", f"{slower - 1:+.0%}", *cells]
        )
    heads = (
        "figure",
        "median",
        "deviation",
        "slow page",
        "false alarms",
        "median of 3",
        "power",
        "median of 3",
    )
    print(markdown(heads, rows))
    both = ("lcp", "cpu_tbt")
    alarms = share(ours, found["a"], found["b"], both)
    power = share(ours, found["a"], found["slow"], both)
    usual = share(median_of_three, found["a"], found["b"], ("lcp", "tbt"))
    usual_power = share(median_of_three, found["a"], found["slow"], ("lcp", "tbt"))
    print(f"\nLCP or CPU-TBT by our rule: {alarms:.1%} false alarms, {power:.1%} power")
    print(f"LCP or TBT by 10% on the median of 3: {usual:.1%} false alarms, {usual_power:.1%} power")
    return 0 if alarms <= 0.01 and power >= 0.95 else 1


if __name__ == "__main__":
    sys.exit(main())
