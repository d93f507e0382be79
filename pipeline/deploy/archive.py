"""Branches of old releases, copied to another repository, and taken away here only when that is said twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.core import ui
from pipeline.core.clock import Clock, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.files import plural
from pipeline.core.project import Project
from pipeline.core.remotes import github
from pipeline.core.secrets import redact
from pipeline.deploy import audit
from pipeline.deploy.audit import Kind, event_of
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.ledger import Release
from pipeline.deploy.publish import push_audit
from pipeline.deploy.settle import at_desk
from pipeline.deploy.target import Target, target_of
from pipeline.tools.gh import credentials
from pipeline.tools.git import Git, identity

# One command line and one atomic push hold this many branches.
_AT_ONCE = 100


@dataclass(frozen=True)
class Request:
    """What the user asked for: which releases go where, and whether their branches go away here.

    `older_than` is in days; the newest `keep` releases stay whatever their age. `name` is the typed site name.
    """

    environment: str
    to: str
    older_than: int = 90
    keep: int = 20
    delete: bool = False
    name: str = ""


@dataclass(frozen=True)
class Archived:
    """What was (or would be) done: releases copied, those that were there already, and branches taken away here."""

    environment: str
    to: str
    copied: tuple[str, ...]
    there: tuple[str, ...]
    removed: tuple[str, ...]

    def lines(self, *, planned: bool) -> list[str]:
        """Return it for people to read."""
        verbs = ("would be copied", "would be removed here") if planned else ("copied", "removed here")
        said = [f"{len(self.copied)} {verbs[0]} to {redact(self.to)}, {len(self.there)} were there already"]
        said += [f"{len(self.removed)} {verbs[1]}"]
        return said + [f"  {name}" for name in (*self.copied, *self.there)]


def archive(project: Project, asked: Request, clock: Clock = utc_now) -> Archived:
    """Copy old release branches to the archive, make sure that they are there, and then, if asked, remove them here.

    Raises Stop: 2 for a wrong archive or name, 5 when the archive does not hold every one of them afterwards.
    """
    target = target_of(project, asked.environment)
    remote = remote_of(project, asked.to, target)
    if asked.delete:
        confirm(project, asked)
    with at_desk(project, target.name, "archiving", clock) as desk:
        chosen = choose(desk, asked)
        copied, there = copy(desk, remote, chosen)
        tell(desk, remote, chosen)
        removed = remove(desk, chosen) if asked.delete else ()
    return Archived(target.name, asked.to, copied, there, removed)


def plan_archive(project: Project, asked: Request, clock: Clock = utc_now) -> Archived:
    """Return what `archive` would do."""
    target = target_of(project, asked.environment)
    remote = remote_of(project, asked.to, target)
    desk = sit_down(project, target, clock)
    chosen = choose(desk, asked)
    heads = heads_of(desk.git, remote)
    new = tuple(one.name for one in chosen if heads.get(one.name) != one.commit)
    there = tuple(one.name for one in chosen if one.name not in new)
    return Archived(
        target.name, asked.to, new, there, tuple(one.name for one in chosen) if asked.delete else ()
    )


def remote_of(project: Project, text: str, target: Target) -> str:
    """Return the address of the archive, which may be written as a repository is in the settings."""
    if not text:
        raise Stop("where to? name another repository", "invoke releases.archive --to=<git remote>")
    known = github(text)
    if text.startswith(("./", "../", "~", "/")):
        remote = str((project.root / Path(text).expanduser()).resolve())
    else:
        remote = known.clone_url if known and "://" not in text and ":" not in text else text
    if remote == target.remote or (known and known == github(target.remote)):
        raise Stop(f"{text} is the repository of {target.name} itself", "name another one with --to")
    return remote


def confirm(project: Project, asked: Request) -> None:
    """Make sure that branches shall go away; raises Stop: 4 where nobody can be asked, 2 for another answer."""
    name = project.settings.site.name
    question = f"remove release branches of {asked.environment} here: type the site's name ({name}) to go on:"
    answer = asked.name or ui.ask(question, flag=f"--name={name}")
    if answer != name:
        raise Stop(
            f"that is not {name}: nothing was done",
            "invoke releases.archive without --yes-delete only copies",
        )


def choose(desk: Desk, asked: Request) -> list[Release]:
    """Return the releases to archive, oldest first."""
    live = frozenset(one.name for one in (desk.live, desk.newest) if one)
    age = timedelta(days=asked.older_than)
    return old_enough(desk.every, dict(desk.remote.heads), live, asked.keep, desk.clock() - age)


def old_enough(
    releases: Sequence[Release], heads: dict[str, str], live: frozenset[str], keep: int, before: datetime
) -> list[Release]:
    """Return the releases (given newest first) that may be archived, oldest first; pure.

    Never what is live, never the newest `keep`, never a branch that is not where its release left it.
    """
    return [
        one
        for one in reversed(releases[keep:])
        if one.when < before and one.name not in live and heads.get(one.name) == one.commit
    ]


def heads_of(git: Git, remote: str) -> dict[str, str]:
    """Return the branches of the archive; raises GitError (7) when it does not answer."""
    what = f"the archive does not answer ({redact(remote)})"
    done = git.run("ls-remote", "--heads", "--", remote, what=what, timeout=120.0, config=credentials(remote))
    rows = [line.split("\t") for line in done.text.splitlines() if "\t" in line]
    return {ref.removeprefix("refs/heads/"): oid for oid, ref in rows}


def copy(desk: Desk, remote: str, chosen: Sequence[Release]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Push what the archive lacks, and prove by asking it again that it holds every one; returns (copied, there)."""
    before = heads_of(desk.git, remote)
    missing = [one for one in chosen if before.get(one.name) != one.commit]
    timeout = desk.project.settings.timeouts.publish
    with ui.step(f"copy {plural(len(missing), 'release')} to the archive") as step:
        for part in parts(missing):
            specs = [f"{one.commit}:refs/heads/{one.name}" for one in part]
            what = "the archive did not take them; nothing was removed"
            words = ("push", "--porcelain", "--atomic", "--", remote, *specs)
            desk.git.run(*words, what=what, timeout=timeout, config=credentials(remote))
        after = heads_of(desk.git, remote)
        wrong = [one.name for one in chosen if after.get(one.name) != one.commit]
        if wrong:
            text = (
                f"the archive does not hold {plural(len(wrong), 'release')} as released; nothing was removed"
            )
            raise Stop(
                text, "look at the archive, then run the same command again", Code.PUBLISH, tuple(wrong[:10])
            )
        step.note = f"all {len(chosen)} are there, by their ids"
    new = tuple(one.name for one in missing)
    return new, tuple(one.name for one in chosen if one.name not in new)


