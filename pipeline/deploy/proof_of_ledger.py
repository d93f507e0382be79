"""Whether an environment's ledger is whole: branches, trailers, trees, times, signatures and the audit log agree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from pipeline.core.clock import stamp
from pipeline.deploy import audit, ledger, names, original, standing
from pipeline.deploy.audit import Event, Kind
from pipeline.deploy.desk import Desk
from pipeline.deploy.ledger import Release
from pipeline.deploy.overlay import RELEASE_FILE
from pipeline.deploy.plan import changes_between
from pipeline.tools.git import Git

KINDS = frozenset({"deploy", "rollback", "promotion", ledger.PREVIEW})
# A name is made of the moment at which its commit is made, and moves on by a second for each name that is taken.
_NAMED_WITHIN = timedelta(hours=1)
# The journal and the push come between a commit and its event; clocks of two machines differ.
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class Finding:
    """Something that is not as releases leave it; `what` is the part of the ledger."""

    release: str
    what: str
    text: str


@dataclass(frozen=True)
class Audited:
    """What was looked at and found; `remarks` are what cannot be told or is no fault."""

    environment: str
    releases: int
    events: int
    signatures: dict[str, int]
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]


def audit_ledger(desk: Desk) -> Audited:
    """Check every release of an environment against its branch, its tree, its signature and the audit log."""
    findings: list[Finding] = []
    remarks: list[str] = []
    if desk.every and not desk.remote.audit:
        findings.append(
            Finding("", "audit log", f"{desk.remote.audit_branch} is gone: nothing says what was proven")
        )
    if desk.remote.audit:
        findings += [
            Finding("", "audit log", line) for line in audit.broken_links(desk.git, desk.target.audit_ref)
        ]
    findings += branches(desk.every, dict(desk.remote.heads), desk.events)
    findings += logged(desk.every, desk.events)
    findings += [one for release in desk.every for one in consistent(release, desk.target.name)]
    findings += times(desk.every)
    tree_findings, tree_remarks = trees(desk)
    strange_findings, strange_remarks = strangers(desk)
    signed, bad = signatures(desk)
    findings += [*tree_findings, *strange_findings, *bad]
    remarks += [*tree_remarks, *strange_remarks]
    return Audited(
        desk.target.name, len(desk.every), len(desk.events), dict(signed), tuple(findings), tuple(remarks)
    )


def branches(
    releases: Sequence[Release], heads: dict[str, str], events: Iterable[Event]
) -> Iterator[Finding]:
    """Yield the releases whose branch is gone (unless it was archived) or is at another commit; pure."""
    archived = {event.release for event in events if event.kind is Kind.ARCHIVED}
    for one in releases:
        there = heads.get(one.name)
        if there is None and one.name not in archived:
            yield Finding(one.name, "branch", "its branch is gone and was not archived")
        elif there is not None and there != one.commit:
            yield Finding(
                one.name, "branch", f"its branch is at {there[:10]}, the release is {one.commit[:10]}"
            )


def logged(releases: Sequence[Release], events: Sequence[Event]) -> Iterator[Finding]:
    """Yield the releases that the audit log does not know, or knows as another commit or tree; pure."""
    published = {event.release: event for event in events if event.kind is Kind.PUBLISHED}
    if not published:
        return
    began = min(event.when for event in published.values())
    for one in releases:
        event = published.get(one.name)
        if event is None:
            if stamp(one.when) > began:
                yield Finding(one.name, "audit log", "the log does not say that it was published")
        elif event.commit != one.commit:
            yield Finding(
                one.name, "audit log", f"the log says commit {event.commit[:10]}, it is {one.commit[:10]}"
            )
        elif event.tree != one.artifact:
            yield Finding(
                one.name, "audit log", f"the log says tree {event.tree[:10]}, it is {one.artifact[:10]}"
            )
    names_here = {one.name for one in releases}
    for name, event in published.items():
        if name not in names_here:
            yield Finding(
                name, "audit log", f"it was published as {event.commit[:10]} and is not in the history"
            )


def consistent(release: Release, environment: str) -> Iterator[Finding]:
    """Yield what a release's name and trailers say against each other; pure."""
    name = names.parse(release.name)
    if name is None:
        yield Finding(release.name, "name", "it is no release name")
    else:
        if name.environment != names.token(environment):
            yield Finding(release.name, "name", f"it is named for {name.environment}")
        if abs(name.moment - release.when) > _NAMED_WITHIN:
            yield Finding(release.name, "name", f"its commit is of {release.when:%Y-%m-%d %H:%M:%S}")
    if release.environment != environment:
        yield Finding(release.name, "trailers", f"they say environment {release.environment or 'none'}")
    if release.kind not in KINDS:
        yield Finding(release.name, "trailers", f"there is no kind {release.kind}")
    if not release.artifact and release.kind != ledger.PREVIEW:
        yield Finding(release.name, "trailers", "they name no artifact tree")


