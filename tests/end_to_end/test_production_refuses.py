"""Production takes nothing that is not proven: each kind of refusal stops a release, and says what to do."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks import TITLES
from checks.base import Verdict
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project
from pipeline.gates.evidence import Judgement
from pipeline.gates.runner import judge_site, require
from pipeline.gates.score import shown
from pipeline.site.artifact import snapshot
from tests.end_to_end.cli import git, pages, write
from tests.policy import HEAVY

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
PAGE = (
    '<!doctype html><html lang="en"><head><title>Harbour</title></head><body><h1>Harbour</h1></body></html>'
)
SETTINGS = """\
site: {{name: harbour, framework: plain, package_manager: none, install: [], build: [], output: dist}}
environments:
  prod: {{repository: ../remote.git, url: "{url}"}}
  staging: {{repository: ../remote.git, url: "{url}", branch: staging}}
tools: {{chrome: {chrome}}}
"""
TIGHT = '[budgets.page]\ntotal = "10 B"\n'


def waiver(gate: str, until: str, more: str = "") -> str:
    return f'[[waivers]]\ngate = "{gate}"\nreason = "a launch"\nuntil = {until}\n{more}\n'


def policy(*measured: str) -> str:
    """Return a policy that waives what needs a browser, npm or minutes, apart from some gates."""
    names = [name for name in HEAVY if name in TITLES and name not in measured]
    return "".join(waiver(name, "2099-12-31", "measure = false") for name in names)


class Harbour:
    """A site whose production is a bare repository beside it; nothing is pushed there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        write(root / "dist/index.html", PAGE)
        write(root / "dist/404.html", PAGE)
        write(root / ".gitignore", ".pages/\ndist/\n")
        self.settings()
        self.policy(policy())
        git(root, "init", "-q")
        git(root, "add", "-A")
        git(root, "commit", "-qm", "site")
        git(root.parent, "init", "-q", "--bare", "remote.git")

    def settings(self, url: str = "https://harbour.example/", chrome: str = "auto") -> None:
        write(self.root / "invoke.yaml", SETTINGS.format(url=url, chrome=chrome))

    def policy(self, text: str) -> None:
        write(self.root / "constitution.toml", text)

    @property
    def project(self) -> Project:
        return open_project(self.root, environ={})

    def judged(self, environment: str = "prod", *, emergency: bool = False, days: int = 0) -> Judgement:
        artifact = snapshot(self.root / "dist", self.root / ".pages/objects.git")
        clock = self.clock(days)
        return judge_site(self.project, artifact, environment, emergency=emergency, clock=clock)

    def refused(self, *, days: int = 0) -> str:
        """Return why a release may not rely on what was judged, and with which command that changes."""
        artifact = snapshot(self.root / "dist", self.root / ".pages/objects.git")
        with pytest.raises(Stop) as stopped:
            require(self.project, artifact, "prod", self.clock(days))
        assert stopped.value.code is Code.GATE
        assert stopped.value.hint == "invoke check --env=prod"
        return "\n".join(stopped.value.details)

    @staticmethod
    def clock(days: int) -> Callable[[], datetime]:
        return lambda: NOW + timedelta(days=days)


@pytest.fixture
def harbour(tmp_path: Path) -> Harbour:
    return Harbour(tmp_path / "site")


def stopped(judgement: Judgement) -> Stop:
    with pytest.raises(Stop) as caught:
        judgement.require()
    assert caught.value.code is Code.GATE
    assert "invoke" in caught.value.hint
    return caught.value


def said(stop: Stop) -> str:
    return "\n".join([stop.message, *stop.details])


def test_a_proven_site_is_taken(harbour: Harbour) -> None:
    judgement = harbour.judged()
    judgement.require()
    assert judgement.production
    assert judgement.score.overall == 100


def test_a_failed_gate(harbour: Harbour) -> None:
    harbour.policy(TIGHT + policy())
    stop = stopped(harbour.judged())
    assert stop.message == "1 gate is in the way of prod: budgets failed"
    assert "fix: " in said(stop)
    assert "budgets: failed" in harbour.refused()


def test_a_gate_that_is_not_negotiable_and_could_not_measure(harbour: Harbour) -> None:
    write(harbour.root / "src/tides.ts", "export const tide: number = 1;\n")
    stop = stopped(harbour.judged())
    assert stop.message == "1 gate is in the way of prod: typescript unavailable"
    assert "typescript: unavailable" in harbour.refused()
    # Elsewhere it is told, and the score with it.
    harbour.judged("staging").require()


