"""How plans, outcomes and releases look on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.core import ui
from pipeline.core.clock import ago, stamp

if TYPE_CHECKING:
    from pipeline.core.project import Project
    from pipeline.deploy.ledger import Release
    from pipeline.deploy.plan import Plan
    from pipeline.deploy.release import Outcome


def show_plan(plan: Plan, *, json: bool) -> None:
    """Print a plan; it is the data of a dry run."""
    if json:
        ui.data_json(asdict(plan))
        return
    ui.data("\n".join(plan.lines()))


def show_outcome(project: Project, outcome: Outcome, *, json: bool) -> None:
    """Print how a deploy, rollback or verification ended."""
    from pipeline.deploy.target import serving

    if json:
        ui.data_json(asdict(outcome))
        return
    local = outcome.environment == "local"
    running = serving(project) if local else None
    ui.say(f"live on {outcome.environment}: {outcome.release}", style="passed")
    if outcome.proof and outcome.new and not local:
        moved, served = outcome.published_seconds, outcome.served_seconds
        ui.say(f"refs moved after {moved:.1f} s, every byte served {served:.1f} s later")
    _, preview, inside = outcome.url.partition("_preview/")
    ui.data(f"{running.url}{preview}{inside}" if running else outcome.url)
    if local and not running:
        ui.say("it was proven through a server that has ended; to look at it, serve it")
        ui.next_step("invoke serve")
    elif outcome.new:
        ui.next_step(f"invoke releases --env={outcome.environment}")


def release_rows(releases: Sequence[Release], now: datetime) -> list[tuple[str, ...]]:
    """Return a row per release: name, kind, age, source, what."""
    rows: list[tuple[str, ...]] = []
    for place, one in enumerate(releases):
        name = one.name if place else f"{one.name} (live)"
        what = f"back to {one.restores}" if one.restores else one.why
        rows.append((name, one.kind, ago(one.when, now), one.source[:10] or "-", what[:60]))
    return rows


def release_value(one: Release) -> dict[str, object]:
    """Return a release as JSON."""
    return {**asdict(one), "when": stamp(one.when)}
