"""A branch shown below `_preview/` of an environment for some days, beside the site and never instead of it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pipeline.core import ui
from pipeline.core.clock import Clock, stamp, utc_now
from pipeline.core.errors import Stop
from pipeline.core.files import plural
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.deploy import engine, ledger, standing
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.draft import shield
from pipeline.deploy.guard import refuse_foreign
from pipeline.deploy.ledger import Release
from pipeline.deploy.names import free_name, slugify
from pipeline.deploy.overlay import RELEASE_FILE, Overlay
from pipeline.deploy.plan import Plan, changes_between, publish_steps
from pipeline.deploy.publish import Draft
from pipeline.deploy.release import Outcome, make
from pipeline.deploy.settle import at_desk
from pipeline.deploy.source import Source, source_of
from pipeline.deploy.standing import FOLDER, RECORD, Preview
from pipeline.deploy.target import Target, target_of
from pipeline.tools.git import Git, head, identity

if TYPE_CHECKING:
    from pipeline.deploy.engine import Order

_PREFIX = "preview/"


@dataclass(frozen=True)
class Spot:
    """Where a preview goes: the carrying environment, the folder in it, and the project as the build must see it."""

    branch: str
    slug: str
    carrier: Target
    project: Project

    @property
    def environment(self) -> str:
        """Return the name under which it is built and judged."""
        return f"preview-{self.slug}"

    @property
    def path(self) -> str:
        """Return its folder in the carrier's tree."""
        return f"{FOLDER}/{self.slug}"

    @property
    def url(self) -> str:
        """Return its address."""
        return f"{self.carrier.url}{self.path}/"


def spot_of(project: Project, environment: str) -> Spot:
    """Return where `preview/<branch>` goes; raises Stop (2) for no branch, or one that is not checked out."""
    branch = environment.removeprefix(_PREFIX)
    if not branch:
        raise Stop(
            "which branch? a preview is named preview/<branch>", "invoke deploy --env=preview/<branch>"
        )
    if stop := elsewhere(project, branch):
        raise stop
    carrier = target_of(project, carrier_of(project))
    slug = slugify(branch)
    bare = Spot(branch, slug, carrier, project)
    # Search engines are kept out, and what is special about the carrier's root is none of a preview's business.
    options = {"url": bare.url, "base": f"{carrier.base}{bare.path}/", "production": False}
    place = carrier.options.model_copy(update={**options, "robots": "noindex", "cname": None})
    settings = project.settings
    every = {**settings.environments, bare.environment: place}
    loaded = replace(project.loaded, settings=settings.model_copy(update={"environments": every}))
    return replace(bare, project=Project(project.root, loaded))


def carrier_of(project: Project) -> str:
    """Return the environment that carries previews: the setting's, else the first remote one without production."""
    chosen = project.settings.preview.environment
    if chosen:
        return chosen
    every = [project.environment(name) for name in project.environments if name != "local"]
    return next((one.name for one in every if one.repository and not one.production), "local")


def elsewhere(project: Project, branch: str) -> Stop | None:
    """Return why this is not the branch to show, or None; a name that is no branch at all can be chosen freely."""
    now = head(project.root)
    if now is None or now.branch in {None, branch}:
        return None
    if (
        Git(project.root, bare=False).maybe("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")
        is None
    ):
        return None
    text = (
        f"{now.branch} is checked out, not {branch}: the preview would show another branch than its name says"
    )
    return Stop(text, f"git switch {branch}")


def deploy_preview(project: Project, order: Order, clock: Clock = utc_now) -> Outcome:
    """Build, judge, publish and prove a preview; raises Stop as `engine.deploy` does."""
    from pipeline.gates.runner import judge_site
    from pipeline.site.build import artifact_of

    start = time.monotonic()
    spot = spot_of(project, order.environment)
    source, remarks = source_of(project.root, spot.carrier, allow_dirty=order.allow_dirty)
    for remark in remarks:
        ui.warn(remark)
    engine.confirm(project, spot.carrier, "deploy", yes=order.yes)
    with at_desk(project, spot.carrier.name, "preview", clock) as desk:
        if adopted := refuse_foreign(desk, adopt=False):
            ui.say(adopted)
        live = carried(desk)
        artifact = artifact_of(spot.project, spot.environment, allow_build=not order.no_build, check=False)
        judgement = judge_site(spot.project, artifact, spot.environment)
        judgement.require()
        same = shown(desk, spot, artifact)
        if same:
            ui.say(f"nothing to publish: {spot.path} shows exactly this tree until {stamp(same.expires)}")
            return Outcome(
                desk.target.name,
                same.release,
                desk.remote.tip or live.commit,
                spot.url,
                new=False,
                proof=None,
            )
        draft = draft_of(desk, spot, artifact, source, judgement.digest, order.why)
        return replace(make(desk, draft, since=start), url=spot.url)


