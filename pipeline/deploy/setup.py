"""A repository on GitHub becomes what releases need: Pages from the branch, Actions off, history protected."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from pipeline.core import ui
from pipeline.core.errors import Stop
from pipeline.deploy.names import token
from pipeline.deploy.target import Target
from pipeline.tools.github import (
    Hub,
    PagesSite,
    Permissions,
    Refused,
    Repository,
    Ruleset,
    Unreadable,
    coordinates,
    must,
)
from pipeline.tools.github_place import PUBLIC

# What an action is: a change to be made, something that is right already, or something that cannot be had (yet).
State = Literal["change", "right", "impossible"]
_PREFIX = "pages-pipeline"
# The one state of a custom domain's certificate with which GitHub lets HTTPS be enforced.
_CERTIFIED = "approved"


@dataclass(frozen=True)
class Wanted:
    """What an environment needs; `cname` None says nothing about a domain."""

    environment: str
    branch: str
    audit_branch: str
    cname: str | None
    production: bool
    path: str = "/"


@dataclass(frozen=True)
class Facts:
    """What GitHub has; `branch_exists` is about the pages branch."""

    repository: Repository
    branch_exists: bool
    pages: PagesSite | Unreadable | None
    permissions: Permissions | Unreadable
    rulesets: tuple[Ruleset, ...] | Unreadable


@dataclass(frozen=True)
class Action:
    """One thing that setup looks at: `what` it is, `why` it is to be changed or left, and `values` to change it by."""

    state: State
    kind: str
    what: str
    why: str
    values: Mapping[str, Any]
    hint: str = ""

    def line(self, *, done: bool) -> str:
        """Return it for people to read, before it is done or after."""
        words = {
            "change": "done" if done else "to do",
            "right": "already right",
            "impossible": "not possible",
        }
        return f"{words[self.state]}: {self.what} ({self.why})"


def wanted_for(target: Target) -> Wanted:
    """Return what an environment needs."""
    at = coordinates(target.remote)
    # Where an Enterprise Server serves its sites is its own business.
    cname = target.options.cname or (domain_of(target.url) if at and at.host == PUBLIC else None)
    return Wanted(target.name, target.branch, target.audit_branch, cname, target.production)


def domain_of(url: str) -> str | None:
    """Return the custom domain that a site's address means; None for GitHub's own and for this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.endswith((".github.io", ".localhost")) or parts.port is not None or "." not in host:
        return None
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return None


def read_facts(hub: Hub, wanted: Wanted) -> Facts:
    """Ask GitHub; raises Stop (7) when not even the repository can be read."""
    repository = must(hub.repository())
    branch = must(hub.ref(f"heads/{wanted.branch}"))
    return Facts(repository, branch is not None, hub.pages(), hub.actions_permissions(), hub.rulesets())


def plan(facts: Facts, wanted: Wanted) -> tuple[Action, ...]:
    """Return every action, those included that change nothing because all is right; pure."""
    if not facts.repository.admin:
        slug = f"{facts.repository.owner}/{facts.repository.name}"
        why = f"your login may not administer {slug}"
        return (
            Action(
                "impossible", "admin", "set the repository up", why, {}, "ask its owner, or log in as one"
            ),
        )
    return (_actions(facts), *_pages(facts, wanted), *_rulesets(facts, wanted))


