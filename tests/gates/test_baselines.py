"""What is slower than before, told from chance; and how pages are measured beside the live ones."""

from __future__ import annotations

import itertools
import math
import random
import re
import sqlite3
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import NormalDist
from typing import Any, cast

import pytest

from checks.base import Unavailable
from pipeline.core.errors import Code, Stop
from pipeline.gates import baselines
from pipeline.gates.baselines import METRICS, Report, check, compared, measure, order, summary, table
from pipeline.gates.lighthouse import Engine
from pipeline.gates.ranks import chance, compare
from tests.gates.conftest import SiteFolder

PAGE = "<!doctype html><html lang='en'><head><title>A page</title></head><body>{}</body></html>"


def by_hand(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the share of all ways to choose `after` out of both that beat as many of the others."""

    def beaten(chosen: Sequence[int]) -> float:
        rest = [whole[place] for place in range(len(whole)) if place not in chosen]
        mine = [whole[place] for place in chosen]
        return sum((a > b) + (a == b) / 2 for a in mine for b in rest)

    whole = [*before, *after]
    found = beaten(range(len(before), len(whole)))
    ways = list(itertools.combinations(range(len(whole)), len(after)))
    return sum(beaten(way) >= found for way in ways) / len(ways)


@pytest.mark.parametrize("seed", range(12))
def test_the_rank_test_is_exact_with_and_without_ties(seed: int) -> None:
    draw = random.Random(seed)
    before = [draw.randint(0, 9) for _ in range(draw.randint(1, 6))]
    after = [draw.randint(0, 9) for _ in range(draw.randint(1, 6))]
    assert chance(before, after) == pytest.approx(by_hand(before, after))


def test_known_values() -> None:
    # Five against five without a tie: tables of Mann and Whitney (1947), U = 25, 24, 21 and 12.5 by symmetry.
    assert chance([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(1 / 252)
    assert chance([1, 2, 3, 4, 6], [5, 7, 8, 9, 10]) == pytest.approx(2 / 252)
    assert chance([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]) == 1
    assert chance([4] * 5, [4] * 5) == 1
    # Three against three cannot be rare enough by much: 1/20.
    assert chance([1, 2, 3], [4, 5, 6]) == pytest.approx(0.05)


def test_many_values_are_approximated_close_to_the_exact_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(5)
    before = [draw.gauss(100, 5) for _ in range(15)]
    after = [draw.gauss(103, 5) for _ in range(15)]
    exact = chance(before, after)
    monkeypatch.setattr("pipeline.gates.ranks._EXACT_PAIRS", 0)
    assert chance(before, after) == pytest.approx(exact, abs=0.002)
    assert chance([4] * 5, [4] * 5) == 1
    assert 0 < exact < 0.5
    assert math.isclose(NormalDist().cdf(0), 0.5)


@pytest.mark.parametrize(
    ("before", "after", "floor", "worse"),
    [
        ([100, 101, 102, 103, 104], [121, 122, 123, 124, 125], 0, True),
        ([100, 101, 102, 103, 104], [108, 109, 110, 111, 112], 0, False),  # sure, but less than 10%
        ([100, 100, 150, 100, 100], [160, 100, 100, 100, 170], 0, False),  # two outliers are chance
        ([100, 101, 102, 103, 104], [80, 81, 82, 83, 84], 0, False),  # better
        ([0, 0, 0, 0, 0], [30, 31, 32, 33, 34], 20, True),  # no share of nothing: the floor decides
        ([0, 0, 0, 0, 0], [10, 11, 12, 13, 14], 20, False),
        ([40, 41, 42, 43, 44], [52, 53, 54, 55, 56], 20, False),  # 29%, which nobody sees
    ],
)
def test_worse_is_sure_and_big_enough(
    before: Sequence[float], after: Sequence[float], floor: float, worse: bool
) -> None:
    assert compare(before, after, floor).worse is worse


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        compare([], [1])


def test_turns_favour_nobody() -> None:
    assert order(4) == [0, 1, 1, 0, 0, 1, 1, 0]
    turns = order(10)
    assert turns.count(0) == turns.count(1) == 10


class Scripted:
    """An engine that fetches what it measures: the page's size is its LCP, and `disturb` says which runs are lost."""

    name = "scripted"

    def __init__(self, disturb: Callable[[int], bool] = lambda _: False, version: str = "13") -> None:
        self.limits = {"presets": ["mobile"], "every": False, "changed": 5}
        self.tools = {"lighthouse": version, "chromium": "1"}
        self.disturb = disturb
        self.urls: list[str] = []

    def runs(self, home: str, page: str, preset: str, categories: Sequence[str], count: int) -> list[Any]:
        assert (preset, categories, count) == ("mobile", ("performance",), 1)
        with urllib.request.urlopen(home + page.removeprefix("/"), timeout=10) as answer:
            size = len(answer.read())
        self.urls.append(home)
        lost = self.disturb(len(self.urls))
        metrics = {"lcp": size, "cpu_tbt": 0, "fcp": 100 + len(self.urls) % 3, "cls": 0, "weight": size}
        return [{"wall": 900 if lost else 100, "cpu": 100, "metrics": metrics}]

    def close(self) -> None:
        """Nothing was started."""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    made = Scripted()
    monkeypatch.setattr(baselines, "Engine", lambda *_: made)
    return made


def use(monkeypatch: pytest.MonkeyPatch, made: Scripted) -> Scripted:
    monkeypatch.setattr(baselines, "Engine", lambda *_: made)
    return made


def publish(site: SiteFolder, git: Callable[..., str]) -> None:
    """Make what is in `dist` now the live release of `local`."""
    tree = site.artifact.tree
    objects = site.root / ".pages/objects.git"
    commit = git(objects, "commit-tree", tree, "-m", "release")
    git(objects, "update-ref", "refs/pages/local/live", commit)


def test_disturbed_runs_are_replaced_and_both_sides_go_on_together() -> None:
    made = Scripted(lambda number: number in {2, 3})

    def run(home: str) -> list[Mapping[str, Any]]:
        made.urls.append(home)
        lost = made.disturb(len(made.urls))
        return [{"wall": 900 if lost else 100, "cpu": 100, "metrics": dict.fromkeys(METRICS, 1)}]

    made.runs = lambda home, *_: run(home)  # type: ignore[method-assign]
    before, after = measure(cast("Engine", made), "/", "mobile", ["A", "B"], 5)
    assert (len(before["lcp"]), len(after["lcp"])) == (7, 5)
    assert "".join(made.urls) == "ABBAABBAABBAAB"
    busy = Scripted(lambda _: True)
    busy.runs = made.runs  # type: ignore[method-assign]
    made.disturb = lambda _: True
    with pytest.raises(Unavailable, match=r"other programs disturbed 20 of 20 runs"):
        measure(cast("Engine", busy), "/", "mobile", ["A", "B"], 5)


def test_the_first_time_it_keeps_and_then_compares_with_what_it_kept(
    site: SiteFolder, engine: Scripted
) -> None:
    first = check(site.project, site.artifact, "local")
    assert (first.new, first.lines, first.kept) == (("/ (mobile)",), (), 1)
    site.write("dist/index.html", PAGE.format("x" * 5_000))
    second = check(site.project, site.artifact, "local")
    assert {line.metric for line in second.worse} == {"lcp", "weight"}
    assert {line.against for line in second.lines} == {"baseline"}
    with pytest.raises(Stop) as caught:
        second.require()
    assert caught.value.code == Code.DRIFT
    assert "--accept" in caught.value.hint
    lcp = next(line for line in caught.value.details if "LCP" in line)
    assert re.fullmatch(r"/ \(mobile\): LCP 1\d\d ms -> 5,\d{3} ms, \+\d+%, p = 0\.004", lcp)
    # What is worse is no baseline, until someone says so.
    assert check(site.project, site.artifact, "local").worse
    assert check(site.project, site.artifact, "local", accept=True).kept == 1
    assert not check(site.project, site.artifact, "local").worse


def test_a_build_is_measured_in_turn_with_the_live_release(
    site: SiteFolder, engine: Scripted, git: Callable[..., str]
) -> None:
    site.write("dist/other.html", PAGE.format("<script src=a.js></script>"))
    publish(site, git)
    site.write("dist/index.html", PAGE.format("x" * 5_000))
    report = check(site.project, site.artifact, "local")
    assert {(line.page, line.against) for line in report.lines} == {("/", "live")}
    assert {(line.metric, line.comparison.worse) for line in report.lines} == {
        ("lcp", True), ("weight", True), ("fcp", False), ("cpu_tbt", False), ("cls", False),
    }  # fmt: skip
    lcp = next(line.comparison for line in report.lines if line.metric == "lcp")
    assert lcp.before < 200
    assert lcp.after > 5_000
    live, build = dict.fromkeys(engine.urls[:10])
    assert engine.urls[:10] == [live, build, build, live, live, build, build, live, live, build]
    assert "worse" in table(report)
    assert "worse: p <= 0.05 and more than 10%" in summary(report)
    # The page that did not change only gets its baseline.
    assert report.new == ("/other.html (mobile)",)


def test_what_is_live_and_has_its_baseline_is_not_measured(
    site: SiteFolder, engine: Scripted, git: Callable[..., str]
) -> None:
    publish(site, git)
    assert check(site.project, site.artifact, "local").kept == 1
    engine.urls.clear()
    again = check(site.project, site.artifact, "local")
    assert (engine.urls, again.lines, again.kept) == ([], (), 0)
    assert summary(again).endswith("nothing to measure")
    again.require()


def test_another_lighthouse_begins_a_new_baseline(site: SiteFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Scripted(version="13"))
    check(site.project, site.artifact, "local")
    site.write("dist/index.html", PAGE.format("x" * 5_000))
    use(monkeypatch, Scripted(version="14"))
    report = check(site.project, site.artifact, "local")
    assert (report.lines, report.new) == ((), ("/ (mobile)",))
    assert "measured with chromium 1, lighthouse 13 on" in report.notes[0]
    # The old one is still there for the old version.
    use(monkeypatch, Scripted(version="13"))
    assert check(site.project, site.artifact, "local").worse


def test_another_machine_begins_a_new_baseline(
    site: SiteFolder, engine: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(site.project, site.artifact, "local")
    monkeypatch.setattr(baselines, "machine_name", lambda: "another, 64 cores")
    assert check(site.project, site.artifact, "local").new == ("/ (mobile)",)


def test_a_machine_that_is_too_busy_is_no_pass(site: SiteFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Scripted(lambda _: True))
    report = check(site.project, site.artifact, "local")
    assert (report.kept, len(report.unmeasured)) == (0, 1)
    with pytest.raises(Stop) as caught:
        report.require()
    assert caught.value.code == Code.SERVICE
    assert "let the machine do nothing else" in caught.value.hint


def test_fewer_than_five_runs_are_refused(site: SiteFolder, engine: Scripted) -> None:
    with pytest.raises(Stop, match="3 runs cannot tell") as caught:
        check(site.project, site.artifact, "local", runs=3)
    assert caught.value.hint == "invoke check.baseline --runs=5"
    assert engine.urls == []


def test_a_broken_database_names_itself(site: SiteFolder, engine: Scripted) -> None:
    path = site.project.state / "baselines.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(Stop) as caught:
        check(site.project, site.artifact, "local")
    assert caught.value.hint == f"rm {path}"
    assert caught.value.__cause__.__class__ in {sqlite3.DatabaseError, sqlite3.OperationalError}


def test_metrics_that_one_side_lacks_are_left_out() -> None:
    lines = compared(
        "/", "mobile", {"lcp": [1.0], "cls": []}, {"lcp": [1.0], "cls": [0.0], "fcp": [3.0]}, "live"
    )
    assert [line.metric for line in lines] == ["lcp"]


def test_the_report_is_json(site: SiteFolder, engine: Scripted, tmp_path: Path) -> None:
    report = check(site.project, site.artifact, "local", clock=lambda: datetime(2026, 6, 15, tzinfo=UTC))
    assert report.record["worse"] == 0
    assert report.record["new"] == ("/ (mobile)",)
    empty = Report("prod", (), (), (), 0)
    empty.require()
