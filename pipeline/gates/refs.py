"""What became of the releases: their branches on the remote, and the copy of the live one in the object store."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from checks.base import digest
from pipeline.core.clock import stamp
from pipeline.core.errors import Stop
from pipeline.core.project import NamedEnvironment, Project
from pipeline.core.secrets import redact
from pipeline.tools.gh import credentials
from pipeline.tools.git import Git, Object

_FIELD, _RECORD = "\x1f", "\x1e"
_SECONDS = 120.0
# More objects than these are counted and not named.
_NAMED = 20
# So many bytes, or objects, are in memory at once.
_BATCH, _MOST = 16_000_000, 1_000


def digests(project: Project, environment: str) -> str:
    """Return what names the refs here: those of the object store, and of the embedded repository where it is that."""
    place = carrier(project, environment)
    # What was built and never released has references too: they change with every build and say nothing.
    found = [_refs(_objects(project).folder, "refs/heads", f"refs/pages/{place.name}")]
    if place.repository is None:
        found.append(_refs(_local(project), "refs"))
    return digest(found)


def _refs(folder: Path, *patterns: str) -> str:
    return (Git(folder).maybe("for-each-ref", *patterns) or "") if (folder / "HEAD").is_file() else ""


def carrier(project: Project, environment: str) -> NamedEnvironment:
    """Return the environment whose releases are meant: of a preview, the one that carries it on the same branch."""
    place = project.environment(environment)
    if not place.name.startswith("preview-"):
        return place
    every = [project.environment(name) for name in project.environments if not name.startswith("preview-")]
    at = (place.repository, place.branch)
    return next((one for one in every if (one.repository, one.branch) == at), place)


def branches(project: Project, environment: str) -> dict[str, Any]:
    """Return every release that the ledger knows and every branch of the remote, as JSON-able data.

    `releases` are newest first, each `{name, commit, when, archived, here}`, from the history of the pages branch and
    from the audit log; `heads` are the remote's branches. `rewritten` says that the remote's pages branch no longer
    holds the release that was live at the last look. Raises Stop (7) when the remote does not answer.
    """
    place = carrier(project, environment)
    remote = place.repository or str(_local(project))
    git = _objects(project)
    heads = _heads(project, place, remote, git)
    tip = heads.get(place.branch)
    live = _commit(git, f"refs/pages/{place.name}/live")
    if tip:
        _bring(git, remote, {place.branch: tip, _log_branch(place): heads.get(_log_branch(place), "")})
    known = _known(git, place, [one for one in (tip, live) if one], heads.get(_log_branch(place)))
    return {
        "environment": place.name,
        "token": "".join(sign for sign in place.name if sign.isalnum()),
        "production": place.production,
        "remote": redact(remote),
        "objects": _shown(git.folder, project.root),
        "branch": place.branch,
        "tip": tip,
        "live": live,
        "rewritten": bool(live and live != tip and not _holds(git, tip, live)),
        "releases": known,
        "heads": heads,
        "protection": _protection(project, place),
    }


def _heads(project: Project, place: NamedEnvironment, remote: str, git: Git) -> dict[str, str]:
    """Return the remote's branches; an embedded repository that is not there yet has none."""
    if place.repository is None and not (Path(remote) / "HEAD").is_file():
        return {}
    words = ("ls-remote", "--heads", "--", remote)
    # It needs no repository of its own; before the first build there is none.
    asker = git if git.exists() else Git(project.root, bare=False)
    done = asker.try_run(*words, timeout=_SECONDS, config=credentials(remote))
    if done.ok:
        rows = [line.split("\t") for line in done.text.splitlines() if "\t" in line]
        return {ref.removeprefix("refs/heads/"): oid for oid, ref in rows}
    if found := _asked_by_api(project, remote):
        return found
    text = f"the repository of {place.name} does not answer ({redact(remote)})"
    raise Stop(text, f"git ls-remote --heads {redact(remote)}", details=done.tail(5))


