"""What an environment's output was built from, and whether it still belongs to the sources."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.core.errors import Code, Stop
from pipeline.core.files import plural, read_json, write_json
from pipeline.core.project import NamedEnvironment, Project
from pipeline.site import worktree
from pipeline.site.worktree import Sources


@dataclass(frozen=True)
class Record:
    """One finished build; `dirty` is true when changes that were not committed went into it.

    `run` is its token, `sources` and `lockfile` are SHA-256, `started` is ISO 8601 in UTC.
    """

    run: str
    environment: str
    url: str
    base: str
    commit: str | None
    dirty: bool
    sources: str
    lockfile: str | None
    node: str | None
    command: str
    checked: bool
    tree: str
    started: str
    seconds: float


class Stale(Stop):
    """No output belongs to the environment and the sources; a build makes one."""

    def __init__(self, message: str, environment: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(message, f"invoke build --env={environment}", Code.USAGE, details)


def folder(project: Project) -> Path:
    """Return where the records are."""
    return project.state / "builds"


def index(project: Project, environment: str) -> Path:
    """Return where the list of an environment's source files is kept."""
    return folder(project) / "sources" / f"{environment}.json"


def read(project: Project, environment: str) -> Record | None:
    """Return the record of an environment's last build, or None; another version's counts as none."""
    found = read_json(folder(project) / f"{environment}.json")
    try:
        return Record(**found) if isinstance(found, dict) else None
    except TypeError:
        return None


def every(project: Project) -> list[Record]:
    """Return the last build of each environment, the latest first."""
    names = sorted(path.stem for path in folder(project).glob("*.json"))
    found = [record for name in names if (record := read(project, name))]
    return sorted(found, key=lambda record: record.started, reverse=True)


def write(project: Project, record: Record, sources: Sources) -> None:
    """Keep a record; it is the last thing that a build writes."""
    worktree.write_index(index(project, record.environment), sources)
    write_json(folder(project) / f"{record.environment}.json", asdict(record))


def must_fit(project: Project, place: NamedEnvironment) -> Record:
    """Return the record of an environment's output; raises Stale, with the reason, when a build is needed."""
    name, shown = place.name, project.settings.site.output
    found = read(project, name)
    if not project.output.is_dir():
        raise Stale(f"there is no output folder {shown}", name)
    if found is None:
        others = [record.environment for record in every(project)]
        more = f"; it was built for {others[0]}" if others else ""
        raise Stale(f"{shown} was not built for {name}{more}", name)
    if (found.url, found.base) != (place.url, place.base):
        raise Stale(f"{shown} was built for {found.url}, and {name} is now {place.url}", name)
    now = worktree.read_sources(project.root, project.output, index(project, name))
    if now.digest != found.sources:
        raise _older(project, name, worktree.changed(index(project, name), now))
    return found


def must_be(project: Project, record: Record, tree: str) -> None:
    """Raise Stale unless the output still is the tree that the record's build made."""
    if tree == record.tree:
        return
    other = next((one for one in every(project) if one.tree == tree), None)
    why = f"is now the build for {other.environment}" if other else "was changed after the build"
    raise Stale(f"{project.settings.site.output} {why}", record.environment)


def _older(project: Project, environment: str, paths: list[str]) -> Stale:
    newest = paths[0] if paths else "a source file"
    verb = "changed" if (project.root / newest).exists() or not paths else "is gone"
    more = f" (and {plural(len(paths) - 1, 'more file')})" if len(paths) > 1 else ""
    return Stale(
        f"{project.settings.site.output} is older than the sources: {newest} {verb}{more}",
        environment,
        tuple(paths[:10]) if len(paths) > 1 else (),
    )
