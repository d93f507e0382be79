"""Every release still is a branch on the remote, at its commit: none is deleted or moved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
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
)
from checks.rows import few, told

NAME = "branches"
PRINCIPLE: Principle = "IV"
SCOPE: Scope = "remote"
NON_NEGOTIABLE = True
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = None

LIMITS: Limits = {}

# YYYYMMDD-HHMMSS-<environment>-<description>, as the releases are named.
_NAMED = re.compile(r"^(\d{8}-\d{6})-([a-z0-9]+)-([a-z0-9]+(?:-[a-z0-9]+)*)$")
_DATED = re.compile(r"^\d{8}-\d{6}-")

EXPLAIN = """\
Each release is also a branch, YYYYMMDD-HHMMSS-<environment>-<description>, which is never deleted and never moved, so
that any of them can be looked at and published again. The gate compares the ledger (the history of the pages branch
and the audit log) with the branches that the remote has now. A branch that `releases.archive` took away is accounted
for: the audit log says where it went. On GitHub it also looks for a ruleset that forbids deleting and moving them.
There is no limit to set: one missing branch is one too many."""
_REFS = "https://git-scm.com/book/en/v2/Git-Internals-Git-References"
_RULESETS = (
    "https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/"
    "managing-rulesets/available-rules-for-rulesets"
)
RULES: Mapping[str, Rule] = {
    "missing-branch": Rule(
        "the remote no longer has the branch of a release",
        "push the release's commit to its branch again, from .pages/objects.git; the finding has the command",
        _REFS,
    ),
    "moved-branch": Rule(
        "the branch of a release is at another commit than the one that was released",
        "put it back, and find out who pushed to it; the finding has the command",
        _REFS,
    ),
    "rewritten": Rule(
        "the pages branch no longer holds the release that was live: its history was rewritten, or it is gone",
        "invoke releases, then publish again over what is there: invoke deploy",
        "https://git-scm.com/docs/git-push#_note_about_fast_forwards",
    ),
    "bad-name": Rule(
        "a release has a name that is none, or of another environment",
        "find out what published it: invoke releases.audit",
        "https://git-scm.com/docs/git-check-ref-format",
    ),
    "unknown-branch": Rule(
        "a branch is named like a release that the ledger does not know (advice)",
        "look at it with git log; leave such names to releases",
        _REFS,
    ),
    "archived": Rule(
        "branches of releases were taken away after they were copied to an archive (advice)",
        "nothing: the audit log says where they are",
        _REFS,
    ),
    "unprotected": Rule(
        "no ruleset of the repository forbids deleting and moving the branches of releases (advice)",
        "invoke deploy.setup makes it",
        _RULESETS,
    ),
}
_made = partial(told, RULES)


def unavailable(tools: Tools) -> str | None:
    """Return None: whether the remote answers shows only when it is asked."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the place and its refs here; a remote elsewhere is asked again after a minute.

    So one chain of tasks asks once, and who has mended something need not wait.
    """
    elsewhere = subject.plans.get("remote", "")
    minute = subject.moment[: len("2026-01-01T00:00")] if elsewhere else ""
    return digest(
        NAME, VERSION, subject.environment, elsewhere, subject.branch, subject.plans.get("refs", ""), minute
    )


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Ask the remote for its branches, and the ledger for the releases; raises Unavailable."""
    facts = tools.remote(NAME)
    # Branches of no release are none of our business, and there may be thousands.
    known = {one["name"] for one in facts["releases"]}
    heads = {name: oid for name, oid in facts["heads"].items() if name in known or _DATED.match(name)}
    nothing = "" if known or heads else f"{facts['environment']}: nothing is released yet"
    return Evidence({**facts, "heads": heads}, nothing=nothing)


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what is missing, moved or badly named, and what would protect the rest."""
    facts = evidence.data
    if evidence.nothing:
        return []
    found = [*_rewritten(facts)]
    for one in facts["releases"]:
        found += _release(facts, one)
    found += _archived(facts)
    found += _unknown(facts)
    found += _unprotected(facts)
    return found


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how many releases there are, and how many of them have their branch."""
    if evidence.nothing:
        return []
    facts = evidence.data
    kept = [one for one in facts["releases"] if not one["archived"] or one["name"] in facts["heads"]]
    right = sum(facts["heads"].get(one["name"]) == one["commit"] for one in kept)
    return [Measure("releases", len(facts["releases"])), Measure("branches in place", right, len(kept))]