def _asked_by_api(project: Project, remote: str) -> dict[str, str] | None:
    from pipeline.tools.github import Unreadable, connect

    try:
        hub = connect(remote, project.settings.tools.gh)
        found = hub.branches() if hub else None
    except Stop:
        return None
    return None if found is None or isinstance(found, Unreadable) else found


def _bring(git: Git, remote: str, wanted: Mapping[str, str]) -> None:
    """Bring commits that are not here yet into the object store; no ref is moved, for others rely on those."""
    away = [branch for branch, oid in wanted.items() if oid and not git.has(f"{oid}^{{commit}}")]
    if away:
        words = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", remote)
        what = "the history of the releases cannot be fetched"
        git.run(*words, *(f"refs/heads/{one}" for one in away), what=what, config=credentials(remote))


def _known(
    git: Git, place: NamedEnvironment, tips: list[str], remote_log: str | None
) -> list[dict[str, Any]]:
    """Return every release of the history and of the audit log, newest first; the history is believed first."""
    found: dict[str, dict[str, Any]] = {}
    for tip in tips:
        for name, commit, when in _history(git, tip):
            found.setdefault(name, {"name": name, "commit": commit, "when": when, "archived": ""})
    archived = {}
    logs = [remote_log, _commit(git, f"refs/pages/{place.name}/audit")]
    for event in _events(git, [one for one in logs if one]):
        name, when = str(event.get("release", "")), str(event.get("when", ""))
        if event.get("kind") == "published" and name and event.get("commit"):
            given = {"name": name, "commit": str(event["commit"]), "when": when, "archived": ""}
            found.setdefault(name, given)
        elif event.get("kind") == "archived":
            archived[name] = f"{event.get('note', '')} on {when[:10]}"
    rows = sorted(found.values(), key=lambda one: str(one["name"]), reverse=True)
    here = git.ids(*(f"{one['commit']}^{{commit}}" for one in rows)) if rows else []
    return [
        {**one, "archived": archived.get(one["name"], ""), "here": oid is not None}
        for one, oid in zip(rows, here, strict=True)
    ]


