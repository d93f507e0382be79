"""Every point at which a release can be killed, and every stage at which another machine can come in between.

A kill is an exception that nothing catches, raised right after an effect: a journal entry, or a git command that
writes. Before the next effect is the same as after this one, and commands that only read change nothing.
`test_kill.py` kills whole processes; here the table is complete, against a GitHub on loopback.
"""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.soak_oracle import Look, Oracle
from pipeline.core.errors import Code, Stop
from pipeline.core.proc import Done
from pipeline.core.project import Project, open_project
from pipeline.deploy import builds, engine, journal, ledger, release, settle
from pipeline.deploy.audit import Kind
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.journal import Entry, State
from pipeline.deploy.ledger import Release
from pipeline.deploy.publish import Draft, Refs, push
from pipeline.deploy.release import Outcome
from pipeline.deploy.target import target_of
from pipeline.deploy.verify import Stuck
from pipeline.site.build import forget
from pipeline.tools.git import Git
from tests.end_to_end.cli import git, page, write
from tests.fakes.github import GitHub
from tests.policy import quiet

REPOSITORY = "octocat/harbour"
SETTINGS = """\
site: {{name: harbour, package_manager: none, install: [], check: [], build: [], output: dist}}
environments:
  prod:
    repository: https://github.com/octocat/harbour.git
    url: {url}
    rate: {{builds: 0, pushes: 0}}
    rounds: 1
    health: {{probes: 1, failures: 1, interval: 0}}
timeouts: {{publish: 15, verify: 4, kick: 3}}
"""
WRITING = ("fast-import", "push", "update-ref")
PUBLISHING = ("planned", "fast-import", "staged", "pushing", "push", "pushed", "update-ref")
PROVING = ("live", "verified", "push", "update-ref")
ROLLBACK = (*PUBLISHING, *PROVING, "healthy", "update-ref")
# The artifact is imported first.
DEPLOY = ("fast-import", *ROLLBACK)
UNDO = (
    "rolling back",
    "push",
    "update-ref",
    *PUBLISHING,
    *PROVING,
    "rolled back",
    "update-ref",
)
FAILING = ("fast-import", *PUBLISHING, *UNDO)


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Effects:
    """What a run writes, in order; `then` is called after number `at` (from 0)."""

    seen: list[str] = field(default_factory=list)
    at: int = -1
    then: Callable[[], object] = lambda: None

    def add(self, name: str) -> None:
        self.seen.append(name)
        if len(self.seen) - 1 == self.at:
            self.then()


@dataclass
class Machine:
    """One of the machines that release the site."""

    name: str
    root: Path
    patch: pytest.MonkeyPatch
    effects: Effects = field(default_factory=Effects)

    @property
    def project(self) -> Project:
        return open_project(self.root)

    @property
    def desk(self) -> Desk:
        return sit_down(self.project, target_of(self.project, "prod"))

    def deploy(self, what: str = "") -> Outcome:
        with self._here():
            return engine.deploy(self.project, engine.Order("prod", what, yes=True))

    def rollback(self, to: str = "") -> Outcome:
        with self._here():
            return engine.rollback(self.project, "prod", to=to, yes=True)

    def change(self, heading: str) -> None:
        page(self.root, heading)

    @contextlib.contextmanager
    def _here(self) -> Iterator[None]:
        """Be this machine for the block, and write its effects down."""
        forget()
        effects, write_entry, try_run = self.effects, journal.write, Git.try_run

        def written(path: Path, entry: Entry) -> Entry:
            done = write_entry(path, entry)
            effects.add(str(entry.state))
            return done

        def ran(this: Git, *words: str, **more: Any) -> Done:  # noqa: ANN401 - whatever git is given
            done = try_run(this, *words, **more)
            if words[0] in WRITING:
                effects.add(words[0])
            return done

        try:
            with self.patch.context() as patch:
                patch.setattr(journal, "write", written)
                patch.setattr(Git, "try_run", ran)
                patch.setattr(socket, "gethostname", lambda: self.name)
                yield
        finally:
            self.effects = Effects()


