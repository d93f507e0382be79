"""The state folder is kept small, and whatever happens to that, nothing that is needed goes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core import lock
from pipeline.core.clock import stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project
from pipeline.deploy import engine, journal, needed, store_packs, upkeep
from pipeline.deploy.desk import sit_down
from pipeline.deploy.engine import Order
from pipeline.deploy.journal import Entry, State
from pipeline.deploy.needed import Needs, Ref
from pipeline.deploy.store_packs import Heap, heap
from pipeline.deploy.target import Target, objects, objects_folder, target_of
from pipeline.deploy.upkeep import Record, due, rested
from pipeline.site.artifact import snapshot
from pipeline.site.build import forget
from pipeline.tools.git import Git
from tests.deploy.harbour import change, write

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=2), NOW - timedelta(hours=2)
NAME = "20260201-120000-prod-one"
TOP = Path(__file__).resolve().parents[2]


def needs(trees: str = "", releases: str = "") -> Needs:
    return Needs(frozenset(trees.split()), frozenset(releases.split()), frozenset(), frozenset())


def build(number: int, tree: str, made: datetime | None) -> Ref:
    return Ref(f"refs/pages/artifacts/{number:032x}", "c" * 40, tree, made)


@pytest.mark.parametrize(
    ("ref", "needs", "goes"),
    [
        (build(1, "a", OLD), needs(), True),
        (build(1, "a", OLD), needs("a"), False),
        (build(1, "a", YOUNG), needs(), False),
        (build(1, "a", None), needs(), False),
        (Ref(f"refs/pages/staging/{NAME}", "c", "a", OLD), needs(), True),
        (Ref(f"refs/pages/staging/{NAME}", "c", "a", OLD), needs(releases=NAME), False),
        (Ref(f"refs/pages/staging/{NAME}", "c", "a", YOUNG), needs(), False),
    ],
)
def test_what_is_old_and_needed_by_nothing_goes(ref: Ref, needs: Needs, goes: bool) -> None:
    assert needed.unneeded([ref], needs, NOW) == ([ref] if goes else [])


def test_of_several_refs_to_a_needed_tree_the_newest_stays() -> None:
    refs = [build(number, "a", OLD - timedelta(hours=number)) for number in (3, 1, 2)]
    assert [one.name[-1] for one in needed.unneeded(refs, needs("a"), NOW)] == ["2", "3"]


@pytest.mark.parametrize(
    ("held", "left", "is_due"),
    [
        (Heap(20, 2_000, 50), None, False),
        (Heap(21, 0, 0), None, True),
        (Heap(0, 2_001, 0), None, True),
        (Heap(0, 0, 51), None, True),
        (Heap(0, 0, 90), 60, False),
        (Heap(0, 0, 111), 60, True),
    ],
)
def test_it_is_due_when_enough_has_gathered_since_the_last_time(
    held: Heap, left: int | None, is_due: bool
) -> None:
    assert due(held, None if left is None else Record(stamp(NOW), left=left)) == is_due


@pytest.mark.parametrize(("minutes", "is_rested"), [(59, False), (60, True)])
def test_it_rests_for_an_hour(minutes: int, is_rested: bool) -> None:
    assert rested(Record(stamp(NOW - timedelta(minutes=minutes))), NOW) == is_rested
    assert rested(None, NOW)


def age(project: Project, days: float = 30) -> None:
    """Make everything in the state folder look as if it had been written that long ago."""
    then = time.time() - days * 86_400
    for folder, _, names in os.walk(project.state):
        for name in names:
            os.utime(Path(folder) / name, (then, then))


def deploy(project: Project) -> str:
    forget()
    return engine.deploy(project, Order("local"), utc_now).release


def builds(project: Project, site: Path, count: int, size: int = 20_000) -> None:
    """Scan the output that often, each time with other files: builds that are never released."""
    for number in range(count):
        (site / "dist/noise.bin").write_bytes(os.urandom(size))
        change(site, f"Draft {number}")
        snapshot(project.output, objects_folder(project))
    (site / "dist/noise.bin").unlink()


def artifact_refs(project: Project) -> list[Ref]:
    return [one for one in needed.refs(objects(project)) if "/artifacts/" in one.name]


def sound(git: Git) -> None:
    done = git.try_run("fsck", "--connectivity-only", "--no-dangling", "--no-progress")
    assert done.ok, done.error
    assert "missing" not in done.text


def test_builds_that_were_never_released_go_with_their_bytes_and_releases_stay(
    project: Project, site: Path
) -> None:
    first = deploy(project)
    builds(project, site, 10, 50_000)
    change(site, "Night")
    second = deploy(project)
    age(project)
    before = store_packs.bytes_of(objects_folder(project))
    found = upkeep.tidy(project)
    assert (found.refs, artifact_refs(project)[1:]) == (11, [])
    assert found.evidence == 0
    sound(objects(project))
    # Still in the attic for a day, in case that a build began meanwhile.
    assert found.before == before
    assert found.after < before - 400_000
    assert store_packs.bytes_of(project.state / "attic") > 400_000
    upkeep.tidy(project, clock=lambda: utc_now() + timedelta(days=2))
    assert not list((project.state / "attic").iterdir())
    assert engine.rollback(project, "local", clock=utc_now).new
    assert {first, second} <= {one.name for one in sit_down(project, target(project)).releases}


def target(project: Project) -> Target:
    return target_of(project, "local")


def test_the_tree_of_the_last_scan_stays_so_that_the_next_build_starts_from_it(
    project: Project, site: Path
) -> None:
    change(site, "Draft")
    tree = snapshot(project.output, objects_folder(project)).tree
    age(project)
    upkeep.tidy(project)
    assert [one.tree for one in artifact_refs(project)] == [tree]
    write(site / "dist/new.html", "<!doctype html><title>New</title>")
    again = snapshot(project.output, objects_folder(project))
    assert "new.html" in objects(project).text("ls-tree", "-r", "--name-only", again.tree)
    sound(objects(project))


def test_an_artifact_that_the_audit_log_lacks_keeps_its_ref(project: Project, site: Path) -> None:
    deploy(project)
    git = objects(project)
    tree = sit_down(project, target(project)).releases[0].artifact
    change(site, "Draft")
    snapshot(project.output, objects_folder(project))
    git.run("update-ref", "-d", target(project).audit_ref)
    age(project)
    upkeep.tidy(project)
    assert tree in {one.tree for one in artifact_refs(project)}


def test_a_staged_release_stays_as_long_as_its_journal_may_go_on_with_it(project: Project) -> None:
    name = deploy(project)
    git, path = objects(project), journal.path_of(project.state, "local")
    tip = git.text("rev-parse", target(project).live_ref)
    waiting, over = "20260101-120000-local-waiting", "20260101-110000-local-over"
    for one in (waiting, over):
        git.run("update-ref", f"refs/pages/staging/{one}", tip)
    entry = Entry(over, "local", "deploy", State.FAILED, stamp(NOW), None)
    journal.write(path, entry)
    journal.write(path, replace(entry, release=waiting, state=State.PUSHING))
    age(project)
    upkeep.tidy(project)
    left = git.text("for-each-ref", "--format=%(refname)", "refs/pages/staging").splitlines()
    assert left == [f"refs/pages/staging/{waiting}"]
    assert name


def test_packs_and_loose_objects_are_merged_and_counted_without_git(project: Project, site: Path) -> None:
    git = objects(project)
    for number in range(12):
        for page in range(60):
            write(site / f"dist/{number}/{page}.html", f"<!doctype html><title>{number} {page}</title>")
        snapshot(project.output, git.folder)
    held = heap(git.folder)
    assert held.packs + held.loose > 10
    store_packs.merge(git)
    merged = heap(git.folder)
    assert (merged.packs, merged.loose) == (1, 0)
    sound(git)


def test_what_interrupted_runs_left_goes_once_it_is_old(project: Project) -> None:
    deploy(project)
    store = objects_folder(project)
    left = [store / "scratch-1", store / "objects/pack/tmp_pack_x", store / f"pages-index-{'0' * 16}"]
    for path in left:
        path.write_bytes(b"x")
    assert upkeep.plan(project).files == 0
    age(project)
    assert upkeep.plan(project).files == 3
    assert upkeep.tidy(project).files == 3
    assert not any(path.exists() for path in left)
    assert list(store.glob("pages-index-*"))


def test_evidence_of_builds_that_were_never_released_goes_after_its_days(
    project: Project, site: Path
) -> None:
    deploy(project)
    folder = project.state / "evidence"
    (released,) = (one for one in folder.iterdir() if one.name != "released")
    write(folder / ("a" * 40) / "local-0.json", "{}")
    age(project, 89)
    assert upkeep.plan(project).evidence == 0
    age(project, 91)
    assert upkeep.tidy(project).evidence == 1
    assert {one.name for one in folder.iterdir()} == {released.name, "released"}


def test_it_waits_while_an_environment_is_busy(project: Project) -> None:
    with lock.hold(project.state / "locks/local.lock", "deploy"), pytest.raises(Stop) as caught:
        upkeep.tidy(project)
    assert caught.value.code is Code.LOCKED
    assert "is busy on local: deploy" in caught.value.message
    assert not (project.state / "upkeep.json").exists()


def test_a_release_after_the_threshold_starts_it_and_does_not_wait_for_it(
    project: Project, site: Path
) -> None:
    builds(project, site, upkeep.REFS + 2, 10)
    age(project)
    assert deploy(project)
    deadline = time.monotonic() + 30
    while (last := upkeep.last_record(project)) is None or not last.whole:
        assert time.monotonic() < deadline, (project.state / "upkeep.log").read_text()
        time.sleep(0.05)
    assert len(artifact_refs(project)) <= 1 + last.left
    assert last.error == ""
    assert not upkeep.behind(project)
    sound(objects(project))


def test_it_can_be_switched_off(project: Project, site: Path) -> None:
    builds(project, site, upkeep.REFS + 2, 10)
    settings = site / "invoke.yaml"
    settings.write_text(settings.read_text() + "upkeep: {automatic: false}\n", encoding="utf-8")
    assert not upkeep.behind(open_project(site))
    assert not (project.state / "upkeep.log").exists()


def test_an_object_that_a_build_took_for_granted_meanwhile_comes_back(project: Project, site: Path) -> None:
    deploy(project)
    change(site, "Once")
    once = snapshot(project.output, objects_folder(project)).tree
    change(site, "Twice")
    snapshot(project.output, objects_folder(project))
    age(project)
    git = objects(project)
    upkeep.tidy(project)
    assert not git.has(once)
    # What a build that overlapped with the packing would have left: an index that names what was just put aside.
    index = next(path for path in git.folder.glob("pages-index-*"))
    body = index.read_text(encoding="utf-8").split("\n", 1)[1]
    index.write_text(f"pages-index 3\t{once}\n{body}", encoding="utf-8")
    lost = git.try_run("update-ref", "refs/pages/artifacts/" + "e" * 32, once)
    assert not lost.ok
    (git.folder / "refs/pages/artifacts" / ("e" * 32)).write_text(f"{once}\n", encoding="utf-8")
    assert not store_packs.whole(git)
    store_packs.heal(git, project.state / "attic")
    assert git.has(once)
    assert store_packs.whole(git)


def test_a_store_that_lacks_something_for_good_is_not_touched_further(project: Project, site: Path) -> None:
    deploy(project)
    git = objects(project)
    (git.folder / "refs/pages/artifacts").mkdir(parents=True, exist_ok=True)
    (git.folder / "refs/pages/artifacts" / ("e" * 32)).write_text(f"{'1' * 40}\n", encoding="utf-8")
    with pytest.raises(Stop) as caught:
        upkeep.tidy(project)
    assert caught.value.code is Code.SERVICE
    last = upkeep.last_record(project)
    assert last
    assert last.error
    assert last.whole == ""


@pytest.mark.parametrize("delay", [0.0, 0.04, 0.1, 0.2, 0.4])
def test_killed_anywhere_nothing_is_lost_and_the_next_one_finishes(
    project: Project, site: Path, delay: float
) -> None:
    deploy(project)
    builds(project, site, 6, 2_000_000)
    change(site, "Night")
    deploy(project)
    age(project)
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "pipeline.deploy.upkeep", str(site)],
        env={**os.environ, "PYTHONPATH": str(TOP)},
        start_new_session=True,
    )
    while not (project.state / "upkeep.json").exists():
        assert child.poll() is None
        time.sleep(0.005)
    time.sleep(delay)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    sound(objects(project))
    assert engine.rollback(project, "local", clock=utc_now).new
    upkeep.tidy(project)
    sound(objects(project))
    assert len(artifact_refs(project)) <= 2


_TIDYING = """\
import sys, time
from pathlib import Path
from pipeline.core.errors import Code, Stop
from pipeline.core.project import open_project
from pipeline.deploy import upkeep
project = open_project(Path(sys.argv[1]))
turns = 0
while not Path(sys.argv[2]).exists():
    try:
        upkeep.tidy(project)
        turns += 1
    except Stop as stop:
        if stop.code is not Code.LOCKED:
            raise
    time.sleep(0.02)
print(turns)
"""


def test_releases_and_rollbacks_that_begin_while_it_runs_go_through(
    project: Project, site: Path, tmp_path: Path
) -> None:
    deploy(project)
    end = tmp_path / "end"
    words = [sys.executable, "-c", _TIDYING, str(site), str(end)]
    child = subprocess.Popen(words, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        for number in range(6):
            builds(project, site, 2, 100_000)
            change(site, f"Harbour {number}")
            assert deploy(project)
            assert engine.rollback(project, "local", clock=utc_now).new
            age(project, 20)
    finally:
        end.touch()
        said, error = child.communicate(timeout=60)
    assert child.returncode == 0, error
    assert int(said) > 0
    sound(objects(project))
    assert len(sit_down(project, target(project)).releases) == 13


def test_a_site_that_has_never_built_anything_has_nothing_to_tidy(project: Project) -> None:
    assert not upkeep.behind(project)
    assert upkeep.tidy(project) == upkeep.Tidied(
        0, 0, 0, 0, 0, *[store_packs.bytes_of(objects_folder(project))] * 2
    )