def carried(desk: Desk) -> Release:
    """Return the site's live release; raises Stop (2) where there is none to stand beside."""
    if desk.live is None:
        text = f"{desk.target.name} carries previews and has no release yet"
        raise Stop(text, f"invoke deploy --env={desk.target.name}")
    return desk.live


def shown(desk: Desk, spot: Spot, artifact: Artifact) -> Preview | None:
    """Return the standing preview that shows exactly this artifact for at least half of its days, or None."""
    half = timedelta(days=desk.project.settings.preview.days / 2)
    for one in standing.standing(desk):
        if one.slug == spot.slug and one.artifact == artifact.tree and one.expires - desk.clock() >= half:
            return one
    return None


def draft_of(desk: Desk, spot: Spot, artifact: Artifact, source: Source, evidence: str, why: str) -> Draft:
    """Return the draft of a release that shows `artifact` as a preview and leaves the site as it is."""
    now = desk.clock()
    name = str(free_name(now, desk.target.name, f"preview {spot.slug}", desk.remote.branches))
    record: dict[str, object] = {
        "preview": spot.branch,
        "release": name,
        "source_commit": source.commit or None,
        "source_dirty": source.dirty,
        "artifact_tree": artifact.tree,
        "manifest_sha256": artifact.manifest_digest,
        "evidence": evidence or None,
        "created": stamp(now),
        "expires": stamp(now + timedelta(days=desk.project.settings.preview.days)),
    }
    tree = with_record(desk.git, artifact.tree, record)
    others = {one.path: one.tree for one in standing.standing(desk)}
    draft = beside(
        desk, name, {**others, spot.path: tree}, why or source.subject or f"preview of {spot.branch}"
    )
    return replace(
        draft,
        artifact=artifact.tree,
        manifest=artifact.manifest_digest,
        source=source.commit,
        dirty=source.dirty,
        evidence=evidence,
    )


def with_record(git: Git, tree: str, record: dict[str, object]) -> str:
    """Return the tree with the preview's record in it."""
    blob = git.run("hash-object", "-w", "--stdin", stdin=json.dumps(record, indent=2).encode() + b"\n").text
    rows = [row for row in git.run("ls-tree", "-z", tree).out.split(b"\0") if row]
    rows = [row for row in rows if row.partition(b"\t")[2] != RECORD.encode()]
    rows.append(f"100644 blob {blob}\t{RECORD}".encode())
    return git.run("mktree", "-z", stdin=b"".join(row + b"\0" for row in rows)).text


def beside(desk: Desk, name: str, previews: dict[str, str], why: str) -> Draft:
    """Return the draft of a release whose site is what is live, beside exactly these previews (path to tree id)."""
    tip = desk.remote.tip or ""
    tree = desk.git.text("rev-parse", f"{tip}^{{tree}}")
    now = desk.clock()
    record = {**record_at(desk.git, tree), "release": name, "kind": ledger.PREVIEW, "created": stamp(now)}
    gone: dict[str, str | None] = {one.path: None for one in standing.read(desk.git, tree)}
    draft = Draft(
        name=name,
        environment=desk.target.name,
        kind=ledger.PREVIEW,
        tree=tree,
        artifact="",
        manifest="",
        parents=(tip,),
        source="",
        dirty=False,
        evidence="",
        restores="",
        who=identity(desk.project.root),
        when=now,
        why=why,
        overlay=Overlay({RELEASE_FILE: json.dumps(record, indent=2).encode() + b"\n"}),
        subtrees={**gone, **previews},
    )
    if desk.target.noindex:
        return draft
    [robots] = desk.git.objects([f"{tree}:robots.txt"])
    return shield(draft, robots, desk.target.base, hidden=bool(previews))