@dataclass
class Place:
    """The GitHub, the two machines, and the judge."""

    hub: GitHub
    ada: Machine
    bob: Machine
    oracle: Oracle
    turn: int = 0

    def look(self) -> Look:
        self.hub.faults.clear()
        self.hub.wait_idle(REPOSITORY)
        found = self.oracle.look()
        assert not found.problems
        return found

    def proven(self) -> Look:
        """Look, and insist that the newest release is what is served and is known to be healthy."""
        found = self.look()
        assert found.settled
        assert self.oracle.proven
        return found

    def elsewhere(self) -> Release:
        """One of the first two releases, whose content is not live."""
        desk = self.ada.desk
        live = desk.live
        return next(one for one in desk.releases[-2:] if live and one.artifact != live.artifact)

    def next_heading(self) -> str:
        self.turn += 1
        heading = f"Harbour, {os.getpid()} {self.turn}"
        self.ada.change(heading)
        return heading

    def shows(self, heading: str) -> bool:
        tip = self.hub.bare(REPOSITORY).tip("gh-pages")
        return heading in git(self.hub.bare(REPOSITORY).path, "show", f"{tip}:index.html")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GitHub, Path, Oracle]]:
    folder = tmp_path_factory.mktemp("kill")
    with GitHub(folder / "github") as hub:
        hub.create_repo(REPOSITORY)
        hub.enable_pages(REPOSITORY, actions=False)
        yield hub, folder, Oracle(hub.bare(REPOSITORY).path, hub.pages_url(REPOSITORY), hub.ca)


@pytest.fixture
def place(running: tuple[GitHub, Path, Oracle], monkeypatch: pytest.MonkeyPatch) -> Place:
    """A site with two releases at least, all well."""
    hub, folder, oracle = running
    # A ready header instead of gh's answer to a challenge: this is about kills, and half as long.
    word = base64.b64encode(f"x:{hub.token}".encode()).decode()
    count = int(hub.env["GIT_CONFIG_COUNT"])
    header = {
        f"GIT_CONFIG_KEY_{count}": "http.extraHeader",
        f"GIT_CONFIG_VALUE_{count}": f"Authorization: Basic {word}",
    }
    for name, value in {**hub.env, **header, "GIT_CONFIG_COUNT": str(count + 1)}.items():
        monkeypatch.setenv(name, value)
    quick = builds.watch_builds

    def watch(desk: Desk, commit: str, entry: Entry | None) -> Stuck:
        found = quick(desk, commit, entry)
        return replace(found, next_asked=0.05) if isinstance(found, builds.Watch) else found

    monkeypatch.setattr(builds, "watch_builds", watch)
    monkeypatch.setattr(release, "_PAUSES", (0.05, 0.05))
    machines = [Machine(name, folder / name / "harbour", monkeypatch) for name in ("ada", "bob")]
    made = Place(hub, machines[0], machines[1], oracle)
    for one in machines:
        if not one.root.exists():
            begin(one, hub)
            made.turn += 1
            one.change(f"Harbour of {one.name}")
            one.deploy("begin")
    made.turn = len(oracle.chain) * 100
    made.proven()
    # What the other one published is fetched now, and is no effect of a test's run.
    assert made.ada.desk.current
    return made


def begin(machine: Machine, hub: GitHub) -> None:
    page(machine.root, "Harbour")
    write(machine.root / "dist/404.html", "<!doctype html><title>Not here</title><h1>Not here</h1>")
    write(machine.root / "invoke.yaml", SETTINGS.format(url=hub.pages_url(REPOSITORY)))
    write(machine.root / ".gitignore", "dist/\n.pages/\n")
    quiet(machine.root)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first light"]):
        subprocess.run(["git", *words], cwd=machine.root, check=True)


def die() -> None:
    raise Killed


def points(flow: tuple[str, ...], start: int = 0) -> list[Any]:
    """A case for each effect of a flow, with a name that says which; an object that nothing names is no effect."""
    places = range(start, len(flow))
    return [pytest.param(at, id=f"{at:02}-{flow[at].replace(' ', '-')}") for at in places]


