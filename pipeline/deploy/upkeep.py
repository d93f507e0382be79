"""The state folder kept small: packs merged, and what no release, build or journal needs taken away."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.core import lock
from pipeline.core.clock import Clock, parse, stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.files import read_json, write_json
from pipeline.core.proc import detach
from pipeline.core.project import Project, open_project
from pipeline.deploy import needed, store_packs
from pipeline.deploy.store_packs import Heap, heap
from pipeline.deploy.target import objects, objects_folder

# More of these than the last time left, and the next release starts a tidying behind it. A reader opens every pack's
# index; a loose object is a file of its own. git's own housekeeping waits for 50 packs or 6,700 objects.
PACKS, LOOSE, REFS = 20, 2_000, 50
# Not again before this, whatever came of it.
_PAUSE = timedelta(hours=1)
# How often everything is packed anew, which is what gives the space of unneeded objects back.
_WHOLE = timedelta(days=7)
_LITTER = ("fast_import_crash_*", "scratch-*", "tmp*", ".pages-index-*", "objects/pack/tmp_*", "objects/pack/.tmp-*",
           "objects/??/tmp_obj_*", "objects/??/.*", "refs/pages/artifacts/*.lock")  # fmt: skip


@dataclass(frozen=True)
class Record:
    """The last tidying: when it ran and last packed everything (ISO 8601), what it left, and why it broke off."""

    when: str
    whole: str = ""
    left: int = 0
    error: str = ""


@dataclass(frozen=True)
class Tidied:
    """What was (or would be) taken away: refs, evidence folders, indexes and litter; bytes of the store around it."""

    refs: int
    evidence: int
    files: int
    packs: int
    loose: int
    before: int
    after: int

    def lines(self, *, planned: bool) -> list[str]:
        """Return it for people to read."""
        from pipeline.core.files import human_size, plural

        verb = "would go" if planned else "gone"
        said = [
            f"{plural(self.refs, 'build')} that no release needs {verb}",
            f"evidence of {plural(self.evidence, 'tree')} that was never released {verb}",
            f"{plural(self.files, 'file')} that interrupted runs left {verb}",
        ]
        if planned:
            held = f"{plural(self.packs, 'pack')}, about {plural(self.loose, 'loose object')}"
            return [*said, f"object store: {human_size(self.before)}, {held}"]
        return [*said, f"object store: {human_size(self.before)} -> {human_size(self.after)}"]


def due(held: Heap, last: Record | None) -> bool:
    """Whether enough has gathered since the last time; pure."""
    grown = held.refs - (last.left if last else 0)
    return held.packs > PACKS or held.loose > LOOSE or grown > REFS


def rested(last: Record | None, now: datetime) -> bool:
    """Whether the last time is long enough ago; pure."""
    return last is None or parse(last.when) <= now - _PAUSE


def behind(project: Project, clock: Clock = utc_now) -> bool:
    """Start a tidying in the background if one is due, and return whether; a few folders are listed for it.

    The release is over by now, and must not fail because of this.
    """
    if not project.settings.upkeep.automatic:
        return False
    with contextlib.suppress(OSError):
        last = last_record(project)
        if due(heap(objects_folder(project)), last) and rested(last, clock()):
            top = str(Path(__file__).resolve().parents[2])
            paths = os.pathsep.join(filter(None, (top, os.environ.get("PYTHONPATH", ""))))
            words = (sys.executable, "-P", "-m", "pipeline.deploy.upkeep", str(project.root))
            detach(words, env={"PYTHONPATH": paths}, log=project.state / "upkeep.log")
            return True
    return False


def main(root: Path, clock: Clock = utc_now) -> None:
    """Tidy in the background; whoever is publishing or tidying meanwhile goes first."""
    os.nice(10)
    project = open_project(root)
    with contextlib.suppress(Stop):
        last = last_record(project)
        often = last and last.whole and parse(last.whole) > clock() - _WHOLE
        tidy(project, whole=not often, clock=clock)


def tidy(project: Project, *, whole: bool = True, clock: Clock = utc_now) -> Tidied:
    """Take away what nothing needs and merge packs, all of them with `whole`.

    It may be killed anywhere: refs go in git's transactions, and packs only once new ones hold their objects.
    Raises Stop: 6 while an environment or another tidying is busy, 7 when git cannot do it.
    """
    with lock.hold(project.state / "locks" / "upkeep.lock", "tidying", clock):
        must_be_quiet(project)
        last = last_record(project)
        said = Record(stamp(clock()), last.whole if last else "", last.left if last else 0)
        write_record(project, said)
        git = objects(project)
        before = store_packs.bytes_of(git.folder)
        try:
            found = gone(project, clock())
            remove(project, found)
            done = whole and store_packs.pack_whole(
                git, project.state / "attic", lambda: must_be_quiet(project), clock()
            )
            if not done:
                store_packs.merge(git)
        except (Stop, OSError) as error:
            reason = error.message if isinstance(error, Stop) else str(error)
            write_record(project, replace(said, error=reason))
            raise
        left = heap(git.folder)
        write_record(project, Record(said.when, said.when if done else said.whole, left.refs))
        return found.counted(left, before, store_packs.bytes_of(git.folder))


def plan(project: Project, clock: Clock = utc_now) -> Tidied:
    """Return what `tidy` would take away."""
    folder = objects(project).folder
    size = store_packs.bytes_of(folder)
    return gone(project, clock()).counted(heap(folder), size, size)


@dataclass(frozen=True)
class Gone:
    """What may go at one moment: refs of the store, folders of evidence, files that interrupted runs left.

    `sealed` are artifact trees and evidence digests of releases, which must be kept before anything goes.
    """

    refs: tuple[needed.Ref, ...]
    evidence: tuple[Path, ...]
    files: tuple[Path, ...]
    sealed: frozenset[tuple[str, str]]

    def counted(self, held: Heap, before: int, after: int) -> Tidied:
        """Return it as numbers; `before` and `after` are the store's bytes."""
        counts = (len(self.refs), len(self.evidence), len(self.files))
        return Tidied(*counts, held.packs, held.loose, before, after)


