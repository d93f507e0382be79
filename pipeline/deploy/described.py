"""Everything that is known of one release."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.deploy import proof_of_evidence, proof_of_ledger, standing
from pipeline.deploy.desk import Desk
from pipeline.deploy.difference import named
from pipeline.deploy.ledger import Release
from pipeline.deploy.plan import Changes, changes_between
from pipeline.deploy.proof_of_evidence import Evidence
from pipeline.deploy.standing import Preview


@dataclass(frozen=True)
class Described:
    """A release, the one before it, what it changed, who signed it, whether it was proven, and its evidence."""

    release: Release
    before: Release | None
    changes: Changes
    signature: str
    proven: bool
    branch: str
    evidence: Evidence


def describe(desk: Desk, wanted: str) -> Described:
    """Return what is known of a release; raises Stop (2) when there is no such release."""
    one = named(desk, wanted)
    place = desk.every.index(one)
    before = desk.every[place + 1] if place + 1 < len(desk.every) else None
    there = desk.remote.heads.get(one.name)
    branch = "is there" if there == one.commit else f"is at {there[:10]}" if there else "is gone"
    return Described(
        release=one,
        before=before,
        changes=changes_between(desk.git, before.tree if before else None, one.tree),
        signature=proof_of_ledger.signature(desk, one),
        proven=one.name in desk.healthy,
        branch=branch,
        evidence=proof_of_evidence.find(desk, one),
    )


def previews(desk: Desk) -> list[Preview]:
    """Return the previews that stand now, expired ones included: they are there until the next release."""
    return standing.read(desk.git, desk.remote.tip)
