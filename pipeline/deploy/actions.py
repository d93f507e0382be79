"""How an environment stands with the first principle: billed minutes (Z1) and workflow runs (Z2) since its release."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checks import zero_actions
from checks.base import Finding, Unavailable
from pipeline.tools.github import Hub
from pipeline.tools.github_actions import gather


@dataclass(frozen=True)
class Standing:
    """What GitHub says; None is what could not be read, and `unreadable` says why, one reason each.

    `since` (ISO 8601 in UTC) is when `release` was made, or 30 days ago where there is none. `pages_runs` are those
    of the `runs` that GitHub started by itself to publish the branch.
    """

    repository: str
    release: str | None
    since: str
    enabled: bool | None
    minutes: float | None
    runs: int | None
    pages_runs: int | None
    findings: tuple[Finding, ...]
    unreadable: tuple[str, ...]

    @property
    def clean(self) -> bool | None:
        """Whether the principle holds; None when that cannot be said."""
        if any(one.blocking for one in self.findings):
            return False
        return None if self.unreadable else True


def standing(hub: Hub, environment: str, branch: str, now: datetime) -> Standing:
    """Read and judge it, as the gate `zero_actions` does, but for its part about the output."""
    return stand(gather(hub, branch, now), environment, hub.at.slug)


def stand(facts: Mapping[str, Any], environment: str, slug: str) -> Standing:
    """Judge facts that `gather` read; what is missing is taken as unknown, never as nothing; pure."""
    refused = facts["unreadable"]
    runs, usage, permissions = facts.get("runs"), facts.get("usage"), facts.get("permissions")
    findings: tuple[Finding, ...] = ()
    with contextlib.suppress(Unavailable):
        evidence = zero_actions.evidence_of(facts, environment, [])
        every = zero_actions.judge(evidence, zero_actions.LIMITS)
        findings = tuple(one for one in every if not one.unmeasured)
    return Standing(
        repository=slug,
        release=facts.get("release"),
        since=facts.get("since", ""),
        enabled=None if permissions is None else bool(permissions["enabled"]),
        minutes=None if usage is None else zero_actions.total(usage),
        runs=None if runs is None else int(runs["total"]),
        pages_runs=None if runs is None else sum(zero_actions.of_pages(one) for one in runs["newest"]),
        findings=findings,
        unreadable=tuple(one["reason"] for one in refused),
    )
