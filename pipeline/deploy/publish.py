"""A tree becomes a release: one commit, one atomic push."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pipeline.core.errors import Code, Stop
from pipeline.core.proc import Done, TimedOut
from pipeline.deploy.ledger import message
from pipeline.deploy.overlay import RELEASE_FILE, Overlay
from pipeline.deploy.target import Target
from pipeline.site.artifact import quote
from pipeline.tools.gh import credentials
from pipeline.tools.git import Git

__all__ = ["RELEASE_FILE", "Draft", "push", "push_arguments", "sign", "signing_key", "stage"]

_LOST_RACE = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|reference already exists"
)
# From git 2.51 on, deltas are sought along each path: names like */index.html no longer hide a page's old version from
# its new one (1.1 MB instead of 15.7 MB for 9,000 pages that change by one name). Older versions ignore the key.
_PATH_WALK = "pack.usePathWalk=true"
_RULES = re.compile(r"GH013|repository rule violations", re.IGNORECASE)


@dataclass(frozen=True)
class Draft:
    """Everything that a release will be: its name, its tree and what lies over it, the commits it follows."""

    name: str
    environment: str
    kind: str
    tree: str
    artifact: str
    manifest: str
    parents: tuple[str, ...]
    source: str
    dirty: bool
    evidence: str
    restores: str
    who: str
    when: datetime
    why: str
    overlay: Overlay
    # Paths below which another tree stands (previews), by tree id; None takes what is there away.
    subtrees: Mapping[str, str | None] = field(default_factory=dict)

    def message(self) -> str:
        """Return the commit message, with the record as trailers."""
        values = {
            "Release": self.name,
            "Environment": self.environment,
            "Kind": self.kind,
            "Restores": self.restores,
            "Artifact-Tree": self.artifact,
            "Manifest": self.manifest,
            "Source-Commit": self.source + (" (dirty)" if self.dirty and self.source else ""),
            "Evidence": self.evidence,
        }
        return message(self.name, self.why, values)


def stage(git: Git, draft: Draft, key: Mapping[str, str] | None = None) -> str:
    """Make the release commit in the object store and return its id; nothing outside is touched.

    Each release has a staging ref of its own: one that a killed run left behind is in nobody's way. `key` holds the
    git settings to sign with.
    """
    ref = f"refs/pages/staging/{draft.name}"
    words = ("fast-import", "--quiet", "--force", "--depth=0", "--done")
    commit = git.run(*words, stdin=_commit(ref, draft), what="cannot store the release").text.strip()
    return sign(git, ref, commit, key) if key else commit


def sign(git: Git, ref: str, commit: str, key: Mapping[str, str]) -> str:
    """Return a signed commit of the same content, which the staging ref then names."""
    raw = git.run("cat-file", "commit", commit).out.decode("utf-8", "replace")
    head, text = raw.split("\n\n", 1)
    fields = [line.split(" ", 1) for line in head.splitlines()]
    parents = [word for name, value in fields if name == "parent" for word in ("-p", value)]
    who = next(value for name, value in fields if name == "committer")
    name, rest = who.split(" <", 1)
    mail, moment = rest.split("> ", 1)
    environment: dict[str, str | None] = {}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": mail, f"GIT_{role}_DATE": moment}
    settings = [f"{name}={value}" for name, value in key.items()]
    words = ("commit-tree", "-S", f"{commit}^{{tree}}", *parents)
    what = "cannot sign the release"
    signed = git.run(*words, stdin=text.encode(), env=environment, config=settings, what=what).text
    git.run("update-ref", ref, signed)
    return signed


def signing_key(root: Path) -> dict[str, str]:
    """Return the git settings with which the user signs by SSH, empty when no such key is set up."""
    git = Git(root, bare=False)
    names = ("gpg.format", "user.signingkey", "gpg.ssh.program", "gpg.ssh.defaultKeyCommand")
    found = {name: value for name in names if (value := git.maybe("config", "--get", name))}
    usable = found.get("gpg.format") == "ssh" and found.keys() & {
        "user.signingkey",
        "gpg.ssh.defaultKeyCommand",
    }
    return found if usable else {}


def _commit(ref: str, draft: Draft) -> Iterator[bytes]:
    text = draft.message().encode()
    who = re.sub(r"[\n\0]", " ", draft.who)
    yield f"commit {ref}\nmark :1\ncommitter {who} {int(draft.when.timestamp())} +0000\n".encode()
    yield b"data %d\n%s\n" % (len(text), text)
    for place, parent in enumerate(draft.parents):
        yield f"{'merge' if place else 'from'} {parent}\n".encode()
    yield b'M 040000 %s ""\n' % draft.tree.encode()
    for path, tree in sorted(draft.subtrees.items()):
        yield b"D %s\n" % quote(path) if tree is None else b"M 040000 %s %s\n" % (tree.encode(), quote(path))
    for path, oid in sorted(draft.overlay.kept.items()):
        yield b"M 100644 %s %s\n" % (oid.encode(), quote(path))
    for path, data in sorted(draft.overlay.files.items()):
        yield b"M 100644 inline %s\ndata %d\n%s\n" % (quote(path), len(data), data)
    yield b"\nget-mark :1\ndone\n"


@dataclass(frozen=True)
class Refs:
    """What a push moves: the pages branch and the audit branch, each from where it is expected, and the new branch."""

    commit: str
    before: str | None
    name: str
    audit: str | None = None
    audit_before: str | None = None


def push(git: Git, target: Target, refs: Refs, timeout: float) -> None:
    """Move the pages branch forward, create the release's branch and add to the audit branch: all or nothing.

    The leases make it a compare-and-swap: if a branch is not where it was, nothing happens.
    Raises Stop (5) when it did not go through.
    """
    config = [*credentials(target.remote), _PATH_WALK]
    done = git.try_run(*push_arguments(target, refs), timeout=timeout, config=config)
    if not done.ok:
        raise _refused(done, target, refs)


def push_arguments(target: Target, refs: Refs) -> list[str]:
    """Return the git command of the atomic push."""
    moves = [
        (f"refs/heads/{target.branch}", refs.commit, refs.before),
        (f"refs/heads/{refs.name}", refs.commit, None),
    ]
    if refs.audit:
        moves.append((f"refs/heads/{target.audit_branch}", refs.audit, refs.audit_before))
    leases = [f"--force-with-lease={ref}:{before or ''}" for ref, _, before in moves]
    specs = [f"{commit}:{ref}" for ref, commit, _ in moves]
    return ["push", "--porcelain", "--atomic", *leases, "--", target.remote, *specs]


def push_audit(git: Git, target: Target, commit: str, before: str | None, timeout: float) -> bool:
    """Add to the audit branch alone; returns whether it went through."""
    ref = f"refs/heads/{target.audit_branch}"
    words = [
        "push",
        "--porcelain",
        f"--force-with-lease={ref}:{before or ''}",
        "--",
        target.remote,
        f"{commit}:{ref}",
    ]
    try:
        done = git.try_run(*words, timeout=timeout, config=credentials(target.remote))
    except TimedOut:
        return False
    if done.ok:
        git.try_run("update-ref", target.audit_ref, commit)
    return done.ok


def _refused(done: Done, target: Target, refs: Refs) -> Stop:
    said = (done.out + done.err).decode("utf-8", "replace")
    stale = _stale(said)
    if stale == {refs.name}:
        text = f"the branch {refs.name} is there already; nothing was changed"
        return Stop(text, "run the same command again: it takes the next free name", Code.PUBLISH)
    if _LOST_RACE.search(said):
        text = f"somebody else published to {target.name} meanwhile; nothing of yours was published"
        return Stop(
            text, f"invoke releases --env={target.name}, then run the same command again", Code.PUBLISH
        )
    if _RULES.search(said):
        text = f"a rule of the repository forbids this push to {target.name}; the old release is still live"
        return Stop(text, f"invoke deploy.setup --env={target.name} --dry-run", Code.PUBLISH, done.tail(12))
    text = f"publishing to {target.name} failed; the old release is still live"
    return Stop(text, "mend the cause, then run the same command again", Code.PUBLISH, done.tail(12))


def _stale(said: str) -> set[str]:
    """Return the branches that the push says moved under us."""
    rows = [line.split("\t") for line in said.splitlines() if line.startswith("!") and "stale info" in line]
    return {row[1].rsplit(":refs/heads/", 1)[-1] for row in rows if len(row) > 1}
