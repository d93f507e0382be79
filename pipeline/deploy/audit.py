"""The hash-chained log of an environment: one commit per event on a branch of its own beside the releases."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum

from pipeline.core.clock import stamp
from pipeline.deploy.target import Target
from pipeline.tools.git import ZERO, Git

_RECORD = "\x1e"
# What git allows in nobody's name: https://git-scm.com/docs/git-commit#_commit_information
_NO_NAME = re.compile(r"[\0\n<>]")
# The file beside an event that holds the evidence of its release, where the environment shares it.
EVIDENCE = "evidence.json"
# The folder of the artifact, without what lies over it in the release.
ARTIFACT = "artifact"


class Kind(StrEnum):
    """What happened to a release."""

    PUBLISHED = "published"
    RENEWED = "renewed"
    TAKEN = "taken over"
    HEALTHY = "healthy"
    FAILED = "failed"
    ADOPTED = "adopted"
    ARCHIVED = "archived"
    # What an emergency put off was measured right after the release; the event names the later evidence.
    MEASURED = "measured"


@dataclass(frozen=True)
class Event:
    """One line of the log; `lease` (ISO 8601) is until when others wait for its publisher to prove the release.

    `previous` is the SHA-256 of the line before, so that no line can be changed, dropped or put in between.
    """

    kind: Kind
    environment: str
    release: str
    commit: str
    tree: str
    who: str
    host: str
    when: str
    evidence: str = ""
    lease: str = ""
    note: str = ""
    previous: str = ""

    def line(self) -> bytes:
        """Return the event as one line of canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def digest(self) -> str:
        """Return the SHA-256 of its line."""
        return hashlib.sha256(self.line()).hexdigest()


def read(git: Git, ref: str, limit: int = 0) -> list[Event]:
    """Return the events, newest first; one that cannot be read is left to `broken_links` to name."""
    return [event for _, event, _ in _entries(git, ref, limit) if event is not None]


def _entries(git: Git, ref: str, limit: int = 0) -> Iterator[tuple[str, Event | None, str]]:
    count = [f"--max-count={limit}"] if limit else []
    done = git.try_run("log", "--first-parent", f"--format=%H%n%B{_RECORD}", *count, ref)
    for record in done.out.decode("utf-8", "replace").split(_RECORD) if done.ok else []:
        commit, _, text = record.strip("\n").partition("\n")
        if commit:
            yield commit, _event(text), text.strip()


def _event(text: str) -> Event | None:
    try:
        value = json.loads(text)
        return Event(**{**value, "kind": Kind(value["kind"])})
    except (ValueError, TypeError, KeyError):
        return None


def broken_links(git: Git, ref: str) -> list[str]:
    """Return what is wrong with the chain, newest first; empty when every line follows from the one before."""
    problems: list[str] = []
    entries = list(_entries(git, ref))
    for (commit, event, text), (_, older, _) in zip(entries, [*entries[1:], ("", None, "")], strict=True):
        if event is None:
            problems.append(f"audit commit {commit[:10]} is no event")
        elif event.line().decode() != text:
            problems.append(f"audit commit {commit[:10]} is not as it was written")
        elif event.previous != (older.digest() if older else ""):
            problems.append(
                f"audit commit {commit[:10]} ({event.release}) does not follow from the one before it"
            )
    return problems


def commits_with(git: Git, ref: str, evidence: str) -> list[str]:
    """Return the commits of the events that name this evidence, newest first."""
    return [commit for commit, event, _ in _entries(git, ref) if event and event.evidence == evidence]


def brought(git: Git, tip: str | None, tree: str) -> bool:
    """Whether an event up to `tip` brought this artifact along, so that whoever has the log has the artifact."""
    commits = [one for one, event, _ in _entries(git, tip) if event and event.tree == tree] if tip else []
    return tree in git.ids(*(f"{commit}:{ARTIFACT}" for commit in commits))


def append(
    git: Git, tip: str | None, event: Event, moment: datetime, evidence: bytes = b"", *, bring: bool = True
) -> str:
    """Add an event behind `tip` in the object store and return the new commit; the remote is not touched.

    The event's `previous` is filled in here; `evidence` is a file that goes along, as does the artifact that the event
    names if it is here, unless `bring` says that the log has it: git would send its topmost trees again.
    """
    last, artifact = git.objects([tip or ZERO, f"{event.tree or ZERO}^{{tree}}"])
    before = _event(last.data.decode("utf-8", "replace").partition("\n\n")[2]) if last else None
    linked = replace(event, previous=before.digest() if before else "")
    entries = b""
    if artifact and bring:
        # For every machine; all but its topmost trees is there anyway.
        entries += b"40000 %s\0" % ARTIFACT.encode() + bytes.fromhex(artifact.oid)
    if evidence:
        entries += b"100644 %s\0" % EVIDENCE.encode() + bytes.fromhex(git.put("blob", evidence))
    lines = [f"tree {git.put('tree', entries)}", *([f"parent {tip}"] if tip else [])]
    name = _NO_NAME.sub(" ", event.who.split(" <", maxsplit=1)[0]).strip() or "pages-pipeline"
    who = f"{name} <pages-pipeline@localhost> {int(moment.timestamp())} +0000"
    lines += [f"author {who}", f"committer {who}"]
    return git.put("commit", "\n".join(lines).encode() + b"\n\n" + linked.line())


def event_of(  # noqa: PLR0913 - an event says all of it
    kind: Kind,
    target: Target,
    *,
    release: str,
    commit: str,
    tree: str,
    who: str,
    host: str,
    when: datetime,
    evidence: str = "",
    lease: datetime | None = None,
    note: str = "",
) -> Event:
    """Return an event that is not linked yet."""
    until = stamp(lease) if lease else ""
    return Event(kind, target.name, release, commit, tree, who, host, stamp(when), evidence, until, note)
