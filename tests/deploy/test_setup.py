from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from invoke import Collection, Program

from pipeline.core.errors import Code, Stop
from pipeline.core.project import open_project
from pipeline.deploy import setup
from pipeline.deploy.setup import Facts, Wanted, domain_of, pending, plan, read_facts, wanted_for
from pipeline.deploy.target import target_of
from pipeline.tools.github import (
    Hub,
    PagesSite,
    Permissions,
    Repository,
    Ruleset,
    Unreadable,
    connect,
    must,
)
from tests.fakes.github import GitHub

NAME = "octocat/harbour"
WANTED = Wanted("prod", "gh-pages", "pages-audit-prod", None, production=True)
SITE = PagesSite(
    "legacy", "gh-pages", "/", None, https_enforced=True, url="https://octocat.github.io/", status="built"
)
RULES = tuple(replace(one, id=number) for number, one in enumerate(setup.rulesets_for(WANTED), 7))
RIGHT = Facts(
    repository=Repository("octocat", "harbour", private=False, default_branch="main", admin=True),
    branch_exists=True,
    pages=SITE,
    permissions=Permissions(enabled=False, allowed_actions=None),
    rulesets=RULES,
)
UNREADABLE = Unreadable("it is broken (503)", 503)
Changed = Callable[[Facts], Facts]


def states(facts: Facts, wanted: Wanted = WANTED) -> dict[str, str]:
    return {one.kind: one.state for one in plan(facts, wanted)}


def test_all_is_right_and_every_point_says_why() -> None:
    actions = plan(RIGHT, WANTED)
    assert pending(actions) == ()
    assert [one.line(done=True) for one in actions] == [
        "already right: Actions (they are off)",
        "already right: the Pages site (it is published from branch gh-pages, folder /)",
        "already right: HTTPS (it is enforced)",
        "already right: the ruleset pages-pipeline: branches of prod (it covers gh-pages, pages-audit-prod)",
        "already right: the ruleset pages-pipeline: releases of prod (it covers *-prod-*)",
    ]


@pytest.mark.parametrize(
    ("facts", "kind", "values", "why"),
    [
        ({"permissions": Permissions(True, "all")}, "actions.disable", {"enabled": False}, "they are on"),
        # The setting that breaks publishing is no way of turning Actions off.
        (
            {"permissions": Permissions(True, "local_only")},
            "actions.disable",
            {"enabled": False},
            "they are on",
        ),
        ({"pages": None}, "pages.create", {"branch": "gh-pages", "path": "/"}, "there is none"),
        (
            {"pages": replace(SITE, build_type="workflow")},
            "pages.source",
            {"build_type": "legacy", "source": {"branch": "gh-pages", "path": "/"}},
            "it is published by a workflow (workflow)",
        ),
        (
            {"pages": replace(SITE, branch="main", path="/docs")},
            "pages.source",
            {"build_type": "legacy", "source": {"branch": "gh-pages", "path": "/"}},
            "its source is branch main, folder /docs",
        ),
        (
            {"pages": replace(SITE, https_enforced=False)},
            "pages.https",
            {"https_enforced": True},
            "not enforced",
        ),
    ],
)
def test_one_thing_is_wrong(facts: dict[str, object], kind: str, values: dict[str, object], why: str) -> None:
    (action,) = pending(plan(replace(RIGHT, **facts), WANTED))  # type: ignore[arg-type]
    assert (action.kind, action.values) == (kind, values)
    assert why in action.why