def _rewritten(facts: Mapping[str, Any]) -> Iterator[Finding]:
    if not facts["rewritten"]:
        return
    newest = facts["releases"][0]["name"] if facts["releases"] else facts["live"][:10]
    now = f"is at {facts['tip'][:10]}" if facts["tip"] else "is gone"
    command = f"git --git-dir={facts['objects']} push {facts['remote']} {facts['live']}:refs/heads/{facts['branch']}"
    yield _made(
        "rewritten",
        f"the pages branch {facts['branch']} {now} and no longer holds {facts['live'][:10]}, which was live "
        f"({newest} is the newest release that is known)",
        fix=command
        if not facts["tip"]
        else "git log the commit to see whose it is, then: invoke releases.audit",
    )


def _release(facts: Mapping[str, Any], one: Mapping[str, Any]) -> Iterator[Finding]:
    name, commit = one["name"], one["commit"]
    if problem := _misnamed(name, facts["token"]):
        yield _made("bad-name", f"the release {name} {problem}", path=name)
    now = facts["heads"].get(name)
    if now == commit or (now is None and one["archived"]):
        return
    since = f"in the ledger since {one['when']}" if one["when"] else "in the ledger"
    target = f"{facts['remote']} {commit}:refs/heads/{name}"
    git = f"git --git-dir={facts['objects']}"
    lost = (
        ""
        if one["here"]
        else f"; first, since {commit[:10]} is not on this machine: run it where it was released"
    )
    if now is None:
        text = f"the branch {name} is missing on the remote; its release is {since}, at {commit[:10]}"
        yield _made("missing-branch", text, path=name, fix=f"{git} push {target}{lost}")
        return
    text = f"the branch {name} is at {now[:10]}; its release is {since}, at {commit[:10]}"
    lease = f"--force-with-lease=refs/heads/{name}:{now}"
    yield _made("moved-branch", text, path=name, fix=f"{git} push {lease} {target}{lost}")


def _misnamed(name: str, token: str) -> str:
    match = _NAMED.match(name)
    if not match:
        return "is not named YYYYMMDD-HHMMSS-<environment>-<description>"
    try:
        datetime.strptime(match[1], "%Y%m%d-%H%M%S")  # noqa: DTZ007 - whether there is such a day at all
    except ValueError:
        return "is named after a time that there is not"
    return "" if match[2] == token else f"is named after the environment {match[2]}, not {token}"


def _archived(facts: Mapping[str, Any]) -> Iterator[Finding]:
    gone = [one for one in facts["releases"] if one["archived"] and one["name"] not in facts["heads"]]
    if gone:
        text = f"{count_text(len(gone), 'release')} taken away after being copied {gone[0]['archived']}"
        yield _made("archived", text, blocking=False, details=few([one["name"] for one in gone]))


def _unknown(facts: Mapping[str, Any]) -> Iterator[Finding]:
    known = {one["name"] for one in facts["releases"]}
    own = [
        name
        for name in sorted(facts["heads"])
        if (match := _NAMED.match(name)) and match[2] == facts["token"]
    ]
    strange = [name for name in own if name not in known]
    if strange:
        text = (
            f"the ledger knows nothing of {len(strange):,} that are named like releases, such as {strange[0]}"
        )
        yield _made("unknown-branch", text, blocking=False, details=few(strange))


def _unprotected(facts: Mapping[str, Any]) -> Iterator[Finding]:
    given = facts["protection"]
    if given is None or not facts["production"]:
        return
    if given["unreadable"]:
        text = f"whether a ruleset protects the branches of releases cannot be read: {given['unreadable']}"
        yield _made("unprotected", text, blocking=False)
        return
    example = f"refs/heads/20260101-000000-{facts['token']}-x"
    rules = {
        rule
        for one in given["rules"]
        if any(fnmatchcase(example, pattern) or pattern == "~ALL" for pattern in one["include"])
        for rule in one["rules"]
    }
    if lacking := sorted({"deletion", "update"} - rules):
        text = f"no ruleset of the repository forbids the {' and '.join(lacking)} of branches of releases"
        fix = f"invoke deploy.setup --env={facts['environment']}"
        yield _made("unprotected", text, blocking=False, fix=fix)
