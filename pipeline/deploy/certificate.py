"""A release's certificate: what was judged, by which gates, with which digests, and how anybody can check it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.core.clock import Clock, stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.files import write_atomic
from pipeline.core.project import Project
from pipeline.deploy import compliance, proof_of_ledger
from pipeline.deploy.compliance import Sight
from pipeline.deploy.desk import Desk, sit_down
from pipeline.deploy.difference import named
from pipeline.deploy.ledger import Release
from pipeline.deploy.publish import signing_key
from pipeline.deploy.target import target_of
from pipeline.tools.git import identity

FORMAT = 1
# What the signature is for, so that no other signature of the key can be taken for one of these.
NAMESPACE = "pages-pipeline-certificate"


@dataclass(frozen=True)
class Certificate:
    """A certificate as it was written: its JSON, the SHA-256 of that, and the files; `signature` may not be there."""

    value: Mapping[str, Any]
    digest: str
    json: Path
    markdown: Path
    signature: Path | None


def certify(
    project: Project, environment: str, wanted: str, folder: Path | None = None, clock: Clock = utc_now
) -> Certificate:
    """Write the certificate of a release, signed where the project signs its releases.

    Raises Stop: 2 for no such release, 3 when it was not proven live or did not pass, 7 when the key does not sign,
    8 when its evidence cannot be had.
    """
    from pipeline.gates.evidence import canonical

    desk = sit_down(project, target_of(project, environment), clock)
    release = named(desk, wanted)
    sight = compliance.sight_of(desk, release)
    if refused := refusal(desk, release, sight):
        raise refused
    value = value_of(desk, release, sight, clock)
    data = canonical(value) + b"\n"
    place = folder or project.state / "certificates"
    paths = (place / f"{release.name}.json", place / f"{release.name}.md")
    signature = sign(project, data)
    digest = hashlib.sha256(data).hexdigest()
    text = "\n".join(markdown(value, digest, signed=bool(signature))) + "\n"
    try:
        write_atomic(paths[0], data, durable=True)
        write_atomic(paths[1], text.encode(), durable=True)
        signed = place / f"{release.name}.json.sig"
        if signature:
            write_atomic(signed, signature, durable=True)
        else:
            signed.unlink(missing_ok=True)
    except OSError as error:
        raise Stop(
            f"the certificate cannot be written to {place}: {error.strerror}", "name another --to"
        ) from error
    return Certificate(value, digest, *paths, signed if signature else None)


def refusal(desk: Desk, release: Release, sight: Sight) -> Stop | None:
    """Return why nobody can sign for a release, or None."""
    environment = desk.target.name
    if release.name not in desk.healthy:
        text = f"{release.name} was never proven live, so there is nothing to certify"
        return Stop(text, f"invoke verify --env={environment}", Code.GATE)
    judgement = sight.judgement
    if judgement.deferred:
        text = f"{release.name}: an emergency put off {', '.join(judgement.deferred)}, not measured since"
        return Stop(text, f"invoke deploy --env={environment}", Code.GATE)
    if refused := judgement.refusal():
        text = f"{release.name} did not pass: {refused.message}"
        return Stop(text, f"invoke compliance.report --env={environment}", Code.GATE, refused.details)
    return None


def value_of(desk: Desk, release: Release, sight: Sight, clock: Clock) -> dict[str, Any]:
    """Return the certificate as JSON: all that it says can be checked against the release commit and the evidence."""
    from pipeline import __version__

    judgement = sight.judgement
    environment = desk.target.name
    return {
        "format": FORMAT,
        "certificate": "pages-pipeline compliance",
        "issued": {"at": stamp(clock()), "by": identity(desk.project.root), "version": __version__},
        "release": {
            "name": release.name,
            "environment": environment,
            "url": desk.target.url,
            "kind": release.kind,
            "when": stamp(release.when),
            "who": release.who,
            "commit": release.commit,
            "tree": release.tree,
            "artifact": release.artifact,
            "manifest": release.manifest,
            "source": release.source,
            "signature": proof_of_ledger.signature(desk, release),
            "proven": True,
        },
        "evidence": {
            "digest": sight.digest,
            "in_commit": release.evidence,
            "judged_at": judgement.judged_at,
            "policy": judgement.policy,
            "source": judgement.source,
            "run": judgement.run,
            "duration": judgement.duration,
        },
        "score": asdict(judgement.score),
        "threshold": judgement.threshold,
        "principles": desk.project.policy_for(environment).principles.model_dump(mode="json"),
        "gates": {
            one.gate: {
                "principle": one.principle,
                "verdict": one.verdict.value,
                "non_negotiable": one.non_negotiable,
                "weight": one.weight,
                "version": one.version,
                "inputs": one.inputs,
                "measured_at": one.evidence.measured_at if one.evidence else None,
                "reason": one.reason,
            }
            for one in judgement.results
        },
        "waivers": [{"gate": one.gate, **asdict(used)} for one in judgement.results for used in one.waivers],
        "tools": judgement.tools,
        "machine": dict(judgement.machine),
        "check": f"check.verify {release.name} --env={environment}",
    }


def sign(project: Project, data: bytes) -> bytes:
    """Return the signature of a certificate, empty where the project does not sign by SSH."""
    from pipeline.tools import ssh_sign

    key = signing_key(project.root)
    return ssh_sign.sign(data, key, NAMESPACE) if key else b""


def markdown(value: Mapping[str, Any], digest: str, *, signed: bool) -> Iterator[str]:
    """Return the certificate for people, as Markdown."""
    from pipeline.gates.score import PRINCIPLES, shown

    release, score, evidence = value["release"], value["score"], value["evidence"]
    name = release["name"]
    yield f"# Compliance certificate: {name}"
    yield ""
    yield f"Issued {value['issued']['at']} by {_text(value['issued']['by'])}."
    yield ""
    yield f"**Score {shown(score['overall'])} of 100** on {release['environment']}, {release['url']}, proven live."
    yield ""
    yield "| principle | score | gates |"
    yield "|---|---|---|"
    for principle in PRINCIPLES:
        gates = [
            f"{gate} {one['verdict']}{' (not negotiable)' if one['non_negotiable'] else ''}"
            for gate, one in value["gates"].items()
            if one["principle"] == principle
        ]
        words = _text(value["principles"][principle])
        yield f"| {principle}: {words} | {shown(score['principles'][principle])} | {', '.join(gates) or '-'} |"
    yield ""
    if value["waivers"]:
        yield "| waiver | scope | until | findings | reason |"
        yield "|---|---|---|---|---|"
        for one in value["waivers"]:
            cells = (
                one["gate"],
                f"`{one['scope']}`",
                one["until"],
                str(one["findings"]),
                _text(one["reason"]),
            )
            yield f"| {' | '.join(cells)} |"
    else:
        yield "No waiver was used."
    yield ""
    yield "| what | digest |"
    yield "|---|---|"
    rows = {
        "release commit": release["commit"],
        "published tree": release["tree"],
        "artifact": release["artifact"],
        "manifest (SHA-256)": release["manifest"],
        "source commit": release["source"] or "-",
        "evidence (SHA-256)": evidence["digest"],
        "policy (SHA-256)": evidence["policy"],
        "this certificate as JSON (SHA-256)": digest,
    }
    for what, held in rows.items():
        yield f"| {what} | `{held}` |"
    yield ""
    yield "## How to check it"
    yield ""
    yield f"1. `sha256sum {name}.json` gives the digest above."
    yield f"2. `invoke {value['check']}` finds the evidence by the digest in the release commit and judges it again;"
    yield "   with `--measure` the release's own tree is measured again, too."
    if signed:
        yield (
            f"3. `ssh-keygen -Y verify -f ALLOWED_SIGNERS -I WHO -n {NAMESPACE} -s {name}.json.sig < {name}.json`"
        )
    else:
        yield "3. It is not signed: no SSH key is set up for signing (`git config gpg.format ssh`)."


def _text(text: object) -> str:
    """Return text that is nothing but text in a Markdown table."""
    return str(text).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
