"""Drafts of releases: a new artifact, an earlier release again, or another environment's."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.core.model import Artifact
from pipeline.deploy import overlay, standing
from pipeline.deploy.desk import Desk
from pipeline.deploy.ledger import Release
from pipeline.deploy.names import free_name, moment_of
from pipeline.deploy.publish import Draft
from pipeline.deploy.source import Source
from pipeline.tools.git import ZERO, Object, identity


@dataclass(frozen=True)
class Content:
    """What a release publishes and where that comes from."""

    kind: str
    tree: str
    artifact: str
    manifest: str
    source: str
    dirty: bool
    evidence: str
    why: str
    slug: str
    restores: str = ""
    beside: tuple[str, ...] = ()


def draft_of(desk: Desk, artifact: Artifact, source: Source, evidence: str, why: str) -> Draft:
    """Return the draft of a new release of `artifact`."""
    reason = why or source.subject or "release"
    content = Content(
        kind="deploy",
        tree=artifact.tree,
        artifact=artifact.tree,
        manifest=artifact.manifest_digest,
        source=source.commit,
        dirty=source.dirty,
        evidence=evidence,
        why=reason,
        slug=reason,
    )
    return over(desk, content)


def again(desk: Desk, wanted: Release, why: str) -> Draft:
    """Return the draft that publishes an earlier release's tree once more; nothing is built and nothing is copied."""
    content = Content(
        kind="rollback",
        tree=wanted.tree,
        artifact=wanted.artifact,
        manifest=wanted.manifest,
        source=wanted.source.removesuffix(" (dirty)"),
        dirty=wanted.source.endswith("(dirty)"),
        evidence=wanted.evidence,
        why=why,
        slug=f"rollback to {moment_of(wanted.name)}",
        restores=wanted.name,
        # As a parent, it tells git that the remote has all of its objects: hundreds of bytes go out.
        beside=(wanted.commit,),
    )
    return over(desk, content)


def over(desk: Desk, content: Content) -> Draft:
    """Return the draft of a release of `content` on what is live now, with the environment's overlay."""
    now, target, tip = desk.clock(), desk.target, desk.remote.tip
    name = str(free_name(now, target.name, content.slug, desk.remote.branches))
    recent = desk.releases[: target.options.keep.releases]
    own_cname, live_cname, own_robots, own_previews, live_previews, *records = desk.git.objects(
        [
            f"{content.tree}:CNAME",
            f"{tip or ZERO}:CNAME",
            f"{content.tree}:robots.txt",
            f"{content.tree}:{standing.FOLDER}",
            f"{tip or ZERO}:{standing.FOLDER}",
            *(f"{one.tree}:{overlay.RELEASE_FILE}" for one in recent),
        ]
    )
    past = overlay.read_past(desk.git, recent, records, content.tree)
    kept = standing.without(overlay.kept_assets(past, now, target.options.keep.hours))
    previews = standing.standing(desk, standing.previews_in(desk.git, live_previews))
    record = overlay.record_of(
        name=name,
        environment=target.name,
        kind=content.kind,
        restores=content.restores,
        source=content.source,
        dirty=content.dirty,
        artifact=content.artifact,
        manifest=content.manifest,
        evidence=content.evidence,
        when=now,
    )
    cname = overlay.cname_for(target.options.cname, own_cname, live_cname)
    above = overlay.files_over(record, cname=cname, noindex=target.noindex, kept=kept)
    beneath = standing.subtrees(standing.previews_in(desk.git, own_previews), previews)
    draft = Draft(
        name=name,
        environment=target.name,
        kind=content.kind,
        tree=content.tree,
        artifact=content.artifact,
        manifest=content.manifest,
        parents=tuple(dict.fromkeys(oid for oid in (tip, *content.beside) if oid)),
        source=content.source,
        dirty=content.dirty,
        evidence=content.evidence,
        restores=content.restores,
        who=identity(desk.project.root),
        when=now,
        why=content.why,
        overlay=above,
        subtrees=beneath,
    )
    if target.noindex:
        return draft
    return shield(draft, own_robots, target.base, hidden=bool(previews))


def shield(draft: Draft, own: Object | None, base: str, *, hidden: bool) -> Draft:
    """Return the draft with a robots.txt that keeps search engines out of its previews, or no longer speaks of any.

    `own` is the tree's robots.txt.
    """
    text = standing.robots(own.data if own else b"", base, hidden=hidden)
    if text is None:
        return draft
    if not text:
        return replace(draft, subtrees={**draft.subtrees, "robots.txt": None})
    files = {**draft.overlay.files, "robots.txt": text}
    return replace(draft, overlay=replace(draft.overlay, files=files))
