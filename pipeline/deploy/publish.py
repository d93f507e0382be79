"""A tree becomes a release: one commit, one atomic push."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pipeline.core.clock import stamp
from pipeline.core.errors import Code, Stop
from pipeline.core.proc import Done
from pipeline.deploy.ledger import message
from pipeline.deploy.target import Target
from pipeline.site.artifact import quote
from pipeline.tools.git import Git

RELEASE_FILE = ".well-known/release.json"
_LOST_RACE = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|reference already exists"
)


@dataclass(frozen=True)
class Draft:
    """Everything that a release will be: its name, the tree it publishes, the commits it follows, its record."""

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

    def record(self) -> bytes:
        """Return the release file that is published with the site; it names nothing private."""
        value = {
            "release": self.name,
            "environment": self.environment,
            "kind": self.kind,
            "restores": self.restores or None,
            "source_commit": self.source or None,
            "source_dirty": self.dirty,
            "artifact_tree": self.artifact,
            "manifest_sha256": self.manifest,
            "evidence": self.evidence or None,
            "created": stamp(self.when),
        }
        return json.dumps(value, indent=2).encode() + b"\n"

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


def stage(git: Git, draft: Draft) -> str:
    """Make the release commit in the object store and return its id; nothing outside is touched.

    Each release has a staging ref of its own: one that a killed run left behind is in nobody's way.
    """
    ref = f"refs/pages/staging/{draft.name}"
    git.try_run("update-ref", "-d", ref)
    done = git.run(
        "fast-import",
        "--quiet",
        "--depth=0",
        "--done",
        stdin=_commit(ref, draft),
        what="cannot store the release",
    )
    return done.text.strip()


def _commit(ref: str, draft: Draft) -> Iterator[bytes]:
    text = draft.message().encode()
    who = re.sub(r"[\n\0]", " ", draft.who)
    yield f"commit {ref}\nmark :1\ncommitter {who} {int(draft.when.timestamp())} +0000\n".encode()
    yield b"data %d\n%s\n" % (len(text), text)
    for word, parent in zip(("from", "merge", "merge"), draft.parents, strict=False):
        yield f"{word} {parent}\n".encode()
    yield b'M 040000 %s ""\n' % draft.tree.encode()
    # Without .nojekyll, GitHub Pages drops every path that starts with an underscore or a dot.
    yield from _file(".nojekyll", b"")
    yield from _file(RELEASE_FILE, draft.record())
    yield b"\nget-mark :1\ndone\n"


def _file(path: str, data: bytes) -> Iterator[bytes]:
    yield b"M 100644 inline %s\ndata %d\n%s\n" % (quote(path), len(data), data)


def push(git: Git, target: Target, draft: Draft, commit: str, before: str | None, timeout: float) -> None:
    """Move the pages branch forward and create the release's branch, both or neither.

    The lease makes it a compare-and-swap: if the branch is not at `before` any more, nothing happens.
    Raises Stop (5) when it did not go through.
    """
    done = git.try_run(*push_arguments(target, draft.name, commit, before), timeout=timeout)
    if not done.ok:
        raise _refused(done, target, draft)


def push_arguments(target: Target, name: str, commit: str, before: str | None) -> list[str]:
    """Return the git command of the atomic push."""
    page, own = f"refs/heads/{target.branch}", f"refs/heads/{name}"
    leases = [f"--force-with-lease={page}:{before or ''}", f"--force-with-lease={own}:"]
    return [
        "push",
        "--porcelain",
        "--atomic",
        *leases,
        "--",
        target.remote,
        f"{commit}:{page}",
        f"{commit}:{own}",
    ]


def _refused(done: Done, target: Target, draft: Draft) -> Stop:
    said = (done.out + done.err).decode("utf-8", "replace")
    if (
        f"refs/heads/{draft.name}\t[rejected]" in said
        and "stale info" in said
        and target.branch not in _stale(said)
    ):
        text = f"the branch {draft.name} is there already; nothing was changed"
        return Stop(text, "run the same command again: it takes the next free name", Code.PUBLISH)
    if _LOST_RACE.search(said):
        text = f"somebody else published to {target.name} meanwhile; nothing of yours was published"
        return Stop(
            text, f"invoke releases --env={target.name}, then run the same command again", Code.PUBLISH
        )
    text = f"publishing to {target.name} failed; the old release is still live"
    return Stop(text, "mend the cause, then run the same command again", Code.PUBLISH, done.tail(12))


def _stale(said: str) -> set[str]:
    """Return the branches that the push says moved under us."""
    rows = [line.split("\t") for line in said.splitlines() if line.startswith("!") and "stale info" in line]
    return {row[1].rsplit(":refs/heads/", 1)[-1] for row in rows if len(row) > 1}
