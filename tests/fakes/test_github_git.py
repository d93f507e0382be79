"""The double's git over HTTPS, with the real git, and gh for its passwords."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from tests.fakes.conftest import GITHUB, NAME, Clone, Gh
from tests.fakes.github import GitHub
from tests.fakes.test_github_rest import RULESET

BRANCH = "20260101-000000-prod-first"


def test_push_asks_for_a_password_and_moves_all_refs(hub: GitHub, clone: Clone) -> None:
    commit = clone.commit()
    clone.push("gh-pages", f"gh-pages:refs/heads/{BRANCH}")
    assert hub.bare(NAME).tip("gh-pages") == hub.bare(NAME).tip(BRANCH) == commit
    statuses = [(one.where, one.status) for one in hub.requests]
    assert statuses == [("git", 401), ("git", 200), ("push", 200)]


def test_public_repository_is_read_without_password_private_is_not(hub: GitHub, clone: Clone) -> None:
    hub.create_repo("octocat/secret", private=True)
    clone("ls-remote", GITHUB)
    assert {one.status for one in hub.requests} == {200}
    hub.forget_requests()
    clone("ls-remote", "https://github.com/octocat/secret")
    assert [one.status for one in hub.requests][:2] == [401, 200]


def test_large_push_comes_in_chunks(hub: GitHub, clone: Clone) -> None:
    (clone.folder / "noise.bin").write_bytes(os.urandom(200_000))
    commit = clone.commit()
    clone("-c", "http.postBuffer=65536", "push", GITHUB, "gh-pages")
    assert hub.bare(NAME).tip("gh-pages") == commit


def test_fetch_sends_a_zipped_body(hub: GitHub, clone: Clone, tmp_path: Path) -> None:
    for _ in range(40):
        clone.commit()
    clone.push()
    clone("clone", "--quiet", "--bare", GITHUB, str(tmp_path / "other.git"))
    hub.foreign_commit(NAME, "gh-pages", {"a": "a"})
    clone("--git-dir", str(tmp_path / "other.git"), "fetch", "--quiet", "origin", "gh-pages")


def test_wrong_token_cannot_push_and_small_one_neither(hub: GitHub, clone: Clone) -> None:
    clone.commit()
    clone.env["GH_ENTERPRISE_TOKEN"] = "ghp_wrong"
    refused = clone.push(check=False)
    assert refused.returncode != 0
    assert "Invalid username or token" in refused.stderr
    clone.env["GH_ENTERPRISE_TOKEN"] = hub.add_token("ghp_little", "read:org")
    assert "Permission to octocat/site.git denied to octocat" in clone.push(check=False).stderr


def test_lease_that_is_old_is_refused(hub: GitHub, clone: Clone) -> None:
    first = clone.commit()
    clone.push()
    hub.foreign_commit(NAME, "gh-pages", {"CNAME": "www.example.org"}, "Create CNAME")
    clone.commit(more="more")
    refused = clone.push(f"--force-with-lease=gh-pages:{first}", "gh-pages", check=False)
    assert "stale info" in refused.stderr


def test_race_is_lost_on_the_server(hub: GitHub, clone: Clone) -> None:
    first = clone.commit()
    clone.push()
    clone.commit(more="more")
    hub.faults.race(NAME, "gh-pages", {"other.txt": "other"})
    lease = f"--force-with-lease=gh-pages:{first}"
    refused = clone.push(lease, "gh-pages", f"gh-pages:refs/heads/{BRANCH}", check=False)
    assert refused.returncode != 0
    assert "remote rejected" in refused.stderr
    assert hub.bare(NAME).tip(BRANCH) is None


def test_ruleset_refuses_in_githubs_words_and_nothing_moves(hub: GitHub, clone: Clone, api: Gh) -> None:
    first = clone.commit()
    clone.push("gh-pages", f"gh-pages:refs/heads/{BRANCH}")
    api(f"repos/{NAME}/rulesets", body=RULESET)
    clone.commit(more="more")
    refused = clone.push("gh-pages", f"gh-pages:refs/heads/{BRANCH}", check=False)
    assert (
        f"remote: error: GH013: Repository rule violations found for refs/heads/{BRANCH}." in refused.stderr
    )
    assert "remote: - Cannot update this protected ref." in refused.stderr
    assert "(push declined due to repository rule violations)" in refused.stderr
    assert "hook" not in refused.stderr
    assert hub.bare(NAME).tip("gh-pages") == hub.bare(NAME).tip(BRANCH) == first
    assert "Cannot delete this branch" in clone.push(f":{BRANCH}", check=False).stderr
    clone("commit", "--quiet", "--amend", "--message", "another")
    forced = clone.push("--force", f"gh-pages:refs/heads/{BRANCH}", check=False)
    assert (
        "Cannot force-push to this branch"
        in clone.push(
            "--force",
            f"{clone('commit-tree', 'HEAD^{tree}', '-m', 'x').stdout.strip()}:refs/heads/{BRANCH}",
            check=False,
        ).stderr
    ), forced.stderr
    clone.push("gh-pages", "gh-pages:refs/heads/20260102-000000-prod-next")


def test_whoever_may_bypass_is_told_so(hub: GitHub, clone: Clone, api: Gh) -> None:
    clone.commit()
    clone.push(f"gh-pages:refs/heads/{BRANCH}")
    admins = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}
    api(f"repos/{NAME}/rulesets", body={**RULESET, "bypass_actors": [admins]})
    assert "Bypassed rule violations" in clone.push(f":{BRANCH}").stderr


def test_push_that_is_cut_before_it_is_taken_moves_nothing(hub: GitHub, clone: Clone) -> None:
    commit = clone.commit()
    for at in ("upload", "before"):
        hub.faults.cut(at)
        assert clone.push(check=False).returncode != 0
        assert hub.bare(NAME).tip("gh-pages") is None
    clone.push()
    assert hub.bare(NAME).tip("gh-pages") == commit


def test_push_that_is_cut_after_it_was_taken_has_moved_the_refs(hub: GitHub, clone: Clone) -> None:
    for number, at in enumerate(("after", "response")):
        commit = clone.commit(n=str(number))
        hub.faults.cut(at)
        assert clone.push(check=False).returncode != 0
        assert hub.bare(NAME).tip("gh-pages") == commit
        assert "Everything up-to-date" in clone.push().stderr


def test_server_that_dies_in_a_push_comes_back_with_the_refs(hub: GitHub, clone: Clone) -> None:
    hub.enable_pages(NAME)
    commit = clone.commit()
    hub.faults.cut("after", die=True)
    assert clone.push(check=False).returncode != 0
    hub.wait_down()
    assert "Failed to connect" in clone.push(check=False).stderr
    port = hub.host
    hub.start()
    assert hub.host == port
    hub.wait_live(NAME, commit)
    assert "Everything up-to-date" in clone.push().stderr


def test_refused_push_is_a_503_for_git(hub: GitHub, clone: Clone) -> None:
    clone.commit()
    hub.faults.refuse(503, where="git")
    assert "503" in clone.push(check=False).stderr
    clone.push()


def test_two_pushes_at_once_have_one_winner(hub: GitHub, clone: Clone, tmp_path: Path) -> None:
    first = clone.commit()
    clone.push()
    clone("clone", "--quiet", "--branch=gh-pages", GITHUB, str(tmp_path / "other"))
    other = Clone(tmp_path / "other", clone.env)
    results: list[int] = []

    def push(who: Clone) -> None:
        results.append(who.push(f"--force-with-lease=gh-pages:{first}", "gh-pages", check=False).returncode)

    threads = []
    for who, text in ((clone, "ours"), (other, "theirs")):
        who.commit(who=text)
        threads.append(threading.Thread(target=push, args=(who,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, results)) == [False, True]
