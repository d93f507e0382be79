from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checks import zero_actions
from checks.__main__ import PlainTools
from checks.base import Evidence, Subject, Unavailable, Verdict, verdict
from pipeline.core.errors import Stop
from pipeline.core.project import open_project
from pipeline.gates.evidence import Judged, Judgement
from pipeline.gates.runner import judge_site
from pipeline.site.artifact import snapshot
from tests.fakes.github import GitHub

MakeSubject = Callable[..., Subject]
RUN = {
    "id": 1,
    "name": "CI",
    "event": "push",
    "created": "2026-06-15T12:00:00Z",
    "path": ".github/workflows/ci.yml",
    "url": "https://github.com/octocat/site/actions/runs/1",
}
PAGES_RUN = {**RUN, "event": "dynamic", "path": "dynamic/pages/pages-build-deployment"}
CLEAN = {
    "repository": "octocat/site",
    "host": "github.com",
    "default_branch": "main",
    "environment": "prod",
    "release": "20260615-115900-prod-summer",
    "since": "2026-06-15T11:59:00Z",
    "permissions": {"enabled": False, "allowed_actions": None},
    "runs": {"total": 0, "newest": []},
    "workflows": [],
    "usage": [],
    "published": [],
}


def ran(*runs: dict[str, Any], more: int = 0) -> dict[str, Any]:
    return {"total": len(runs) + more, "newest": list(runs)}


def used(date: str, quantity: float = 3.0) -> dict[str, Any]:
    return {
        "date": date,
        "product": "actions",
        "sku": "Actions Linux",
        "quantity": quantity,
        "unit": "minutes",
    }


def workflow(text: str) -> dict[str, str]:
    return {"path": ".github/workflows/ci.yml", "text": text}


UNREAD = {
    "what": "usage",
    "reason": "Not Found (404)",
    "status": 404,
    "fix": "gh auth refresh --scopes user",
}
ON: dict[str, Any] = {"permissions": {"enabled": True, "allowed_actions": "all"}}


@pytest.mark.parametrize(
    ("facts", "blocking", "advice"),
    [
        ({}, [], []),
        (ON, ["actions-enabled"], []),
        ({"published": [".github/workflows/a.yml"]}, ["published-workflow"], []),
        ({"workflows": [workflow("on: push")]}, ["workflow"], []),
        ({"workflows": [workflow("on: [workflow_dispatch, push]")]}, ["workflow"], []),
        ({"workflows": [workflow("on: {schedule: [{cron: '0 0 * * *'}]}")]}, ["workflow"], []),
        ({"workflows": [workflow("on: workflow_dispatch")]}, [], ["workflow-by-hand"]),
        ({"workflows": [workflow("on: {workflow_call: {inputs: {}}}")]}, [], ["workflow-by-hand"]),
        ({"workflows": [workflow("a: [")]}, ["workflow"], []),
        ({"runs": ran(RUN)}, ["runs"], []),
        # More runs than are listed are a workflow's until it is shown otherwise.
        ({"runs": ran(PAGES_RUN, more=1)}, ["runs"], ["pages-runs"]),
        # GitHub's own runs bill nothing, and with Actions off none follows.
        ({"runs": ran(PAGES_RUN)}, [], ["pages-runs"]),
        ({"runs": ran(PAGES_RUN), **ON}, ["actions-enabled", "pages-runs"], []),
        ({"runs": ran(RUN, PAGES_RUN), **ON}, ["actions-enabled", "runs", "pages-runs"], []),
        ({"usage": [used("2026-06-16")]}, ["minutes"], []),
        # A bill knows days only: with no run since the release, minutes of its day were before it.
        ({"usage": [used("2026-06-15")]}, [], ["minutes"]),
        ({"usage": [used("2026-06-15")], "runs": ran(RUN)}, ["runs", "minutes"], []),
        # Before the first release nobody had promised anything.
        ({"release": None, "runs": ran(RUN, PAGES_RUN)}, [], ["runs", "pages-runs"]),
        ({"release": None, "usage": [used("2026-06-16")]}, [], ["minutes"]),
        ({"release": None, **ON}, ["actions-enabled"], []),
    ],
)
def test_judge(facts: dict[str, Any], blocking: list[str], advice: list[str]) -> None:
    findings = zero_actions.judge(Evidence({**CLEAN, **facts}), zero_actions.LIMITS)
    assert [one.rule for one in findings if one.blocking] == blocking
    assert [one.rule for one in findings if not one.blocking] == advice
    assert all(one.fix for one in findings if one.blocking)


