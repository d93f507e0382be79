"""A judgement as JUnit XML, which CI systems and editors show: a suite for each principle, a case for each gate.

There is no standard; this keeps to what Ant's schema and Jenkins agree on:
https://github.com/windyroad/JUnit-Schema/blob/master/JUnit.xsd
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from checks.base import Verdict
from pipeline.gates import show
from pipeline.gates.evidence import Judged, Judgement
from pipeline.gates.score import PRINCIPLES, shown

# What XML 1.0 has no way to say: https://www.w3.org/TR/xml/#charsets
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(judgement: Judgement) -> bytes:
    """Return the document as UTF-8.

    Failed is a failure; unavailable is an error where it is in the way, else skipped; put off is skipped.
    """
    top = Element("testsuites", name="pages-pipeline check", time=f"{judgement.duration:.3f}")
    for principle in PRINCIPLES:
        every = [one for one in judgement.results if one.principle == principle]
        if every:
            _suite(top, principle, every, judgement)
    indent(top)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(top, "unicode")}\n'.encode()


def _suite(top: Element, principle: str, every: list[Judged], judgement: Judgement) -> None:
    suite = SubElement(
        top,
        "testsuite",
        name=f"principle {principle}",
        timestamp=judgement.judged_at.removesuffix("Z"),
        tests=str(len(every)),
        failures=str(sum(one.verdict is Verdict.FAILED for one in every)),
        errors=str(sum(one.verdict is Verdict.UNAVAILABLE and one.blocks for one in every)),
        skipped=str(sum(one.verdict is Verdict.UNAVAILABLE and not one.blocks for one in every)),
        time=f"{sum(one.seconds for one in every):.3f}",
    )
    about = SubElement(suite, "properties")
    told = {
        "tree": judgement.tree,
        "environment": judgement.environment,
        "evidence": judgement.digest,
        "score": shown(judgement.score.principles[principle]),
    }
    for name, value in told.items():
        SubElement(about, "property", name=name, value=value)
    for one in every:
        _case(suite, one)


def _case(suite: Element, one: Judged) -> None:
    case = SubElement(
        suite, "testcase", name=one.gate, classname=f"gates.{one.principle}", time=f"{one.seconds:.3f}"
    )
    if one.verdict is Verdict.FAILED:
        first = next((finding.message for finding in one.findings if finding.blocking), one.reason)
        _say(SubElement(case, "failure", message=_clean(first), type="failed"), one)
    elif one.verdict is Verdict.UNAVAILABLE:
        kind = "error" if one.blocks else "skipped"
        _say(SubElement(case, kind, message=_clean(one.reason), type=show.word(one)), one)
    notes = [f"waived until {used.until} for {used.scope}: {used.reason}" for used in one.waivers]
    notes += [
        line for finding in one.findings if not finding.blocking for line in show.finding_lines(finding)
    ]
    if notes:
        SubElement(case, "system-out").text = _clean("\n".join(notes))


def _say(element: Element, one: Judged) -> None:
    element.text = _clean("\n".join(show.gate_lines(one)))


def _clean(text: str) -> str:
    return _NO_CHARACTER.sub("\ufffd", text)