def tell(desk: Desk, remote: str, chosen: Sequence[Release]) -> None:
    """Write into the audit log what is in the archive; raises Stop (5) when it does not take it."""
    known = {event.release for event in desk.events if event.kind is Kind.ARCHIVED}
    tip, now = desk.remote.audit, desk.clock()
    for one in chosen:
        if one.name in known:
            continue
        event = event_of(
            Kind.ARCHIVED,
            desk.target,
            release=one.name,
            commit=one.commit,
            tree=one.artifact,
            who=identity(desk.project.root),
            host=desk.host,
            when=now,
            note=f"to {redact(remote)}",
        )
        tip = audit.append(desk.git, tip, event, now)
    if tip and tip != desk.remote.audit:
        timeout = desk.project.settings.timeouts.publish
        if not push_audit(desk.git, desk.target, tip, desk.remote.audit, timeout):
            raise Stop(
                "the audit log could not be written; nothing was removed", "run it again", Code.PUBLISH
            )


def remove(desk: Desk, chosen: Sequence[Release]) -> tuple[str, ...]:
    """Remove branches from the environment's repository, each only while it is where its release left it."""
    target = desk.target
    with ui.step(f"remove {plural(len(chosen), 'release')} from {target.name}"):
        for part in parts(chosen):
            leases = [f"--force-with-lease=refs/heads/{one.name}:{one.commit}" for one in part]
            specs = [f":refs/heads/{one.name}" for one in part]
            words = ("push", "--porcelain", "--atomic", *leases, "--", target.remote, *specs)
            timeout = desk.project.settings.timeouts.publish
            done = desk.git.try_run(*words, timeout=timeout, config=credentials(target.remote))
            if not done.ok:
                text = f"{target.name} did not let its branches go; the archive holds all of them"
                hint = "a ruleset against deletion protects them: change it on GitHub first, if you mean it"
                raise Stop(text, hint, Code.PUBLISH, done.tail(12))
    return tuple(one.name for one in chosen)


def parts(releases: Iterable[Release]) -> list[list[Release]]:
    """Return releases in lists of at most a hundred."""
    every = list(releases)
    return [every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE)]
