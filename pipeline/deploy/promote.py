"""What is live and proven in one environment goes live in another one: the same tree, or the same source."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.core import ui
from pipeline.core.clock import Clock, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.deploy import agreement, engine, ledger, original, rebuild
from pipeline.deploy.agreement import Agreement, Place
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.draft import Content, over
from pipeline.deploy.guard import foreign, refuse_foreign
from pipeline.deploy.ledger import Release
from pipeline.deploy.names import free_name, parse
from pipeline.deploy.plan import Plan, changes_between, publish_steps
from pipeline.deploy.publish import Draft
from pipeline.deploy.release import Outcome, make
from pipeline.deploy.settle import at_desk
from pipeline.deploy.target import Target, target_of
from pipeline.tools.git import Git

if TYPE_CHECKING:
    from pipeline.gates.evidence import Judgement


@dataclass(frozen=True)
class Move:
    """What the user asked of a promotion; `release` empty means what is live at `source`."""

    source: str
    target: str
    release: str = ""
    why: str = ""
    rebuild: bool = False
    yes: bool = False
    adopt: bool = False


@dataclass(frozen=True)
class Found:
    """The release to promote, its artifact's tree if that is still to be had, and whether it fits the target."""

    release: Release
    tree: str | None
    agreement: Agreement | None


@dataclass(frozen=True)
class Difference:
    """A setting that the two environments have differently."""

    key: str
    source: str
    target: str


@dataclass(frozen=True)
class Promotion:
    """What a promotion would do: the plan, what stands in the way of the same tree, what the environments differ in."""

    plan: Plan
    release: str
    same_tree: bool
    reasons: tuple[str, ...]
    differences: tuple[Difference, ...]

    def lines(self) -> list[str]:
        """Return it for people to read."""
        said = self.plan.lines()
        if self.reasons:
            said += ["the same tree cannot be published there:", *(f"  {line}" for line in self.reasons)]
        if self.differences:
            rows = [(f"  {one.key}", one.source, one.target) for one in self.differences]
            said += ["settings that differ:", *ui.table(rows).splitlines()]
        return said


def promote(project: Project, move: Move, clock: Clock = utc_now) -> Outcome:
    """Publish the artifact that is live at the source to the target, and prove it there.

    Raises Stop: 2 when nothing proven is to be had or it would be wrong at the target, 3 when the target's gates
    say no, 5 when publishing failed.
    """
    start = time.monotonic()
    source, target = ends(project, move)
    with ui.step(f"what is live on {source.name}") as step:
        found = find(sit_down(project, source, clock), target, move.release, rebuilding=move.rebuild)
        step.note = found.release.name
    if not move.rebuild:
        must_agree(found, move)
    elif stop := rebuild.refusal(project, found.release):
        raise stop
    confirm(project, target, move)
    with at_desk(project, target.name, "promotion", clock) as desk:
        if adopted := refuse_foreign(desk, adopt=move.adopt):
            ui.say(adopted)
        artifact, evidence = judged(project, desk, found, move)
        live = desk.live
        if live and desk.current and live.artifact == artifact.tree:
            ui.say(f"nothing to promote: {live.name} is live on {target.name} and has exactly this tree")
            return engine.unchanged(desk, live)
        return make(desk, draft_of(desk, source, found.release, artifact, evidence, move.why), since=start)


def ends(project: Project, move: Move) -> tuple[Target, Target]:
    """Return both environments; raises Stop (2) when they are one."""
    source, target = target_of(project, move.source), target_of(project, move.target)
    if source.name == target.name or (source.remote, source.branch) == (target.remote, target.branch):
        text = f"{move.source} and {move.target} are the same place: there is nothing to promote"
        raise Stop(text, "invoke promote --from=staging --to=prod")
    return source, target


def confirm(project: Project, target: Target, move: Move) -> None:
    """Make sure that production is meant; raises Stop as `engine.confirm` does."""
    try:
        engine.confirm(project, target, "promote", yes=move.yes)
    except Stop as stop:
        if stop.code is Code.USAGE:
            stop.hint = f"invoke promote --from={move.source} --to={move.target}"
        raise


