"""What the runner does when something goes wrong in the middle, in an emergency, and in production."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checks import GATES
from checks.base import Changed, Evidence, Finding, Gate, Limits, Result, Subject, Tools, Unavailable, Verdict
from pipeline.core import proc
from pipeline.core.errors import Code, Stop
from pipeline.gates import attempts, evidence, runner
from pipeline.gates.evidence import DEFERRED
from pipeline.gates.runner import find, judge_site
from pipeline.gates.score import Standing
from tests.gates.conftest import SiteFolder
from tests.gates.test_judge_site import NOW, clock, of


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five gates that need nothing but files: what the runner does is the same for all."""
    for name in set(GATES) - {"build", "typescript", "budgets", "churn", "zero_actions"}:
        monkeypatch.delitem(GATES, name)


def production(site: SiteFolder) -> str:
    """Make an environment that is not on GitHub a production one, and return its name."""
    text = (site.root / "invoke.yaml").read_text(encoding="utf-8")
    site.write("invoke.yaml", text.replace("staging: {", "staging: {production: true, "))
    return "staging"


def collecting(monkeypatch: pytest.MonkeyPatch, name: str, answers: list[object]) -> list[object]:
    """Let a gate's measurement raise what stands in `answers` first, and return what was raised."""
    real = GATES[name].collect
    raised: list[object] = []

    def collect(subject: Subject, tools: Tools) -> Evidence:
        if answers:
            answer = answers.pop(0)
            raised.append(answer)
            if isinstance(answer, BaseException):
                raise answer
        return real(subject, tools)

    monkeypatch.setattr(GATES[name], "collect", collect)
    return raised


