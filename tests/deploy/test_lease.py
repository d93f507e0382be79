"""Two machines and one environment: who waits for whom, who may take over, and what the other one does then."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core.clock import stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project
from pipeline.deploy import audit, engine, journal, lease, logbook
from pipeline.deploy.audit import Event, Kind, event_of
from pipeline.deploy.desk import Desk
from pipeline.deploy.journal import State
from pipeline.deploy.lease import Keeper, Lost, held, keeping
from pipeline.deploy.release import make, prove_or_undo, publish
from pipeline.deploy.settle import at_desk
from pipeline.deploy.status import status_of
from pipeline.site.server import Server
from tests.deploy.harbour import START, change, desk_of, draft

WHO = "Me <me@example.invalid>"


def event(kind: Kind = Kind.PUBLISHED, release: str = "one", **more: str) -> Event:
    values = {"commit": "c", "tree": "t", "who": WHO, "host": "here", "when": stamp(START), **more}
    return Event(kind, "prod", release, **values)


UNTIL = stamp(START + timedelta(minutes=2))
RENEWED = event(Kind.RENEWED, when=stamp(START + timedelta(minutes=1)), lease=UNTIL)


@pytest.mark.parametrize(
    ("events", "release"),
    [
        ([], None),
        ([event(lease=UNTIL)], "one"),
        ([event()], None),
        ([event(Kind.HEALTHY), event(lease=UNTIL)], None),
        ([event(Kind.FAILED), event(lease=UNTIL)], None),
        ([event(Kind.TAKEN), event(lease=UNTIL)], None),
        ([event(lease=UNTIL, release="two"), event(Kind.TAKEN), event(lease=UNTIL)], "two"),
        ([RENEWED, event(lease=stamp(START))], "one"),
    ],
)
def test_a_release_is_held_from_its_push_until_something_is_said_of_it(
    events: list[Event], release: str | None
) -> None:
    found = held(events)
    assert (found.release if found else None) == release
    if found:
        assert (found.since, stamp(found.until)) == (START, UNTIL)


def test_who_waits_is_told_for_whom_since_when_and_until_when() -> None:
    found = held([event(lease=UNTIL)])
    assert found
    assert found.told(START + timedelta(seconds=50)) == (
        f"{WHO} on here published one 50 s ago and is proving it; "
        "unless renewed, that is waited for until 12:02:00 UTC, 70 s"
    )
    assert found.told(START + timedelta(minutes=9)) == (
        f"{WHO} on here published one 9 min ago, did not prove it, and has not been heard of since 12:02:00 UTC"
    )


@dataclass(frozen=True)
class Machines:
    """Two clones of one site that publish to one repository; the site itself is served, or not at all."""

    one: Project
    two: Project

    def desk(self, project: Project) -> Desk:
        return desk_of(project, "prod", utc_now)  # type: ignore[arg-type]

    def release(self, project: Project, text: str) -> str:
        change(project.root, text)
        return make(self.desk(project), draft(self.desk(project), text)).release

    def pushed(self, project: Project, text: str) -> journal.Entry:
        """Publish from a machine that goes no further."""
        change(project.root, text)
        desk = self.desk(project)
        return publish(desk, draft(desk, text))

    def events(self) -> list[Event]:
        return self.desk(self.two).events


@pytest.fixture
def server(tmp_path: Path, project: Project) -> Server:
    return Server(tmp_path / "prod.git", "gh-pages", port=0)


@pytest.fixture
def machines(tmp_path: Path, project: Project, server: Server) -> Machines:
    server.start()
    settings = (project.root / "invoke.yaml").read_text("utf-8")
    settings = settings.replace("http://127.0.0.1:9/", server.url)
    settings = settings.replace("verify: 2", "verify: 20\n  lease: 2")
    (project.root / "invoke.yaml").write_text(settings, "utf-8")
    shutil.copytree(project.root, tmp_path / "two")
    return Machines(open_project(project.root), open_project(tmp_path / "two"))


@pytest.fixture(autouse=True)
def stopped(server: Server) -> object:
    yield
    server.stop()


def impatient(project: Project) -> Project:
    """The same machine with a short limit for the proof."""
    path = project.root / "invoke.yaml"
    path.write_text(path.read_text("utf-8").replace("verify: 20", "verify: 1"), "utf-8")
    return open_project(project.root)


def wait_for(said: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def test_other_machine_waits_and_is_told_what_to_type(machines: Machines) -> None:
    entry = machines.pushed(machines.one, "Night")
    with pytest.raises(Stop, match=f"published {entry.release} .* and is proving it") as stopped:
        engine.rollback(machines.two, "prod", yes=True)
    assert stopped.value.code is Code.LOCKED
    assert stopped.value.hint.endswith("invoke rollback --env=prod --take-over")
    assert [one.kind for one in machines.events()] == [Kind.PUBLISHED]
    said = "\n".join(status_of(machines.two, "prod").lines())
    assert f"published {entry.release}" in said
    assert status_of(machines.one, "prod").held is None


def test_a_machine_does_not_wait_for_itself(machines: Machines) -> None:
    machines.release(machines.one, "First")
    entry = machines.pushed(machines.one, "Night")
    with at_desk(machines.one, "prod", "deploy") as desk:
        assert desk.events[0].kind is Kind.HEALTHY
        assert desk.events[0].release == entry.release


def test_take_over_rolls_back_at_once_and_the_log_names_who_did(machines: Machines) -> None:
    first = machines.release(machines.one, "First")
    entry = machines.pushed(machines.one, "Night")
    start = time.monotonic()
    done = engine.rollback(machines.two, "prod", yes=True, take_over=True)
    assert time.monotonic() - start < 10
    assert done.release.endswith(f"rollback-to-{first[:15]}")
    events = list(reversed(machines.events()))[2:]
    assert [(one.kind, one.release) for one in events] == [
        (Kind.PUBLISHED, entry.release),
        (Kind.TAKEN, entry.release),
        (Kind.PUBLISHED, done.release),
        (Kind.HEALTHY, done.release),
    ]
    assert "whose lease would end at" in events[1].note
    desk = machines.desk(machines.two)
    assert audit.broken_links(desk.git, desk.target.audit_ref) == []
    # The machine that comes back finds its release superseded and goes on.
    with at_desk(machines.one, "prod", "deploy") as again:
        assert again.live
        assert again.live.name == done.release
    newest = journal.read(again.journal)
    assert newest
    assert newest.state is State.SUPERSEDED


def test_what_is_over_is_taken_over_without_being_asked(machines: Machines) -> None:
    machines.release(machines.one, "First")
    entry = machines.pushed(machines.one, "Night")
    time.sleep(2.1)
    change(machines.two.root, "Day")
    order = engine.Order("prod", yes=True, allow_dirty=True)
    done = engine.deploy(machines.two, order)
    kinds = [(one.kind, one.release) for one in machines.events()][:3]
    assert kinds == [
        (Kind.HEALTHY, done.release),
        (Kind.PUBLISHED, done.release),
        (Kind.TAKEN, entry.release),
    ]
    assert "whose lease ended at" in machines.events()[2].note


def test_holder_that_lives_renews_and_is_waited_for_beyond_its_first_lease(machines: Machines) -> None:
    entry = machines.pushed(machines.one, "Night")
    with keeping(machines.desk(machines.one), entry.release, entry.commit or "", 0.0):
        wait_for(lambda: sum(one.kind is Kind.RENEWED for one in machines.events()) >= 3)
        with pytest.raises(Stop) as stopped, at_desk(machines.two, "prod", "deploy"):
            pass
    assert stopped.value.code is Code.LOCKED
    time.sleep(2.1)
    count = len(machines.events())
    with at_desk(machines.two, "prod", "deploy") as desk:
        assert [one.kind for one in desk.events[: len(desk.events) - count]] == [Kind.TAKEN]


def test_living_holder_that_is_taken_over_ends_and_publishes_nothing(
    machines: Machines, server: Server
) -> None:
    first = machines.release(machines.one, "First")
    ended: list[Stop] = []
    # What is served does not follow, so the first machine waits for its release to show.
    server.stop()

    def proving() -> None:
        try:
            machines.release(machines.one, "Night")
        except Stop as stop:
            ended.append(stop)

    thread = threading.Thread(target=proving)
    thread.start()
    wait_for(lambda: machines.events()[0].kind in {Kind.PUBLISHED, Kind.RENEWED})
    taken = machines.events()[0].release
    with at_desk(machines.two, "prod", "rollback", take_over=True) as desk:
        assert desk.events[0].kind is Kind.TAKEN
        start = time.monotonic()
        thread.join(15)
        assert time.monotonic() - start < 12
        [stop] = ended
        assert isinstance(stop, Lost)
        assert stop.code is Code.LOCKED
        assert f"took over from it while {taken} was being proven here" in stop.message
        now = desk.again()
        # Nothing was published or written by it since.
        assert now.remote.tip == desk.remote.tip
        assert now.events == desk.events
    newest = journal.read(machines.desk(machines.one).journal)
    assert newest
    assert (newest.release, newest.state) == (taken, State.SUPERSEDED)
    assert first != taken


def test_a_release_that_failed_after_it_was_taken_over_is_not_rolled_back_by_its_machine(
    machines: Machines, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.release(machines.one, "First")
    desk = machines.desk(machines.one)
    entry = machines.pushed(machines.one, "Night")
    server.stop()

    def too_late(_: Keeper, first: float) -> None:
        """Stand for a machine that is cut off from the log until its proof has failed."""

    monkeypatch.setattr(Keeper, "run", too_late)
    with at_desk(machines.two, "prod", "rollback", take_over=True) as there:
        tip = there.remote.tip
        with pytest.raises(Lost):
            prove_or_undo(replace(desk, project=impatient(machines.one)), entry)
        assert there.again().remote.tip == tip
        assert there.again().events == there.events


def test_holder_that_went_on_meanwhile_is_not_taken_over(machines: Machines) -> None:
    machines.release(machines.one, "First")
    entry = machines.pushed(machines.one, "Night")
    desk = machines.desk(machines.two)
    lease_then = lease.of_others(desk)
    assert lease_then
    prove_or_undo(machines.desk(machines.one), entry)
    with pytest.raises(Stop, match="went on meanwhile") as stopped:
        lease.seize(desk, lease_then)
    assert stopped.value.hint == "invoke status --env=prod"
    assert machines.events()[0].kind is Kind.HEALTHY


def test_renewal_in_between_does_not_stop_a_take_over(machines: Machines) -> None:
    entry = machines.pushed(machines.one, "Night")
    desk = machines.desk(machines.two)
    lease_then = lease.of_others(desk)
    assert lease_then
    there = machines.desk(machines.one)
    now = datetime.now(UTC)
    renewed = event_of(
        Kind.RENEWED, there.target, release=entry.release, commit=entry.commit or "", tree="", who=WHO,
        host="here", when=now, lease=now + timedelta(minutes=5),
    )  # fmt: skip
    assert logbook.enter(there, renewed)
    after = lease.seize(desk, lease_then)
    assert [one.kind for one in after.events] == [Kind.TAKEN, Kind.RENEWED, Kind.PUBLISHED]
