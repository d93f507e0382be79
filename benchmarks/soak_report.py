"""The soak's figures: outcomes by fault, the rate, both clocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from measure import markdown

REQUIRED = 0.995
_LOST = frozenset({"torn", "bug", "hung", "claimed", "not recovered"})


@dataclass(frozen=True)
class Turn:
    """One release with one fault: how the runs that it struck ended, how the turn ended, seconds, what was said.

    `published` and `served` are the two clocks of the run that went live, in seconds; `proven`: the audit log says so.
    """

    fault: str
    what: str
    outcome: str
    struck: tuple[str, ...]
    seconds: float
    published: float | None
    served: float | None
    proven: bool
    story: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether it ended live and proven or cleanly rolled back, by itself or by the next run."""
        return self.outcome not in _LOST and " by run " not in self.outcome


def report(turns: Sequence[Turn], seconds: float, *, asked: int) -> tuple[str, bool]:
    """Return the report as Markdown, and whether the goals are met: 99.5% good, none torn."""
    if not turns:
        return "no turn was taken", False
    rate = sum(turn.good for turn in turns) / len(turns)
    alone = sum(turn.outcome in {"live", "rolled back"} for turn in turns) / len(turns)
    torn = sum(turn.outcome == "torn" for turn in turns)
    behind = sum(not turn.proven for turn in turns)
    outcomes = [name for name, _ in Counter(turn.outcome for turn in turns).most_common()]
    lines = [
        markdown(["fault", "turns", *outcomes], list(_rows(turns, outcomes))),
        "",
        f"{len(turns):,} of {asked:,} releases in {seconds / 60:.0f} minutes",
        f"success: {rate:.2%} (goal: 100%, required: {REQUIRED:.1%}); {alone:.1%} without a further run",
        f"torn states: {torn} (goal: 0)",
        f"releases whose proof the audit log lacks at the turn's end: {behind}",
        f"command to moved refs: {_quantiles([turn.published for turn in turns])}",
        f"moved refs to every byte served: {_quantiles([turn.served for turn in turns])}",
    ]
    return "\n".join(lines), rate >= REQUIRED and torn == 0


def _rows(turns: Sequence[Turn], outcomes: Sequence[str]) -> list[list[str]]:
    counts = Counter((turn.fault, turn.outcome) for turn in turns)
    faults = sorted({turn.fault for turn in turns})
    rows = [
        [
            fault,
            str(sum(turn.fault == fault for turn in turns)),
            *(_cell(counts[fault, one]) for one in outcomes),
        ]
        for fault in faults
    ]
    totals = Counter(turn.outcome for turn in turns)
    return [*rows, ["**all**", str(len(turns)), *(str(totals[one]) for one in outcomes)]]


def _cell(count: int) -> str:
    return str(count) if count else ""


def _quantiles(values: Sequence[float | None]) -> str:
    known = sorted(value for value in values if value is not None)
    if not known:
        return "unavailable"
    p50, p95 = (known[min(len(known) - 1, round(part * (len(known) - 1)))] for part in (0.5, 0.95))
    return f"p50 {p50:.2f} s, p95 {p95:.2f} s"
