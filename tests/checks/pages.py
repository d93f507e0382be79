"""Good pages for tests of gates that need no browser, and what a gate says of a site."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from checks.__main__ import PlainTools
from checks.base import Evidence, Finding, Subject


def page(body: str = "", head: str = "", *, title: str = "A page", lang: str = "en") -> str:
    """A whole page that no gate has anything against."""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f'<meta name="description" content="What there is to know of {title}, in one sentence.">{head}</head>'
        f"<body><h1>{title}</h1>{body}</body></html>"
    )


def said(
    gate: ModuleType, subject: Subject, tools: PlainTools | None = None, **limits: object
) -> list[Finding]:
    """What a gate finds."""
    evidence: Evidence = gate.collect(subject, tools or PlainTools())
    return list(gate.judge(evidence, {**gate.LIMITS, **limits}))


def found(findings: list[Finding]) -> set[tuple[str, str]]:
    """The (rule, page) pairs."""
    return {(one.rule, one.path) for one in findings}


def complete(findings: list[Finding], gate: ModuleType) -> bool:
    """Whether every finding can be acted on: words, a remedy, a source, and a rule that is explained."""
    return all(
        one.message and one.fix and one.source.startswith("https://") and one.rule in gate.RULES
        and "{" not in one.message and len(one.details) <= 6
        for one in findings
    )  # fmt: skip


EXAMPLE = Path(__file__).parents[2] / "examples" / "site-dist.zip"
