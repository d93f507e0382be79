from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core import proc, secrets
from pipeline.core.errors import Code, Stop
from pipeline.tools.gh import find_gh
from pipeline.tools.github import (
    Build,
    Coordinates,
    Hub,
    PagesSite,
    Permissions,
    Refused,
    Repository,
    Ruleset,
    Unreadable,
    connect,
    coordinates,
    must,
    on_github,
)
from pipeline.tools.github_wire import Answer, Wire, parse, pause
from tests.fakes.github import GitHub

NAME = "octocat/site"
REPO = f"/repos/{NAME}"
NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    with GitHub(tmp_path / "github") as running:
        running.create_repo(NAME)
        for name, value in running.env.items():
            monkeypatch.setenv(name, value)
        yield running


class Naps(list[float]):
    """Sleeps that are noted instead of slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def hub(double: GitHub, naps: Naps) -> Hub:
    at = on_github(f"https://github.com/{NAME}.git", os.environ)
    assert at
    return Hub(Wire(find_gh(), at, sleep=naps))


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://github.com/ann/site.git", ("github.com", "ann", "site")),
        ("https://github.com/ann/site", ("github.com", "ann", "site")),
        ("https://ann:secret@github.com/ann/my.site.git/", ("github.com", "ann", "my.site")),
        ("https://WWW.GitHub.com/ann/site", ("github.com", "ann", "site")),
        ("https://github.com:443/ann/site", ("github.com", "ann", "site")),
        ("https://localhost:8443/ann/site.git", ("localhost:8443", "ann", "site")),
        ("https://[::1]:8443/ann/site.git", ("[::1]:8443", "ann", "site")),
        ("ssh://git@github.com/ann/site.git", ("github.com", "ann", "site")),
        ("ssh://git@ssh.github.com:443/ann/site.git", ("github.com", "ann", "site")),
        ("ssh://git@git.corp.example:2222/ann/site", ("git.corp.example", "ann", "site")),
        ("git@github.com:ann/site.git", ("github.com", "ann", "site")),
        ("git@github.com:/ann/site.git", ("github.com", "ann", "site")),
        ("github.com:ann/site", ("github.com", "ann", "site")),
        ("git://github.com/ann/site.git", ("github.com", "ann", "site")),
        ("ann/site", ("github.com", "ann", "site")),
        ("ann_corp/site", None),
        ("git@gitlab.com:group/sub/site.git", None),
        ("https://gitlab.com/ann/site", ("gitlab.com", "ann", "site")),
        ("https://github.com/ann", None),
        ("https://github.com:port/ann/site", None),
        ("/srv/ann/site.git", None),
        ("./ann/site", None),
        ("../site.git", None),
        ("~/ann/site", None),
        ("file:///srv/ann/site.git", None),
        ("C:/ann/site", None),
        ("C:\\ann\\site", None),
        ("", None),
    ],
)
def test_coordinates(remote: str, expected: tuple[str, str, str] | None) -> None:
    assert coordinates(remote) == expected


@pytest.mark.parametrize(
    ("remote", "host", "expected"),
    [
        ("ann/site", "", "github.com"),
        ("git@github.com:ann/site.git", "localhost:8443", "localhost:8443"),
        ("https://localhost:8443/ann/site", "localhost:8443", "localhost:8443"),
        ("https://localhost:8443/ann/site", "", None),
        ("https://acme.ghe.com/ann/site", "", "acme.ghe.com"),
        ("https://gitlab.com/ann/site", "", None),
        ("https://gitlab.com/ann/site", "localhost:8443", None),
        ("/srv/site.git", "localhost:8443", None),
    ],
)
def test_only_hosts_of_github_are_ever_asked(remote: str, host: str, expected: str | None) -> None:
    found = on_github(remote, {"GH_HOST": host} if host else {})
    assert (found.host if found else None) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("github.com", "https://api.github.com"),
        ("acme.ghe.com", "https://api.acme.ghe.com"),
        ("localhost:8443", "https://localhost:8443/api/v3"),
    ],
)
def test_api_address(host: str, expected: str) -> None:
    assert Coordinates(host, "a", "b").api == expected


@pytest.mark.parametrize(
    ("out", "error", "status", "data", "reason"),
    [
        (b'HTTP/2.0 201 Created\r\nA: b\r\n\r\n{"id": 1}', "", 201, {"id": 1}, ""),
        (b"HTTP/2.0 204 No Content\r\nA: b\r\n\r\n", "", 204, None, ""),
        (
            b'HTTP/1.1 404 Not Found\nA: b\n\n{"message": "x"}',
            "gh: x (404)",
            404,
            {"message": "x"},
            "gh: x (404)",
        ),
        (b"HTTP/2.0 502 Bad Gateway\r\n\r\n<html>", "", 502, None, ""),
        (b"", "error connecting to localhost", 0, None, "error connecting to localhost"),
        (b"", "", 0, None, "gh said nothing"),
        (b"nonsense\n", "", 0, None, "gh said nothing"),
    ],
)
def test_parse_of_what_gh_prints(out: bytes, error: str, status: int, data: object, reason: str) -> None:
    answer = parse(out, error)
    assert (answer.status, answer.data, answer.reason) == (status, data, reason)


LIMIT = {"message": "You have exceeded a secondary rate limit."}


@pytest.mark.parametrize(
    ("answer", "method", "expected"),
    [
        (Answer(200), "GET", None),
        (Answer(404), "GET", None),
        (Answer(403, {"message": "Forbidden"}), "GET", None),
        (Answer(403, LIMIT), "GET", 2.0),
        (Answer(403, LIMIT, headers={"retry-after": "7"}), "POST", 7.0),
        (Answer(429), "POST", 2.0),
        (Answer(403, {}, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "130"}), "GET", 31.0),
        (Answer(403, {}, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "90"}), "GET", 1.0),
        (Answer(502), "GET", 2.0),
        (Answer(0), "PUT", 2.0),
        (Answer(502), "POST", None),
        (Answer(422), "PUT", None),
    ],
)
def test_pause_before_asking_again(answer: Answer, method: str, expected: float | None) -> None:
    assert pause(answer, method, 1, 100.0) == expected


def test_repository_says_who_owns_it_and_what_one_may_do(double: GitHub, hub: Hub) -> None:
    expected = Repository("octocat", "site", private=False, default_branch="main", admin=True)
    assert hub.repository() == expected
    double.add_organization("acme")
    double.create_repo("acme/site", private=True)
    other = connect("acme/site")
    assert other
    assert must(other.repository()).organization
    assert must(other.repository()).private


def test_pages_site_from_nothing_to_built(double: GitHub, hub: Hub) -> None:
    assert hub.pages() is None
    assert hub.latest_build() is None
    assert hub.ref("heads/gh-pages") is None
    with pytest.raises(Refused, match="branch must exist") as refused:
        hub.create_pages("gh-pages")
    assert (refused.value.answer.status, refused.value.code) == (422, Code.SERVICE)

    tip = double.foreign_commit(NAME, "gh-pages", {"index.html": "home", ".nojekyll": ""})
    assert hub.ref("heads/gh-pages") == tip
    hub.create_pages("gh-pages")
    hub.create_pages("gh-pages")
    double.wait_live(NAME, tip)
    double.wait_idle(NAME)
    site = hub.pages()
    assert isinstance(site, PagesSite)
    assert (site.build_type, site.branch, site.path, site.status) == ("legacy", "gh-pages", "/", "built")
    assert site.url == double.pages_url(NAME)
    build = hub.latest_build()
    assert isinstance(build, Build)
    assert (build.status, build.commit, build.error) == ("built", tip, None)
    assert build.duration_seconds < 60
    assert hub.builds() == (build,)


def test_failed_build_says_why_and_a_request_starts_another(double: GitHub, hub: Hub) -> None:
    double.foreign_commit(NAME, "gh-pages", {"index.html": "home"})
    double.faults.build_fails("the file x is a symlink")
    hub.create_pages("gh-pages")
    double.wait_idle(NAME)
    build = hub.latest_build()
    assert isinstance(build, Build)
    assert (build.status, build.error) == ("errored", "the file x is a symlink")
    hub.request_build()
    double.wait_idle(NAME)
    again = hub.latest_build()
    assert isinstance(again, Build)
    assert again.status == "built"


def test_health_is_pending_at_first(double: GitHub, hub: Hub) -> None:
    double.foreign_commit(NAME, "gh-pages", {"index.html": "home"})
    hub.create_pages("gh-pages")
    assert isinstance(hub.health(), Unreadable)
    hub.update_pages(cname="www.example.org")
    first, then = must(hub.health()), must(hub.health())
    assert (first.pending, then.pending, then.host, then.valid) == (True, False, "www.example.org", True)


def test_actions_are_turned_off_and_nothing_else_is_sent(double: GitHub, hub: Hub) -> None:
    assert hub.actions_permissions() == Permissions(enabled=True, allowed_actions="all")
    hub.disable_actions()
    assert hub.actions_permissions() == Permissions(enabled=False, allowed_actions=None)
    (sent,) = double.asked("PUT", f"{REPO}/actions/permissions")
    assert sent.json == {"enabled": False}


def test_runs_since_a_moment_tell_githubs_own_from_the_repositorys(double: GitHub, hub: Hub) -> None:
    double.foreign_commit(NAME, "gh-pages", {"index.html": "home"})
    hub.create_pages("gh-pages")
    double.wait_idle(NAME)
    double.add_run(NAME, event="schedule")
    runs = must(hub.runs_since(datetime.now(UTC) - timedelta(hours=1)))
    assert runs.total == 2
    assert {(one.event, one.of_pages) for one in runs.newest} == {("schedule", False), ("dynamic", True)}
    assert must(hub.runs_since(datetime.now(UTC) + timedelta(hours=1))).total == 0


def test_workflows_are_the_files_of_a_branch(double: GitHub, hub: Hub) -> None:
    assert hub.workflows("main") == ()
    files = {".github/workflows/ci.yml": "on: push\n", ".github/workflows/notes.md": "x", "a.yml": "x"}
    double.foreign_commit(NAME, "main", files)
    (one,) = must(hub.workflows("main"))
    assert (one.path, one.text) == (".github/workflows/ci.yml", "on: push\n")


def test_rulesets_are_read_as_they_were_written(double: GitHub, hub: Hub) -> None:
    wanted = Ruleset(0, "keep", "active", ("refs/heads/*-prod-*",), (), ("deletion", "update"))
    hub.create_ruleset(wanted)
    (made,) = must(hub.rulesets())
    assert (made.name, made.include, made.rules, made.bypass) == ("keep", wanted.include, wanted.rules, 0)
    hub.update_ruleset(Ruleset(made.id, "keep", "disabled", ("refs/heads/a",), (), ("deletion",)))
    (changed,) = must(hub.rulesets())
    assert (changed.enforcement, changed.include, changed.rules) == (
        "disabled",
        ("refs/heads/a",),
        ("deletion",),
    )


def test_private_repository_on_the_free_plan_has_no_rulesets(double: GitHub) -> None:
    double.create_repo("octocat/secret", private=True)
    hub = connect("octocat/secret")
    assert hub
    refused = hub.rulesets()
    assert isinstance(refused, Unreadable)
    assert refused.status == 403
    assert "Upgrade to GitHub Pro" in refused.reason


def test_bill_of_a_user_and_of_an_organisation(double: GitHub, hub: Hub) -> None:
    double.bill(NAME, 12)
    double.bill(NAME, 3, product="Git LFS", sku="storage")
    double.add_organization("acme")
    double.create_repo("acme/site")
    double.bill("acme/site", 5)
    now = datetime.now(UTC)
    used = must(hub.billing_usage("octocat", now.year, now.month, organization=False))
    assert [one.actions_minutes for one in used] == [12, 0]
    (other,) = must(hub.billing_usage("acme", now.year, now.month, organization=True))
    assert (other.actions_minutes, other.repository) == (5, "acme/site")


def test_bill_without_the_scope_is_unreadable_with_the_command_that_asks_for_it(
    double: GitHub, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", double.add_token("ghp_" + "2" * 36, "repo"))
    found = hub.billing_usage("octocat", 2026, 6, organization=False)
    assert isinstance(found, Unreadable)
    assert found.fix == f"gh auth refresh --hostname {double.host} --scopes user"
    other = hub.billing_usage("acme", 2026, 6, organization=True)
    assert isinstance(other, Unreadable)
    assert other.fix == "log in as an owner or billing manager of acme"


def test_deployments_have_short_descriptions(double: GitHub, hub: Hub) -> None:
    tip = double.foreign_commit(NAME, "gh-pages", {"index.html": "home"})
    number = hub.create_deployment(tip, "prod", "x" * 200, production=True)
    hub.set_deployment_status(number, "success", "y" * 200, "https://example.org/")
    (one,) = double.repo(NAME)["deployments"]
    assert (len(one["description"]), len(one["statuses"][0]["description"])) == (140, 140)


def test_objects_and_refs_make_a_commit_that_follows(double: GitHub, hub: Hub) -> None:
    tip = double.foreign_commit(NAME, "gh-pages", {"index.html": "home", "a.txt": "a"})
    before = must(hub.commit(tip))
    blob = hub.create_blob(b"\xff\x00")
    entry = {"path": "b/c.bin", "mode": "100644", "type": "blob", "sha": blob}
    tree = hub.create_tree(before.tree, [entry])
    made = hub.create_commit("a release\n", tree, [tip], "Ann Other <ann@example.org>", NOW)
    found = must(hub.commit(made))
    assert (found.parents, found.when, found.tree) == ((tip,), NOW, tree)
    hub.create_ref("refs/heads/new", made)
    hub.update_ref("heads/gh-pages", made)
    assert (hub.ref("heads/new"), hub.ref("heads/gh-pages")) == (made, made)
    bare = double.bare(NAME)
    assert bare.run("cat-file", "blob", "gh-pages:b/c.bin") == b"\xff\x00"
    assert bare.text("log", "-1", "--format=%cn %ce", "gh-pages") == "Ann Other ann@example.org"

    with pytest.raises(Refused, match="already exists"):
        hub.create_ref("refs/heads/new", tip)
    with pytest.raises(Refused, match="not a fast forward") as refused:
        hub.update_ref("heads/gh-pages", tip)
    assert refused.value.answer.status == 422


def test_limits_are_waited_for_and_no_longer_than_the_bound(double: GitHub, hub: Hub, naps: Naps) -> None:
    double.faults.limit(REPO, retry_after=7)
    assert isinstance(hub.repository(), Repository)
    assert naps == [7.0]
    double.faults.limit(REPO, retry_after=3_600)
    found = hub.repository()
    assert isinstance(found, Unreadable)
    assert "secondary rate limit" in found.reason
    assert naps == [7.0]


def test_used_up_limit_is_waited_for_until_its_reset(double: GitHub, hub: Hub, naps: Naps) -> None:
    double.faults.limit(REPO, secondary=False, retry_after=10)
    assert isinstance(hub.repository(), Repository)
    assert len(naps) == 1
    assert 8 < naps[0] <= 12


def test_broken_servers_are_asked_again(double: GitHub, hub: Hub, naps: Naps) -> None:
    double.faults.refuse(502, REPO, times=2)
    assert isinstance(hub.repository(), Repository)
    assert naps == [1.0, 2.0]
    double.faults.cut("before", f"{REPO}/actions", where="api", method="PUT")
    hub.disable_actions()
    assert not double.repo(NAME)["actions"]["enabled"]


def test_server_that_stays_broken_is_unreadable_and_not_nothing(double: GitHub, hub: Hub, naps: Naps) -> None:
    double.faults.refuse(503, REPO, times=None)
    for found in (hub.pages(), hub.workflows("main"), hub.ref("heads/main"), hub.rulesets()):
        assert isinstance(found, Unreadable)
        assert found.status == 503
    with pytest.raises(Stop) as stopped:
        must(hub.repository())
    assert stopped.value.code is Code.SERVICE


def test_what_is_not_idempotent_is_sent_once(double: GitHub, hub: Hub, naps: Naps) -> None:
    double.faults.refuse(502, f"{REPO}/rulesets", method="POST")
    with pytest.raises(Refused):
        hub.create_ruleset(Ruleset(0, "keep", "active", (), (), ("deletion",)))
    assert naps == []


def test_ref_that_was_made_although_the_answer_was_lost_counts_as_made(double: GitHub, hub: Hub) -> None:
    tip = double.foreign_commit(NAME, "gh-pages", {"index.html": "home"})
    double.faults.cut("after", f"{REPO}/git/refs", where="api", method="POST")
    hub.create_ref("refs/heads/new", tip)
    assert hub.ref("heads/new") == tip


def test_unreachable_host_is_unreadable(double: GitHub, hub: Hub, naps: Naps) -> None:
    double.stop()
    found = hub.repository()
    assert isinstance(found, Unreadable)
    assert "does not answer" in found.reason
    assert naps == [1.0, 2.0, 4.0]
    with pytest.raises(Refused) as refused:
        hub.disable_actions()
    assert refused.value.answer.status == 0


def test_answer_of_another_form_is_unreadable(double: GitHub, hub: Hub) -> None:
    double.faults.refuse(200, f"{REPO}/actions", message="hello")
    found = hub.actions_permissions()
    assert isinstance(found, Unreadable)
    assert "another form" in found.reason


def test_nobody_logged_in_says_how_to(double: GitHub, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_ENTERPRISE_TOKEN")
    found = hub.repository()
    assert isinstance(found, Unreadable)
    assert found.fix == f"gh auth login --hostname {double.host}"
    with pytest.raises(Refused) as refused:
        hub.disable_actions()
    assert refused.value.hint == found.fix


def test_refused_token_says_how_to_log_in(double: GitHub, hub: Hub) -> None:
    double.revoke(double.token)
    found = hub.repository()
    assert isinstance(found, Unreadable)
    assert (found.status, found.fix) == (401, f"gh auth login --hostname {double.host}")


def test_token_is_masked_and_a_netrc_does_not_take_its_place(
    double: GitHub, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    token = double.add_token("a-token-without-any-known-shape", "repo")
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", token)
    assert isinstance(hub.repository(), Repository)
    monkeypatch.delenv("GH_ENTERPRISE_TOKEN")
    assert secrets.redact(f"x {token} y") == f"x {secrets.MASK} y"
    assert token not in repr(hub)


def test_changes_go_through_gh_and_reads_through_one_session(
    double: GitHub, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    real = proc.run

    def noted(argv: list[str], **more: object) -> object:
        ran.append(argv[1:])
        return real(argv, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(proc, "run", noted)
    for _ in range(3):
        hub.repository()
    hub.disable_actions()
    assert [words[:2] for words in ran] == [["auth", "token"], ["api", "--include"]]
    assert not any(double.token in word for words in ran for word in words)
