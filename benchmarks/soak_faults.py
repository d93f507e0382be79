"""What goes wrong in the soak: how often, and how it is brought about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from soak_world import OWNER, Kill, Site

if TYPE_CHECKING:
    from soak_world import Double

Arm = Callable[["Double", Site, Random], None]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    `client` says when the client dies (empty: it does not): `moment`, `late` or `git`. `server` says when the server
    dies and comes back by itself. `rivals`: two machines release at once.
    """

    name: str
    weight: int
    arm: Arm = lambda _double, _site, _random: None
    client: str = ""
    server: str = ""
    rivals: bool = False

    def kill(self, random: Random) -> Kill | None:
        """Return when the client dies, or None."""
        if self.client == "moment":
            return Kill(after=random.uniform(0.2, 2.5))
        if self.client == "late":
            return Kill(after=random.uniform(1.5, 4.0))
        if self.client == "git":
            return Kill(at=random.randint(1, 34), when=random.choice(["before", "after"]))
        return None


def cut(at: str, skip: int = 0, *, die: bool = False) -> Arm:
    """Cut the connection of a push after `skip` pushes; with `die` the server goes down there."""
    return lambda double, _site, _random: double("cut", at, where="push", skip=skip, die=die)


def fetch_refused(double: Double, _: Site, random: Random) -> None:
    """Refuse a git request that reads."""
    double("refuse", random.choice([500, 502, 503, 429]), where="git", skip=random.randrange(3))


def api_refused(status: int) -> Arm:
    """Let a build stick, and refuse the first questions about it."""

    def arm(double: Double, _: Site, random: Random) -> None:
        double("build_sticks")
        if status:
            double("refuse", status, where="api", times=random.randint(1, 2), retry_after=1)
        else:
            double("limit", secondary=True, retry_after=1, times=1)

    return arm


def front_refuses(status: int) -> Arm:
    """Refuse some answers of the published site."""

    def arm(double: Double, _: Site, random: Random) -> None:
        times, skip = random.randint(1, 6), random.randint(0, 8)
        after = 1 if status == 429 else None
        double("refuse", status, where="front", times=times, skip=skip, retry_after=after)

    return arm


def stale(low: float, high: float) -> Arm:
    """Let every second or third answer be of the release before, for some seconds."""

    def arm(double: Double, _: Site, random: Random) -> None:
        double("stale_edge", every=random.choice([2, 3]), seconds=random.uniform(low, high))

    return arm


def builds_fail(times: int = 1, skip: int = -1) -> Arm:
    """Let builds fail, and cut a push after `skip` pushes where it is 0 or more."""

    def arm(double: Double, _: Site, random: Random) -> None:
        double("build_fails", "Page build failed.", times=times)
        if skip >= 0:
            double("cut", random.choice(["before", "upload", "after", "response"]), where="push", skip=skip)

    return arm


def builds_stick(double: Double, _: Site, _random: Random) -> None:
    """Let a build stick until it is kicked."""
    double("build_sticks")


def builds_take_long(double: Double, _: Site, random: Random) -> None:
    """Let a build take longer than GitHub is waited for without a question."""
    double("build_takes", random.uniform(1.5, 4.0))


def slow_front(double: Double, _: Site, random: Random) -> None:
    """Send the published site at a trickle."""
    double("slow", random.choice([20_000, 50_000]), where="front")


def front_resets(double: Double, _: Site, random: Random) -> None:
    """Break connections to the published site."""
    double("cut", "response", where="front", times=random.randint(1, 5), skip=random.randrange(6))


def git_hangs(double: Double, _: Site, random: Random) -> None:
    """Let git wait for an answer."""
    double("hang", random.uniform(0.5, 2.0), where="git", times=2)


def foreign_commit(double: Double, site: Site, _: Random) -> None:
    """Let somebody else commit a page before the release."""
    files = {f"hello-{site.turn}.html": f"<p>hello {site.turn}</p>"}
    double("foreign_commit", f"{OWNER}/{site.name}", "gh-pages", files)


def domain_set(double: Double, site: Site, _: Random) -> None:
    """Let a domain be set on GitHub, which commits CNAME."""
    files = {"CNAME": f"harbour-{site.turn}.example\n"}
    double("foreign_commit", f"{OWNER}/{site.name}", "gh-pages", files)


def foreign_race(double: Double, site: Site, _: Random) -> None:
    """Let somebody else commit after the push was sent and before it is taken."""
    files = {f"hello-{site.turn}.html": f"<p>hello {site.turn}</p>"}
    double("race", f"{OWNER}/{site.name}", "gh-pages", files)


FAULTS = (
    Fault("none", 10),
    Fault("push cut before", 2, cut("before")),
    Fault("push cut in the upload", 2, cut("upload")),
    Fault("push cut after it was taken", 2, cut("after")),
    Fault("push cut in the response", 2, cut("response")),
    Fault("audit push cut before", 2, cut("before", 1)),
    Fault("audit push cut after it was taken", 2, cut("after", 1)),
    Fault("git answers 5xx or 429", 2, fetch_refused),
    Fault("git hangs", 1, git_hangs),
    Fault("stuck build", 2, builds_stick),
    Fault("stuck build, API 502", 2, api_refused(502)),
    Fault("stuck build, API 429", 2, api_refused(429)),
    Fault("stuck build, API 403", 2, api_refused(403)),
    Fault("stuck build, secondary limit", 2, api_refused(0)),
    Fault("slow build", 2, builds_take_long),
    Fault("slow front", 2, slow_front),
    Fault("front resets", 2, front_resets),
    Fault("front 403", 2, front_refuses(403)),
    Fault("front 503", 2, front_refuses(503)),
    Fault("front 429", 2, front_refuses(429)),
    Fault("stale edges", 3, stale(0.3, 2.0)),
    Fault("stale edges beyond the deadline", 1, stale(9.0, 10.0)),
    Fault("failed build", 3, builds_fail()),
    Fault("failed build, the rollback's too", 1, builds_fail(2)),
    Fault("failed build, audit push cut", 2, builds_fail(skip=1)),
    Fault("failed build, rollback's push cut", 3, builds_fail(skip=2)),
    Fault("failed build, client killed late", 3, builds_fail(), client="late"),
    Fault("stuck build, client killed late", 2, builds_stick, client="late"),
    Fault("client killed at a random moment", 8, client="moment"),
    Fault("client killed around a git command", 8, client="git"),
    Fault("failed build, client killed around a git command", 3, builds_fail(), client="git"),
    Fault("server killed in the upload", 2, cut("upload", die=True)),
    Fault("server killed after the push", 2, cut("after", die=True)),
    Fault("server killed after the push, client too", 2, cut("after", die=True), client="late"),
    Fault("server killed at a random moment, back soon", 3, server="moment"),
    Fault("race of two machines", 6, rivals=True),
    Fault("race of two machines, one killed", 4, rivals=True, client="moment"),
    Fault("race of two machines, failed build", 2, builds_fail(), rivals=True),
    Fault("foreign commit", 2, foreign_commit),
    Fault("domain set on GitHub", 2, domain_set),
    Fault("foreign commit in the push", 2, foreign_race),
)
NAMES = tuple(fault.name for fault in FAULTS)


def deck(random: Random, count: int, only: str = "") -> list[Fault]:
    """Return `count` faults in random order, each in proportion to its weight and as evenly as that goes."""
    weighted = [fault for fault in FAULTS for _ in range(fault.weight) if only in fault.name]
    dealt: list[Fault] = []
    while len(dealt) < count:
        dealt += random.sample(weighted, len(weighted))
    return dealt[:count]