def test_a_score_below_98_because_nobody_could_look(harbour: Harbour) -> None:
    harbour.settings(chrome="/nowhere/chromium")
    harbour.policy(policy("accessibility"))
    judgement = harbour.judged()
    assert [one.gate for one in judgement.results if one.blocks] == []
    assert {one.gate for one in judgement.results if one.verdict is Verdict.UNAVAILABLE} == {"accessibility"}
    stop = stopped(judgement)
    assert judgement.score.overall is not None
    assert judgement.score.overall < 98
    points = shown(judgement.score.overall)
    assert stop.message == f"the score of prod is {points} of 100, a release needs 98"
    assert "accessibility (III) unavailable costs" in said(stop)
    assert "no Chromium or Chrome was found that runs" in said(stop)
    assert f"the score is {points} of 100" in harbour.refused()


def test_a_waiver_after_its_last_day(harbour: Harbour) -> None:
    harbour.policy(TIGHT + waiver("budgets", "2026-06-15") + policy())
    harbour.judged().require()
    assert "budgets: its waiver ended on 2026-06-15" in harbour.refused(days=1)
    stop = stopped(harbour.judged(days=1))
    assert "budgets failed" in stop.message
    assert "its waiver ended on 2026-06-15: a launch" in said(stop)


@pytest.mark.parametrize("gate", ["build", "typescript", "zero_actions", "branches"])
def test_a_waiver_of_what_is_not_negotiable(harbour: Harbour, gate: str) -> None:
    harbour.policy(waiver(gate, "2099-12-31") + policy())
    with pytest.raises(Stop) as refused:
        harbour.judged()
    assert refused.value.code is Code.USAGE
    assert f"{gate} is not negotiable" in said(refused.value)


def test_a_threshold_below_98(harbour: Harbour) -> None:
    harbour.policy("[thresholds]\nscore = 97\n" + policy())
    with pytest.raises(Stop) as refused:
        harbour.judged()
    assert refused.value.code is Code.USAGE
    assert "thresholds.score" in said(refused.value)


def test_what_an_emergency_put_off(harbour: Harbour) -> None:
    harbour.policy(policy("lighthouse"))
    judgement = harbour.judged(emergency=True)
    assert judgement.deferred == ("lighthouse",)
    judgement.require(emergency=True)
    assert "put off by an emergency" in stopped(judgement).message
    assert "lighthouse: put off by an emergency and not measured since" in harbour.refused()


def test_gates_that_were_not_asked(harbour: Harbour) -> None:
    artifact = snapshot(harbour.root / "dist", harbour.root / ".pages/objects.git")
    some = judge_site(harbour.project, artifact, "prod", only=["build"], clock=harbour.clock(0))
    assert stopped(some).message.startswith("not judged for prod: typescript, ")
    assert "budgets: not judged" in harbour.refused()


def test_nothing_judged_at_all(harbour: Harbour) -> None:
    assert "there is no evidence" in harbour.refused()


def _other_tree(harbour: Harbour) -> None:
    write(harbour.root / "dist/new/index.html", PAGE)


def _other_policy(harbour: Harbour) -> None:
    harbour.policy("[budgets.page]\ncss = 10_000\n" + policy())


def _other_base(harbour: Harbour) -> None:
    harbour.settings(url="https://harbour.example/museum/")


def _other_source(harbour: Harbour) -> None:
    write(harbour.root / "tides.json", "{}")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_other_tree, "the evidence is for another tree"),
        (_other_policy, "the evidence is for another policy"),
        (_other_base, "the evidence is for another base path: /, not /museum/"),
        (_other_source, "typescript: the sources have changed since it was judged"),
    ],
)
def test_evidence_of_something_else(harbour: Harbour, change: Callable[[Harbour], None], reason: str) -> None:
    harbour.judged().require()
    change(harbour)
    assert reason in harbour.refused()


def test_evidence_of_another_environment(harbour: Harbour) -> None:
    harbour.judged("staging").require()
    assert "the evidence is for another environment: staging, not prod" in harbour.refused()


def test_evidence_that_is_too_old(harbour: Harbour) -> None:
    harbour.policy(policy("backup"))
    harbour.judged().require()
    assert "backup: it was measured 2 d ago, which is more than 1 d" in harbour.refused(days=2)


def test_evidence_that_was_altered(harbour: Harbour) -> None:
    harbour.policy(TIGHT + policy())
    harbour.judged()
    (file,) = (harbour.root / ".pages/evidence").glob("*/prod-*.json")
    file.write_text(file.read_text("utf-8").replace('"failed"', '"passed"'), "utf-8")
    assert "there is no evidence that is whole" in harbour.refused()


@pytest.mark.slow
def test_a_deploy_publishes_nothing_of_it(harbour: Harbour) -> None:
    harbour.policy(TIGHT + policy())
    git(harbour.root, "commit", "-qam", "a policy")
    ran = pages(harbour.root, "deploy", "--env=prod", "--yes")
    assert ran.code == Code.GATE, ran.err
    assert "budgets failed" in ran.err
    refs = subprocess.run(
        ["git", "for-each-ref"], cwd=harbour.root.parent / "remote.git", capture_output=True, check=True
    )
    assert refs.stdout == b""
