"""What GitHub says about Actions in a repository since its last release: the facts, as JSON-able data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pipeline.core.clock import stamp
from pipeline.tools.github import Commit, Hub, Repository, Unreadable, Usage

# Without a release there is no "since": the month before is shown, and nothing of it is held against anybody.
_BEFORE_THE_FIRST = timedelta(days=30)
# How many commits of others may lie over the newest release.
_FOREIGN = 30
_MONTHS = 13
_RELEASE = re.compile(r"^Release: (\S+)$", re.MULTILINE)


def gather(hub: Hub, branch: str, now: datetime) -> dict[str, Any]:
    """Read everything about Actions; `unreadable` lists what could not be read, and then the rest is not whole.

    `branch` is the pages branch, whose newest release is where the count of runs and minutes begins.
    """
    about = hub.repository()
    if isinstance(about, Unreadable):
        return _refused(about)
    release = last_release(hub, branch)
    if isinstance(release, Unreadable):
        return _refused(release)
    since = release.when if release else now - _BEFORE_THE_FIRST
    found = {
        "permissions": hub.actions_permissions(),
        "runs": hub.runs_since(since),
        "workflows": hub.workflows(about.default_branch),
        "usage": minutes(hub, about, since, now),
    }
    return {
        "repository": hub.at.slug,
        "host": hub.at.host,
        "default_branch": about.default_branch,
        "release": release_name(release) if release else None,
        "since": stamp(since),
        **{name: _plain(value) for name, value in found.items() if not isinstance(value, Unreadable)},
        "unreadable": [
            {"what": name, **asdict(value)} for name, value in found.items() if isinstance(value, Unreadable)
        ],
    }


def _refused(reason: Unreadable) -> dict[str, Any]:
    return {"unreadable": [{"what": "repository", **asdict(reason)}]}


def _plain(value: object) -> Any:  # noqa: ANN401 - a dataclass or a tuple of them
    if isinstance(value, tuple):
        return [asdict(one) for one in value]
    return asdict(value)  # type: ignore[call-overload]


def last_release(hub: Hub, branch: str) -> Commit | Unreadable | None:
    """Return the newest release commit on a branch, below commits of others; None when there is none."""
    oid = hub.ref(f"heads/{branch}")
    for _ in range(_FOREIGN):
        if oid is None or isinstance(oid, Unreadable):
            return oid
        commit = hub.commit(oid)
        if isinstance(commit, Unreadable) or release_name(commit):
            return commit
        oid = commit.parents[0] if commit.parents else None
    return None


def release_name(commit: Commit) -> str | None:
    """Return the release that a commit's trailers name."""
    match = _RELEASE.search(commit.message)
    return match[1] if match else None


def minutes(hub: Hub, about: Repository, since: datetime, now: datetime) -> tuple[Usage, ...] | Unreadable:
    """Return the repository's minutes of Actions since the day of a moment, day by day."""
    found: list[Usage] = []
    for year, month in list(months(since, now))[-_MONTHS:]:
        used = hub.billing_usage(about.owner, year, month, organization=about.organization)
        if isinstance(used, Unreadable):
            return used
        found += used
    first = since.date().isoformat()
    # An organisation's report names its repositories in full, a user's by their names alone.
    names = {f"{about.owner}/{about.name}".lower(), about.name.lower()}
    return tuple(
        one
        for one in found
        if one.actions_minutes > 0 and one.date >= first and one.repository.lower() in names
    )


def months(since: datetime, now: datetime) -> Iterator[tuple[int, int]]:
    """Return year and month of every month from one moment to another."""
    year, month = since.year, since.month
    while (year, month) <= (now.year, now.month):
        yield year, month
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
