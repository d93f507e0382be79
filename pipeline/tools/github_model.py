"""What GitHub says about a repository, as typed data."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.core.clock import parse

Json = Mapping[str, Any]

# The workflow that GitHub itself starts for a push to the pages branch where Actions are enabled; it bills nothing.
PAGES_WORKFLOW = "dynamic/pages/pages-build-deployment"


@dataclass(frozen=True)
class Unreadable:
    """What could not be read, and why; never to be taken for "nothing there". Status 0: no answer came."""

    reason: str
    status: int = 0
    fix: str = ""


@dataclass(frozen=True)
class Repository:
    """A repository and what the login may do there; `organization` says what kind of account owns it."""

    owner: str
    name: str
    private: bool
    default_branch: str
    admin: bool
    organization: bool = False


@dataclass(frozen=True)
class PagesSite:
    """A Pages site; `status` is None until its first build, `certificate` the state of a custom domain's."""

    build_type: str
    branch: str
    path: str
    cname: str | None
    https_enforced: bool
    url: str
    status: str | None
    certificate: str | None = None


@dataclass(frozen=True)
class Build:
    """One build of a Pages site: queued, building, built or errored."""

    status: str
    commit: str
    error: str | None
    duration_seconds: float
    created: str


@dataclass(frozen=True)
class Health:
    """What GitHub found out about a custom domain; `pending` while it is looking."""

    pending: bool
    host: str = ""
    valid: bool | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Permissions:
    """Whether Actions may run in a repository."""

    enabled: bool
    allowed_actions: str | None


@dataclass(frozen=True)
class Run:
    """One run of a workflow; `path` is the workflow's file, or a name of GitHub's own that starts with `dynamic/`."""

    id: int
    name: str
    event: str
    status: str
    conclusion: str | None
    created: str
    path: str
    branch: str
    url: str

    @property
    def of_pages(self) -> bool:
        """Whether GitHub started it by itself to publish a branch."""
        return self.path.startswith(PAGES_WORKFLOW)


@dataclass(frozen=True)
class Runs:
    """The runs since a moment: how many, and the newest of them."""

    total: int
    newest: tuple[Run, ...]


@dataclass(frozen=True)
class Workflow:
    """A workflow file of a branch."""

    path: str
    text: str


@dataclass(frozen=True)
class Ruleset:
    """A repository's own ruleset for branches; `bypass` is how many actors it does not hold for."""

    id: int
    name: str
    enforcement: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    rules: tuple[str, ...]
    target: str = "branch"
    bypass: int = 0

    def body(self) -> dict[str, object]:
        """Return it as GitHub wants it, without its id."""
        return {
            "name": self.name,
            "target": self.target,
            "enforcement": self.enforcement,
            "conditions": {"ref_name": {"include": list(self.include), "exclude": list(self.exclude)}},
            "rules": [{"type": rule} for rule in self.rules],
        }


@dataclass(frozen=True)
class Usage:
    """A day's metered use of one product: `quantity` in `unit` (lower case), `net` in US dollars."""

    date: str
    product: str
    sku: str
    quantity: float
    unit: str
    net: float
    repository: str

    @property
    def actions_minutes(self) -> float:
        """Return the minutes of Actions among it."""
        return self.quantity if self.product == "actions" and self.unit.startswith("minute") else 0.0


@dataclass(frozen=True)
class Commit:
    """A commit: its id, tree, parents, message, and when it was committed."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    message: str
    when: datetime


def repository(data: Json) -> Repository:
    """Read `GET /repos/{owner}/{repo}`."""
    return Repository(
        owner=data["owner"]["login"],
        name=data["name"],
        private=bool(data["private"]),
        default_branch=data["default_branch"],
        admin=bool((data.get("permissions") or {}).get("admin")),
        organization=data["owner"].get("type") == "Organization",
    )


def pages(data: Json) -> PagesSite:
    """Read `GET /repos/{owner}/{repo}/pages`."""
    source = data.get("source") or {}
    return PagesSite(
        build_type=data.get("build_type") or "legacy",
        branch=source.get("branch", ""),
        path=source.get("path", ""),
        cname=data.get("cname") or None,
        https_enforced=bool(data.get("https_enforced")),
        url=data.get("html_url", ""),
        status=data.get("status"),
        certificate=(data.get("https_certificate") or {}).get("state"),
    )


def build(data: Json) -> Build:
    """Read a build; GitHub gives its duration in milliseconds."""
    error = (data.get("error") or {}).get("message")
    duration = float(data.get("duration") or 0) / 1000
    return Build(data["status"], data.get("commit") or "", error, duration, data.get("created_at") or "")


def health(data: Json) -> Health:
    """Read `GET /repos/{owner}/{repo}/pages/health`."""
    domain = data.get("domain") or {}
    return Health(False, domain.get("host", ""), domain.get("is_valid"), domain.get("reason"))  # noqa: FBT003


def run(data: Json) -> Run:
    """Read one of `workflow_runs`."""
    return Run(
        id=int(data["id"]),
        name=data.get("name") or "",
        event=data.get("event") or "",
        status=data.get("status") or "",
        conclusion=data.get("conclusion"),
        created=data.get("created_at") or "",
        path=data.get("path") or "",
        branch=data.get("head_branch") or "",
        url=data.get("html_url") or "",
    )


def ruleset(data: Json) -> Ruleset:
    """Read `GET /repos/{owner}/{repo}/rulesets/{id}`."""
    names = (data.get("conditions") or {}).get("ref_name") or {}
    return Ruleset(
        id=int(data["id"]),
        name=data["name"],
        enforcement=data["enforcement"],
        include=tuple(names.get("include") or ()),
        exclude=tuple(names.get("exclude") or ()),
        rules=tuple(rule["type"] for rule in data.get("rules") or ()),
        target=data.get("target") or "branch",
        bypass=len(data.get("bypass_actors") or ()),
    )


def usage(items: Iterable[Json]) -> tuple[Usage, ...]:
    """Read `usageItems` of a billing report."""
    return tuple(
        Usage(
            date=str(one.get("date", ""))[:10],
            product=str(one.get("product", "")).lower(),
            sku=str(one.get("sku", "")),
            quantity=float(one.get("quantity") or 0),
            unit=str(one.get("unitType", "")).lower(),
            net=float(one.get("netAmount") or 0),
            repository=str(one.get("repositoryName", "")),
        )
        for one in items
    )


def commit(data: Json) -> Commit:
    """Read `GET /repos/{owner}/{repo}/git/commits/{sha}`."""
    parents = tuple(one["sha"] for one in data["parents"])
    when = parse(data["committer"]["date"])
    return Commit(data["sha"], data["tree"]["sha"], parents, data["message"], when)


def refs(data: Iterable[Json]) -> dict[str, str]:
    """Read `GET /repos/{owner}/{repo}/git/matching-refs/heads/`: the branches by name."""
    return {one["ref"].removeprefix("refs/heads/"): one["object"]["sha"] for one in data}


def text(data: Json) -> str:
    """Read the content of a file, which GitHub sends in base64."""
    return base64.b64decode(data.get("content") or "").decode("utf-8", "replace")