def record_at(git: Git, tree: str) -> dict[str, object]:
    """Return the release file of a published tree."""
    done = git.try_run("cat-file", "blob", f"{tree}:{RELEASE_FILE}")
    value = json.loads(done.out) if done.ok else {}
    return value if isinstance(value, dict) else {}


def plan_preview(project: Project, order: Order, clock: Clock = utc_now) -> Plan:
    """Return what `deploy_preview` would do, without building, judging or publishing anything."""
    from pipeline.site.build import artifact_of

    spot = spot_of(project, order.environment)
    desk = sit_down(project, spot.carrier, clock)
    live = carried(desk)
    name = str(free_name(clock(), spot.carrier.name, f"preview {spot.slug}", desk.remote.branches))
    try:
        artifact = artifact_of(spot.project, spot.environment)
    except Stop:
        artifact = None
    old = next((one.artifact for one in standing.standing(desk) if one.slug == spot.slug), None)
    here = old if old and desk.git.has(f"{old}^{{tree}}") else None
    changes = changes_between(desk.git, here, artifact.tree) if artifact else None
    build = (
        ()
        if order.no_build
        else (f"build the site for base path {spot.project.environment(spot.environment).base}",)
    )
    steps = (*build, "judge the artifact by every gate", *publish_steps(spot.carrier, name, live))
    what = f"preview of {spot.branch}, {plural(project.settings.preview.days, 'day')}, beside the site"
    tree = artifact.tree if artifact else None
    return Plan(spot.carrier.name, what, spot.url, spot.carrier.remote, desk.newest.name if desk.newest else None,
                tree, changes, steps)  # fmt: skip


def expired(desk: Desk, only: str = "") -> list[Preview]:
    """Return the previews to take away: those whose time is over, or the one that `only` names, whatever its time.

    Raises Stop (2) for a name that there is not.
    """
    there = standing.read(desk.git, desk.remote.tip)
    if not only:
        return [one for one in there if one.expires <= desk.clock()]
    wanted = only.removeprefix(_PREFIX)
    found = [one for one in there if wanted in {one.slug, one.branch}]
    if not found:
        names = ", ".join(one.slug for one in there) or "none"
        raise Stop(
            f"there is no preview {wanted} on {desk.target.name}; there are: {names}",
            f"invoke releases --env={desk.target.name}",
        )
    return found


def expire(
    project: Project, environment: str, *, only: str = "", yes: bool = False, clock: Clock = utc_now
) -> tuple[list[Preview], Outcome | None]:
    """Take expired previews away by a new release, and return them and how that ended (None: there were none)."""
    target = target_of(project, environment)
    engine.confirm(project, target, "releases.expire", yes=yes)
    with at_desk(project, environment, "removing previews", clock) as desk:
        if told := refuse_foreign(desk, adopt=False):
            ui.say(told)
        gone = expired(desk, only)
        if not gone:
            return [], None
        paths = {one.path for one in gone}
        kept = {one.path: one.tree for one in standing.standing(desk) if one.path not in paths}
        names = ", ".join(one.branch for one in gone)
        name = str(
            free_name(desk.clock(), target.name, f"without preview {gone[0].slug}", desk.remote.branches)
        )
        return gone, make(desk, beside(desk, name, kept, f"without {plural(len(gone), 'preview')}: {names}"))


def plan_expire(project: Project, environment: str, *, only: str = "", clock: Clock = utc_now) -> Plan:
    """Return what `expire` would do."""
    target = target_of(project, environment)
    desk = sit_down(project, target, clock)
    gone = expired(desk, only)
    steps = tuple(f"take away {one.path} ({one.branch}, until {stamp(one.expires)})" for one in gone)
    name = str(free_name(clock(), target.name, "without preview", desk.remote.branches))
    steps = (
        (*steps, *publish_steps(target, name, desk.newest)) if gone else ("nothing: no preview has expired",)
    )
    newest = desk.newest.name if desk.newest else None
    return Plan(target.name, "removal of previews", target.url, target.remote, newest, None, None, steps)
