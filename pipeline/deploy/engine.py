"""Deploy, roll back, verify, status: the release engine as prose."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pipeline.core import ui
from pipeline.core.clock import Clock, stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.deploy import aftermath, journal, ledger
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.draft import again, draft_of
from pipeline.deploy.guard import refuse_foreign
from pipeline.deploy.journal import Entry, State
from pipeline.deploy.ledger import Release
from pipeline.deploy.names import free_name
from pipeline.deploy.plan import Plan, changes_between, publish_steps
from pipeline.deploy.release import Outcome, make, prove_live, prove_or_undo
from pipeline.deploy.settle import at_desk
from pipeline.deploy.source import source_of
from pipeline.deploy.target import Target, target_of
from pipeline.deploy.verify import Question


@dataclass(frozen=True)
class Order:
    """What the user asked of a deploy."""

    environment: str
    why: str = ""
    yes: bool = False
    allow_dirty: bool = False
    no_build: bool = False
    adopt: bool = False
    emergency: bool = False


def deploy(project: Project, order: Order, clock: Clock = utc_now) -> Outcome:
    """Build, judge, publish and prove; raises Stop with the exit code that says which of them failed."""
    from pipeline.gates import show
    from pipeline.gates.runner import judge_site
    from pipeline.site.build import artifact_of

    start = time.monotonic()
    if order.environment.startswith("preview/"):
        from pipeline.deploy.preview import deploy_preview

        return deploy_preview(project, order, clock)
    target = target_of(project, order.environment)
    source, remarks = source_of(project.root, target, allow_dirty=order.allow_dirty)
    for remark in remarks:
        ui.warn(remark)
    confirm(project, target, "deploy", yes=order.yes)
    with at_desk(project, target.name, "deploy", clock) as desk:
        if adopted := refuse_foreign(desk, adopt=order.adopt):
            ui.say(adopted)
        # The gate `typescript` checks types right after; twice would cost the emergency its seconds.
        artifact = artifact_of(project, target.name, allow_build=not order.no_build, check=False)
        judgement = judge_site(project, artifact, target.name, emergency=order.emergency)
        judgement.require(emergency=order.emergency)
        show.warn_of_waivers(judgement)
        live = desk.live
        if live and desk.current and live.artifact == artifact.tree:
            ui.say(f"nothing to publish: {live.name} is live and has exactly this tree")
            return unchanged(desk, live) if live.name in desk.healthy else proven_late(desk, live)
        warn_of_renames(desk, live, artifact)
        outcome = make(desk, draft_of(desk, artifact, source, judgement.digest, order.why), since=start)
    # Outside of the lock: a rollback must not wait for slow measurements.
    return aftermath.catch_up(desk, artifact, judgement.deferred, outcome) if judgement.deferred else outcome


def proven_late(desk: Desk, live: Release) -> Outcome:
    """Prove a release that nobody has proven: whoever published it, here or elsewhere, did not come to it."""
    ui.say(f"{live.name} was never proven: proving it now", style="warning")
    before = next((one.commit for one in desk.every if one.commit != live.commit), None)
    entry = Entry(
        live.name, desk.target.name, live.kind, State.PUSHED, stamp(desk.clock()), before, live.commit
    )
    proof = prove_or_undo(desk, journal.write(desk.journal, entry))
    return Outcome(desk.target.name, live.name, live.commit, desk.target.url, new=False, proof=proof)


def warn_of_renames(desk: Desk, live: Release | None, artifact: Artifact) -> None:
    """Say which files only change the case of their name: links in other people's pages may keep the old one."""
    if live is None:
        return
    for old, new in changes_between(desk.git, live.tree, artifact.tree).case_only:
        ui.warn(f"{old} is now {new}: GitHub Pages tells them apart, so links to the old name break")


def unchanged(desk: Desk, live: Release) -> Outcome:
    """Return the outcome of a run that had nothing to do."""
    return Outcome(desk.target.name, live.name, live.commit, desk.target.url, new=False, proof=None)


def plan_deploy(project: Project, order: Order, clock: Clock = utc_now) -> Plan:
    """Return what `deploy` would do, without building, judging or publishing anything."""
    from pipeline.site.build import artifact_of

    if order.environment.startswith("preview/"):
        from pipeline.deploy.preview import plan_preview

        return plan_preview(project, order, clock)
    target = target_of(project, order.environment)
    source, _ = source_of(project.root, target, allow_dirty=order.allow_dirty)
    desk = sit_down(project, target, clock)
    live = desk.live
    name = str(
        free_name(clock(), target.name, order.why or source.subject or "release", desk.remote.branches)
    )
    try:
        artifact = artifact_of(project, target.name)
    except Stop:
        artifact = None
    known = live.artifact if live and desk.git.has(live.artifact) else live.tree if live else None
    changes = changes_between(desk.git, known, artifact.tree) if artifact else None
    build = () if order.no_build else ("build the site",)
    steps = (*build, "judge the artifact by every gate", *publish_steps(target, name, live))
    if live and artifact and live.artifact == artifact.tree and order.no_build:
        steps = ("nothing: the live release has exactly this tree",)
    return Plan(
        target.name, "deploy", target.url, target.remote, live.name if live else None,
        artifact.tree if artifact else None, changes, steps,
    )  # fmt: skip