def _history(git: Git, tip: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, commit and time of each release on a pages branch."""
    form = _FIELD.join(("%H", "%ct", "%(trailers:key=Release,valueonly,separator=%x20)")) + _RECORD
    text = git.maybe("log", "--first-parent", f"--format={form}", tip) or ""
    for record in text.split(_RECORD):
        commit, seconds, name = [*record.strip("\n").split(_FIELD), "", "", ""][:3]
        if name.strip():
            yield name.strip(), commit, stamp(datetime.fromtimestamp(int(seconds), tz=UTC))


def _events(git: Git, tips: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the events of the audit log; one that is no JSON is named by `releases audit`, not here."""
    text = git.maybe("log", f"--format=%B{_RECORD}", *tips) if tips else ""
    for record in (text or "").split(_RECORD):
        try:
            value = json.loads(record)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


def _protection(project: Project, place: NamedEnvironment) -> dict[str, Any] | None:
    """Return GitHub's rulesets, or why they cannot be read; None elsewhere."""
    from pipeline.tools.github import Unreadable, connect

    try:
        hub = connect(place.repository or "", project.settings.tools.gh)
        if hub is None:
            return None
        found = hub.rulesets()
    except Stop as stop:
        return {"rules": [], "unreadable": stop.message}
    if isinstance(found, Unreadable):
        return {"rules": [], "unreadable": found.reason}
    active = [one for one in found if one.enforcement == "active"]
    return {
        "rules": [{"name": one.name, "include": one.include, "rules": one.rules} for one in active],
        "unreadable": "",
    }


def backup(project: Project, environment: str) -> dict[str, Any]:
    """Return how whole the live release is in the object store, and where else it and its sources are.

    `releases` are the live one and the one before it, each `{name, commit, files, size, missing, broken}` with sizes in
    bytes; empty before the first release. `branch` is the commit at the live one's branch on the remote, None where it
    is not there, and `silent` why that could not be asked.
    """
    place = carrier(project, environment)
    git, remote = _objects(project), place.repository or str(_local(project))
    live = _commit(git, f"refs/pages/{place.name}/live")
    if live is None:
        return {"environment": place.name, "releases": []}
    history = [*_history(git, live)]
    releases = [_whole(git, name, commit) for name, commit, _ in history[:2]]
    about: dict[str, Any] = {"branch": None, "silent": ""}
    try:
        heads = _heads(project, place, remote, git)
        about["branch"] = heads.get(history[0][0]) if history else None
    except Stop as stop:
        about["silent"] = stop.message
    return {
        "environment": place.name,
        "remote": redact(remote),
        "objects": _shown(git.folder, project.root),
        "releases": releases,
        **about,
        "source": _source(project.root, git, live),
        "free": shutil.disk_usage(project.state).free,
    }


def _whole(git: Git, name: str, commit: str) -> dict[str, Any]:
    """Return what of a release is missing, or cannot be read; every file is really read and unpacked."""
    listed = git.try_run("rev-list", "--objects", "--no-walk", "--missing=print", commit)
    missing = [line[1:] for line in listed.text.splitlines() if line.startswith("?")]
    about = {"name": name, "commit": commit, "files": 0, "size": 0, "missing": len(missing)}
    broken = list(listed.tail(3)) if not listed.ok else []
    if not missing and not broken:
        sizes = git.try_run("ls-tree", "-r", "-l", "-z", commit)
        rows = [row.split("\t")[0].split() for row in sizes.text.split("\0") if "\t" in row]
        about |= {"files": len(rows), "size": sum(int(row[3]) for row in rows if row[3].isdigit())}
        # Of one that cannot be unpacked git tells no size.
        files = [(row[2], int(row[3]) if row[3].isdigit() else 0) for row in rows if row[1] == "blob"]
        broken = _unreadable(git, files)
    return {**about, "named": missing[:_NAMED], "broken": broken}


def _unreadable(git: Git, wanted: Iterable[tuple[str, int]]) -> list[str]:
    """Return what cannot be read, or holds other bytes than its id says: git looks at that only in `fsck`."""
    for batch in _batches(wanted):
        try:
            found = list(git.objects(batch))
        except Stop as stop:
            return [stop.message, *stop.details[-2:]]
        # git calls an object that it cannot unpack missing, too.
        bad = [oid for oid, one in zip(batch, found, strict=False) if one is None or _id_of(one) != one.oid]
        if bad:
            return [f"{oid} holds other bytes than its name says" for oid in bad[:3]]
    return []


def _batches(wanted: Iterable[tuple[str, int]]) -> Iterator[list[str]]:
    batch: dict[str, int] = {}
    for oid, size in wanted:
        batch[oid] = size
        if sum(batch.values()) > _BATCH or len(batch) >= _MOST:
            yield list(batch)
            batch = {}
    if batch:
        yield list(batch)


def _id_of(one: Object) -> str:
    head = f"{one.kind} {len(one.data)}\0".encode()
    return hashlib.sha1(head + one.data, usedforsecurity=False).hexdigest()


def _source(root: Path, git: Git, live: str) -> dict[str, Any]:
    """Return the commit that the live release was built from, and which branches of remotes hold it."""
    commit = git.maybe("log", "-1", "--format=%(trailers:key=Source-Commit,valueonly,separator=%x20)", live)
    site = Git(root, bare=False)
    remotes = (site.maybe("remote") or "").split()
    held = (
        site.maybe("branch", "--remotes", "--format=%(refname:short)", "--contains", commit) if commit else ""
    )
    here = bool(commit) and site.has(f"{commit}^{{commit}}")
    return {"commit": commit or "", "here": here, "remotes": remotes, "pushed": (held or "").split()[:3]}


def _commit(git: Git, name: str) -> str | None:
    return git.maybe("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") if git.exists() else None


def _holds(git: Git, tip: str | None, commit: str) -> bool:
    return tip is not None and git.try_run("merge-base", "--is-ancestor", commit, tip).ok


def _log_branch(place: NamedEnvironment) -> str:
    return f"pages-audit-{place.name}"


def _objects(project: Project) -> Git:
    return Git(project.state / "objects.git")


def _local(project: Project) -> Path:
    return project.state / "local.git"


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