@pytest.mark.parametrize(
    ("cname", "site", "expected"),
    [
        (None, {}, {"pages.https": "right"}),
        ("a.org", {}, {"pages.domain": "change", "pages.https": "impossible"}),
        ("a.org", {"cname": "b.org"}, {"pages.domain": "change", "pages.https": "impossible"}),
        (
            "a.org",
            {"cname": "a.org", "certificate": "approved"},
            {"pages.domain": "right", "pages.https": "right"},
        ),
        (
            "a.org",
            {"cname": "a.org", "certificate": "approved", "https_enforced": False},
            {"pages.domain": "right", "pages.https": "change"},
        ),
        (
            "a.org",
            {"cname": "a.org", "certificate": "authorization_pending", "https_enforced": False},
            {"pages.domain": "right", "pages.https": "impossible"},
        ),
        # It may be live: whoever took it away would take the site down.
        (None, {"cname": "b.org"}, {"pages.domain": "impossible", "pages.https": "right"}),
    ],
)
def test_domain_and_https(cname: str | None, site: dict[str, object], expected: dict[str, str]) -> None:
    facts = replace(RIGHT, pages=replace(SITE, **site))  # type: ignore[arg-type]
    found = states(facts, replace(WANTED, cname=cname))
    shown = {kind: state for kind, state in found.items() if kind in {"pages.domain", "pages.https"}}
    assert shown == expected


@pytest.mark.parametrize(
    ("rulesets", "changed"),
    [
        ((), ["ruleset.create", "ruleset.create"]),
        (RULES[:1], ["ruleset.create"]),
        ((RULES[0], replace(RULES[1], enforcement="evaluate")), ["ruleset.update"]),
        ((RULES[0], replace(RULES[1], rules=("deletion",))), ["ruleset.update"]),
        ((RULES[0], replace(RULES[1], exclude=("refs/heads/a",))), ["ruleset.update"]),
        ((RULES[0], replace(RULES[1], bypass=1)), ["ruleset.update"]),
        ((replace(RULES[0], include=RULES[0].include[::-1], rules=RULES[0].rules[::-1]), RULES[1]), []),
        ((*RULES, Ruleset(99, "somebody's own", "active", (), (), ("creation",))), []),
    ],
)
def test_rulesets(rulesets: tuple[Ruleset, ...], changed: list[str]) -> None:
    assert [one.kind for one in pending(plan(replace(RIGHT, rulesets=rulesets), WANTED))] == changed


def test_changed_ruleset_keeps_its_id() -> None:
    (action,) = pending(plan(replace(RIGHT, rulesets=(RULES[0], replace(RULES[1], bypass=1))), WANTED))
    assert action.values["id"] == RULES[1].id


def test_only_production_keeps_the_branches_of_its_releases_from_moving() -> None:
    (one,) = setup.rulesets_for(replace(WANTED, environment="staging", production=False))
    assert one.rules == ("deletion", "non_fast_forward")
    assert "update" in setup.rulesets_for(WANTED)[1].rules
    assert setup.rulesets_for(WANTED)[1].include == ("refs/heads/*-prod-*",)


def test_no_branch_yet_is_explained_and_the_rest_is_done() -> None:
    facts = replace(RIGHT, branch_exists=False, pages=None, permissions=Permissions(True, "all"), rulesets=())
    actions = {one.kind: one for one in plan(facts, WANTED)}
    assert actions["pages.create"].state == "impossible"
    assert actions["pages.create"].hint == "invoke deploy --env=prod"
    assert actions["actions.disable"].state == actions["ruleset.create"].state == "change"


def test_private_repository_without_a_plan_is_told_and_not_failed() -> None:
    repository = replace(RIGHT.repository, private=True)
    refused = Unreadable("Upgrade to GitHub Pro", 403)
    actions = plan(replace(RIGHT, repository=repository, rulesets=refused), WANTED)
    assert pending(actions) == ()
    assert actions[-1].state == "impossible"
    assert "paid plans only" in actions[-1].why


def test_what_cannot_be_read_is_neither_right_nor_changed() -> None:
    facts = replace(RIGHT, pages=UNREADABLE, permissions=UNREADABLE, rulesets=UNREADABLE)
    assert set(states(facts).values()) == {"impossible"}
    assert all("503" in one.why for one in plan(facts, WANTED))