def test_every_fix_is_something_to_type() -> None:
    facts = {**CLEAN, **ON, "runs": ran(RUN), "workflows": [workflow("on: push")]}
    fixes = {one.rule: one.fix for one in zero_actions.judge(Evidence(facts), zero_actions.LIMITS)}
    assert fixes["actions-enabled"].startswith("invoke deploy.setup --env=prod")
    assert "gh run delete --repo octocat/site" in fixes["runs"]
    assert fixes["workflow"] == "git rm .github/workflows/ci.yml, and push main"


def test_minutes_and_runs_are_two_measures() -> None:
    facts = {**CLEAN, "runs": ran(PAGES_RUN), "usage": [used("2026-06-15", 2), used("2026-06-16", 3)]}
    first, second = zero_actions.measures(Evidence(facts), zero_actions.LIMITS)
    assert (first.name, first.value, first.limit, first.where) == (
        "Z1 billed minutes",
        5,
        0,
        CLEAN["release"],
    )
    assert (second.name, second.value, second.limit) == ("Z2 workflow runs", 1, 0)
    before = zero_actions.measures(Evidence({**facts, "release": None}), zero_actions.LIMITS)
    assert {one.where for one in before} == {"30 days ago"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on: push", ("push",)),
        ("'on': push", ("push",)),
        ("name: CI\non:\n  push:\n    branches: [main]\n  pull_request:\n", ("push", "pull_request")),
        ("on: [push, workflow_call]", ("push", "workflow_call")),
        ("true: push", ("push",)),
        ("jobs: {}", None),
        ("on: []", None),
        ("on: 3", None),
        ("on: : :", None),
        ("", None),
        ("- push", None),
        ("!!python/object/apply:os.getcwd []", None),
    ],
)
def test_triggers(text: str, expected: tuple[str, ...] | None) -> None:
    assert zero_actions.triggers(text) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".github/workflows/ci.yml", True),
        (".github/workflows/ci.yaml", True),
        (".github/workflows/ci.txt", False),
        (".github/workflows/deeper/ci.yml", False),
        (".github/dependabot.yml", False),
        ("docs/.github/workflows/ci.yml", False),
    ],
)
def test_what_github_takes_for_a_workflow(path: str, expected: bool) -> None:
    assert zero_actions.is_workflow(path) is expected


class Facts(PlainTools):
    """Tools whose remote has been asked already."""

    def __init__(self, **facts: object) -> None:
        self.facts = facts

    def remote(self, what: str) -> dict[str, Any]:
        assert what == "actions"
        return dict(self.facts)


def on_github(subject: Subject, moment: str = "2026-06-15T12:00:30Z") -> Subject:
    return replace(
        subject, hub="github.com/octocat/site", branch="gh-pages", moment=moment, environment="prod"
    )


def test_nothing_to_measure_off_github_but_the_output(make_subject: MakeSubject) -> None:
    subject = make_subject({"index.html": "x", ".github/workflows/a.yml": "on: push"})
    evidence = zero_actions.collect(replace(subject, environment="local"), PlainTools())
    assert evidence.nothing == "local: not on GitHub"
    assert [one.rule for one in zero_actions.judge(evidence, {})] == ["published-workflow"]
    assert zero_actions.measures(evidence, {}) == []


def test_what_cannot_be_read_makes_it_unavailable_and_the_rest_is_told(make_subject: MakeSubject) -> None:
    refused = [
        UNREAD,
        {"what": "workflows", "reason": "Forbidden (403)", "status": 403, "fix": ""},
    ]
    known = {name: CLEAN[name] for name in ("repository", "permissions", "runs")}
    with pytest.raises(Unavailable) as raised:
        zero_actions.collect(on_github(make_subject({})), Facts(**known, unreadable=refused))
    assert raised.value.reason == (
        "GitHub does not tell Z1, the billed minutes, the workflow files of the default branch"
    )
    assert raised.value.fix == "gh auth refresh --scopes user"
    assert "Z1, the billed minutes: Not Found (404)" in raised.value.details
    assert "Z2, the runs since the last release: 0" in raised.value.details


