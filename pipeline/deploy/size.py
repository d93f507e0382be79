"""How much each release adds to the repository, and when GitHub's limits would be reached at this pace."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.core.clock import parse
from pipeline.core.files import read_json, write_json
from pipeline.core.project import Project
from pipeline.deploy import original, upkeep
from pipeline.deploy.desk import Desk
from pipeline.deploy.ledger import Release
from pipeline.deploy.store_packs import heap
from pipeline.deploy.target import objects_folder
from pipeline.tools.git import Git

# "Source repositories have a recommended limit of 1 GB", "published sites may be no larger than 1 GB":
# https://docs.github.com/en/pages/getting-started-with-github-pages/github-pages-limits
RECOMMENDED = 1_000_000_000
SITE = 1_000_000_000
# "On-disk size: 10 GB", "branches: 5,000":
# https://docs.github.com/en/repositories/creating-and-managing-repositories/repository-limits
REPOSITORY = 10_000_000_000
BRANCHES = 5_000
# The pace is that of the last days: what was long ago says little about what comes.
_WINDOW = timedelta(days=90)
_LEAST = timedelta(days=1)
# Nobody plans further than this.
_HORIZON = timedelta(days=365 * 50)


@dataclass(frozen=True)
class Added:
    """A release and the bytes that it added to the repository, packed as git sends them."""

    release: str
    when: datetime
    size: int


@dataclass(frozen=True)
class Limit:
    """A limit, what counts against it now, and when it is reached at this pace (None: not in 50 years)."""

    name: str
    limit: int
    now: int
    unit: str
    reached: datetime | None


@dataclass(frozen=True)
class Size:
    """What an environment's releases weigh (bytes): each of them, in all, a day, and the site that is live."""

    environment: str
    releases: tuple[Added, ...]
    total: int
    daily: float
    site: int
    limits: tuple[Limit, ...]
    local: Local


@dataclass(frozen=True)
class Local:
    """What the state folder holds on this machine: bytes in all and by name, largest first; packs and loose objects.

    `tidied` is when it was last tidied (None: never), `error` why that broke off.
    """

    total: int
    parts: tuple[tuple[str, int], ...]
    packs: int
    loose: int
    tidied: datetime | None
    error: str


def measure(desk: Desk) -> Size:
    """Measure an environment's releases; those of earlier runs are remembered."""
    now = desk.clock()
    added = sizes(desk.git, desk.every, desk.project.state / "cache" / "release-sizes.json")
    total = sum(one.size for one in added)
    points = [(one.when, float(one.size)) for one in added]
    daily = pace(points, now)
    tip = desk.remote.tip
    site = sum(row.size for row in original.rows(desk.git, tip)) if tip else 0
    count = len(desk.remote.heads)
    a_day = pace([(one.when, 1.0) for one in added], now)
    limits = (
        Limit(
            "recommended for a Pages repository",
            RECOMMENDED,
            total,
            "B",
            forecast(total, daily, RECOMMENDED, now),
        ),
        Limit("repository", REPOSITORY, total, "B", forecast(total, daily, REPOSITORY, now)),
        Limit("published site", SITE, site, "B", None),
        Limit("branches", BRANCHES, count, "branches", forecast(count, a_day, BRANCHES, now)),
    )
    return Size(desk.target.name, tuple(added), total, daily, site, limits, local(desk.project))


def local(project: Project) -> Local:
    """Measure the state folder."""
    parts = tuple(upkeep.parts(project))
    held, last = heap(objects_folder(project)), upkeep.last_record(project)
    return Local(
        total=sum(size for _, size in parts),
        parts=parts,
        packs=held.packs,
        loose=held.loose,
        tidied=parse(last.when) if last else None,
        error=last.error if last else "",
    )


def sizes(git: Git, releases: Sequence[Release], cache: Path) -> list[Added]:
    """Return what each release (newest first) added, newest first."""
    known = read_json(cache)
    remembered: dict[str, int] = known if isinstance(known, dict) else {}
    found = {one.commit: remembered.get(one.commit) or pack_size(git, one.commit) for one in releases}
    if not found.keys() <= remembered.keys():
        write_json(cache, {**remembered, **found})
    return [Added(one.name, one.when, found[one.commit]) for one in releases]


def pack_size(git: Git, commit: str) -> int:
    """Return the bytes of a pack with what a commit has and its parents have not: what a push of it sends.

    The store here holds new objects without deltas, so that its own sizes would say too much.
    """
    parents = git.text("rev-list", "--parents", "--max-count=1", commit).split()[1:]
    revisions = "\n".join([commit, *(f"^{parent}" for parent in parents)]) + "\n"
    words = ("pack-objects", "--revs", "--delta-base-offset", "--quiet")
    if parents:
        return len(git.run(*words, "--thin", "--stdout", stdin=revisions.encode()).out)
    # The first release is the whole site: not through our memory.
    with tempfile.TemporaryDirectory(dir=git.folder) as folder:
        git.run(*words, f"{folder}/pack", stdin=revisions.encode())
        return sum(path.stat().st_size for path in Path(folder).glob("*.pack"))


def pace(points: Sequence[tuple[datetime, float]], now: datetime) -> float:
    """Return the amount a day over the last 90 days, or since the first point if that is later; pure.

    The first point of all is what there was to begin with, and no growth.
    """
    if len(points) < 2:
        return 0.0
    ordered = sorted(points)
    start = max(ordered[0][0], now - _WINDOW)
    grown = sum(amount for when, amount in ordered[1:] if when >= start)
    return grown / (max(now - start, _LEAST) / timedelta(days=1))


def forecast(amount: float, daily: float, limit: float, now: datetime) -> datetime | None:
    """Return when `amount`, growing by `daily`, reaches `limit`, or None when not within 50 years; pure."""
    if amount >= limit:
        return now
    if daily <= 0:
        return None
    left = (limit - amount) / daily
    return now + timedelta(days=left) if left < _HORIZON.days else None
