"""What must be in order before something is pushed: GitHub's limits, and whose commits are on the pages branch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipeline.core.errors import Code, Stop
from pipeline.core.files import plural
from pipeline.deploy.desk import Desk
from pipeline.deploy.plan import Changes, changes_between
from pipeline.tools.github_place import on_github

if TYPE_CHECKING:
    from pipeline.core.schema import Rate

# Kept for rollbacks, so that a bad release can always be taken back.
KEPT_BUILDS = 2
# GitHub advises at most 5,000: https://docs.github.com/en/repositories/creating-and-managing-repositories/repository-limits
BRANCHES_WARNED = 4_000


def wait_for_rate(
    times: list[datetime], now: datetime, rate: Rate, *, rollback: bool
) -> tuple[float, Stop | None]:
    """Return the seconds to wait before the next push, or why it must not be made now.

    `times` are those of our own releases; a deploy leaves two builds of the hour to rollbacks, a rollback takes them.
    """
    hour = sorted(moment for moment in times if moment > now - timedelta(hours=1))
    limit = rate.builds if rollback else max(1, rate.builds - KEPT_BUILDS)
    if rate.builds and len(hour) >= limit:
        free = hour[len(hour) - limit] + timedelta(hours=1)
        text = f"{len(hour)} releases in the last hour: GitHub Pages builds {rate.builds} an hour"
        kept = "" if rollback else f", and {KEPT_BUILDS} are kept for rollbacks"
        at = free.strftime("%H:%M UTC")
        return 0.0, Stop(text + kept, f"try again after {at}", Code.SERVICE)
    # A release is two pushes: itself, and what became of it.
    minute = sorted(moment for moment in times if moment > now - timedelta(minutes=1))
    if rate.pushes and minute and len(minute) * 2 + 2 > rate.pushes:
        return (minute[0] + timedelta(minutes=1) - now).total_seconds(), None
    return 0.0, None


def limited(desk: Desk) -> bool:
    """Whether GitHub's limits hold for this environment."""
    return on_github(desk.target.remote, os.environ) is not None


@dataclass(frozen=True)
class Foreign:
    """Commits on the pages branch that no release made: how many, the newest subjects, and what they changed."""

    count: int
    subjects: tuple[str, ...]
    changes: Changes

    @property
    def only_domain(self) -> bool:
        """Whether nothing but CNAME changed, as when a domain is set in GitHub's settings."""
        every = (*self.changes.added, *self.changes.changed, *self.changes.removed)
        return bool(every) and set(every) == {"CNAME"}


def foreign(desk: Desk) -> Foreign | None:
    """Return the commits that stand on the newest release, or None when it is the tip (or nothing is published)."""
    tip = desk.remote.tip
    newest = desk.newest
    if tip is None or desk.current:
        return None
    span = f"{newest.commit}..{tip}" if newest else tip
    subjects = desk.git.text("log", "--first-parent", "--format=%h %an: %s", span).splitlines()
    changes = changes_between(desk.git, newest.tree if newest else None, tip)
    return Foreign(len(subjects), tuple(subjects[:5]), changes)


def refuse_foreign(desk: Desk, *, adopt: bool) -> str | None:
    """Return what to say about foreign commits that are accepted; raises Stop (8) for others, with their changes."""
    found = foreign(desk)
    if found is None:
        return None
    if found.only_domain:
        return f"a custom domain was set on GitHub ({found.subjects[0]}): it is kept"
    count = plural(found.count, "commit")
    what = f"{count} on {desk.target.branch} that no release made ({found.changes})"
    if adopt:
        return f"{what}: they stay in the history, the release replaces what they published"
    paths = (*found.changes.added, *found.changes.changed, *found.changes.removed)
    details = (*found.subjects, *(f"  {path}" for path in paths[:8]), *(["  ..."] if len(paths) > 8 else []))
    raise Stop(what, "look at them; to publish over them add --adopt", Code.DRIFT, details)


def branch_warning(count: int) -> str | None:
    """Return a warning when the remote's branches near GitHub's limit of 5,000."""
    if count < BRANCHES_WARNED:
        return None
    return f"{count:,} branches: GitHub advises at most 5,000; older releases can go elsewhere: invoke releases.archive"
