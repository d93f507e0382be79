"""An analysis as SARIF 2.1.0, which GitHub's code scanning and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pipeline.typescript.analysis import Analysis, Cause, Problem

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# What GitHub takes of one run; the first in the order of repair are kept.
MOST_RESULTS = 25_000


def log(done: Analysis, *, version: str, checker: str) -> dict[str, Any]:
    """Return a log with one run: a rule for each code, a result for each error; `checker` made the messages."""
    shown = done.problems[:MOST_RESULTS]
    codes = sorted({one.error.code for one in shown})
    rules = {code: at for at, code in enumerate(codes)}
    heads = {one.error.code: one.error for one in reversed(shown)}
    causes = {one.number: one for one in done.causes}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pages-pipeline ts.report",
                        "version": version,
                        "informationUri": "https://www.typescriptlang.org/tsconfig/",
                        "rules": [_rule(code, heads[code].category) for code in codes],
                        "properties": {"checker": checker},
                    }
                },
                "columnKind": "utf16CodeUnits",
                "originalUriBaseIds": {"SITE": {"description": {"text": "The site's folder."}}},
                "results": [_result(one, rules, causes[one.cause]) for one in shown],
                "properties": {"errors": done.errors, "causes": len(done.causes)},
            }
        ],
    }


def _rule(code: int, category: str) -> dict[str, Any]:
    return {
        "id": f"TS{code}",
        "shortDescription": {"text": f"TS{code}: {category}"},
        "defaultConfiguration": {"level": "error"},
        "properties": {"category": category},
    }


def _result(one: Problem, rules: dict[int, int], cause: Cause) -> dict[str, Any]:
    error = one.error
    found: dict[str, Any] = {
        "ruleId": f"TS{error.code}",
        "ruleIndex": rules[error.code],
        "level": "error" if one.blocks else "warning",
        "message": {"text": f"{error.message}\nCause {cause.number}: {cause.title}. {cause.removal}."},
        "locations": [_location(error.file or "tsconfig.json", error.line, error.column)],
        "properties": {
            "category": error.category,
            "cause": cause.number,
            "order": one.order,
            "minutes": one.minutes,
            "reached": one.reached,
        },
    }
    if cause.line and (cause.file, cause.line) != (error.file, error.line):
        there = _location(cause.file, cause.line, 0)
        found["relatedLocations"] = [{**there, "id": 1, "message": {"text": cause.title}}]
    return found


def _location(file: str, line: int, column: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(file), "uriBaseId": "SITE"}}
    if line > 0:
        place["region"] = {"startLine": line, **({"startColumn": column} if column > 0 else {})}
    return {"physicalLocation": place}