def find(desk: Desk, target: Target, wanted: str, *, rebuilding: bool = False) -> Found:
    """Return the release to promote and whether its tree fits the target; raises Stop (2) for one that is unproven."""
    release = choose(desk, wanted)
    if rebuilding:
        return Found(release, None, None)
    tree = original.artifact_tree(desk.git, release)
    if tree is None:
        # Built on another machine: the target may show a file that the source's environment hides.
        there = sit_down(desk.project, target, desk.clock)
        tree = original.artifact_tree(desk.git, release, robots_of(there))
    if tree is None:
        return Found(release, None, None)
    return Found(release, tree, fits(desk.git, tree, desk.target, target))


def fits(git: Git, tree: str, source: Target, target: Target) -> Agreement:
    """Return whether a tree that was built for `source` is right for `target`."""
    files = [one for one in original.rows(git, tree) if agreement.readable(one.path)]
    return agreement.agree(original.contents(git, files), place_of(source), place_of(target))


def choose(desk: Desk, wanted: str) -> Release:
    """Return the release to promote: what is live, or the one that was asked for, if it was proven."""
    name = desk.target.name
    if desk.live is None:
        raise Stop(f"{name} has no release yet: there is nothing to promote", f"invoke deploy --env={name}")
    if wanted:
        release = ledger.find(desk.releases, wanted)
    elif (strange := foreign(desk)) and not strange.only_domain:
        text = f"the newest commit on {desk.target.branch} of {name} is no release, so nothing proven is live there"
        raise Stop(text, f"invoke deploy --env={name}", Code.DRIFT)
    else:
        release = desk.live
    if desk.healthy and release.name not in desk.healthy:
        text = (
            f"{release.name} was never proven healthy on {name}: only what was goes on to another environment"
        )
        raise Stop(text, f"invoke deploy --env={name}, or name another one with --release")
    return release


def robots_of(desk: Desk) -> list[str]:
    """Return the blob id of the robots.txt that an environment shows, if any."""
    shown = desk.git.maybe("rev-parse", "--verify", "--quiet", f"{desk.target.live_ref}:robots.txt")
    return [shown] if shown else []


def place_of(target: Target) -> Place:
    """Return where an environment is served."""
    return Place(target.url, target.base, target.noindex)


def must_agree(found: Found, move: Move) -> None:
    """Raise Stop (2) unless the same tree can be published at the target."""
    if reasons := reasons_against(found):
        text = f"{found.release.name} was built for {move.source} and would be wrong on {move.target}"
        if found.tree is None:
            text = f"the artifact of {found.release.name} is not here as it was built"
        hint = f"invoke promote --from={move.source} --to={move.target} --rebuild, which builds the same commit again"
        raise Stop(text, hint, Code.USAGE, reasons)


def reasons_against(found: Found) -> tuple[str, ...]:
    """Return why the same tree cannot be published at the target, empty when it can."""
    if found.tree is None or found.agreement is None:
        return (
            "another machine built it, and a file that its environment laid over it hides one of its own",
        )
    return () if found.agreement.agrees else tuple(agreement.explain(found.agreement))


def judged(project: Project, desk: Desk, found: Found, move: Move) -> tuple[Artifact, str]:
    """Return the artifact to publish and the digest of what the target's gates said; raises Stop (3) if they say no."""
    from pipeline.gates.runner import judge_site
    from pipeline.site import build

    name = desk.target.name
    if not move.rebuild:
        artifact = original.on_disk(project, found.tree or "")
        judgement = judge_with_sources(project, found.release, artifact, name)
        judgement.require()
        return artifact, judgement.digest
    with rebuild.sources_at(project, found.release.source) as there:
        artifact = build.artifact_of(there, name, allow_build=True, check=False)
        must_have_changed(project, desk, found.release, artifact, move)
        judgement = judge_site(there, artifact, name)
        judgement.require()
        build.forget()
        return artifact, judgement.digest


def must_have_changed(project: Project, desk: Desk, release: Release, artifact: Artifact, move: Move) -> None:
    """Raise Stop (2) when a rebuild gave the very tree that is wrong at the target."""
    if artifact.tree != release.artifact:
        return
    found = Found(
        release, artifact.tree, fits(desk.git, artifact.tree, target_of(project, move.source), desk.target)
    )
    if reasons := reasons_against(found):
        text = (
            f"built for {move.target}, {release.source[:10]} gives the same tree, which would be wrong there"
        )
        hint = (
            "let the site's configuration read PAGES_BASE and PAGES_URL, then deploy that to " + move.source
        )
        raise Stop(text, hint, Code.USAGE, reasons)