def times(releases: Sequence[Release]) -> Iterator[Finding]:
    """Yield the releases (newest first) that are older than the one before them; pure."""
    for newer, older in pairwise(releases):
        if newer.when < older.when - _SKEW:
            yield Finding(newer.name, "time", f"it is older than {older.name}, which it follows")


def trees(desk: Desk) -> tuple[list[Finding], list[str]]:
    """Return the releases whose published tree is not their artifact under their overlay, and what cannot be told."""
    findings: list[Finding] = []
    unknown: list[str] = []
    known = original.existing(desk.git, [one.artifact for one in desk.every])
    for one in desk.every:
        record = record_of(desk.git, one)
        if record.get("release") != one.name:
            findings.append(
                Finding(one.name, "tree", f"its {RELEASE_FILE} names {record.get('release') or 'nothing'}")
            )
        if one.kind == ledger.PREVIEW:
            findings += preview_tree(desk.git, one)
        elif one.artifact in known:
            findings += beside_overlay(desk.git, one)
        elif original.inside(desk.git, one) is None:
            unknown.append(one.name)
    remarks = []
    if unknown:
        text = f"{len(unknown)} of {len(desk.every)} trees cannot be compared with what was built: it is not here"
        remarks = [f"{text} ({unknown[0]}{', ...' if len(unknown) > 1 else ''})"]
    return findings, remarks


def record_of(git: Git, release: Release) -> dict[str, Any]:
    """Return a release's own file, empty where it has none."""
    done = git.try_run("cat-file", "blob", f"{release.tree}:{RELEASE_FILE}")
    try:
        value = json.loads(done.out) if done.ok else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def beside_overlay(git: Git, release: Release) -> Iterator[Finding]:
    """Yield it when a published tree differs from its artifact in more than its overlay."""
    changes = changes_between(git, release.artifact, release.tree)
    overlay = original.laid_over(git, release)
    paths = (*changes.added, *changes.changed, *changes.removed)
    foreign = [path for path in paths if not original.owned(path, overlay)]
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        yield Finding(release.name, "tree", f"{foreign[0]}{more} is not as it was built")


def preview_tree(git: Git, release: Release) -> Iterator[Finding]:
    """Yield what a preview changed beside itself, and whether it is what was built."""
    changes = changes_between(git, f"{release.commit}^1^{{tree}}", release.tree)
    for path in (*changes.added, *changes.changed, *changes.removed):
        if not path.startswith(f"{standing.FOLDER}/") and path not in {RELEASE_FILE, "robots.txt"}:
            yield Finding(release.name, "tree", f"a preview changed {path}, which belongs to the site")
            break
    if not release.artifact:
        return
    own = next((one for one in standing.read(git, release.tree) if one.release == release.name), None)
    if own is None or own.artifact != release.artifact:
        yield Finding(release.name, "tree", "the preview that it published has no record, or another one's")
    elif not built_as_said(git, own.tree, release.artifact):
        yield Finding(release.name, "tree", f"{own.path} is not as it was built")


