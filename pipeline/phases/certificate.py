"""`ts.certificate`: what the last run repaired and proved, with the gates' verdicts on the repaired site."""

from __future__ import annotations

from typing import Any

from checks import GATES
from pipeline.core.clock import stamp, utc_now
from pipeline.core.errors import Stop
from pipeline.core.files import write_json
from pipeline.core.project import Project
from pipeline.gates.runner import judge_site
from pipeline.site.build import artifact_of
from pipeline.typescript import commits, record

FORMAT = 1


def certify(project: Project, environment: str, *, gates: bool) -> dict[str, Any]:
    """Return the certificate of the last run and keep it; with `gates` the site of now is built and judged.

    Raises Stop (2) when nothing was repaired here.
    """
    found = record.last(project.state)
    if found is None:
        raise Stop("there is no run to certify: nothing was repaired here", "invoke ts.fix")
    repo = commits.repository(project.root)
    value = {
        "format": FORMAT,
        "run": found["run"],
        "at": stamp(utc_now()),
        "counts": counts(found),
        "table": found["table"],
        "proofs": [_proof(one) for one in found["repairs"]],
        "steps": found["steps"],
        "left": found["left"],
        "versions": found["versions"],
        "trees": {**found["trees"], "now": repo.tree(repo.head) if repo else ""},
        "confirmed": found["confirmed"],
        "warnings": found["warnings"],
        **(_judged(project, environment) if gates else {}),
    }
    path = project.state / "ts" / "certificates" / f"{found['run']}.json"
    write_json(path, value)
    return {**value, "path": str(path)}


def counts(found: dict[str, Any]) -> dict[str, int]:
    """Return a run's numbers: errors before and left, repairs, and how many are proven type-only."""
    return {
        "before": found["before"],
        "left": len(found["left"]),
        "repairs": len(found["repairs"]),
        "proven": sum(one["proven"] for one in found["repairs"]),
        "changed": sum(not one["proven"] for one in found["repairs"]),
    }


def _proof(one: dict[str, Any]) -> dict[str, Any]:
    forms = sorted({each["form"] for each in one["changes"]})
    return {
        "place": f"{one['file']}:{one['line']}",
        "strategy": one["strategy"],
        "level": one["level"],
        "proven": one["proven"],
        "forms": forms,
        "errors": [f"TS{each['code']}" for each in one["errors"]],
        "why": one["why"],
        "risk": one["risk"],
    }


def _judged(project: Project, environment: str) -> dict[str, Any]:
    artifact = artifact_of(project, environment, allow_build=True, check=False)
    judgement = judge_site(project, artifact, environment)
    return {
        "gates": {one.gate: one.verdict.value for one in judgement.results},
        "principles": _principles({one.gate: one.verdict.value for one in judgement.results}),
        "artifact": artifact.tree,
        "evidence": judgement.digest,
    }


def _principles(verdicts: dict[str, str]) -> dict[str, str]:
    """Return a verdict for each of the five principles: the gates' that they have, `no gate` where there is none."""
    found = {}
    for principle in ("I", "II", "III", "IV", "V"):
        own = [
            verdicts[name] for name, gate in GATES.items() if principle == gate.PRINCIPLE and name in verdicts
        ]
        worst = next((word for word in ("failed", "unavailable", "waived") if word in own), "passed")
        found[principle] = worst if own else "no gate"
    return found