def judge_with_sources(project: Project, release: Release, artifact: Artifact, name: str) -> Judgement:
    """Judge an artifact with the sources that it was built from, in a folder of their own unless they lie here.

    Where no commit gives them (there is none, or it had changes that were not committed), those here are judged, and
    that is said.
    """
    from pipeline.gates.runner import judge_site

    if here(project, release):
        return judge_site(project, artifact, name)
    if refused := rebuild.refusal(project, release):
        ui.warn(f"the gates that read sources see those here: {refused.message}")
        return judge_site(project, artifact, name)
    with rebuild.sources_at(project, release.source) as there:
        rebuild.ready_to_judge(project, there, artifact, name)
        return judge_site(there, artifact, name)


def here(project: Project, release: Release) -> bool:
    """Whether the site's folder is as it was committed in a release's source commit."""
    from pipeline.tools.git import head

    now = head(project.root)
    return now is not None and now.commit == release.source and not now.dirty


def draft_of(
    desk: Desk, source: Target, release: Release, artifact: Artifact, evidence: str, why: str
) -> Draft:
    """Return the draft of a promotion."""
    described = parse(release.name)
    # In one repository, a second parent tells git that the remote has all of the objects: hundreds of bytes go out.
    # It must never be the only parent: the source's releases would become this environment's history.
    beside = (release.commit,) if desk.remote.tip and source.remote == desk.target.remote else ()
    content = Content(
        kind="promotion",
        tree=artifact.tree,
        artifact=artifact.tree,
        manifest=artifact.manifest_digest,
        source=release.source.removesuffix(" (dirty)"),
        dirty=release.source.endswith("(dirty)"),
        evidence=evidence,
        why=f"{why + ': ' if why else ''}promoted from {source.name}: {release.name}",
        slug=why or (described.slug if described else "promotion"),
        beside=beside,
    )
    return over(desk, content)


def plan_promote(project: Project, move: Move, clock: Clock = utc_now) -> Promotion:
    """Return what `promote` would do, without publishing, judging or building anything."""
    source, target = ends(project, move)
    found = find(sit_down(project, source, clock), target, move.release)
    desk = sit_down(project, target, clock)
    live = desk.live
    reasons = reasons_against(found)
    described = parse(found.release.name)
    slug = move.why or (described.slug if described else "promotion")
    name = str(free_name(clock(), target.name, slug, desk.remote.branches))
    other = not here(project, found.release) and not rebuild.refusal(project, found.release)
    sources = f", with the sources of {found.release.source[:10]}" if other else ""
    steps: tuple[str, ...] = (
        f"judge the tree by every gate of {target.name}{sources}",
        *publish_steps(target, name, live),
    )
    if move.rebuild:
        refused = rebuild.refusal(project, found.release)
        build = f"build commit {found.release.source[:10]} for {target.name} in a folder of its own"
        steps = (f"nothing: {refused.message}",) if refused else (build, *steps)
    elif reasons:
        steps = ("nothing: see below; --rebuild builds the same commit for this environment",)
    elif live and desk.current and live.artifact == found.tree:
        steps = ("nothing: the live release has exactly this tree",)
    changes = None
    if found.tree and not move.rebuild:
        changes = changes_between(
            desk.git, live.artifact if live and desk.git.has(live.artifact) else None, found.tree
        )
    plan = Plan(
        target.name, f"promotion of {found.release.name}", target.url, target.remote, live.name if live else None,
        None if move.rebuild else found.tree, changes, steps,
    )  # fmt: skip
    return Promotion(
        plan, found.release.name, not reasons, reasons, differences(project, source.name, target.name)
    )


def differences(project: Project, source: str, target: str) -> tuple[Difference, ...]:
    """Return the settings and limits in which two environments differ, by key."""
    here, there = effective(project, source), effective(project, target)
    return tuple(
        Difference(key, _said(here.get(key)), _said(there.get(key)))
        for key in sorted(here.keys() | there.keys())
        if here.get(key) != there.get(key)
    )


def effective(project: Project, name: str) -> dict[str, object]:
    """Return an environment's settings as they work out, and its limits, by dotted key."""
    target = target_of(project, name)
    options = target.options.model_dump(mode="json", exclude={"policy"})
    worked_out = {
        "repository": target.remote,
        "url": target.url,
        "base": target.base,
        "production": target.production,
        "robots": "noindex" if target.noindex else "index",
        "rounds": target.rounds,
    }
    limits = project.policy_for(name).model_dump(mode="json")
    return ui.flatten({**options, **worked_out, "policy": limits})


def _said(value: object) -> str:
    return "-" if value is None else str(value)