@pytest.mark.parametrize(
    ("more", "declared", "said", "blocking"),
    [
        ({}, "", Verdict.UNAVAILABLE, ["bill-unreadable"]),
        ({}, " ", Verdict.UNAVAILABLE, ["bill-unreadable"]),
        ({}, "members cannot see it", Verdict.UNAVAILABLE, []),
        ({"runs": ran(RUN)}, "members cannot see it", Verdict.FAILED, ["runs"]),
        (ON, "members cannot see it", Verdict.FAILED, ["actions-enabled"]),
        ({"usage": [used("2026-06-16")]}, "members cannot see it", Verdict.FAILED, ["minutes"]),
        ({"usage": []}, "members cannot see it", Verdict.PASSED, []),
    ],
)
def test_unreadable_bill_is_never_passed_and_a_readable_one_counts_whatever_was_declared(
    make_subject: MakeSubject, more: dict[str, Any], declared: str, said: Verdict, blocking: list[str]
) -> None:
    known = {name: value for name, value in {**CLEAN, **more}.items() if name != "usage" or "usage" in more}
    facts = Facts(**known, unreadable=[] if "usage" in more else [UNREAD])
    evidence = zero_actions.collect(on_github(make_subject({})), facts)
    limits = {**zero_actions.LIMITS, "bill_unreadable": declared}
    findings = zero_actions.judge(evidence, limits)
    assert verdict(findings) is said
    assert [one.rule for one in findings if one.blocking] == blocking
    shown = [one.name for one in zero_actions.measures(evidence, limits)]
    assert ("Z1 billed minutes" in shown) is ("usage" in more)
    assert "Z2 workflow runs" in shown


def test_evidence_is_json(make_subject: MakeSubject) -> None:
    evidence = zero_actions.collect(on_github(make_subject({})), Facts(**CLEAN, unreadable=[]))
    assert json.loads(json.dumps(evidence.data)) == {**CLEAN, "environment": "prod"}


def test_key_holds_for_a_minute_on_github_and_for_ever_elsewhere(make_subject: MakeSubject) -> None:
    subject = make_subject({"index.html": "x"})
    here = on_github(subject)
    assert zero_actions.inputs(here) == zero_actions.inputs(replace(here, moment="2026-06-15T12:00:59Z"))
    assert zero_actions.inputs(here) != zero_actions.inputs(replace(here, moment="2026-06-15T12:01:00Z"))
    assert zero_actions.inputs(here) != zero_actions.inputs(replace(here, branch="other"))
    assert zero_actions.inputs(here) != zero_actions.inputs(subject)
    assert zero_actions.inputs(subject) == zero_actions.inputs(
        replace(subject, moment="2030-01-01T00:00:00Z")
    )
    other = make_subject({".github/workflows/a.yml": "on: push"})
    assert zero_actions.inputs(other) != zero_actions.inputs(subject)


# Through the pipeline, against the double


NAME = "octocat/harbour"
SETTINGS = """\
site: {framework: plain, package_manager: none, install: [], check: [], build: []}
environments:
  prod: {repository: octocat/harbour}
  elsewhere: {repository: "https://gitlab.example/ann/site.git", url: "https://ann.example/"}
"""
PAGE = "<!doctype html><html lang='en'><head><title>A page</title></head><body>hello</body></html>"
RELEASE = "20260615-115900-prod-summer\n\nsummer\n\nRelease: 20260615-115900-prod-summer\n"


@dataclass(frozen=True)
class Place:
    root: Path
    double: GitHub

    def judge(self, environment: str = "prod", *, fresh: bool = True) -> Judgement:
        project = open_project(self.root, environ={})
        artifact = snapshot(self.root / "dist", self.root / ".pages/objects.git")
        return judge_site(project, artifact, environment, only=["zero_actions"], fresh=fresh)

    def gate(self, environment: str = "prod", *, fresh: bool = True) -> Judged:
        (one,) = self.judge(environment, fresh=fresh).results
        return one

    def rules(self) -> list[str]:
        return [one.rule for one in self.gate().findings]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with GitHub(tmp_path / "github") as double:
        double.create_repo(NAME)
        for name, value in double.env.items():
            monkeypatch.setenv(name, value)
        root = tmp_path / "harbour"
        (root / "dist").mkdir(parents=True)
        (root / "dist/index.html").write_text(PAGE, "utf-8")
        (root / "invoke.yaml").write_text(SETTINGS, "utf-8")
        double.repo(NAME)["actions"]["enabled"] = False
        yield Place(root, double)


def release(double: GitHub, message: str = RELEASE) -> None:
    double.foreign_commit(NAME, "gh-pages", {"index.html": "home"}, message)


def test_clean_repository_passes_with_both_measures(place: Place) -> None:
    release(place.double)
    gate = place.gate()
    assert (gate.verdict, gate.findings) == (Verdict.PASSED, ())
    assert [(one.name, one.value) for one in gate.measures] == [
        ("Z1 billed minutes", 0),
        ("Z2 workflow runs", 0),
    ]


