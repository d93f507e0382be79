"""A whole copy of the live release is on this machine, so that going back needs no network and no build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from checks.base import (
    Digest,
    Evidence,
    Finding,
    Limits,
    Measure,
    Principle,
    Rule,
    Scope,
    Subject,
    Tools,
    count_text,
    digest,
    size_text,
)
from checks.rows import told

NAME = "backup"
PRINCIPLE: Principle = "III"
SCOPE: Scope = "remote"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = 86_400

# How often the live release must fit on the disk beside what is there: once as objects, once unpacked, once built.
LIMITS: Limits = {"room": 3}

EXPLAIN = """\
Before a release replaces another one, the one that is live must be safe. The gate reads every file of the live release
from .pages/objects.git and compares it with its id, so a rollback needs neither the network nor a build; it looks
whether the release's branch is on the remote, which is the second copy, and whether the commit that it was built from
is on a remote too. A missing or damaged file blocks; a source commit that only this machine has, an earlier release
that is not whole and little room on the disk are advice. Before the first release there is nothing to keep."""
_FETCH = "https://git-scm.com/docs/git-fetch#Documentation/git-fetch.txt---refetch"
_FSCK = "https://git-scm.com/docs/git-fsck"
_REMOTES = "https://git-scm.com/book/en/v2/Git-Basics-Working-with-Remotes"
RULES: Mapping[str, Rule] = {
    "incomplete": Rule(
        "files of the live release are not on this machine, so a rollback would need the network",
        "fetch the release again; the finding has the command",
        _FETCH,
    ),
    "damaged": Rule(
        "a file of the live release cannot be read, or is not what was released",
        "move .pages/objects.git away; then invoke status fetches it anew",
        _FSCK,
    ),
    "incomplete-earlier": Rule(
        "the release before the live one, where a rollback would go, is not whole on this machine (advice)",
        "fetch it again; the finding has the command",
        _FETCH,
    ),
    "no-second-copy": Rule(
        "the remote does not have the branch of the live release, so this machine holds its only copy",
        "push it again; the finding has the command",
        _REMOTES,
    ),
    "remote-silent": Rule(
        "the remote does not answer, so nobody knows whether it holds the second copy (advice)",
        "try again when it answers",
        _REMOTES,
    ),
    "source-only-here": Rule(
        "the commit that the live release was built from is on no remote (advice)",
        "git push",
        _REMOTES,
    ),
    "little-room": Rule(
        "the disk has little room for restoring a release (advice)",
        "invoke releases.tidy, or free some space",
        "https://git-scm.com/docs/git-gc",
    ),
}
_made = partial(told, RULES)


def unavailable(tools: Tools) -> str | None:
    """Return None: it needs git alone, without which there is no pipeline."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the place and of the refs here, which tell what is live."""
    plans = subject.plans
    return digest(NAME, VERSION, subject.environment, plans.get("remote", ""), plans.get("refs", ""))


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Read the live release whole, and ask the remote for its branch; raises Unavailable."""
    facts = tools.remote(NAME)
    nothing = "" if facts["releases"] else f"{facts['environment']}: nothing is released yet"
    return Evidence(dict(facts), nothing=nothing)


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what is not whole, and what is here only."""
    facts = evidence.data
    if evidence.nothing:
        return []
    live, *earlier = facts["releases"]
    found = [*_whole(facts, live)]
    found += [one for each in earlier for one in _earlier(facts, each)]
    found += _copy(facts, live)
    found += _source(facts, live)
    found += _room(facts, live, limits)
    return found


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how much of the live release is here, and the room on the disk."""
    if evidence.nothing:
        return []
    facts = evidence.data
    live = facts["releases"][0]
    return [
        Measure("files of the live release here", live["files"], where=live["name"]),
        Measure("bytes of the live release here", live["size"], unit="B"),
        Measure("room on the disk", facts["free"], unit="B"),
    ]


def _refetch(facts: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    return f"git --git-dir={facts['objects']} fetch --refetch {facts['remote']} refs/heads/{one['name']}"


def _whole(facts: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[Finding]:
    if live["missing"]:
        text = f"{count_text(live['missing'], 'object')} of the live release {live['name']} missing on this machine"
        yield _made("incomplete", text, details=live["named"][:5], fix=_refetch(facts, live))
    if live["broken"]:
        text = f"the live release {live['name']} is damaged in {facts['objects']}"
        yield _made("damaged", text, details=live["broken"])


def _earlier(facts: Mapping[str, Any], one: Mapping[str, Any]) -> Iterator[Finding]:
    if one["missing"] or one["broken"]:
        text = f"{one['name']}, where a rollback goes, is not whole on this machine"
        details = one["broken"] or one["named"][:5]
        yield _made("incomplete-earlier", text, blocking=False, details=details, fix=_refetch(facts, one))


def _copy(facts: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[Finding]:
    if facts["silent"]:
        yield _made("remote-silent", facts["silent"], blocking=False)
    elif facts["branch"] != live["commit"]:
        name, commit = live["name"], live["commit"]
        now = f"is at {facts['branch'][:10]} on the remote" if facts["branch"] else "is not on the remote"
        text = f"the branch {name} of the live release {now}, so its second copy is not where it belongs"
        command = f"git --git-dir={facts['objects']} push {facts['remote']} {commit}:refs/heads/{name}"
        yield _made("no-second-copy", text, fix=command)


def _source(facts: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[Finding]:
    source = facts["source"]
    if not source["remotes"] or not source["commit"] or source["pushed"]:
        return
    where = (
        "is only on this machine" if source["here"] else "is neither here nor on a remote that was fetched"
    )
    text = f"commit {source['commit'][:10]}, which {live['name']} was built from, {where}"
    fix = f"git push {source['remotes'][0]} HEAD" if source["here"] else f"git fetch {source['remotes'][0]}"
    yield _made("source-only-here", text, blocking=False, fix=fix)


def _room(facts: Mapping[str, Any], live: Mapping[str, Any], limits: Limits) -> Iterator[Finding]:
    needed = live["size"] * limits.get("room", 3)
    if facts["free"] < needed:
        text = (
            f"{size_text(facts['free'])} are free, and restoring {live['name']} may need {size_text(needed)}"
        )
        yield _made("little-room", text, blocking=False)
