"""What goes wrong on demand, at the servers' edge and in the building of sites."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "For more on scraping GitHub and how it may affect your rights, please review our Terms of Service"
)
_MESSAGES = {
    401: "Bad credentials",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Server Error",
    502: "Server Error",
    503: "Service Unavailable",
}
# What a token may be refused, and where.
UNREADABLE = {
    "billing": "/settings/billing/usage",
    "permissions": "/actions/permissions",
    "runs": "/actions/runs",
    "workflows": "/actions/workflows",
    "rulesets": "/rulesets",
    "pages": "/pages",
    "deployments": "/deployments",
}
CUTS = ("before", "upload", "after", "response")


@dataclass
class Plan:
    """What happens to one request."""

    status: int = 0
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: str = ""
    reset: bool = False
    die: bool = False
    rate: int = 0
    hang: float = 0.0


@dataclass
class Rule:
    """A plan for the next `times` requests that match (None for all), after `skip` of them."""

    plan: Plan
    where: str
    path: str
    method: str | None
    times: int | None
    skip: int
    ends_with: bool = False
    hits: int = 0

    def takes(self, places: frozenset[str], method: str, path: str) -> bool:
        if self.times is not None and self.hits >= self.times:
            return False
        if self.where != "any" and self.where not in places:
            return False
        if self.method and self.method != method:
            return False
        if not (path.endswith(self.path) if self.ends_with else path.startswith(self.path)):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True


@dataclass
class BuildFault:
    """What happens to the next `times` builds of a repository (any where it is empty)."""

    repository: str
    times: int
    fails: str = ""
    sticks: bool = False
    seconds: float | None = None


@dataclass(frozen=True)
class Stale:
    """For `seconds` after a release every `every`-th answer is of the one before."""

    repository: str
    every: int
    seconds: float


@dataclass(frozen=True)
class Race:
    """Somebody else commits just before a push is taken."""

    repository: str
    branch: str
    files: Mapping[str, str | bytes | None]
    message: str


class Faults:
    """All is well until something is set; `clear()` makes it so again.

    `where` is api, git (any git request), push (only the one that carries a pack), front (the published
    sites) or any. `path` is a prefix: `/repos/o/r/pages` (without `/api/v3`), `/o/r`, `/r/`. `times` is how
    many requests, None for all from now on; `skip` lets as many pass first.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._rules: list[Rule] = []
        self._builds: list[BuildFault] = []
        self._races: list[Race] = []
        self.stales: list[Stale] = []
        # Seconds from a push to the bytes; None holds builds until GitHub.finish_builds.
        self.publish_delay: float | None = 0.0
        # Seconds for which a build still says `building` although its bytes are served.
        self.status_lag: float = 0.0

    def clear(self) -> None:
        """Let all be well again, builds without delay."""
        with self._lock:
            self._rules.clear()
            self._builds.clear()
            self._races.clear()
            self.stales = []
            self.publish_delay, self.status_lag = 0.0, 0.0

    def refuse(
        self,
        status: int,
        path: str = "/",
        *,
        where: str = "api",
        method: str | None = None,
        times: int | None = 1,
        skip: int = 0,
        retry_after: int | None = None,
        message: str = "",
    ) -> Rule:
        """Answer with a status instead of doing what was asked."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        text = message or _MESSAGES.get(status, "Error")
        documentation = "https://docs.github.com/rest"
        body = {"message": text, "documentation_url": documentation, "status": str(status)}
        plan = Plan(status=status, body=body, headers=headers)
        return self._add(Rule(plan, where, path, method, times, skip))

    def limit(self, path: str = "/", *, secondary: bool = True, retry_after: int = 1, times: int = 1) -> Rule:
        """Rate limits of the API: the secondary one with Retry-After, the primary one with a reset time."""
        if secondary:
            return self.refuse(403, path, times=times, retry_after=retry_after, message=_SECONDARY)
        rule = self.refuse(403, path, times=times, message="API rate limit exceeded for user ID 1.")
        reset = str(int(time.time()) + retry_after)
        rule.plan.headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
        return rule

    def unreadable(self, what: str, status: int = 403, *, times: int | None = None) -> Rule:
        """Refuse to show billing, permissions, runs, workflows, rulesets, pages or deployments."""
        rule = self.refuse(status, UNREADABLE[what], method="GET", times=times)
        rule.ends_with = True
        if status == 403:
            rule.plan.body["message"] = "Resource not accessible by personal access token"
        return rule

    def cut(
        self,
        at: str = "response",
        path: str = "/",
        *,
        where: str = "push",
        method: str | None = None,
        times: int | None = 1,
        skip: int = 0,
        die: bool = False,
        reset: bool | None = None,
    ) -> Rule:
        """Cut the connection: in the middle of the upload, before or after doing it, or in the response.

        With `die` the whole double goes down there, as in a crash. `reset` sends nothing at all, which is
        what happens but for pushes: libcurl would send one again by itself on a connection used before, so
        there the answer begins, and ends in its head.
        """
        if at not in CUTS:
            raise ValueError(f"cut at one of {', '.join(CUTS)}")
        reset = where != "push" if reset is None else reset
        return self._add(Rule(Plan(cut=at, die=die, reset=reset), where, path, method, times, skip))

    def slow(
        self, bytes_per_second: int, path: str = "/", *, where: str = "front", times: int | None = None
    ) -> Rule:
        """Send answers at a trickle."""
        return self._add(Rule(Plan(rate=bytes_per_second), where, path, None, times, 0))

    def hang(self, seconds: float, path: str = "/", *, where: str = "api", times: int | None = 1) -> Rule:
        """Take a request and think about it for a while."""
        return self._add(Rule(Plan(hang=seconds), where, path, None, times, 0))

    def build_fails(
        self, message: str = "Page build failed.", repository: str = "", times: int = 1
    ) -> BuildFault:
        """Let the next builds end as errored with a message."""
        return self._add_build(BuildFault(repository, times, fails=message))

    def build_sticks(self, repository: str = "", times: int = 1) -> BuildFault:
        """Let the next builds say `building` for ever: only POST /pages/builds starts one that ends."""
        return self._add_build(BuildFault(repository, times, sticks=True))

    def build_takes(self, seconds: float, repository: str = "", times: int = 1) -> BuildFault:
        """Let the next builds take longer, or shorter, than `publish_delay`."""
        return self._add_build(BuildFault(repository, times, seconds=seconds))

    def stale_edge(self, every: int = 2, seconds: float = 60.0, repository: str = "") -> Stale:
        """Serve the release before from every n-th answer, for so long after a release."""
        stale = Stale(repository, every, seconds)
        self.stales = [*self.stales, stale]
        return stale

    def race(
        self,
        repository: str,
        branch: str,
        files: Mapping[str, str | bytes | None],
        message: str = "Update by somebody else",
    ) -> Race:
        """Let somebody else commit to a branch after the next push was sent and before it is taken."""
        race = Race(repository, branch, files, message)
        with self._lock:
            self._races.append(race)
        return race

    def plan(self, places: frozenset[str], method: str, path: str) -> Plan:
        """What happens to a request; each rule that takes it adds its part."""
        whole = Plan()
        with self._lock:
            for rule in self._rules:
                if rule.takes(places, method, path):
                    one = rule.plan
                    if one.status and not whole.status:
                        whole.status, whole.body, whole.headers = one.status, one.body, one.headers
                    whole.reset = whole.reset or one.reset
                    whole.cut, whole.die = whole.cut or one.cut, whole.die or one.die
                    whole.rate, whole.hang = whole.rate or one.rate, whole.hang + one.hang
        return whole

    def take_build(self, repository: str) -> BuildFault | None:
        with self._lock:
            for fault in self._builds:
                if fault.times > 0 and fault.repository.lower() in {"", repository.lower()}:
                    fault.times -= 1
                    return fault
        return None

    def take_races(self, repository: str) -> list[Race]:
        with self._lock:
            now = [race for race in self._races if race.repository.lower() == repository.lower()]
            self._races = [race for race in self._races if race not in now]
        return now

    def _add(self, rule: Rule) -> Rule:
        with self._lock:
            self._rules.append(rule)
        return rule

    def _add_build(self, fault: BuildFault) -> BuildFault:
        with self._lock:
            self._builds.append(fault)
        return fault