def gone(project: Project, now: datetime) -> Gone:
    """Return what may go at a moment."""
    from pipeline.gates import evidence

    git = objects(project)
    needs = needed.needs(project)
    days = timedelta(days=project.settings.upkeep.evidence_days)
    old = (now - needed.GRACE).timestamp()
    litter = [path for pattern in _LITTER for path in git.folder.glob(pattern) if _older(path, old)]
    return Gone(
        refs=tuple(needed.unneeded(needed.refs(git), needs, now)),
        evidence=tuple(evidence.unneeded(project.state, needs.released, (now - days).timestamp())),
        files=(*needed.stale_indexes(project, git.folder, old), *litter),
        sealed=needs.evidence,
    )


def _older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False


def remove(project: Project, found: Gone) -> None:
    """Take away what may go; the evidence of releases is kept under its digest before any other goes."""
    from pipeline.gates import evidence

    for tree, digest in sorted(found.sealed):
        if digest:
            evidence.seal(project.state, tree, digest)
    for path in found.files:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    needed.delete(objects(project), found.refs)
    for folder in found.evidence:
        shutil.rmtree(folder, ignore_errors=True)


def must_be_quiet(project: Project) -> None:
    """Raise Stop (6) while a run on this machine holds the lock of an environment."""
    for name in project.environments:
        path = project.state / "locks" / f"{name}.lock"
        # Asking takes the lock for a moment, which could turn a release away; a free one is empty.
        by = lock.holder(path) if path.is_file() and path.stat().st_size else None
        if by:
            text = f"{by.user}@{by.host} (process {by.pid}) is busy on {name}: {by.why}"
            raise Stop(text, "wait for it to end, then: invoke releases.tidy", Code.LOCKED)


def last_record(project: Project) -> Record | None:
    """Return what is known of the last tidying, or None."""
    value: Any = read_json(project.state / "upkeep.json")
    try:
        record = Record(**value)
        parse(record.when)
    except (TypeError, ValueError):
        return None
    return record


def write_record(project: Project, record: Record) -> None:
    """Keep what there is to know of a tidying."""
    write_json(project.state / "upkeep.json", asdict(record))


def parts(project: Project) -> Iterator[tuple[str, int]]:
    """Yield what lies in the state folder: each name and its bytes, the largest first."""
    sizes = [(one.name, store_packs.bytes_of(one)) for one in project.state.iterdir()]
    yield from sorted(sizes, key=lambda one: (-one[1], one[0]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