def test_who_may_not_administer_gets_one_reason() -> None:
    (one,) = plan(replace(RIGHT, repository=replace(RIGHT.repository, admin=False)), WANTED)
    assert one.state == "impossible"
    assert "may not administer octocat/harbour" in one.why


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.example.org/", "www.example.org"),
        ("https://octocat.github.io/harbour/", None),
        ("https://localhost:8443/harbour/", None),
        ("http://127.0.0.1/", None),
        ("http://[::1]/", None),
        ("https://intranet/", None),
    ],
)
def test_domain_that_an_address_means(url: str, expected: str | None) -> None:
    assert domain_of(url) == expected


@pytest.mark.parametrize(
    ("prod", "cname"),
    [
        ("{repository: octocat/harbour}", None),
        ("{repository: octocat/harbour, url: 'https://www.example.org/'}", "www.example.org"),
        ("{repository: octocat/harbour, cname: example.org, url: 'https://www.example.org/'}", "example.org"),
        ("{repository: octocat/harbour, cname: example.org}", "example.org"),
        # An Enterprise Server may serve its sites under any name.
        ("{repository: 'https://git.corp.example/a/b', url: 'https://pages.corp.example/a/b/'}", None),
    ],
)
def test_what_an_environment_needs(tmp_path: Path, prod: str, cname: str | None) -> None:
    (tmp_path / "invoke.yaml").write_text(f"environments:\n  prod: {prod}\n", "utf-8")
    target = target_of(open_project(tmp_path, environ={}), "prod")
    assert wanted_for(target) == replace(WANTED, cname=cname)


# Against the double


SETTINGS = """\
site: {{name: harbour, package_manager: none, install: [], check: [], build: [], output: dist}}
environments:
  staging: {{repository: octocat/harbour, branch: staging, url: {url}}}
  prod: {{repository: octocat/harbour, url: {url}}}
"""


@dataclass(frozen=True)
class Place:
    root: Path
    double: GitHub

    def run(self, words: str = "") -> None:
        from pipeline.commands.setup import setup as task

        Program(namespace=Collection(task)).run(["invoke", "setup", *words.split()], exit=False)

    @property
    def hub(self) -> Hub:
        hub = connect(NAME)
        assert hub
        return hub

    def branch(self, name: str = "gh-pages") -> str:
        return self.double.foreign_commit(NAME, name, {"index.html": "home", ".nojekyll": ""})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with GitHub(tmp_path / "github") as double:
        double.create_repo(NAME)
        for name, value in double.env.items():
            monkeypatch.setenv(name, value)
        root = tmp_path / "harbour"
        root.mkdir()
        (root / "invoke.yaml").write_text(SETTINGS.format(url="https://octocat.github.io/harbour/"), "utf-8")
        monkeypatch.chdir(root)
        yield Place(root, double)


