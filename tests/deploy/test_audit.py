"""What an audit of the ledger finds, in real repositories that somebody tampered with."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.core.project import Project
from pipeline.deploy import audit
from pipeline.deploy.audit import Event, Kind
from pipeline.deploy.draft import again
from pipeline.deploy.proof_of_ledger import Audited, audit_ledger, branches, consistent, logged, times
from pipeline.deploy.release import make
from pipeline.deploy.target import local_repository
from tests.deploy.fleet import MOMENT, NAME, deploy, fleet, release, run, show
from tests.deploy.harbour import Ticker, change, desk_of, draft, write


def event(
    kind: Kind = Kind.PUBLISHED, name: str = NAME, commit: str = "c" * 40, tree: str = "a" * 40
) -> Event:
    return Event(kind, "prod", name, commit, tree, "me", "here", "2026-03-01T12:00:00Z")


@pytest.mark.parametrize(
    ("heads", "events", "says"),
    [
        ({NAME: "c" * 40}, [], []),
        ({NAME: "d" * 40}, [], ["its branch is at dddddddddd, the release is cccccccccc"]),
        ({}, [], ["its branch is gone and was not archived"]),
        ({}, [event(Kind.ARCHIVED)], []),
    ],
)
def test_a_branch_is_where_its_release_is_or_in_the_archive(
    heads: dict[str, str], events: list[Event], says: list[str]
) -> None:
    assert [one.text for one in branches([release()], heads, events)] == says


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([], []),
        ([event()], []),
        ([event(commit="d" * 40)], "the log says commit dddddddddd, it is cccccccccc"),
        ([event(tree="b" * 40)], "the log says tree bbbbbbbbbb, it is aaaaaaaaaa"),
        (
            [event(), event(name="20260301-130000-prod-two")],
            "was published as cccccccccc and is not in the history",
        ),
    ],
)
def test_the_log_knows_every_release_since_it_began(events: list[Event], says: str) -> None:
    found = [one.text for one in logged([release()], events)]
    assert (says in found[0]) if found else not says


def test_a_release_that_the_log_is_silent_about_is_a_finding_only_after_the_log_began() -> None:
    later = release("20260302-120000-prod-two", when=MOMENT + timedelta(days=1))
    before = release("20260201-120000-prod-old", when=MOMENT - timedelta(days=28))
    found = list(logged([later, release(), before], [event()]))
    assert [(one.release, one.text) for one in found] == [
        (later.name, "the log does not say that it was published")
    ]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, []),
        ({"name": "one"}, ["it is no release name"]),
        ({"name": "20260301-120000-local-one"}, ["it is named for local"]),
        ({"when": MOMENT - timedelta(days=1)}, ["its commit is of 2026-02-28 12:00:00"]),
        ({"environment": "staging"}, ["they say environment staging"]),
        ({"kind": "magic"}, ["there is no kind magic"]),
        ({"artifact": ""}, ["they name no artifact tree"]),
        ({"artifact": "", "kind": "preview"}, []),
    ],
)
def test_a_name_and_trailers_say_the_same(changes: dict[str, object], says: list[str]) -> None:
    assert [one.text for one in consistent(release(**changes), "prod")] == says  # type: ignore[arg-type]


def test_time_does_not_run_backwards() -> None:
    older = release("old", when=MOMENT + timedelta(hours=1))
    assert [one.text for one in times([release(), older])] == ["it is older than old, which it follows"]
    assert not list(times([older, release()]))


def findings(project: Project, environment: str = "local") -> list[tuple[str, str]]:
    return [(one.what, one.text) for one in looked(project, environment).findings]


def looked(project: Project, environment: str = "local") -> Audited:
    return audit_ledger(desk_of(project, environment))


def test_a_ledger_as_releases_leave_it_is_whole(project: Project, site: Path) -> None:
    clock = Ticker()
    first = make(desk_of(project, clock=clock), draft(desk_of(project, clock=clock)))
    write(site / "dist/_astro/a-BF8QNONU.js", "1")
    change(site, "Night")
    desk = desk_of(project, clock=clock)
    make(desk, draft(desk, "night"))
    (site / "dist/_astro/a-BF8QNONU.js").unlink()
    change(site, "Day")
    desk = desk_of(project, clock=clock)
    make(desk, draft(desk, "day"))
    desk = desk_of(project, clock=clock)
    make(desk, again(desk, desk.releases[-1], "back"))
    found = looked(project)
    assert (found.releases, found.findings, found.remarks) == (4, (), ())
    assert found.signatures == {"unsigned": 4}
    assert found.events == 8
    assert first.release in {one.name for one in desk.every}


def test_a_ledger_with_previews_and_promotions_is_whole(tmp_path: Path) -> None:
    with fleet(tmp_path) as project:
        clock = Ticker()
        deploy(project, clock=clock)
        write(project.output / "release.json", "the site's own file of that name")
        show(project, "one", clock)
        show(project, "two", clock)
        found = looked(project, "staging")
        assert (found.releases, found.findings, found.remarks) == (3, (), ())


def test_what_an_environment_hides_is_compared_on_every_machine(project: Project, site: Path) -> None:
    write(site / "dist/robots.txt", "User-agent: *\n")
    options = project.settings.environments["local"].model_copy(update={"robots": "noindex"})
    settings = project.settings.model_copy(update={"environments": {"local": options}})
    hidden = replace(project, loaded=replace(project.loaded, settings=settings))
    desk = desk_of(hidden)
    make(desk, draft(desk))
    assert not looked(hidden).remarks
    shutil.rmtree(hidden.state / "objects.git")
    found = looked(hidden)
    assert not found.findings
    assert not found.remarks


def release_one(project: Project) -> str:
    desk = desk_of(project)
    return make(desk, draft(desk)).release


def commit_onto(repository: Path, path: str, text: str, message: str) -> None:
    """Put a commit that changes one file on the pages branch."""
    script = "commit refs/heads/gh-pages\ncommitter X <x@example.invalid> 1772366520 +0000\n"
    script += f"data {len(message)}\n{message}\n"
    script += f"from refs/heads/gh-pages^0\nM 100644 inline {path}\ndata {len(text)}\n{text}\n"
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"], cwd=repository, input=script.encode(), check=True
    )


def branch_gone(project: Project) -> None:
    run(local_repository(project), "update-ref", "-d", f"refs/heads/{release_one(project)}")


def branch_moved(project: Project) -> None:
    name = release_one(project)
    commit_onto(local_repository(project), "CNAME", "x.example", "Create CNAME")
    run(local_repository(project), "update-ref", f"refs/heads/{name}", "gh-pages")


def log_gone(project: Project) -> None:
    release_one(project)
    run(local_repository(project), "update-ref", "-d", "refs/heads/pages-audit-local")


def log_cut(project: Project) -> None:
    release_one(project)
    top = local_repository(project)
    tree = run(top, "rev-parse", "pages-audit-local^{tree}")
    line = run(top, "log", "-1", "--format=%B", "pages-audit-local")
    lonely = run(top, "commit-tree", tree, "-m", line)
    run(top, "update-ref", "refs/heads/pages-audit-local", lonely)


def by_hand(project: Project) -> None:
    release_one(project)
    commit_onto(local_repository(project), "index.html", "by hand", "quick fix")


def forged(project: Project) -> None:
    name = release_one(project)
    top = local_repository(project)
    text = run(top, "log", "-1", "--format=%B", "gh-pages").replace(name, "20260301-130000-local-forged")
    commit_onto(top, "index.html", "forged", text + "\n")


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (branch_gone, [("branch", "its branch is gone and was not archived")]),
        (branch_moved, [("branch", "the release is ")]),
        (log_gone, [("audit log", "pages-audit-local is gone: nothing says what was proven")]),
        (log_cut, [("audit log", "does not follow from the one before it")]),
        (by_hand, [("history", "no release made it: X: quick fix (1 changed)")]),
        (
            forged,
            [
                ("branch", "its branch is gone and was not archived"),
                ("tree", ".well-known/release.json names 20260301-"),
                ("tree", "index.html is not as it was built"),
            ],
        ),
    ],
)
def test_tampering_is_found(
    project: Project, tamper: Callable[[Project], None], says: list[tuple[str, str]]
) -> None:
    tamper(project)
    found = findings(project)
    for what, text in says:
        assert any(what == one and text in said for one, said in found), found


def test_a_domain_set_on_github_is_no_fault(project: Project) -> None:
    release_one(project)
    commit_onto(local_repository(project), "CNAME", "x.example", "Create CNAME")
    found = looked(project)
    assert not found.findings
    assert "set the domain on GitHub (X: Create CNAME)" in found.remarks[0]


def test_a_changed_line_of_the_log_is_found(project: Project) -> None:
    desk = desk_of(project)
    release_one(project)
    top = local_repository(project)
    tip = run(top, "rev-parse", "pages-audit-local")
    forged_event = audit.read(desk.git, tip, 1)[0]
    line = replace(forged_event, who="somebody else").line()
    tree = run(top, "rev-parse", f"{tip}^{{tree}}")
    commit = (
        subprocess.run(
            ["git", "commit-tree", tree, "-p", f"{tip}~1", "-m", line.decode()],
            cwd=top,
            check=True,
            capture_output=True,
        )
        .stdout.decode()
        .strip()
    )
    after = subprocess.run(
        ["git", "commit-tree", tree, "-p", commit, "-m", forged_event.line().decode()],
        cwd=top, check=True, capture_output=True,
    ).stdout.decode().strip()  # fmt: skip
    run(top, "update-ref", "refs/heads/pages-audit-local", after)
    assert any("does not follow from the one before it" in text for _, text in findings(project))


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")
@pytest.mark.parametrize(
    ("signers", "expected"),
    [("own", "good"), ("other", "unknown"), (None, "unknown")],
)
def test_signatures_are_told_apart(
    project: Project, site: Path, tmp_path: Path, signers: str | None, expected: str
) -> None:
    for name in ("own", "other"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(tmp_path / name)]
        subprocess.run(words, check=True)
    run(site, "config", "gpg.format", "ssh")
    run(site, "config", "user.signingkey", str(tmp_path / "own.pub"))
    if signers:
        write(tmp_path / "signers", f"test@example.invalid {(tmp_path / f'{signers}.pub').read_text()}")
        run(site, "config", "gpg.ssh.allowedSignersFile", str(tmp_path / "signers"))
    release_one(project)
    assert looked(project).signatures == {expected: 1}


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")
def test_a_signature_of_something_else_is_a_finding(project: Project, site: Path, tmp_path: Path) -> None:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "own", "-f", str(tmp_path / "own")]
    subprocess.run(words, check=True)
    run(site, "config", "gpg.format", "ssh")
    run(site, "config", "user.signingkey", str(tmp_path / "own.pub"))
    write(tmp_path / "signers", f"test@example.invalid {(tmp_path / 'own.pub').read_text()}")
    run(site, "config", "gpg.ssh.allowedSignersFile", str(tmp_path / "signers"))
    name = release_one(project)
    top = local_repository(project)
    raw = subprocess.run(
        ["git", "cat-file", "commit", "gh-pages"], cwd=top, check=True, capture_output=True
    ).stdout
    changed = raw.replace(b"first light\n\nRelease:", b"worst light\n\nRelease:")
    made = (
        subprocess.run(
            ["git", "hash-object", "-w", "-t", "commit", "--stdin"],
            cwd=top,
            input=changed,
            check=True,
            capture_output=True,
        )
        .stdout.decode()
        .strip()
    )
    for ref in ("gh-pages", name):
        run(top, "update-ref", f"refs/heads/{ref}", made)
    found = looked(project)
    assert found.signatures == {"bad": 1}
    assert ("signature", "its signature is not good for what it signs") in findings(project)
