"""What was judged, bound to the exact tree, environment and policy, and kept where a release finds it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from checks import GATES
from checks.base import Evidence, Finding, Measure, Verdict
from pipeline.core.clock import parse
from pipeline.core.errors import Code, Stop
from pipeline.core.files import read_json, write_atomic
from pipeline.gates import score as points
from pipeline.gates.score import Score, Share, Standing
from pipeline.gates.waivers import Waived

FORMAT = 3
# Records of releases are kept for good. Format 2 had no weights, no machine, no duration and no run.
_READABLE = frozenset({2, FORMAT})
# Why a gate has not measured in an emergency.
DEFERRED = "put off until right after the release: an emergency"
_SHOWN = 10


@dataclass(frozen=True)
class Judged:
    """One gate's result.

    `reason` says why it was unavailable or had nothing to judge, `carried` whether the evidence is an earlier
    one, `seconds` is the wall time now, `inputs` the digest of what the measurement depends on, `production`
    whether it is judged for production, which refuses what could not be measured, `weight` its share of its
    principle's score, `tries` how often it was measured until it could be.
    """

    gate: str
    principle: str
    scope: str
    non_negotiable: bool
    version: int
    verdict: Verdict
    reason: str
    fix: str
    details: tuple[str, ...]
    findings: tuple[Finding, ...]
    measures: tuple[Measure, ...]
    waivers: tuple[Waived, ...]
    inputs: str
    evidence: Evidence | None
    carried: bool
    seconds: float
    production: bool = True
    weight: int = 1
    tries: int = 1

    @property
    def deferred(self) -> bool:
        """Whether an emergency put it off until after the release."""
        return self.verdict is Verdict.UNAVAILABLE and self.reason == DEFERRED

    @property
    def declared(self) -> bool:
        """Whether all that could not be measured is what the policy says nobody can; the rest was proven."""
        measured = self.evidence is not None and not any(one.blocking for one in self.findings)
        return self.verdict is Verdict.UNAVAILABLE and measured

    @property
    def standing(self) -> Standing:
        """How it counts in the score; a waiver, or what the policy declares, counts as passed and is listed."""
        if self.deferred:
            return Standing.DEFERRED
        if self.evidence is not None and self.evidence.nothing and self.verdict is Verdict.PASSED:
            return Standing.NOTHING
        good = self.verdict in {Verdict.PASSED, Verdict.WAIVED} or self.declared
        return Standing.PASSED if good else Standing.LOST

    @property
    def blocks(self) -> bool:
        """Whether it stands in the way: a failure always, `unavailable` in production when not negotiable.

        Where all that could not be measured is what the policy says nobody can, the rest was proven.
        """
        if self.verdict is Verdict.UNAVAILABLE:
            return self.non_negotiable and self.production and not self.declared
        return self.verdict is Verdict.FAILED


@dataclass(frozen=True)
class Judgement:
    """All results for one tree, environment and policy; `missing` names the gates that were not asked.

    `production` says that a release needs a score of `threshold` (of 100), `emergency` that gates were put off. `run`
    names the run that judged, which took `duration` seconds on `machine`.
    """

    tree: str
    environment: str
    policy: str
    source: str
    base: str
    url: str
    judged_at: str
    results: tuple[Judged, ...]
    missing: tuple[str, ...] = field(default=())
    production: bool = False
    threshold: float = 0.0
    emergency: bool = False
    run: str = ""
    duration: float = 0.0
    machine: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether a release may rely on it, in an emergency where gates were put off."""
        return not self.missing and self.refusal() is None

    @cached_property
    def score(self) -> Score:
        """Return the compliance score of what was judged."""
        return points.score(
            Share(one.gate, one.principle, one.weight, one.standing, one.verdict.value)
            for one in self.results
        )

    @property
    def deferred(self) -> tuple[str, ...]:
        """Return the gates that an emergency put off."""
        return tuple(one.gate for one in self.results if one.deferred)

    @property
    def too_low(self) -> bool:
        """Whether production refuses its score; a few gates by themselves have none."""
        return self.production and not self.missing and not self.score.reaches(self.threshold)

    @property
    def tools(self) -> dict[str, str]:
        """Return the versions of all that measured, by name; two versions of one thing are both named."""
        seen: dict[str, dict[str, None]] = {}
        for one in self.results:
            for name, version in one.evidence.tools.items() if one.evidence else ():
                seen.setdefault(name, {})[version] = None
        return {name: ", ".join(found) for name, found in sorted(seen.items())}

    @cached_property
    def record(self) -> dict[str, Any]:
        """Return it as JSON, without its own digest."""
        gates = {one.gate: _plain(one) for one in self.results}
        rest = {name: getattr(self, name) for name in (*_BOUND, "judged_at", *_ABOUT)}
        told = {"tools": self.tools, "score": asdict(self.score), "deferred": list(self.deferred)}
        return {"format": FORMAT, **rest, **told, "gates": gates}

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the record: what a release carries."""
        return digest_of(self.record)

    def refusal(self) -> Stop | None:
        """Return the Stop (3) that says which of these gates are in the way and what they found, or None."""
        from pipeline.gates import show

        if not any(one.blocks for one in self.results) and not self.too_low:
            return None
        return Stop(show.summary(self), show.hint(self), Code.GATE, tuple(show.blockers(self)))

    def require(self, *, emergency: bool = False) -> None:
        """Raise Stop (3) unless a release may rely on it: every gate was asked, and none is in the way.

        One with gates that were put off is for an emergency only.
        """
        if refusal := self.refusal():
            raise refusal
        if self.deferred and not emergency:
            told = f"put off by an emergency and not measured since: {', '.join(self.deferred)}"
            raise Stop(told, f"invoke check --env={self.environment}", Code.GATE)
        if self.missing:
            asked = f"not judged for {self.environment}: {', '.join(self.missing)}"
            raise Stop(asked, f"invoke check --env={self.environment}", Code.GATE)


_BOUND = ("tree", "environment", "policy", "source", "base", "url")
_ABOUT = ("production", "threshold", "emergency", "run", "duration", "machine")


def _plain(one: Judged) -> dict[str, Any]:
    value = asdict(one)
    value["evidence"] = asdict(one.evidence) if one.evidence else None
    return value


def canonical(value: object) -> bytes:
    """Return JSON whose bytes are equal for equal values."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=list)
    return text.encode("utf-8", "surrogateescape")