def test_setup_does_everything_and_the_second_time_nothing(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    tip = place.branch()
    place.run("--yes")
    said = capsys.readouterr()
    assert "done: turn Actions off" in said.out
    assert "done: make the Pages site from branch gh-pages, folder / (there is none)" in said.out
    assert "done: forbid deletion, force pushes, update of *-prod-*" in said.out
    assert said.err.splitlines()[-1] == "next: invoke deploy --env=prod"
    repository = place.double.repo(NAME)
    assert repository["actions"]["enabled"] is False
    assert repository["pages"]["source"] == {"branch": "gh-pages", "path": "/"}
    assert [one["name"] for one in repository["rulesets"]] == [one.name for one in RULES]
    place.double.wait_live(NAME, tip)

    place.double.forget_requests()
    place.run("--yes")
    assert {line.partition(":")[0] for line in capsys.readouterr().out.splitlines()} == {"already right"}
    assert {one.method for one in place.double.requests} == {"GET"}


def test_actions_are_off_before_pages_is_on_so_that_not_even_the_first_build_is_a_run(place: Place) -> None:
    tip = place.branch()
    place.run("--yes")
    place.double.wait_live(NAME, tip)
    assert place.double.repo(NAME)["runs"] == []


def test_dry_run_changes_nothing_and_ends_with_8_while_something_is_to_do(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.branch()
    with pytest.raises(Stop, match="is not set up: 4 of 4 points differ") as stopped:
        place.run("--dry-run")
    assert stopped.value.code is Code.DRIFT
    assert stopped.value.hint == "invoke deploy.setup --env=prod"
    assert "to do: turn Actions off" in capsys.readouterr().out
    assert {one.method for one in place.double.requests} == {"GET"}
    place.run("--yes")
    place.run("--dry-run")


def test_production_asks_and_without_a_terminal_names_the_flag(place: Place) -> None:
    place.branch()
    with pytest.raises(Stop) as stopped:
        place.run()
    assert (stopped.value.code, stopped.value.hint) == (Code.ANSWER, "answer it with --yes")
    assert place.double.repo(NAME)["pages"] is None
    place.branch("staging")
    place.run("--env=staging")
    assert place.double.repo(NAME)["pages"]["source"]["branch"] == "staging"


def test_wrong_settings_are_corrected(place: Place) -> None:
    place.branch()
    place.double.enable_pages(NAME, branch="main", path="/docs")
    place.double.repo(NAME)["pages"]["build_type"] = "workflow"
    place.run("--yes")
    site = must(place.hub.pages())
    assert site
    assert (site.build_type, site.branch, site.path) == ("legacy", "gh-pages", "/")


def test_before_the_first_deploy_the_rest_is_set_up_and_the_next_command_named(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.run("--yes")
    said = capsys.readouterr()
    assert "not possible: publish from branch gh-pages, folder / (there is no branch gh-pages yet" in said.out
    assert said.err.splitlines()[-1] == "next: invoke deploy --env=prod"
    assert place.double.repo(NAME)["actions"]["enabled"] is False


def test_json_is_the_plan_alone(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.branch()
    place.run("--yes --json")
    value = json.loads(capsys.readouterr().out)
    assert value["dry_run"] is False
    assert {one["state"] for one in value["actions"]} == {"change"}


def test_private_repository_on_the_free_plan_is_set_up_as_far_as_it_goes(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.branch()
    place.double.repo(NAME)["private"] = True
    place.double.enable_pages(NAME)
    place.run("--yes")
    assert "not possible: protect the branches by rulesets" in capsys.readouterr().out
    assert place.double.repo(NAME)["actions"]["enabled"] is False


def test_refusal_in_the_middle_says_how_far_it_came(place: Place) -> None:
    place.branch()
    place.double.faults.refuse(422, f"/repos/{NAME}/pages", method="POST", message="Your plan has no Pages")
    with pytest.raises(Stop, match="Your plan has no Pages") as stopped:
        place.run("--yes")
    assert stopped.value.code is Code.SERVICE
    assert stopped.value.details == ("1 of 4 changes are made; run it again to go on",)
    place.run("--yes")
    assert pending(plan(read_facts(place.hub, WANTED), WANTED)) == ()


def test_rulesets_then_hold_against_deletion_and_rewriting_but_not_against_releases(place: Place) -> None:
    first = place.branch()
    place.run("--yes")
    bare, hub = place.double.bare(NAME), place.hub
    tree = bare.text("rev-parse", f"{first}^{{tree}}")
    name = "refs/heads/20260101-000000-prod-first"
    follows = bare.text("commit-tree", tree, "-p", first, "-m", "next")
    hub.create_ref(name, follows)
    hub.update_ref("heads/gh-pages", follows)
    moved = bare.text("commit-tree", tree, "-p", follows, "-m", "moved")
    with pytest.raises(Stop, match="rule violations"):
        hub.update_ref(name.removeprefix("refs/"), moved)
    for ref in (name, "refs/heads/gh-pages"):
        answer = hub.wire.send("DELETE", f"/repos/{NAME}/git/{ref}")
        assert answer.status == 422, answer


def test_local_environment_and_other_hosts_have_nothing_to_set_up(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.run("--env=local")
    assert "nothing to set up: local does not publish to GitHub" in capsys.readouterr().err
    assert place.double.requests == []
