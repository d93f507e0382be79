"""The double's REST API, asked by the real gh."""

from __future__ import annotations

import os
import subprocess

import pytest
import requests

from tests.fakes.conftest import NAME, Clone, Gh
from tests.fakes.github import GitHub
from tests.fakes.github.api.actions import created_in
from tests.fakes.github.environment import gh as gh_path
from tests.fakes.github.rules import pattern

REPO = f"repos/{NAME}"
RULESET = {
    "name": "releases stay",
    "target": "branch",
    "enforcement": "active",
    "conditions": {"ref_name": {"include": ["refs/heads/*-prod-*"], "exclude": []}},
    "rules": [{"type": "deletion"}, {"type": "update"}, {"type": "non_fast_forward"}],
}


def test_gh_is_logged_in(hub: GitHub) -> None:
    env = {**os.environ, **hub.env}
    done = subprocess.run([gh_path(), "auth", "status"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"Logged in to {hub.host} account octocat" in done.stdout
    assert "'repo', 'workflow', 'read:org', 'user'" in done.stdout


def test_repository_shows_its_branch_and_what_one_may_do(gh: Gh) -> None:
    answer = gh(REPO)
    assert answer.status == 200
    assert answer.json["default_branch"] == "main"
    assert answer.json["permissions"]["admin"] is True
    assert answer.headers["x-ratelimit-limit"] == "5000"


def test_errors_have_githubs_shape_and_gh_exits_with_1(gh: Gh) -> None:
    answer = gh("repos/octocat/nothing")
    assert (answer.status, answer.code) == (404, 1)
    assert answer.json == {
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest",
        "status": "404",
    }


def test_route_that_is_not_played_says_so(api: Gh) -> None:
    assert api(f"{REPO}/issues").headers["x-double"] == "this route is not played"


def test_bad_token_and_missing_scope_are_told_apart(hub: GitHub, api: Gh) -> None:
    assert api(f"{REPO}/pages", token="ghp_wrong").json["message"] == "Bad credentials"
    assert api(f"{REPO}/pages", token="ghp_wrong").status == 401
    answer = api(f"{REPO}/pages", token=hub.add_token("ghp_little", "read:org"))
    assert (answer.status, answer.headers["x-oauth-scopes"]) == (403, "read:org")


def test_without_token_only_public_things_are_shown(hub: GitHub, web: requests.Session) -> None:
    hub.create_repo("octocat/secret", private=True)
    assert web.get(f"{hub.api}/{REPO}").status_code == 200
    assert web.get(f"{hub.url}/{REPO}").status_code == 200
    assert web.get(f"{hub.api}/{REPO}/pages").status_code == 401
    assert web.get(f"{hub.api}/repos/octocat/secret").status_code == 404


def test_unchanged_answer_is_304(hub: GitHub, web: requests.Session) -> None:
    first = web.get(f"{hub.api}/{REPO}", headers=hub.headers)
    again = web.get(f"{hub.api}/{REPO}", headers={**hub.headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_pages_are_made_once_changed_and_removed(gh: Gh, clone: Clone) -> None:
    source = {"source": {"branch": "gh-pages", "path": "/"}}
    assert gh(f"{REPO}/pages").status == 404
    refused = gh(f"{REPO}/pages", body=source)
    assert refused.status == 422
    assert "gh-pages branch must exist" in refused.json["message"]
    clone.commit()
    clone.push()
    made = gh(f"{REPO}/pages", body=source)
    assert (made.status, made.json["build_type"], made.json["status"]) == (201, "legacy", None)
    assert gh(f"{REPO}/pages", body=source).status == 409
    changed = gh(f"{REPO}/pages", "-X", "PUT", body={"cname": "www.example.org", "https_enforced": True})
    assert (changed.status, changed.body) == (204, "")
    shown = gh(f"{REPO}/pages").json
    assert (shown["cname"], shown["https_certificate"]["state"]) == ("www.example.org", "approved")
    assert gh(f"{REPO}/pages", "-X", "DELETE").status == 204
    assert gh(f"{REPO}/pages").status == 404


def test_https_waits_for_its_certificate(hub: GitHub, api: Gh, clone: Clone) -> None:
    clone.commit(CNAME="x")
    clone.push()
    hub.enable_pages(NAME)
    hub.set_domain(NAME, "www.example.org")
    hub.wait_idle(NAME)
    hub.repo(NAME)["pages"]["certificate"] = "new"
    answer = api(f"{REPO}/pages", "-X", "PUT", body={"https_enforced": True})
    assert (answer.status, answer.json["message"]) == (404, "The certificate does not exist yet")


def test_health_is_202_first(hub: GitHub, api: Gh, clone: Clone) -> None:
    clone.commit()
    clone.push()
    hub.enable_pages(NAME)
    hub.set_domain(NAME, "www.example.org")
    assert api(f"{REPO}/pages/health").status == 202
    assert api(f"{REPO}/pages/health").json["domain"]["is_valid"] is True


def test_free_plan_sells_private_repositories_nothing(hub: GitHub, api: Gh) -> None:
    hub.create_repo("octocat/secret", private=True)
    answer = api("repos/octocat/secret/rulesets", body=RULESET)
    message = "Upgrade to GitHub Pro or make this repository public to enable this feature."
    assert (answer.status, answer.json["message"]) == (403, message)
    assert api("repos/octocat/secret/pages", body={"source": {"branch": "main"}}).status == 422
    hub.set_plan("octocat", "pro")
    assert api("repos/octocat/secret/rulesets", body=RULESET).status == 201


def test_rulesets_are_listed_short_shown_whole_changed_and_removed(api: Gh) -> None:
    made = api(f"{REPO}/rulesets", body=RULESET)
    assert (made.status, made.json["rules"]) == (201, RULESET["rules"])
    number = made.json["id"]
    assert "rules" not in api(f"{REPO}/rulesets").json[0]
    assert api(f"{REPO}/rulesets", body=RULESET).json["errors"] == ["Name must be unique"]
    changed = api(f"{REPO}/rulesets/{number}", "-X", "PUT", body={"enforcement": "disabled"})
    assert (changed.status, changed.json["enforcement"]) == (200, "disabled")
    assert api(f"{REPO}/rulesets/{number}", "-X", "DELETE").status == 204
    assert api(f"{REPO}/rulesets/{number}").status == 404


@pytest.mark.parametrize(
    ("glob", "ref", "meant"),
    [
        ("refs/heads/*-prod-*", "refs/heads/20260101-000000-prod-first", True),
        ("refs/heads/*-prod-*", "refs/heads/a/20260101-prod-first", False),
        ("refs/heads/**/*-prod-*", "refs/heads/a/b/20260101-prod-first", True),
        ("refs/heads/**/*-prod-*", "refs/heads/20260101-prod-first", True),
        ("refs/heads/release-[0-9]?", "refs/heads/release-12", True),
        ("refs/heads/release-[!0-9]", "refs/heads/release-1", False),
        ("refs/heads/main", "refs/heads/main2", False),
    ],
)
def test_pattern_stops_at_slashes_as_fnmatch_on_paths(glob: str, ref: str, meant: bool) -> None:
    assert (pattern(glob).fullmatch(ref) is not None) is meant


def test_actions_are_switched_off_and_the_runs_stay(hub: GitHub, api: Gh) -> None:
    hub.add_run(NAME)
    off = api(f"{REPO}/actions/permissions", "-X", "PUT", body={"enabled": False})
    assert (off.status, api(f"{REPO}/actions/permissions").json["enabled"]) == (204, False)
    assert api(f"{REPO}/actions/runs").json["total_count"] == 1
    assert api(f"{REPO}/actions/runs?event=dynamic").json["total_count"] == 0
    assert api(f"{REPO}/actions/runs?created=%3E%3D2099-01-01").json["total_count"] == 0


def test_lists_come_in_pages(hub: GitHub, gh: Gh) -> None:
    for _ in range(5):
        hub.add_run(NAME)
    first = gh(f"{REPO}/actions/runs?per_page=2")
    assert len(first.json["workflow_runs"]) == 2
    assert 'rel="next"' in first.headers["link"]
    whole = gh(f"{REPO}/actions/runs?per_page=2", "--paginate", "--jq", ".workflow_runs[].id")
    assert whole.code == 0
    assert len(hub.asked("GET", f"/{REPO}/actions/runs")) == 4


@pytest.mark.parametrize(
    ("wanted", "inside"),
    [
        (">=2026-03-01", True),
        (">2026-03-01", False),
        ("<2026-03-01T12:00:00Z", False),
        ("<=2026-03-01T12:00:00Z", True),
        ("2026-02-01..2026-03-01", True),
        ("2026-03-01T12:00:01Z..*", False),
        ("2026-03-01", True),
    ],
)
def test_times_are_searched_as_github_does(wanted: str, inside: bool) -> None:
    assert created_in(wanted, "2026-03-01T12:00:00Z") is inside


def test_workflow_files_are_found_on_the_default_branch(hub: GitHub, api: Gh) -> None:
    assert api(f"{REPO}/contents/.github/workflows").status == 404
    hub.foreign_commit(NAME, "main", {".github/workflows/ci.yml": "on: push\n"})
    assert [one["path"] for one in api(f"{REPO}/actions/workflows").json["workflows"]] == [
        ".github/workflows/ci.yml"
    ]
    assert api(f"{REPO}/contents/.github/workflows?ref=main").json[0]["name"] == "ci.yml"
    shown = api(f"{REPO}/contents/.github/workflows/ci.yml").json
    assert (shown["encoding"], shown["content"]) == ("base64", "b246IHB1c2gK\n")


def test_billing_is_shown_to_whom_it_concerns(hub: GitHub, api: Gh) -> None:
    hub.add_organization("harbour")
    hub.create_repo("harbour/site")
    hub.bill("harbour/site", 12)
    usage = "organizations/harbour/settings/billing/usage"
    (item,) = api(usage).json["usageItems"]
    assert (item["product"], item["quantity"], item["repositoryName"]) == ("Actions", 12, "harbour/site")
    assert api(f"{usage}?year=1999").json == {"usageItems": []}
    assert api("users/octocat/settings/billing/usage").json == {"usageItems": []}
    token = hub.add_token("ghp_little", "repo")
    little = api("users/octocat/settings/billing/usage", token=token)
    assert (little.status, little.headers["x-accepted-oauth-scopes"]) == (404, "user")
    assert api("users/octocat/settings/billing/actions").status == 410


def test_deployment_and_its_statuses(hub: GitHub, api: Gh) -> None:
    hub.foreign_commit(NAME, "main", {"a": "a"})
    body = {"ref": "main", "environment": "prod", "auto_merge": False, "required_contexts": []}
    made = api(f"{REPO}/deployments", body=body)
    assert (made.status, made.json["sha"]) == (201, hub.bare(NAME).tip("main"))
    statuses = f"{REPO}/deployments/{made.json['id']}/statuses"
    assert api(statuses, body={"state": "success", "description": "x" * 141}).status == 422
    assert api(statuses, body={"state": "success", "environment_url": "https://a"}).status == 201
    assert [one["state"] for one in api(statuses).json] == ["success"]
    assert api(f"{REPO}/deployments?environment=staging").json == []


def test_release_can_be_made_by_the_api_alone(hub: GitHub, gh: Gh) -> None:
    old = hub.foreign_commit(NAME, "gh-pages", {".nojekyll": "", "index.html": "old", "docs/a.txt": "a"})
    hub.enable_pages(NAME)
    blob = gh(f"{REPO}/git/blobs", body={"content": "new", "encoding": "utf-8"}).json["sha"]
    entries = [
        {"path": "index.html", "mode": "100644", "type": "blob", "sha": blob},
        {"path": "docs/a.txt", "mode": "100644", "type": "blob", "sha": None},
    ]
    base = gh(f"{REPO}/git/commits/{old}").json["tree"]["sha"]
    tree = gh(f"{REPO}/git/trees", body={"base_tree": base, "tree": entries}).json
    assert [one["path"] for one in tree["tree"]] == [".nojekyll", "index.html"]
    body = {"message": "rolled back\n\nKind: rollback", "tree": tree["sha"], "parents": [old]}
    commit = gh(f"{REPO}/git/commits", body=body)
    assert (commit.status, commit.json["message"]) == (201, body["message"])
    sha = commit.json["sha"]
    name = "refs/heads/20260101-000000-prod-back"
    assert gh(f"{REPO}/git/refs", body={"ref": name, "sha": sha}).status == 201
    assert (
        gh(f"{REPO}/git/refs", body={"ref": name, "sha": sha}).json["message"] == "Reference already exists"
    )
    moved = gh(f"{REPO}/git/refs/heads/gh-pages", "-X", "PATCH", body={"sha": sha, "force": False})
    assert moved.status == 200
    back = gh(f"{REPO}/git/refs/heads/gh-pages", "-X", "PATCH", body={"sha": old, "force": False})
    assert (back.status, back.json["message"]) == (422, "Update is not a fast forward")
    assert gh(f"{REPO}/git/ref/heads/gh-pages").json["object"]["sha"] == sha
    assert len(gh(f"{REPO}/branches").json) == 2
    hub.wait_live(NAME, sha)


def test_rulesets_hold_for_the_api_too(hub: GitHub, api: Gh) -> None:
    sha = hub.foreign_commit(NAME, "main", {"a": "a"})
    api(f"{REPO}/rulesets", body=RULESET)
    name = "heads/20260101-000000-prod-x"
    assert api(f"{REPO}/git/refs", body={"ref": f"refs/{name}", "sha": sha}).status == 201
    answer = api(f"{REPO}/git/refs/{name}", "-X", "DELETE")
    assert answer.status == 422
    assert answer.json["message"] == "Repository rule violations found\n\nCannot delete this branch\n\n"