def digest_of(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record without its `digest`."""
    rest = {name: value for name, value in record.items() if name != "digest"}
    return hashlib.sha256(canonical(rest)).hexdigest()


def path_of(state: Path, tree: str, environment: str, policy: str) -> Path:
    """Return where the record for exactly these is kept."""
    return state / "evidence" / tree / f"{environment}-{policy[:16]}.json"


def write(state: Path, judgement: Judgement) -> Path:
    """Keep a judgement."""
    path = path_of(state, judgement.tree, judgement.environment, judgement.policy)
    write_atomic(path, line_of(judgement.record), durable=True)
    return path


def read(path: Path) -> Judgement | None:
    """Return the judgement in a file; None when it is not there, half, of an older format, or altered."""
    record = read_json(path)
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        return None
    if record.get("digest") != digest_of(record):
        return None
    return judgement_of(record)


def judgement_of(record: Mapping[str, Any]) -> Judgement | None:
    """Return the judgement that a whole record holds, or None when it is of a format that nobody reads any more.

    That of an older format makes another record, with another digest: it is to be read, not to be relied on.
    """
    if record.get("format") not in _READABLE:
        return None
    try:
        # JSON is kept with sorted keys; what people see is in the registry's order.
        found = {name: _judged(value) for name, value in record["gates"].items()}
        names = dict.fromkeys([*(name for name in GATES if name in found), *found])
        results = tuple(found[name] for name in names)
        rest = {name: record[name] for name in (*_BOUND, "judged_at")}
        rest |= {name: record[name] for name in _ABOUT if name in record}
    except (KeyError, TypeError, ValueError):
        return None
    return Judgement(**rest, results=results)


def _judged(value: dict[str, Any]) -> Judged:
    evidence = value["evidence"]
    return Judged(
        **{
            **value,
            "verdict": Verdict(value["verdict"]),
            "details": tuple(value["details"]),
            "findings": tuple(Finding(**_tuples(one)) for one in value["findings"]),
            "measures": tuple(Measure(**_tuples(one)) for one in value["measures"]),
            "waivers": tuple(Waived(**one) for one in value["waivers"]),
            "evidence": Evidence(**evidence) if evidence else None,
        }
    )


def _tuples(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "details": tuple(value["details"])}


def kept_evidence(state: Path, gate: str, inputs: str) -> Evidence | None:
    """Return the evidence that the gate gathered earlier from equal inputs, or None."""
    found = read_json(_cache(state, gate, inputs))
    if not isinstance(found, dict) or found.get("digest") != digest_of(found):
        return None
    return Evidence(**found["evidence"])


def keep_evidence(state: Path, gate: str, inputs: str, evidence: Evidence, keep: int = 20) -> None:
    """Keep evidence for the next run with equal inputs; of each gate the newest `keep` stay."""
    path = _cache(state, gate, inputs)
    value = {"evidence": asdict(evidence)}
    write_atomic(path, canonical({**value, "digest": digest_of(value)}))
    old = sorted(path.parent.glob("*.json"), key=lambda one: one.stat().st_mtime_ns, reverse=True)[keep:]
    for one in old:
        one.unlink(missing_ok=True)


def released_path(state: Path, digest: str) -> Path:
    """Return where the copy of the evidence that a release carries is kept: under its own digest, never changed."""
    return state / "evidence" / "released" / f"{digest}.json.gz"


def seal(state: Path, tree: str, digest: str) -> bool:
    """Keep a copy of the record with this digest, since judging the tree again replaces the record itself.

    Returns whether there is one; the copy survives a power cut.
    """
    path = released_path(state, digest)
    if path.is_file():
        return True
    for one in sorted((state / "evidence" / tree).glob("*.json")) if tree else []:
        record = read_json(one)
        if isinstance(record, dict) and digest_of(record) == digest:
            write_atomic(path, packed(record), durable=True)
            return True
    return False


def packed(record: Mapping[str, Any]) -> bytes:
    """Return a record compressed; equal records give equal bytes."""
    import gzip

    return gzip.compress(line_of(record), 9, mtime=0)


def line_of(record: Mapping[str, Any]) -> bytes:
    """Return a record with its digest as one line of canonical JSON."""
    return canonical({**record, "digest": digest_of(record)}) + b"\n"


def released(state: Path, digest: str) -> bytes | None:
    """Return the line of the kept copy, None where there is none; raises ValueError that says why it is not it."""
    import gzip
    import zlib

    try:
        data = gzip.decompress(released_path(state, digest).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError("cannot be read") from error
    proven(data, digest)
    return data


def proven(line: bytes, digest: str) -> dict[str, Any]:
    """Return the record of this digest; raises ValueError that says why the line is not it."""
    try:
        record = json.loads(line)
    except ValueError as error:
        raise ValueError("cannot be read") from error
    if not isinstance(record, dict) or digest_of(record) != digest:
        raise ValueError("was altered: its digest is another one")
    return record


def unneeded(state: Path, released: Collection[str], before: float) -> list[Path]:
    """Return the folders of trees that were never released and not judged since `before` (Unix time, s): unneeded."""
    folder = state / "evidence"
    found = [one for one in folder.iterdir() if one.is_dir()] if folder.is_dir() else []
    return sorted(
        one
        for one in found
        if one.name not in {"released", *released}
        and max((file.stat().st_mtime for file in one.iterdir()), default=0.0) < before
    )


def _cache(state: Path, gate: str, inputs: str) -> Path:
    return state / "cache" / "gates" / gate / f"{inputs}.json"


def same(one: Judgement, other: Judgement) -> bool:
    """Whether two judgements say the same of the same: then the first one's record, and digest, stay."""

    def essence(judgement: Judgement) -> object:
        timeless = [replace(result, seconds=0.0, carried=False, tries=1) for result in judgement.results]
        return replace(judgement, judged_at="", run="", duration=0.0, machine={}, results=tuple(timeless))

    return canonical(asdict(essence(one))) == canonical(asdict(essence(other)))  # type: ignore[call-overload]


@dataclass(frozen=True)
class Now:
    """A gate today: the version of its measurement, the digest of its inputs, and its age limit in seconds."""

    version: int
    inputs: str
    age: int | None = None


def problems(
    judgement: Judgement, bound: Mapping[str, str], now: Mapping[str, Now], moment: datetime
) -> list[str]:
    """Return why a judgement does not hold for a release; pure.

    `bound` holds the tree, environment, policy, base and url of the release, `now` each gate as it is today.
    """
    lines = strange(judgement, bound)
    by_gate = {one.gate: one for one in judgement.results}
    for name, today in now.items():
        result = by_gate.get(name)
        lines += [f"{name}: not judged"] if result is None else _problem(result, today, moment)
    if judgement.too_low and not lines:
        said = points.shown(judgement.score.overall)
        lines.append(f"the score is {said} of 100, and {judgement.environment} needs {judgement.threshold:g}")
    return lines


def strange(judgement: Judgement, bound: Mapping[str, str]) -> list[str]:
    """Return what the judgement is of, where that is something else than what is asked for; pure."""
    return [
        f"the evidence is for another {_NAMES[name]}: {_short(getattr(judgement, name))}, not {_short(value)}"
        for name, value in bound.items()
        if getattr(judgement, name) != value
    ]


def _problem(result: Judged, today: Now, moment: datetime) -> list[str]:
    name = result.gate
    if stale := outdated(result, today, moment):
        return [f"{name}: {stale}"]
    if result.deferred:
        return [f"{name}: put off by an emergency and not measured since"]
    if result.blocks:
        return [f"{name}: {result.verdict.value}" + (f", {result.reason}" if result.reason else "")]
    ended = [one.until for one in result.waivers if one.until < moment.date().isoformat()]
    return [f"{name}: its waiver ended on {until}" for until in ended]


def outdated(result: Judged, today: Now, moment: datetime) -> str:
    """Return why a result says nothing of today any more, or an empty text; pure."""
    if (result.version, result.inputs) != (today.version, today.inputs):
        what = "the sources have" if result.scope == "source" else "what it measures has"
        return f"{what} changed since it was judged"
    if today.age is not None and result.evidence is not None:
        seconds = (moment - parse(result.evidence.measured_at)).total_seconds()
        if seconds > today.age:
            return f"it was measured {_span(seconds)} ago, which is more than {_span(today.age)}"
    return ""


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


_NAMES = {
    "tree": "tree",
    "environment": "environment",
    "policy": "policy",
    "base": "base path",
    "url": "address",
}


def _short(value: str) -> str:
    return value[:12] if len(value) in {40, 64} else value