def test_runs_count_from_the_last_release_even_below_a_commit_of_somebody_else(place: Place) -> None:
    place.double.add_run(NAME)
    past = datetime(2026, 1, 1, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    place.double.repo(NAME)["runs"][0]["created_at"] = past
    release(place.double)
    place.double.foreign_commit(NAME, "gh-pages", {"CNAME": "example.org"}, "Create CNAME")
    assert place.rules() == []
    place.double.add_run(NAME, event="schedule")
    (finding,) = place.gate().findings
    assert finding.rule == "runs"
    assert "since 20260615-115900-prod-summer" in finding.message
    assert "schedule" in finding.details[0]


def test_everything_that_is_wrong_is_found_at_once(place: Place) -> None:
    release(place.double)
    place.double.repo(NAME)["actions"]["enabled"] = True
    place.double.foreign_commit(NAME, "main", {".github/workflows/ci.yml": "on: push\njobs: {}\n"})
    place.double.add_run(NAME)
    place.double.bill(NAME, 7)
    folder = place.root / "dist/.github/workflows"
    folder.mkdir(parents=True)
    (folder / "old.yml").write_text("on: push\n", "utf-8")
    assert place.rules() == ["published-workflow", "actions-enabled", "workflow", "runs", "minutes"]
    with pytest.raises(Stop, match="zero_actions failed") as stopped:
        place.judge().require()
    assert stopped.value.hint == "mend what it names, then: invoke check.zero-actions --env=prod"


def test_other_repositories_minutes_are_not_ours(place: Place) -> None:
    release(place.double)
    place.double.bill("octocat/other", 100)
    place.double.bill(NAME, 100, product="Packages", sku="storage")
    assert place.rules() == []


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("billing", "Z1, the billed minutes"),
        ("permissions", "whether Actions may run"),
        ("runs", "Z2, the runs since the last release"),
    ],
)
def test_what_github_refuses_to_show_is_unavailable_and_never_passed(
    place: Place, what: str, named: str
) -> None:
    release(place.double)
    place.double.faults.unreadable(what)
    gate = place.gate()
    assert (gate.verdict, gate.blocks) == (Verdict.UNAVAILABLE, True)
    assert gate.reason == f"GitHub does not tell {named}"


def test_owner_may_declare_that_the_bill_cannot_be_read_and_runs_must_still_be_proven(place: Place) -> None:
    release(place.double)
    place.double.faults.unreadable("billing")
    policy = '[zero_actions]\nbill_unreadable = "only the owners of octocat see it"\n'
    (place.root / "constitution.toml").write_text(policy, "utf-8")
    gate = place.gate()
    assert (gate.verdict, gate.blocks) == (Verdict.UNAVAILABLE, False)
    assert gate.reason == (
        "Z1, the billed minutes: unavailable (declared): only the owners of octocat see it"
    )
    assert [one.name for one in gate.measures] == ["Z2 workflow runs"]
    place.double.add_run(NAME)
    gate = place.gate()
    assert (gate.verdict, gate.blocks) == (Verdict.FAILED, True)
    place.double.repo(NAME)["runs"].clear()
    place.double.faults.unreadable("runs")
    gate = place.gate()
    assert (gate.verdict, gate.blocks) == (Verdict.UNAVAILABLE, True)


def test_declaration_holds_for_its_environment_alone(place: Place) -> None:
    release(place.double)
    place.double.faults.unreadable("billing")
    declared = "policy: {zero_actions: {bill_unreadable: members cannot see it}}"
    text = SETTINGS + f"  team: {{repository: {NAME}, production: true, {declared}}}\n"
    (place.root / "invoke.yaml").write_text(text, "utf-8")
    assert place.gate("prod").blocks
    assert not place.gate("team").blocks


def test_token_without_the_scope_is_told_how_to_get_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", place.double.add_token("ghp_" + "3" * 36, "repo"))
    gate = place.gate()
    assert gate.verdict is Verdict.UNAVAILABLE
    assert gate.fix == f"gh auth refresh --hostname {place.double.host} --scopes user"


def test_nobody_logged_in_is_unavailable(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_ENTERPRISE_TOKEN")
    gate = place.gate()
    assert gate.verdict is Verdict.UNAVAILABLE
    assert gate.fix == f"gh auth login --hostname {place.double.host}"


@pytest.mark.parametrize("environment", ["local", "elsewhere"])
def test_off_github_it_passes_with_the_reason_and_asks_nobody(place: Place, environment: str) -> None:
    gate = place.gate(environment)
    assert (gate.verdict, gate.reason) == (Verdict.PASSED, f"{environment}: not on GitHub")
    assert place.double.requests == []


def test_what_is_mended_counts_at_once(place: Place) -> None:
    place.double.repo(NAME)["actions"]["enabled"] = True
    assert place.gate(fresh=False).verdict is Verdict.FAILED
    place.double.repo(NAME)["actions"]["enabled"] = False
    assert place.gate(fresh=False).verdict is Verdict.PASSED


def test_gate_runs_by_hand_without_the_pipeline(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/index.html").write_text(PAGE, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "checks", "zero_actions", str(tmp_path / "dist")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stdout) == (0, "zero_actions: passed, by hand: not on GitHub\n")
