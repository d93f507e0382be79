"""The releases of an environment, as its own git history tells them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.core.errors import Stop
from pipeline.deploy.target import Target
from pipeline.tools.gh import credentials
from pipeline.tools.git import Git, moves

_FIELD, _RECORD = "\x1f", "\x1e"
# The kind of a release that changes nothing but what stands below the folder of previews.
PREVIEW = "preview"


@dataclass(frozen=True)
class Release:
    """A release commit and its trailers; `tree` is the published tree, `artifact` the built one inside it."""

    name: str
    commit: str
    tree: str
    environment: str
    kind: str
    artifact: str
    manifest: str
    source: str
    evidence: str
    restores: str
    who: str
    when: datetime
    why: str


@dataclass(frozen=True)
class Remote:
    """What the remote says: every branch and the commit it is at, and which of them are ours."""

    heads: Mapping[str, str]
    branch: str
    audit_branch: str

    @property
    def tip(self) -> str | None:
        """Return the commit at the pages branch, None when nothing was ever published."""
        return self.heads.get(self.branch)

    @property
    def audit(self) -> str | None:
        """Return the commit at the audit branch."""
        return self.heads.get(self.audit_branch)

    @property
    def branches(self) -> frozenset[str]:
        """Return the names of all branches."""
        return frozenset(self.heads)


def trailers(message: str) -> dict[str, str]:
    """Return the trailers of a commit message: the `Key: value` lines of its last paragraph."""
    last = message.strip().rsplit("\n\n", 1)[-1]
    pairs = (line.split(": ", 1) for line in last.splitlines() if ": " in line)
    return {key: value.strip() for key, value in pairs}


def message(name: str, why: str, values: dict[str, str]) -> str:
    """Return a release commit's message; empty values leave no trailer."""
    lines = "\n".join(f"{key}: {value}" for key, value in values.items() if value)
    return f"{name}\n\n{why}\n\n{lines}\n"


def read_remote(git: Git, target: Target) -> Remote:
    """Ask the remote for its branches; raises GitError (7) when it does not answer."""
    what = f"the repository of {target.name} does not answer ({target.remote})"
    config = credentials(target.remote)
    done = git.run("ls-remote", "--heads", "--", target.remote, what=what, timeout=120.0, config=config)
    rows = [line.split("\t") for line in done.text.splitlines() if "\t" in line]
    heads = {ref.removeprefix("refs/heads/"): oid for oid, ref in rows}
    return Remote(heads, target.branch, target.audit_branch)


def follow(git: Git, target: Target, remote: Remote) -> None:
    """Bring the histories of the pages and the audit branch into the object store, unless they are here already."""
    wanted = {
        target.live_ref: (target.branch, remote.tip),
        target.audit_ref: (target.audit_branch, remote.audit),
    }
    tips = [tip for _, tip in wanted.values() if tip]
    names = [*wanted, *(f"{tip}^{{commit}}" for tip in tips)]
    here = dict(zip(names, git.ids(*names), strict=True))
    stale = {ref: (branch, tip) for ref, (branch, tip) in wanted.items() if here[ref] != tip}
    away = {ref: branch for ref, (branch, tip) in stale.items() if tip and not here[f"{tip}^{{commit}}"]}
    if away:
        refspecs = [f"+refs/heads/{branch}:{ref}" for ref, branch in away.items()]
        git.run(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--",
            target.remote,
            *refspecs,
            config=credentials(target.remote),
        )
    if stale:
        git.run("update-ref", "--stdin", stdin=moves({ref: tip for ref, (_, tip) in stale.items()}))


def releases(git: Git, target: Target, limit: int = 0) -> list[Release]:
    """Return the environment's releases, newest first, from the history that `follow` brought."""
    form = _FIELD.join(("%H", "%T", "%ct", "%cn", "%B")) + _RECORD
    count = [f"--max-count={limit}"] if limit else []
    done = git.try_run("log", "--first-parent", f"--format={form}", *count, target.live_ref)
    if not done.ok:
        return []
    records = done.out.decode("utf-8", "replace").split(_RECORD)
    found = [_release(record.strip("\n")) for record in records if record.strip()]
    return [one for one in found if one is not None]


def _release(record: str) -> Release | None:
    commit, tree, seconds, who, text = record.split(_FIELD, 4)
    values = trailers(text)
    if "Release" not in values:
        return None
    return Release(
        name=values["Release"],
        commit=commit,
        tree=tree,
        environment=values.get("Environment", ""),
        kind=values.get("Kind", "deploy"),
        artifact=values.get("Artifact-Tree", ""),
        manifest=values.get("Manifest", ""),
        source=values.get("Source-Commit", ""),
        evidence=values.get("Evidence", ""),
        restores=values.get("Restores", ""),
        who=who,
        when=datetime.fromtimestamp(int(seconds), tz=UTC),
        why=text.split("\n\n")[1].strip() if "\n\n" in text else "",
    )


def find(known: list[Release], wanted: str) -> Release:
    """Return the one release that `wanted` names: whole, by unique beginning, or by commit; Stop (2) otherwise."""
    exact = [one for one in known if one.name == wanted]
    matches = exact or [one for one in known if one.name.startswith(wanted) or one.commit.startswith(wanted)]
    if len(matches) == 1:
        return matches[0]
    names = [one.name for one in known]
    if matches:
        listed = tuple(one.name for one in matches[:10])
        raise Stop(f"{wanted} fits {len(matches)} releases", "give the whole name", details=listed)
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.4)
    nearest = f"; the nearest is {near[0]}" if near else ""
    raise Stop(f"there is no release {wanted}{nearest}", "invoke releases")
