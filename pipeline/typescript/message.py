"""The commit messages of repairs: errors removed, proof, changed expressions."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.core.files import plural
from pipeline.typescript.commits import TRAILER
from pipeline.typescript.record import Made
from pipeline.typescript.steps import Step

_SUBJECT = 72
_EXPRESSION = 100


def message(step: Step, repairs: Sequence[Made], name: str) -> str:
    """Return the message of a step's commit; `name` is the run's name for it."""
    return "\n".join(
        [
            subject(step),
            "",
            *_summary(step, repairs),
            "",
            "Repairs:",
            *(line for one in repairs for line in _repair(one)),
            *_expressions(repairs),
            "",
            f"{TRAILER}: {name}",
            f"Ts-Errors: {step.before} -> {step.after}",
            f"Ts-Proof: {'type-only' if all(one.proven for one in repairs) else 'changes listed above'}",
            "",
        ]
    )


def subject(step: Step) -> str:
    """Return a commit's first line, of at most 72 characters."""
    count = plural(len(step.repairs), "type repair")
    text = f"ts: {', '.join(step.names)}: {count}"
    short = f"ts: {step.names[0]} and {len(step.names) - 1} more: {count}" if len(step.names) > 1 else text
    return text if len(text) <= _SUBJECT else short[:_SUBJECT]


def _summary(step: Step, repairs: Sequence[Made]) -> list[str]:
    changed = [one for one in repairs if not one.proven]
    removed = f"{plural(step.before - step.after, 'error')} removed, {step.after} left."
    if not changed:
        return [removed, "Proven type-only: the emitted JavaScript is the same, byte for byte."]
    proven = plural(len(repairs) - len(changed), "repair")
    return [
        removed,
        f"{proven} proven type-only; {len(changed)} with the changes of the JavaScript listed below.",
    ]


def _repair(one: Made) -> list[str]:
    codes = " ".join(sorted({f"TS{each.code}" for each in one.errors}))
    head = f"- {one.file}:{one.line}" + (f" {codes}" if codes else "")
    return [head, f"  {one.why}"] + ([f"  risk: {one.risk}"] if one.risk else [])


def _expressions(repairs: Sequence[Made]) -> list[str]:
    lines = [
        f"- {each.file}, {each.form}: {short(each.before)} -> {short(each.after)}"
        for one in repairs
        for each in one.changes
    ]
    return ["", "Changed expressions:", *lines] if lines else []


def short(code: str) -> str:
    """Return a piece of code on one line, of at most 100 characters; nothing as `(nothing)`."""
    text = " ".join(code.split())
    return (text if len(text) <= _EXPRESSION else text[: _EXPRESSION - 3] + "...") or "(nothing)"
