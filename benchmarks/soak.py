"""Hundreds of releases with faults: how many end live and proven or cleanly rolled back, and that none ends torn."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from soak_faults import FAULTS, Fault, deck
from soak_oracle import Look, Oracle
from soak_report import Turn, report
from soak_world import OWNER, Double, Machine, Ran, Site, clean_environment, make_site, repeatable

SITES = 3
# Runs without a fault that a turn may need until its content is live.
RUNS = 3


@dataclass
class Worker:
    """One double, its sites, and the turns that were taken there."""

    folder: Path
    seed: str
    faults: list[Fault]
    turns: list[Turn]
    until: float

    def work(self) -> None:
        """Take a turn for every fault, until time is over."""
        env = clean_environment(self.folder / "home")
        double = Double(self.folder / "github", env)
        double.start()
        try:
            names = [f"harbour-{number}" for number in range(SITES)]
            sites = [make_site(double, self.folder, name, env) for name in names]
            oracles = {site.name: self._oracle(double, site) for site in sites}
            random = repeatable(self.seed)
            # The first release of a site has nothing to go back to: that is no turn for a fault.
            for number, fault in enumerate([*[FAULTS[0]] * SITES, *self.faults][: len(self.faults)]):
                if time.monotonic() > self.until:
                    break
                site = sites[number % SITES]
                turn = TurnMaker(double, site, oracles[site.name], repeatable(str(random.random()))).take(
                    fault
                )
                self.turns.append(turn)
                tell(turn)
        finally:
            double.kill()

    def _oracle(self, double: Double, site: Site) -> Oracle:
        return Oracle(site.bare, site.url, Path(double.about["ca"]))


def tell(turn: Turn) -> None:
    """Show a turn as a line of talk, with what its runs said where it went wrong."""
    print(f"{turn.outcome:24} {turn.fault} ({turn.what}, {turn.seconds:.1f} s)", file=sys.stderr, flush=True)
    if not turn.good:
        print("\n".join(f"    {line}" for line in turn.story), file=sys.stderr, flush=True)


@dataclass
class TurnMaker:
    """One release with one fault, and what is needed until all is well again."""

    double: Double
    site: Site
    oracle: Oracle
    random: Random

    def take(self, fault: Fault) -> Turn:
        """Let the fault strike a release, look at what is left, and let the next runs go on."""
        start = time.monotonic()
        self.site.turn += 1
        self.double("set", publish_delay=self.random.uniform(0.05, 0.3))
        back = len(self.oracle.chain) > 4 and not fault.rivals and self.random.random() < 0.2
        what = "rollback" if back else "deploy"
        machines = self.random.sample(self.site.machines, 2)
        before = self.oracle.look()
        fault.arm(self.double, self.site, self.random)
        runs = self._strike(fault, what, machines if fault.rivals else machines[:1])
        self._calm()
        after = self._settled()
        struck = [classify(ran, before, after) for ran in runs.values()]
        story = [line for name, ran in runs.items() for line in tale(name, ran)]
        outcome, more = self._recover(machines[0], struck, after)
        story += [*after.problems, *more]
        clocks = next((ran.outcome for ran in runs.values() if ran.code == 0), {})
        return Turn(
            fault.name, what, outcome, tuple(struck), time.monotonic() - start,
            clocks.get("published_seconds"), clocks.get("served_seconds"), self.oracle.proven, tuple(story),
        )  # fmt: skip

    def _strike(self, fault: Fault, what: str, machines: list[Machine]) -> dict[str, Ran]:
        """Run the clients while the fault is in force."""
        ran: dict[str, Ran] = {}

        def one(machine: Machine, place: int) -> None:
            kill = fault.kill(self.random) if place == 0 else None
            words = [what, "--env=prod", "--yes", "--json", self._why(what, place)]
            ran[machine.name] = machine.run(*words, kill=kill)

        for machine in machines:
            machine.write(f"{self.site.name} {self.site.turn} {machine.name}", self.random)
        threads = [threading.Thread(target=one, args=pair) for pair in zip(machines, range(9), strict=False)]
        for thread in threads:
            thread.start()
        if fault.server:
            time.sleep(self.random.uniform(0.3, 2.5))
            self.double.kill()
            time.sleep(self.random.uniform(0.0, 0.8))
            self.double.start()
        for thread in threads:
            thread.join()
        return ran

    def _why(self, what: str, place: int) -> str:
        # Both machines of a race may take the same name: that is part of it.
        flag = "--what" if what == "deploy" else "--why"
        return f"{flag}={what} {self.site.turn}{'ab'[place] if self.random.random() < 0.5 else ''}"

    def _calm(self) -> None:
        """End every fault."""
        self.double.start()
        self.double("clear")

    def _settled(self) -> Look:
        """Return what there is once no build is under way that could still end."""
        with contextlib.suppress(ValueError):  # A build that sticks, sticks.
            self.double("wait_idle", f"{OWNER}/{self.site.name}", 6.0)
        return self.oracle.look()

    def _recover(self, machine: Machine, struck: list[str], look: Look) -> tuple[str, list[str]]:
        """Return how the turn ended after at most RUNS further runs, and what they said."""
        if look.problems:
            return "torn", []
        if "bug" in struck or "hung" in struck:
            return "bug" if "bug" in struck else "hung", []
        if look.settled and set(struck) & {"live", "rolled back"}:
            return ("live" if "live" in struck else "rolled back"), []
        kind = "refused" if set(struck) == {"refused"} else "interrupted"
        said: list[str] = []
        for number in range(1, RUNS + 1):
            before = look
            ran = machine.run("deploy", "--env=prod", "--yes", "--json", "--adopt", f"--what=again {number}")
            look = self._settled()
            said += [*tale(f"again {number}, {machine.name}", ran), *look.problems]
            now = classify(ran, before, look)
            if look.problems or now == "bug":
                return "torn" if look.problems else "bug", said
            if look.settled and now in {"live", "rolled back"}:
                how = f"{kind}, then {now}"
                return (how if number == 1 else f"{kind}, {now} by run {number + 1}"), said
        return "not recovered", said


def classify(ran: Ran, before: Look, after: Look) -> str:
    """Return how one run ended: live, rolled back, refused, unproven, killed, bug, hung, or claimed (a lie)."""
    moved = before.newest != after.newest
    if ran.code is None:
        return "hung"
    if ran.code == 0:
        there = ran.outcome.get("commit") in after.chain
        return "live" if there and after.settled else "claimed"
    if ran.code < 0:
        return "killed before" if not moved and after.settled else "killed"
    if ran.code in {1, 2} or "Traceback" in ran.err:
        return "bug"
    if not moved:
        return "refused" if after.settled else "unproven"
    if "was rolled back" in ran.err and after.settled:
        return "rolled back"
    return "refused" if "nothing of yours was published" in ran.err else "unproven"


def tale(name: str, ran: Ran) -> list[str]:
    """Return what a run said, for people to read."""
    said = [line for line in ran.err.splitlines() if line.strip()]
    return [f"{name}: exit {ran.code} after {ran.seconds:.1f} s", *(f"  {line}" for line in said[-25:])]


def main() -> None:
    """Run the soak and print its report; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deploys", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--minutes", type=float, default=90.0, help="stop after so long, however many were made"
    )
    parser.add_argument("--fault", default="", help="only faults whose name contains this")
    parser.add_argument("--json", type=Path, help="also write every turn here")
    parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
    given = parser.parse_args()
    start = time.monotonic()
    faults = deck(repeatable(str(given.seed)), given.deploys, given.fault)
    folder = Path(tempfile.mkdtemp(prefix="pages-soak-"))
    workers = [
        Worker(
            folder / str(n), f"{given.seed}-{n}", faults[n :: given.workers], [], start + given.minutes * 60
        )
        for n in range(given.workers)
    ]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threads = [threading.Thread(target=worker.work, daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        print("stopping after the turns under way", file=sys.stderr)
        for worker in workers:
            worker.until = 0.0
        for thread in threads:
            thread.join()
    if given.keep:
        print(f"left in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    turns = [turn for worker in workers for turn in worker.turns]
    text, met = report(turns, time.monotonic() - start, asked=given.deploys)
    print(text)
    if given.json:
        given.json.write_text(json.dumps([asdict(turn) for turn in turns], indent=1))
    counts = Counter(turn.outcome for turn in turns)
    sys.exit(0 if met and counts.total() else 1)


if __name__ == "__main__":
    main()
