"""An analysis as SARIF 2.1.0, which GitHub's code scanning and editors read."""

from __future__ import annotations

from typing import Any

from pipeline.core import sarif
from pipeline.core.sarif import location
from pipeline.typescript.analysis import Analysis, Cause, Problem


def log(done: Analysis, *, version: str, checker: str) -> dict[str, Any]:
    """Return a log with one run: a rule for each code, a result for each error; `checker` made the messages."""
    # The first in the order of repair.
    shown = done.problems[: sarif.MOST_RESULTS]
    codes = sorted({one.error.code for one in shown})
    rules = {code: at for at, code in enumerate(codes)}
    heads = {one.error.code: one.error for one in reversed(shown)}
    causes = {one.number: one for one in done.causes}
    driver = {
        "name": "pages-pipeline ts.report",
        "version": version,
        "informationUri": "https://www.typescriptlang.org/tsconfig/",
        "rules": [_rule(code, heads[code].category) for code in codes],
        "properties": {"checker": checker},
    }
    results = [_result(one, rules, causes[one.cause]) for one in shown]
    return sarif.log(
        driver, results, ["SITE"], properties={"errors": done.errors, "causes": len(done.causes)}
    )


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
        "locations": [location(error.file or "tsconfig.json", error.line, error.column)],
        "properties": {
            "category": error.category,
            "cause": cause.number,
            "order": one.order,
            "minutes": one.minutes,
            "reached": one.reached,
        },
    }
    if cause.line and (cause.file, cause.line) != (error.file, error.line):
        there = location(cause.file, cause.line, 0)
        found["relatedLocations"] = [{**there, "id": 1, "message": {"text": cause.title}}]
    return found