def test_what_failed_by_chance_is_measured_once_more_and_that_is_said(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    collecting(monkeypatch, "budgets", [Unavailable("the browser crashed", flaky=True)])
    judged = of(judge_site(site.project, site.artifact, "local", clock=clock()), "budgets")
    assert (judged.verdict, judged.tries) == (Verdict.PASSED, 2)
    assert "measured at the second try" in capsys.readouterr().err


def test_what_fails_twice_is_unavailable_and_tells_both(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    once, twice = Unavailable("crashed", flaky=True), Unavailable("crashed again", flaky=True)
    raised = collecting(monkeypatch, "budgets", [once, twice, Unavailable("never asked")])
    judged = of(judge_site(site.project, site.artifact, "local", clock=clock()), "budgets")
    assert (judged.verdict, judged.reason) == (Verdict.UNAVAILABLE, "crashed again")
    assert judged.details == ("tried twice; the first time: crashed",)
    assert len(raised) == 2


@pytest.mark.parametrize("refusal", [Unavailable("not installed"), Changed("changed", flaky=True)])
def test_what_would_be_the_same_again_is_not_tried_again(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch, refusal: Unavailable
) -> None:
    raised = collecting(monkeypatch, "budgets", [refusal])
    judged = of(judge_site(site.project, site.artifact, "local", clock=clock()), "budgets")
    assert judged.verdict is Verdict.UNAVAILABLE
    assert len(raised) == 1


class Shell:
    """Tools that run real programs."""

    def run(
        self, argv: list[str], *, cwd: Path, timeout: float, env: Mapping[str, str | None] | None = None
    ) -> Result:
        done = proc.run(argv, cwd=cwd, timeout=timeout, env=env)
        return Result(done.code, done.text, done.error)


class Crashing:
    """A gate whose program kills itself the first time, and says so."""

    NAME = "crashing"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self, _subject: Subject, tools: Tools) -> Evidence:
        script = "test -e there && exit 0; touch there; kill -SEGV $$"
        result = tools.run(["sh", "-c", script], cwd=self.folder, timeout=10)
        if result.code != 0:
            raise Unavailable(f"it ended with {result.code}")
        return Evidence({})


def test_a_program_that_crashed_is_run_once_more(tmp_path: Path) -> None:
    gate: Any = Crashing(tmp_path)
    subject: Any = None
    tools: Any = Shell()
    found, tries = attempts.collect(gate, subject, tools, threading.Event())
    assert (found, tries) == (Evidence({}), 2)


def test_other_tools_are_reached_through_the_ones_that_watch(tmp_path: Path) -> None:
    tools: Any = Shell()
    tools.toolbox = lambda group: tmp_path / group
    watched: Any = attempts.Watched(tools)
    assert watched.toolbox("page") == tmp_path / "page"


def test_after_an_interruption_what_is_done_stays_and_what_was_running_is_not_kept(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = threading.Event()
    kept = site.root / ".pages/cache/gates"

    def slow(subject: Subject, tools: Tools) -> Evidence:
        started.set()
        tools.run(["sleep", "60"], cwd=site.root, timeout=60)
        return Evidence({"diagnostics": [], "code": 0, "said_errors": 0, "command": ["x"]})

    def interrupted(subject: Subject, tools: Tools) -> Evidence:
        assert started.wait(10)
        # Until something is done, and the program runs: what is killed must be killed by us.
        while not (kept / "build").exists() or not proc._running:
            time.sleep(0.01)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(GATES["typescript"], "collect", slow)
        patch.setattr(GATES["churn"], "collect", interrupted)
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            judge_site(site.project, site.artifact, "local", clock=clock())
        assert time.monotonic() - begun < 20
    assert not (kept / "typescript").exists()
    assert not (site.root / ".pages/evidence").exists()
    done = {one.name for one in kept.iterdir()}
    capsys.readouterr()
    later = judge_site(site.project, site.artifact, "local", clock=clock(timedelta(minutes=2)))
    assert later.passed
    said = {
        line.split()[1]: line for line in capsys.readouterr().err.splitlines() if line.startswith("gate:")
    }
    assert {name for name, line in said.items() if "measured 2 min ago" in line} == done


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_stops_with_what_to_do(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(path: Path, data: bytes, *, durable: bool = False) -> None:
        raise OSError(number, "no room", str(path))

    monkeypatch.setattr(evidence, "write_atomic", full)
    with pytest.raises(Stop, match="the disk is full") as stopped:
        judge_site(site.project, site.artifact, "local", clock=clock())
    assert "invoke releases.tidy" in stopped.value.hint


def test_other_trouble_with_files_is_a_bug(site: SiteFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path, data: bytes, *, durable: bool = False) -> None:
        raise OSError(errno.EIO, "the disk is broken", str(path))

    monkeypatch.setattr(evidence, "write_atomic", broken)
    with pytest.raises(OSError, match="the disk is broken"):
        judge_site(site.project, site.artifact, "local", clock=clock())


def timed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(GATES[name], "TIMED", True)


def test_an_emergency_puts_off_what_measures_time_and_an_ordinary_release_refuses_that(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch, "budgets")
    timed(monkeypatch, "build")
    prod = production(site)
    judgement = judge_site(site.project, site.artifact, prod, emergency=True, clock=clock())
    assert judgement.deferred == ("budgets",)
    assert judgement.emergency
    assert of(judgement, "budgets").reason == DEFERRED
    assert of(judgement, "build").verdict is Verdict.PASSED
    assert judgement.score.principles["II"] is None or "budgets" in judgement.score.deferred
    judgement.require(emergency=True)
    with pytest.raises(Stop, match="put off by an emergency and not measured since: budgets") as stopped:
        judgement.require()
    assert stopped.value.code is Code.GATE
    assert find(site.project, site.artifact, prod, clock()) is None
    record = judgement.record
    assert (record["deferred"], record["emergency"]) == (["budgets"], True)


def test_what_was_put_off_completes_the_record_when_it_is_measured(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch, "budgets")
    judge_site(site.project, site.artifact, "local", emergency=True, clock=clock())
    judge_site(site.project, site.artifact, "local", only=["budgets"], clock=clock())
    whole = find(site.project, site.artifact, "local", clock())
    assert whole is not None
    assert (whole.deferred, whole.emergency) == ((), False)
    whole.require()


def test_what_is_measured_already_is_not_put_off(site: SiteFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    judge_site(site.project, site.artifact, "local", clock=clock())
    timed(monkeypatch, "budgets")
    assert not judge_site(site.project, site.artifact, "local", emergency=True, clock=clock()).deferred


def test_failures_are_in_the_way_of_an_emergency_too(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch, "budgets")
    site.write("dist/index.html", "<!doctype html><title>A</title><script src=/gone.js></script>")
    judgement = judge_site(site.project, site.artifact, "local", emergency=True, clock=clock())
    with pytest.raises(Stop, match="build failed"):
        judgement.require(emergency=True)


def test_production_needs_the_score_and_others_are_told_it(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Negotiable and not measured: no failure, and yet nobody knows.
    collecting(
        monkeypatch, "budgets", [Unavailable("no browser", "invoke doctor"), Unavailable("no browser")]
    )
    local = judge_site(site.project, site.artifact, "local", clock=clock())
    assert not local.too_low
    assert local.passed
    assert local.score.overall is not None
    assert local.score.overall < 98
    prod = production(site)
    judgement = judge_site(site.project, site.artifact, prod, clock=clock())
    assert [one.gate for one in judgement.results if one.blocks] == []
    with pytest.raises(Stop) as stopped:
        judgement.require()
    stop = stopped.value
    assert stop.code is Code.GATE
    assert stop.message.startswith(f"the score of {prod} is ")
    assert stop.message.endswith("of 100, a release needs 98")
    said = "\n".join(stop.details)
    assert "no browser" in said
    assert "budgets (II) unavailable costs " in said
    assert any("the score is" in line for line in runner._look(site.project, site.artifact, prod, clock())[1])


def test_old_evidence_of_what_depends_on_time_is_no_evidence(
    site: SiteFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GATES["budgets"], "AGE", 3600)
    judge_site(site.project, site.artifact, "local", clock=clock())
    assert find(site.project, site.artifact, "local", clock(timedelta(minutes=59)))
    later = clock(timedelta(hours=2))
    assert find(site.project, site.artifact, "local", later) is None
    told = runner._look(site.project, site.artifact, "local", later)[1]
    assert told == ["budgets: it was measured 2 h ago, which is more than 1 h"]
    assert not of(judge_site(site.project, site.artifact, "local", clock=later), "budgets").carried


def test_record_tells_run_machine_duration_tools_and_score(site: SiteFolder) -> None:
    record = judge_site(site.project, site.artifact, "local", clock=clock()).record
    assert record["format"] == evidence.FORMAT == 3
    machine = record["machine"]
    assert machine["cores"] >= 1
    assert machine["memory"] > 1e6
    assert machine["platform"]
    assert machine["python"].startswith("3.")
    assert len(machine["load_start"]) == len(machine["load_end"]) == 3
    assert record["duration"] > 0
    assert record["run"]
    assert record["score"]["overall"] == 100.0
    assert set(record["score"]["principles"]) == {"I", "II", "III", "IV", "V"}
    assert isinstance(record["tools"], dict)
    assert record["gates"]["build"]["weight"] == GATES["build"].WEIGHT


def test_records_of_the_format_before_are_read_but_not_relied_on(site: SiteFolder) -> None:
    judgement = judge_site(site.project, site.artifact, "local", clock=clock())
    old = {
        name: judgement.record[name] for name in ("tree", "environment", "policy", "source", "base", "url")
    }
    gates = {
        name: {key: value for key, value in one.items() if key not in {"weight", "tries"}}
        for name, one in judgement.record["gates"].items()
    }
    old |= {"format": 2, "judged_at": judgement.judged_at, "gates": gates}
    read = evidence.judgement_of(old)
    assert read is not None
    assert [one.verdict for one in read.results] == [one.verdict for one in judgement.results]
    assert (read.machine, read.run) == ({}, "")
    path = evidence.path_of(site.project.state, judgement.tree, "local", judgement.policy)
    path.write_bytes(evidence.line_of(old))
    assert evidence.read(path) is None
    assert evidence.judgement_of({**old, "format": 1}) is None
    # Judging again replaces it by a whole one, whose digest is the file's.
    again = judge_site(site.project, site.artifact, "local", clock=clock())
    kept = evidence.read(path)
    assert kept is not None
    assert kept.digest == again.digest


def test_a_gate_with_nothing_to_judge_is_no_part_of_the_score(site: SiteFolder) -> None:
    judgement = judge_site(site.project, site.artifact, "local", clock=clock())
    assert of(judgement, "zero_actions").standing is Standing.NOTHING
    assert judgement.score.principles["I"] is None


def test_what_the_policy_declares_unreadable_counts_and_what_it_does_not_is_lost() -> None:
    class Declaring:
        NAME, PRINCIPLE, SCOPE, NON_NEGOTIABLE, VERSION, WEIGHT = "bill", "I", "remote", True, 1, 1

        def judge(self, _evidence: Evidence, limits: Limits) -> list[Finding]:
            return [Finding("unread", "nobody can read it", blocking=not limits["declared"], unmeasured=True)]

        def measures(self, _evidence: Evidence, _limits: Limits) -> list[object]:
            return []

    gate: Any = Declaring()
    typed: Gate = gate
    for declared, standing, blocks in ((True, Standing.PASSED, False), (False, Standing.LOST, True)):
        judged = runner.rule(typed, runner.Measured(Evidence({})), {"declared": declared}, (), NOW.date())
        assert (judged.standing, judged.blocks) == (standing, blocks)