def built_as_said(git: Git, tree: str, artifact: str) -> bool:
    """Whether a preview's tree is the artifact with its record in it."""
    rows = [row for row in git.run("ls-tree", "-z", tree).out.split(b"\0") if row]
    bare = [row for row in rows if row.partition(b"\t")[2] != standing.RECORD.encode()]
    if git.run("mktree", "-z", stdin=b"".join(row + b"\0" for row in bare)).text == artifact:
        return True
    if not git.has(f"{artifact}^{{tree}}"):
        return False
    # The artifact may have had a file of that name.
    changes = changes_between(git, artifact, tree)
    return {*changes.added, *changes.changed, *changes.removed} <= {standing.RECORD}


def strangers(desk: Desk) -> tuple[list[Finding], list[str]]:
    """Return the commits of the pages branch that no release made; a domain that was set on GitHub is no fault."""
    ours = {one.commit for one in desk.every}
    done = desk.git.try_run("log", "--first-parent", "--format=%H%x1f%an: %s", desk.target.live_ref)
    findings, remarks = [], []
    for line in done.text.splitlines() if done.ok else []:
        commit, _, said = line.partition("\x1f")
        if commit in ours:
            continue
        parent = desk.git.maybe("rev-parse", "--verify", "--quiet", f"{commit}^1^{{tree}}")
        changes = changes_between(desk.git, parent, f"{commit}^{{tree}}")
        if {*changes.added, *changes.changed, *changes.removed} <= {"CNAME"}:
            remarks.append(f"{commit[:10]} set the domain on GitHub ({said})")
        else:
            findings.append(Finding(commit[:10], "history", f"no release made it: {said} ({changes})"))
    return findings, remarks


def signatures(desk: Desk) -> tuple[Counter[str], list[Finding]]:
    """Return how many releases are signed well, badly, not at all, or by nobody knows whom, and the bad ones."""
    config = signers(desk)
    signed = signed_commits(desk.git, [one.commit for one in desk.every])
    counts: Counter[str] = Counter()
    findings = []
    for one in desk.every:
        said = verdict(desk.git, one.commit, config) if one.commit in signed else "unsigned"
        counts[said] += 1
        if said == "bad":
            findings.append(Finding(one.name, "signature", "its signature is not good for what it signs"))
    return counts, findings


def signature(desk: Desk, release: Release) -> str:
    """Return `good`, `bad`, `unknown` or `unsigned` for one release."""
    signed = signed_commits(desk.git, [release.commit])
    return verdict(desk.git, release.commit, signers(desk)) if signed else "unsigned"


def signers(desk: Desk) -> list[str]:
    """Return the git setting that names the user's file of trusted keys, if there is one."""
    here = Git(desk.project.root, bare=False)
    found = here.maybe("config", "--path", "--get", "gpg.ssh.allowedSignersFile")
    return [f"gpg.ssh.allowedSignersFile={found}"] if found else []


def signed_commits(git: Git, commits: Sequence[str]) -> frozenset[str]:
    """Return those of the commits that carry a signature, good or bad."""
    found = set()
    for commit, data in zip(commits, original.objects_of(git, commits), strict=True):
        if b"\ngpgsig " in data.partition(b"\n\n")[0]:
            found.add(commit)
    return frozenset(found)


def verdict(git: Git, commit: str, config: Sequence[str]) -> str:
    """Return `good`, `bad`, or `unknown` where nobody says whose key it is."""
    done = git.try_run("verify-commit", "--raw", commit, config=config)
    if done.ok:
        return "good"
    said = done.error.lower()
    unknown = "allowedsignersfile needs to be configured" in said or "no principal matched" in said
    good_for_somebody = 'good "git" signature with' in said
    return "unknown" if unknown or good_for_somebody or "no public key" in said else "bad"


def explained(signed: dict[str, int]) -> str:
    """Return the counts of signatures as a line."""
    return ", ".join(f"{count} {word}" for word, count in sorted(signed.items())) or "none"
