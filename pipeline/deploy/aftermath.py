"""What an emergency put off is measured right after its release, and the result goes into the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.core.model import Artifact
from pipeline.deploy import logbook
from pipeline.deploy.audit import Event, Kind, event_of
from pipeline.deploy.desk import Desk
from pipeline.deploy.release import Outcome
from pipeline.tools.git import identity

if TYPE_CHECKING:
    from pipeline.gates.evidence import Judged, Judgement

_PAUSES = (1.0, 4.0)


def catch_up(desk: Desk, artifact: Artifact, deferred: tuple[str, ...], outcome: Outcome) -> Outcome:
    """Measure what was put off, note it in the audit log, and return the outcome with what was found.

    The release stays live whatever is found: whether it goes is for a person to say.
    """
    from pipeline.gates import evidence, show
    from pipeline.gates.runner import judge_site

    ui.say(f"{outcome.release} is live; now what the emergency put off: {', '.join(deferred)}")
    judgement = judge_site(desk.project, artifact, desk.target.name, only=deferred, clock=desk.clock)
    found = tuple(line for one in judgement.results if not _good(one) for line in show.gate_lines(one))
    path = evidence.path_of(desk.project.state, judgement.tree, judgement.environment, judgement.policy)
    whole = evidence.read(path) or judgement
    evidence.seal(desk.project.state, whole.tree, whole.digest)
    verdicts = ", ".join(f"{one.gate} {show.word(one)}" for one in judgement.results)
    if not enter(desk.again(), outcome, whole, verdicts):
        ui.warn(f"the audit log could not be written: only this machine knows that {verdicts}")
    return replace(outcome, put_off=deferred, found_late=found)


def _good(one: Judged) -> bool:
    from pipeline.gates.score import Standing

    return one.standing in {Standing.PASSED, Standing.NOTHING}


def enter(desk: Desk, outcome: Outcome, whole: Judgement, verdicts: str) -> bool:
    """Write what was measured into the audit log, with the evidence where that is shared; return whether it went."""
    from pipeline.gates import evidence

    def event() -> Event:
        return event_of(
            Kind.MEASURED, desk.target, release=outcome.release, commit=outcome.commit, tree="",
            who=identity(desk.project.root), host=desk.host, when=desk.clock(),
            evidence=whole.digest, note=verdicts,
        )  # fmt: skip

    shared = desk.target.options.share_evidence
    line = evidence.line_of(whole.record) if shared else b""
    return logbook.enter_surely(desk, event, _PAUSES, line)


def tell(outcome: Outcome) -> None:
    """Raise Stop (8) when what was put off did not pass: loudly, with the way back."""
    if not outcome.found_late:
        return
    text = f"{outcome.release} is live, and what the emergency put off did not pass"
    hint = f"invoke rollback --env={outcome.environment}, or mend the site and deploy again"
    raise Stop(text, hint, Code.DRIFT, outcome.found_late)