def pending(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Return the actions that would change something."""
    return tuple(one for one in actions if one.state == "change")


def _right(kind: str, what: str, why: str) -> Action:
    return Action("right", kind, what, why, {})


def _unread(kind: str, what: str, reason: Unreadable) -> Action:
    return Action("impossible", kind, what, reason.reason, {}, reason.fix)


def _actions(facts: Facts) -> Action:
    what = "turn Actions off"
    if isinstance(facts.permissions, Unreadable):
        return _unread("actions.disable", what, facts.permissions)
    if not facts.permissions.enabled:
        return _right("actions.disable", "Actions", "they are off")
    # Never `local_only`: then the pages branch is not published any more.
    return Action(
        "change", "actions.disable", what, "they are on: each release would start a run", {"enabled": False}
    )


def _pages(facts: Facts, wanted: Wanted) -> Iterator[Action]:
    site = facts.pages
    source = {"branch": wanted.branch, "path": wanted.path}
    place = f"branch {wanted.branch}, folder {wanted.path}"
    first = f"invoke deploy --env={wanted.environment}"
    if isinstance(site, Unreadable):
        yield _unread("pages.create", "the Pages site", site)
    elif not facts.branch_exists and (site is None or site.branch != wanted.branch):
        what = f"publish from {place}"
        why = f"there is no branch {wanted.branch} yet: the first deploy makes it, and the site"
        yield Action("impossible", "pages.create", what, why, {}, first)
    elif site is None:
        yield Action("change", "pages.create", f"make the Pages site from {place}", "there is none", source)
        if wanted.cname:
            yield _domain(wanted.cname, None)
    else:
        yield _source(site, wanted, place)
        yield from _address(site, wanted)


def _source(site: PagesSite, wanted: Wanted, place: str) -> Action:
    wrong = []
    if site.build_type != "legacy":
        wrong.append(f"it is published by a workflow ({site.build_type})")
    if (site.branch, site.path) != (wanted.branch, wanted.path):
        wrong.append(f"its source is branch {site.branch}, folder {site.path}")
    if not wrong:
        return _right("pages.source", "the Pages site", f"it is published from {place}")
    values = {"build_type": "legacy", "source": {"branch": wanted.branch, "path": wanted.path}}
    return Action("change", "pages.source", f"publish from {place}", " and ".join(wrong), values)


def _address(site: PagesSite, wanted: Wanted) -> Iterator[Action]:
    """Judge domain and HTTPS; a domain that the settings do not name is left alone, for it may be live."""
    if wanted.cname and site.cname != wanted.cname:
        yield _domain(wanted.cname, site.cname)
        # GitHub gets a new certificate first, and refuses both changes in one.
        why = "GitHub gets a certificate for the new domain first"
        again = f"invoke deploy.setup --env={wanted.environment}"
        yield Action("impossible", "pages.https", "enforce HTTPS", why, {}, again)
        return
    if wanted.cname:
        yield _right("pages.domain", "the domain", f"it is {wanted.cname}")
    elif site.cname:
        why = f"GitHub serves the site at {site.cname}, which the settings do not name"
        hint = f"set environments.{wanted.environment}.url to https://{site.cname}/"
        yield Action("impossible", "pages.domain", "agree on the domain", why, {}, hint)
    yield _https(site, wanted)


def _domain(cname: str, now: str | None) -> Action:
    why = f"it is {now}" if now else "the site has none"
    return Action("change", "pages.domain", f"set the domain to {cname}", why, {"cname": cname})


def _https(site: PagesSite, wanted: Wanted) -> Action:
    if site.https_enforced:
        return _right("pages.https", "HTTPS", "it is enforced")
    if site.cname and site.certificate != _CERTIFIED:
        why = f"the certificate of {site.cname} is not there yet ({site.certificate or 'not asked for'})"
        again = f"invoke deploy.setup --env={wanted.environment}"
        return Action("impossible", "pages.https", "enforce HTTPS", why, {}, again)
    return Action("change", "pages.https", "enforce HTTPS", "it is not enforced", {"https_enforced": True})


def rulesets_for(wanted: Wanted) -> tuple[Ruleset, ...]:
    """Return the rulesets that keep an environment's history: nobody is let through, not even its owner."""
    name = token(wanted.environment)
    lasting = Ruleset(
        0,
        f"{_PREFIX}: branches of {name}",
        "active",
        (f"refs/heads/{wanted.branch}", f"refs/heads/{wanted.audit_branch}"),
        (),
        ("deletion", "non_fast_forward"),
    )
    releases = Ruleset(
        0,
        f"{_PREFIX}: releases of {name}",
        "active",
        (f"refs/heads/*-{name}-*",),
        (),
        ("deletion", "non_fast_forward", "update"),
    )
    return (lasting, releases) if wanted.production else (lasting,)


def _rulesets(facts: Facts, wanted: Wanted) -> Iterator[Action]:
    what = "protect the branches by rulesets"
    if isinstance(facts.rulesets, Unreadable):
        if facts.rulesets.status == 403 and facts.repository.private:
            why = "GitHub has them for private repositories on paid plans only; our pushes are still fast-forwards"
            yield Action(
                "impossible", "ruleset", what, why, {}, "make the repository public, or upgrade its plan"
            )
        else:
            yield _unread("ruleset", what, facts.rulesets)
        return
    known = {one.name: one for one in facts.rulesets}
    for ruleset in rulesets_for(wanted):
        yield _ruleset(ruleset, known.get(ruleset.name))


def _ruleset(wanted: Ruleset, now: Ruleset | None) -> Action:
    places = ", ".join(one.removeprefix("refs/heads/") for one in wanted.include)
    what = f"forbid {', '.join(wanted.rules)} of {places}".replace("non_fast_forward", "force pushes")
    if now is None:
        return Action("change", "ruleset.create", what, "there is no such ruleset", asdict(wanted))
    same = replace(wanted, id=now.id)
    if same == replace(now, include=_ordered(now.include, wanted.include), rules=tuple(sorted(now.rules))):
        return _right("ruleset.update", f"the ruleset {wanted.name}", f"it covers {places}")
    why = f"the ruleset {wanted.name} says something else"
    return Action("change", "ruleset.update", what, why, asdict(same))


def _ordered(found: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    return wanted if sorted(found) == sorted(wanted) else found


_APPLY: dict[str, Callable[[Hub, Mapping[str, Any]], None]] = {
    "actions.disable": lambda hub, values: hub.disable_actions(),  # noqa: ARG005
    "pages.create": lambda hub, values: hub.create_pages(values["branch"], values["path"]),
    "pages.source": lambda hub, values: hub.update_pages(**values),
    "pages.domain": lambda hub, values: hub.update_pages(**values),
    "pages.https": lambda hub, values: hub.update_pages(**values),
    "ruleset.create": lambda hub, values: hub.create_ruleset(Ruleset(**values)),
    "ruleset.update": lambda hub, values: hub.update_ruleset(Ruleset(**values)),
}


def apply(hub: Hub, action: Action) -> None:
    """Make one change; raises Refused (7) with what GitHub said."""
    _APPLY[action.kind](hub, action.values)


def make(hub: Hub, actions: tuple[Action, ...]) -> None:
    """Make changes in their order, each as a step; raises Stop (7) at the first that GitHub refuses."""
    for done, action in enumerate(actions):
        with ui.step(action.what):
            try:
                apply(hub, action)
            except Refused as refused:
                again = f"{done} of {len(actions)} changes are made; run it again to go on"
                raise Stop(refused.message, refused.hint, refused.code, (again,) if done else ()) from refused