def said_of(flow: tuple[str, ...], at: int) -> str:
    """What the next run says of a run that was killed after effect `at`."""
    seen = flow[: at + 1]
    if "planned" not in seen or {"healthy", "rolled back"} & set(seen):
        return ""
    return "proving it now" if "push" in seen else "nothing was published"


@pytest.mark.slow
def test_the_tables_name_every_effect(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    seen = place.ada.effects.seen
    place.next_heading()
    place.ada.deploy()
    assert tuple(seen) == DEPLOY
    seen = place.ada.effects.seen
    place.ada.rollback(place.elsewhere().name)
    assert tuple(seen) == ROLLBACK
    seen = place.ada.effects.seen
    place.next_heading()
    place.hub.faults.build_fails("Page build failed.")
    with pytest.raises(Stop, match="was rolled back"):
        place.ada.deploy()
    assert tuple(seen) == FAILING
    place.proven()


@pytest.mark.slow
@pytest.mark.parametrize("at", points(DEPLOY))
def test_a_killed_deploy(place: Place, capsys: pytest.CaptureFixture[str], at: int) -> None:
    before = place.look()
    heading = place.next_heading()
    place.ada.effects = Effects(at=at, then=die)
    with pytest.raises(Killed):
        place.ada.deploy()
    after = place.look()
    pushed = "push" in DEPLOY[: at + 1]
    assert (after.newest != before.newest) is pushed
    capsys.readouterr()
    place.ada.deploy()
    assert said_of(DEPLOY, at) in capsys.readouterr().err
    assert place.shows(heading)
    assert len(place.proven().chain) == len(before.chain) + 1


@pytest.mark.slow
@pytest.mark.parametrize("at", points(ROLLBACK))
def test_a_killed_rollback(place: Place, capsys: pytest.CaptureFixture[str], at: int) -> None:
    before = place.look()
    wanted = place.elsewhere()
    place.ada.effects = Effects(at=at, then=die)
    with pytest.raises(Killed):
        place.ada.rollback(wanted.name)
    assert (place.look().newest != before.newest) is ("push" in ROLLBACK[: at + 1])
    capsys.readouterr()
    place.ada.rollback(wanted.name)
    assert said_of(ROLLBACK, at) in capsys.readouterr().err
    live = place.ada.desk.live
    assert live
    assert (live.restores, live.artifact) == (wanted.name, wanted.artifact)
    assert len(place.proven().chain) == len(before.chain) + 1


@pytest.mark.slow
@pytest.mark.parametrize("at", points(FAILING, start=DEPLOY.index("push")))
def test_a_killed_rollback_by_itself(place: Place, capsys: pytest.CaptureFixture[str], at: int) -> None:
    good = place.look().newest
    heading = place.next_heading()
    place.hub.faults.build_fails("Page build failed.")
    place.ada.effects = Effects(at=at, then=die)
    with pytest.raises(Killed):
        place.ada.deploy()
    place.look()
    capsys.readouterr()
    undone = "rolled back" in FAILING[: at + 1] or FAILING[: at + 1].count("push") >= 3
    place.ada.change("Harbour, mended")
    if undone:
        place.ada.deploy()
        assert place.shows("mended")
    else:
        # The next run ends what was begun, and says so, before anything else happens.
        with pytest.raises(Stop, match="was rolled back") as caught:
            place.ada.deploy()
        assert caught.value.code is Code.PUBLISH
        newest = place.ada.desk.newest
        assert newest
        assert (newest.kind, newest.restores) == ("rollback", good)
    assert not place.shows(heading)
    place.proven()


BEFORE_PUSH = tuple(range(DEPLOY.index("push")))
PROVED = DEPLOY.index("update-ref", DEPLOY.index("verified"))


@pytest.mark.slow
@pytest.mark.parametrize("at", [at for at in BEFORE_PUSH if DEPLOY[at] in {"planned", "staged", "pushing"}])
def test_a_machine_that_is_overtaken_before_its_push_changes_nothing(place: Place, at: int) -> None:
    mine = place.next_heading()
    place.bob.change(f"{mine}, of bob")
    place.ada.effects = Effects(at=at, then=lambda: place.bob.deploy("same name"))
    with pytest.raises(Stop, match=r"of yours was published|is there already") as caught:
        place.ada.deploy("same name")
    assert caught.value.code is Code.PUBLISH
    assert place.shows("of bob")
    place.proven()
    place.ada.deploy("again")
    assert not place.shows("of bob")
    place.proven()


@pytest.mark.slow
@pytest.mark.parametrize("at", [DEPLOY.index(state) for state in ("push", "pushed", "live", "verified")])
def test_a_machine_waits_while_another_proves_its_release(place: Place, at: int) -> None:
    mine = place.next_heading()
    place.bob.change(f"{mine}, of bob")
    stopped: list[Stop] = []

    def come_in() -> None:
        with pytest.raises(Stop, match=r"on ada published .* and is proving") as caught:
            place.bob.deploy()
        stopped.append(caught.value)

    place.ada.effects = Effects(at=at, then=come_in)
    place.ada.deploy()
    assert [stop.code for stop in stopped] == [Code.LOCKED]
    assert not place.shows("of bob")
    place.proven()
    place.bob.deploy()
    assert place.shows("of bob")


@pytest.mark.slow
def test_a_machine_that_publishes_over_a_failing_release_wins(place: Place) -> None:
    mine = place.next_heading()
    place.bob.change(f"{mine}, of bob")
    place.hub.faults.build_fails("Page build failed.")
    # After the failure is in the log, and before the rollback is pushed.
    at = len(DEPLOY[: DEPLOY.index("live")]) + UNDO.index("planned")
    place.ada.effects = Effects(at=at, then=place.bob.deploy)
    with pytest.raises(Stop, match="was not rolled back: somebody else published"):
        place.ada.deploy()
    assert place.shows("of bob")
    place.proven()
    place.ada.deploy()
    place.proven()


def test_a_name_that_is_taken_in_the_meantime(place: Place) -> None:
    place.next_heading()
    before = place.look()
    bare = place.hub.bare(REPOSITORY)
    taken: list[str] = []

    def take() -> None:
        entry = journal.read(place.ada.desk.journal)
        assert entry
        taken.append(f"refs/heads/{entry.release}")
        bare.run("update-ref", taken[0], str(before.tip))

    place.ada.effects = Effects(at=DEPLOY.index("staged"), then=take)
    with pytest.raises(Stop, match="is there already; nothing was changed"):
        place.ada.deploy()
    assert bare.tip("gh-pages") == before.tip
    place.ada.deploy()
    bare.run("update-ref", "-d", taken[0])
    place.proven()


@pytest.mark.parametrize("at", ["pushing", "verified"])
def test_an_audit_branch_that_moved_in_the_meantime(place: Place, at: str) -> None:
    heading = place.next_heading()
    desk = place.bob.desk
    live = desk.newest
    assert live
    entry = Entry(live.name, "prod", live.kind, State.HEALTHY, "", None, live.commit)

    def log() -> None:
        desk = place.bob.desk
        release.conclude(desk, entry, Kind.HEALTHY, "looked at again")

    place.ada.effects = Effects(at=DEPLOY.index(at), then=log)
    if at == "pushing":
        with pytest.raises(Stop, match="nothing of yours was published"):
            place.ada.deploy()
        place.look()
    place.ada.deploy()
    assert place.shows(heading)
    place.proven()


@pytest.mark.parametrize("lost", [1, 9])
def test_a_rollback_whose_push_breaks_off_is_pushed_again_by_this_run_or_the_next(
    place: Place, capsys: pytest.CaptureFixture[str], lost: int
) -> None:
    heading = place.next_heading()
    place.hub.faults.build_fails("Page build failed.")
    place.hub.faults.cut("before", where="push", skip=2, times=lost)
    ends = "was rolled back" if lost == 1 else "was not rolled back: publishing to prod failed"
    with pytest.raises(Stop, match=ends) as caught:
        place.ada.deploy()
    assert caught.value.code is Code.PUBLISH
    place.look()
    if lost > 1:
        # Exactly what was to be published is the newest release: it must not pass for live.
        with pytest.raises(Stop, match="was rolled back"):
            place.ada.deploy()
    assert not place.shows(heading)
    place.proven()


def test_a_release_whose_proof_could_not_be_logged_is_logged_by_the_next_run(place: Place) -> None:
    place.next_heading()
    place.hub.faults.cut("before", where="push", skip=1, times=3)
    place.ada.deploy()
    assert place.look().settled
    assert not place.oracle.proven
    place.ada.deploy()
    place.proven()


def test_a_push_that_the_server_takes_after_its_run_gave_up_is_proven(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    heading = place.next_heading()
    place.hub.faults.cut("before", where="push")
    desk = place.ada.desk
    with pytest.raises(Stop, match="the old release is still live"):
        place.ada.deploy()
    entry = journal.read(desk.journal)
    assert entry
    assert entry.state is State.FAILED
    assert entry.commit
    log = release.announce(desk, replace_draft(desk, entry), entry.commit)
    push(desk.git, desk.target, Refs(entry.commit, entry.before, entry.release, log, desk.remote.audit), 15.0)
    place.ada.deploy()
    assert "went live after its run had ended" in capsys.readouterr().err
    assert place.shows(heading)
    place.proven()


def replace_draft(desk: Desk, entry: Entry) -> Draft:
    """Enough of a draft to announce the release of an entry."""
    from pipeline.deploy.draft import again

    live = desk.live
    assert live
    return replace(again(desk, live, "late"), name=entry.release)


def test_locks_that_a_killed_git_left_are_removed(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    heading = place.next_heading()
    folder = place.ada.desk.git.folder
    for lock in ("refs/pages/prod/live.lock", "refs/pages/prod/audit.lock", "packed-refs.lock"):
        (folder / lock).touch()
        os.utime(folder / lock, (0, 0))
    place.ada.deploy()
    assert capsys.readouterr().err.count("which an interrupted run left in") == 3
    assert place.shows(heading)
    place.proven()


def test_a_lock_is_given_time_while_its_git_may_be_at_work(place: Place) -> None:
    project = place.ada.project
    target = target_of(project, "prod")
    (place.ada.desk.git.folder / "refs/pages/prod/live.lock").touch()
    waited: list[float] = []
    settle.clear_locks(project, target, waited.append)
    assert len(waited) == 1
    assert 3 < waited[0] <= 5


def test_taking_back_leaves_alone_what_was_published_over(place: Place) -> None:
    desk = place.ada.desk
    assert desk.newest
    entry = Entry("20260101-000000-prod-back", "prod", "rollback", State.FAILED, "", None, undoes="another")
    settle.take_back(desk, entry)
    assert ledger.read_remote(desk.git, desk.target).tip == desk.remote.tip


@pytest.mark.parametrize(
    ("change", "sees"),
    [
        ("-d refs/heads/{name}", "has no branch at its commit"),
        ("refs/heads/{name} {tip}~1", "has no branch at its commit"),
        ("refs/heads/gh-pages {tip}~1", "the pages branch was rewritten"),
        ("refs/heads/loose {tip}", "the branch loose is no release"),
        ("refs/heads/pages-audit-prod pages-audit-prod~1", "the audit branch was rewritten"),
        ("-d refs/heads/pages-audit-prod", "there is no audit branch"),
    ],
)
def test_the_judge_sees_what_must_never_happen(place: Place, change: str, sees: str) -> None:
    before = place.proven()
    bare = place.hub.bare(REPOSITORY)
    refs = bare.refs("refs/heads")
    try:
        bare.run("update-ref", *change.format(name=before.newest, tip=before.tip).split())
        judge = replace(place.oracle)
        assert any(sees in problem for problem in judge._once().problems)
    finally:
        for ref, (oid, _) in refs.items():
            bare.run("update-ref", ref, oid)
        if "loose" in change:
            bare.run("update-ref", "-d", "refs/heads/loose")
    place.proven()