def rollback(  # noqa: PLR0913 - what the task asks
    project: Project,
    environment: str,
    *,
    to: str = "",
    why: str = "",
    yes: bool = False,
    via_api: bool = False,
    take_over: bool = False,
    clock: Clock = utc_now,
) -> Outcome:
    """Publish an earlier release's tree as a new release and prove it; nothing is built, checked out or cloned.

    With `take_over` a machine that is proving its release is not waited for.
    """
    start = time.monotonic()
    target = target_of(project, environment)
    confirm(project, target, "rollback", yes=yes)
    with at_desk(project, environment, "rollback", clock, via_api=via_api, take_over=take_over) as desk:
        # An emergency: what others committed is told, and stays in the history.
        if told := refuse_foreign(desk, adopt=True):
            ui.say(told)
        live, wanted = choose_rollback(desk, to)
        if live.artifact == wanted.artifact and desk.current:
            ui.say(f"nothing to roll back: {live.name} is live and has the tree of {wanted.name}")
            return unchanged(desk, live)
        reason = why or f"rollback from {live.name} to {wanted.name}"
        return make(desk, again(desk, wanted, reason), since=start)


def choose_rollback(desk: Desk, to: str) -> tuple[Release, Release]:
    """Return the live release and the one to go back to; raises Stop (2) when there is none."""
    known = desk.releases
    if not known:
        raise Stop(f"{desk.target.name} has no release yet", f"invoke deploy --env={desk.target.name}")
    live = known[0]
    if to:
        return live, ledger.find(known, to)
    earlier = before(known, desk.healthy)
    if earlier is None:
        text = f"{live.name} is the only release of {desk.target.name} with its content: there is nothing to go back to"
        raise Stop(text, f"invoke releases --env={desk.target.name}")
    return live, earlier


def before(known: list[Release], healthy: frozenset[str]) -> Release | None:
    """Return the proven release to go back to from the newest of `known` (newest first), or None.

    A rollback stands where the release that it restores stood: a second rollback goes further back, never forth
    again. Where no proof was ever kept (`healthy` is empty), any earlier release will do.
    """
    place = 0
    names = [one.name for one in known]
    while known[place].restores in names[place + 1 :]:
        place = names.index(known[place].restores)
    earlier = [one for one in known[place + 1 :] if one.artifact != known[0].artifact]
    return next((one for one in earlier if one.name in healthy or not healthy), None)


def plan_rollback(project: Project, environment: str, *, to: str = "", clock: Clock = utc_now) -> Plan:
    """Return what `rollback` would do."""
    target = target_of(project, environment)
    desk = sit_down(project, target, clock)
    live, wanted = choose_rollback(desk, to)
    name = again(desk, wanted, "").name
    changes = changes_between(desk.git, live.tree, wanted.tree)
    steps = publish_steps(target, name, live)
    return Plan(
        target.name,
        f"rollback to {wanted.name}",
        target.url,
        target.remote,
        live.name,
        wanted.tree,
        changes,
        steps,
    )


def verify_live(project: Project, environment: str) -> Outcome:
    """Read every file of the live site back and compare it with the newest release; raises Stop (8) if it differs."""
    target = target_of(project, environment)
    desk = sit_down(project, target)
    # The newest one, be it a preview's: it is what the live site names.
    live = desk.newest
    if live is None:
        raise Stop(f"{environment} has no release yet", f"invoke deploy --env={environment}")
    # One look, no waiting: what is wrong now is wrong.
    asked = Question(live.name, live.commit, None, "", timeout=0, every=True)
    try:
        proof = prove_live(desk, asked)
    except Stop as stop:
        if stop.code is Code.PUBLISH:
            stop.code = Code.DRIFT
        raise
    return Outcome(target.name, live.name, live.commit, target.url, new=False, proof=proof)


def confirm(project: Project, target: Target, what: str, *, yes: bool) -> None:
    """Make sure that production is meant; raises Stop: 4 where nobody can be asked, 2 for another answer."""
    if not target.production or yes:
        return
    name = project.settings.site.name or project.root.name
    answer = ui.ask(
        f"{what} to production at {target.url}: type the site's name ({name}) to go on:", flag="--yes"
    )
    if answer != name:
        raise Stop(f"that is not {name}: nothing was done", f"invoke {what} --env={target.name}")
