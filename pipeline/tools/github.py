"""GitHub, as far as we need it: one repository's Pages site, builds, Actions, rulesets, billing and git objects."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pipeline.core.clock import stamp
from pipeline.core.errors import Code, Stop
from pipeline.tools import github_model as model
from pipeline.tools.gh import find_gh
from pipeline.tools.github_model import (
    Build,
    Commit,
    Health,
    PagesSite,
    Permissions,
    Repository,
    Ruleset,
    Run,
    Runs,
    Unreadable,
    Usage,
    Workflow,
)
from pipeline.tools.github_place import Coordinates, coordinates, on_github
from pipeline.tools.github_wire import Answer, Wire, login_command

__all__ = [
    "Build", "Commit", "Coordinates", "Health", "Hub", "PagesSite", "Permissions", "Refused", "Repository",
    "Ruleset", "Run", "Runs", "Unreadable", "Usage", "Workflow", "connect", "coordinates", "must", "on_github",
]  # fmt: skip

T = TypeVar("T")
_PAGE = 100
# GitHub advises at most 5,000 branches; twice as many are read.
_PAGES = 100
# A deployment's description: https://docs.github.com/rest/deployments/deployments
_DESCRIPTION = 140
_WORKFLOWS = ".github/workflows"


class Refused(Stop):
    """GitHub did not do what was asked; `answer` holds its status (0: none came) and what it said."""

    def __init__(self, what: str, answer: Answer, host: str) -> None:
        status = f" ({answer.status})" if answer.status else ""
        hint = login_command(host) if answer.status == 401 else ""
        super().__init__(f"GitHub did not {what}: {answer.message}{status}", hint, Code.SERVICE)
        self.answer = answer


def connect(remote: str, gh: str = "auto", environ: Mapping[str, str] | None = None) -> Hub | None:
    """Return the repository behind a remote's address, None when its host is not GitHub; nothing is asked yet.

    `gh` is the setting `tools.gh`. Raises Stop (69) when gh is missing.
    """
    at = on_github(remote, os.environ if environ is None else environ)
    return None if at is None else Hub(Wire(find_gh(gh), at))


def must(found: T | Unreadable) -> T:
    """Return what was read; raises Stop (7) with the reason when it could not be."""
    if isinstance(found, Unreadable):
        raise Stop(found.reason, found.fix, Code.SERVICE)
    return found


@dataclass(frozen=True)
class Hub:
    """One repository. What reads returns what it found or `Unreadable`; what changes something raises Refused (7)."""

    wire: Wire

    @property
    def at(self) -> Coordinates:
        """Return where it is."""
        return self.wire.at

    # Reading

    def repository(self) -> Repository | Unreadable:
        """Return what the repository is and what the login may do there."""
        return self._read("", "the repository", model.repository)

    def pages(self) -> PagesSite | Unreadable | None:
        """Return its Pages site, None when it has none."""
        return self._read_or_none("/pages", "its Pages site", model.pages)

    def latest_build(self) -> Build | Unreadable | None:
        """Return the newest build; it may say `building` although its bytes are served already."""
        return self._read_or_none("/pages/builds/latest", "the newest build", model.build)

    def builds(self, count: int = 30) -> tuple[Build, ...] | Unreadable:
        """Return the newest builds, newest first."""
        path = f"/pages/builds?per_page={min(count, _PAGE)}"
        return self._read(path, "its builds", lambda data: tuple(map(model.build, data)))

    def health(self) -> Health | Unreadable:
        """Return what GitHub knows of the custom domain; the first call starts its look and says `pending`."""
        answer = self._get("/pages/health")
        if answer.status == 202:
            return Health(pending=True)
        return self._typed(answer, "the health of its domain", model.health)

    def actions_permissions(self) -> Permissions | Unreadable:
        """Return whether Actions may run."""
        return self._read(
            "/actions/permissions",
            "whether Actions may run",
            lambda data: Permissions(bool(data["enabled"]), data.get("allowed_actions")),
        )

    def runs_since(self, moment: datetime) -> Runs | Unreadable:
        """Return the workflow runs that were created at or after a moment."""
        query = urlencode({"created": f">={stamp(moment)}", "per_page": _PAGE})
        return self._read(
            f"/actions/runs?{query}",
            "the workflow runs",
            lambda data: Runs(int(data["total_count"]), tuple(map(model.run, data["workflow_runs"]))),
        )

    def workflows(self, branch: str) -> tuple[Workflow, ...] | Unreadable:
        """Return the workflow files of a branch."""
        query = f"?ref={quote(branch, safe='')}"
        answer = self._get(f"/contents/{_WORKFLOWS}{query}")
        if answer.status == 404:
            return ()
        listed = self._typed(answer, f"the workflow files of {branch}", _workflow_paths)
        if isinstance(listed, Unreadable):
            return listed
        found = []
        for path in listed:
            text = self._read(f"/contents/{quote(path)}{query}", path, model.text)
            if isinstance(text, Unreadable):
                return text
            found.append(Workflow(path, text))
        return tuple(found)

    def rulesets(self) -> tuple[Ruleset, ...] | Unreadable:
        """Return the repository's own rulesets for branches; status 403 means that its plan has none."""
        path = f"/rulesets?includes_parents=false&targets=branch&per_page={_PAGE}"
        listed = self._read(path, "its rulesets", lambda data: [one["id"] for one in data])
        if isinstance(listed, Unreadable):
            return listed
        found = []
        for number in listed:
            one = self._read(f"/rulesets/{number}", "a ruleset", model.ruleset)
            if isinstance(one, Unreadable):
                return one
            found.append(one)
        return tuple(found)

    def billing_usage(
        self, owner: str, year: int, month: int, *, organization: bool
    ) -> tuple[Usage, ...] | Unreadable:
        """Return what an account used in a month; it needs the scope `user`, or the billing role of an organisation."""
        kind = "organizations" if organization else "users"
        answer = self.wire.get(f"/{kind}/{quote(owner)}/settings/billing/usage?year={year}&month={month}")
        found = self._typed(
            answer, f"what {owner} was billed for", lambda data: model.usage(data["usageItems"])
        )
        if isinstance(found, Unreadable) and found.status in {403, 404}:
            if organization:
                fix = f"log in as an owner or billing manager of {owner}"
            else:
                fix = login_command(self.at.host, "user")
            return Unreadable(found.reason, found.status, fix)
        return found

    def commit(self, oid: str) -> Commit | Unreadable:
        """Return a commit by its id."""
        return self._read(f"/git/commits/{oid}", f"commit {oid[:10]}", model.commit)

    def ref(self, name: str) -> str | Unreadable | None:
        """Return the commit that `heads/<branch>` is at, None when it is not there."""
        answer = self._get(f"/git/ref/{quote(name)}")
        if answer.status in {404, 409}:
            return None
        return self._typed(answer, name, lambda data: str(data["object"]["sha"]))

    def branches(self) -> dict[str, str] | Unreadable:
        """Return every branch and the commit it is at."""
        found: dict[str, str] = {}
        for number in range(1, _PAGES + 1):
            path = f"/git/matching-refs/heads/?per_page={_PAGE}&page={number}"
            rows = self._read(path, "its branches", model.refs)
            if isinstance(rows, Unreadable):
                return rows
            found |= rows
            if len(rows) < _PAGE:
                return found
        return Unreadable(f"{self.at.slug} has more than {_PAGE * _PAGES:,} branches")

    # Pages

    def create_pages(self, branch: str, path: str = "/") -> None:
        """Publish a branch, which must be there; a site that is there already is left as it is."""
        body = {"build_type": "legacy", "source": {"branch": branch, "path": path}}
        answer = self._post("/pages", body)
        if answer.status != 409:
            self._done(answer, "make the Pages site")

    def update_pages(self, **values: object) -> None:
        """Change `build_type`, `source`, `cname` (None takes it away) or `https_enforced`."""
        self._done(self.wire.send("PUT", self._path("/pages"), values), "change the Pages site")

    def request_build(self) -> None:
        """Ask for a build of what is on the branch: it also frees one that is stuck."""
        self._done(self._post("/pages/builds", None, again=True), "start a build")

    # Actions and rulesets

    def disable_actions(self) -> None:
        """Turn Actions off for the repository; never by `local_only`, which breaks publishing."""
        path = self._path("/actions/permissions")
        self._done(self.wire.send("PUT", path, {"enabled": False}), "turn Actions off")

    def create_ruleset(self, wanted: Ruleset) -> None:
        """Make a ruleset; its id is GitHub's to give."""
        self._done(self._post("/rulesets", wanted.body()), f"make the ruleset {wanted.name}")

    def update_ruleset(self, wanted: Ruleset) -> None:
        """Make the ruleset of this id what is wanted, for everybody."""
        body = {**wanted.body(), "bypass_actors": []}
        path = self._path(f"/rulesets/{wanted.id}")
        self._done(self.wire.send("PUT", path, body), f"change the ruleset {wanted.name}")

    # The view of deployments, for people only: nothing of ours depends on it

    def create_deployment(
        self, ref: str, environment: str, description: str, *, production: bool, transient: bool = False
    ) -> int:
        """Note a deployment and return its id; `github-pages` is a name that GitHub keeps for itself."""
        body = {
            "ref": ref,
            "environment": environment,
            "description": description[:_DESCRIPTION],
            "auto_merge": False,
            "required_contexts": [],
            "production_environment": production,
            "transient_environment": transient,
        }
        return int(self._done(self._post("/deployments", body), "note the deployment")["id"])

    def set_deployment_status(self, deployment: int, state: str, description: str, url: str = "") -> None:
        """Note how a deployment is doing: in_progress, success, failure, error, inactive."""
        body = {"state": state, "description": description[:_DESCRIPTION], "auto_inactive": True}
        if url:
            body["environment_url"] = url
        self._done(self._post(f"/deployments/{deployment}/statuses", body), "note the deployment's state")

    # Objects and refs

    def create_blob(self, data: bytes) -> str:
        """Store a file's bytes and return its id."""
        import base64

        body = {"content": base64.b64encode(data).decode("ascii"), "encoding": "base64"}
        return str(self._done(self._post("/git/blobs", body, again=True), "store a file")["sha"])

    def create_tree(self, base: str | None, entries: Sequence[Mapping[str, str | None]]) -> str:
        """Store the tree that is `base` (None: nothing) with `entries` (path, mode, type, sha) over it."""
        body = {**({"base_tree": base} if base else {}), "tree": [dict(one) for one in entries]}
        return str(self._done(self._post("/git/trees", body, again=True), "store the tree")["sha"])

    def create_commit(self, message: str, tree: str, parents: Sequence[str], who: str, when: datetime) -> str:
        """Store a commit and return its id; `who` is `Name <mail>`."""
        name, _, mail = who.partition(" <")
        person = {"name": name, "email": mail.rstrip(">"), "date": stamp(when)}
        body = {
            "message": message,
            "tree": tree,
            "parents": list(parents),
            "author": person,
            "committer": person,
        }
        return str(self._done(self._post("/git/commits", body, again=True), "store the commit")["sha"])

    def create_ref(self, name: str, commit: str) -> None:
        """Make `refs/heads/<branch>`, which must not be there yet."""
        answer = self._post("/git/refs", {"ref": name, "sha": commit})
        # Where the answer was lost, what is there tells.
        if not answer.ok and self.ref(name.removeprefix("refs/")) != commit:
            raise Refused(f"make {name}", answer, self.at.host)

    def update_ref(self, name: str, commit: str) -> None:
        """Move `heads/<branch>` forward; GitHub refuses (422) a commit that does not follow what is there."""
        answer = self.wire.send(
            "PATCH", self._path(f"/git/refs/{quote(name)}"), {"sha": commit, "force": False}
        )
        if not answer.ok and self.ref(name) != commit:
            raise Refused(f"move {name}", answer, self.at.host)

    # How

    def _path(self, below: str) -> str:
        return f"/repos/{self.at.owner}/{self.at.name}{below}"

    def _get(self, below: str) -> Answer:
        return self.wire.get(self._path(below))

    def _post(self, below: str, body: Mapping[str, Any] | None, *, again: bool = False) -> Answer:
        return self.wire.send("POST", self._path(below), body, again=again)

    def _done(self, answer: Answer, what: str) -> Any:  # noqa: ANN401 - JSON
        if not answer.ok:
            raise Refused(what, answer, self.at.host)
        return answer.data

    def _read(self, below: str, what: str, read: Callable[[Any], T]) -> T | Unreadable:
        return self._typed(self._get(below), what, read)

    def _read_or_none(self, below: str, what: str, read: Callable[[Any], T]) -> T | Unreadable | None:
        answer = self._get(below)
        return None if answer.status == 404 else self._typed(answer, what, read)

    def _typed(self, answer: Answer, what: str, read: Callable[[Any], T]) -> T | Unreadable:
        status = f" ({answer.status})" if answer.status else ""
        if not answer.ok:
            fix = login_command(self.at.host) if answer.status == 401 else ""
            reason = f"{self.at.slug}: {what} cannot be read: {answer.message}{status}"
            return Unreadable(reason, answer.status, fix)
        try:
            return read(answer.data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = f"{self.at.slug}: {what} cannot be read: the answer has another form ({error})"
            return Unreadable(reason, answer.status)


def _workflow_paths(data: Sequence[model.Json]) -> list[str]:
    return [one["path"] for one in data if one["type"] == "file" and one["path"].endswith((".yml", ".yaml"))]
