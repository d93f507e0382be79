"""A judgement as SARIF 2.1.0: a rule for each that a gate reported, a result for each finding."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

from checks import GATES
from checks.base import Finding, Rule, Verdict
from pipeline.core import sarif
from pipeline.gates.evidence import Judged, Judgement


def log(judgement: Judgement, *, version: str) -> dict[str, Any]:
    """Return a log with one run; gates that could not measure are in its `invocations`, waived findings suppressed."""
    pairs = [(one, finding) for one in judgement.results for finding in one.findings]
    # What blocks comes first, so that it is not what is cut off.
    pairs.sort(key=lambda pair: not pair[1].blocking)
    kept = pairs[: sarif.MOST_RESULTS]
    names = sorted({_id(one, finding) for one, finding in kept})
    places = {name: at for at, name in enumerate(names)}
    firsts = {_id(one, finding): (one, finding) for one, finding in reversed(kept)}
    driver = {
        "name": "pages-pipeline check",
        "version": version,
        "rules": [_rule(name, *firsts[name]) for name in names],
    }
    silent = [one for one in judgement.results if one.verdict is Verdict.UNAVAILABLE]
    invocation = {
        "executionSuccessful": not silent,
        "toolExecutionNotifications": [
            {
                "level": "error" if one.blocks else "warning",
                "message": {"text": f"{one.gate} could not measure: {one.reason}"},
                "descriptor": {"id": one.gate},
            }
            for one in silent
        ],
    }
    properties = {
        "tree": judgement.tree,
        "environment": judgement.environment,
        "evidence": judgement.digest,
        "score": judgement.score.overall,
        "results": len(pairs),
    }
    results = [_result(one, finding, places) for one, finding in kept]
    return sarif.log(driver, results, ["SITE", "OUTPUT"], invocations=[invocation], properties=properties)


def _id(one: Judged, finding: Finding) -> str:
    return f"{one.gate}/{finding.rule}"


def _rule(name: str, one: Judged, finding: Finding) -> dict[str, Any]:
    known = explained(one.gate, finding.rule)
    what = known.what if known else finding.message
    fix = (known.fix if known else "") or finding.fix
    source = finding.source or (known.source if known else "")
    return {
        "id": name,
        "shortDescription": {"text": what},
        **({"help": {"text": fix}} if fix else {}),
        **({"helpUri": source} if source else {}),
        "defaultConfiguration": {"level": "error" if finding.blocking else "note"},
        "properties": {"gate": one.gate, "principle": one.principle},
    }


def explained(gate: str, rule: str) -> Rule | None:
    """Return what a gate says of a rule, by its own name or by the first pattern that fits."""
    rules: Mapping[str, Rule] = GATES[gate].RULES if gate in GATES else {}
    if rule in rules:
        return rules[rule]
    return next((told for name, told in rules.items() if fnmatch.fnmatchcase(rule, name)), None)


def _result(one: Judged, finding: Finding, places: Mapping[str, int]) -> dict[str, Any]:
    name = _id(one, finding)
    text = "\n".join([finding.message, *finding.details, *([f"fix: {finding.fix}"] if finding.fix else [])])
    found: dict[str, Any] = {
        "ruleId": name,
        "ruleIndex": places[name],
        "level": "error" if finding.blocking else "note",
        "message": {"text": text},
        "locations": [_location(one, finding)],
    }
    if one.verdict is Verdict.WAIVED and finding.blocking:
        reason = "; ".join(f"{waived.reason} (until {waived.until})" for waived in one.waivers)
        found["suppressions"] = [{"kind": "external", "justification": reason}]
    return found


def _location(one: Judged, finding: Finding) -> dict[str, Any]:
    line = finding.line or 0
    if one.scope == "source":
        return sarif.location(finding.path or "constitution.toml", line)
    if finding.path.startswith("/"):
        page = finding.path[1:]
        # A page's address, as the file that is served for it.
        file = f"{page}index.html" if not page or page.endswith("/") else page
        return sarif.location(file, line, base="OUTPUT")
    if finding.path:
        return sarif.location(finding.path, line, base="OUTPUT")
    return sarif.location("constitution.toml")
