"""Runs one gate by hand: `python -m checks budgets dist/`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from checks import GATES
from checks.base import (
    Evidence,
    Finding,
    Gate,
    Lighthouse,
    Result,
    Subject,
    Unavailable,
    Verdict,
    Visits,
    amount_text,
    verdict,
)
from checks.scan import subject

# The exit codes of the pipeline: done, wrong usage (argparse's own), a gate failed, it could not run here.
DONE, FAILED, MISSING = 0, 3, 69


class PlainTools:
    """Other programs as PATH has them."""

    def run(
        self, argv: Sequence[str], *, cwd: Path, timeout: float, env: Mapping[str, str | None] | None = None
    ) -> Result:
        """Run a command to its end; raises Unavailable when it is not there."""
        merged = {name: text for name, text in {**os.environ, **(env or {})}.items() if text is not None}
        start = time.monotonic()
        try:
            done = subprocess.run(  # noqa: S603 - the command that the caller typed
                list(argv), cwd=cwd, env=merged, timeout=timeout, capture_output=True, check=False,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Result(None, "", "", time.monotonic() - start)
        except OSError as error:
            raise Unavailable(f"{argv[0]} cannot be run: {error.strerror}") from error
        out, err = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
        return Result(done.returncode, out, err, time.monotonic() - start)

    def which(self, name: str) -> str | None:
        """Return the path of a program, or None."""
        return shutil.which(name)

    def version(self, name: str) -> str:
        """Return the first line of `NAME --version`, empty when it does not say."""
        try:
            result = self.run([name, "--version"], cwd=Path.cwd(), timeout=30)
        except Unavailable:
            return ""
        return result.out.partition("\n")[0].strip()

    def remote(self, what: str) -> Mapping[str, Any]:
        """Raise Unavailable: only the pipeline knows where the site is published."""
        raise Unavailable(f"{what} of the remote cannot be read by hand", "invoke check")

    def toolbox(self, group: str) -> Path:
        """Raise Unavailable: only the pipeline installs packages."""
        raise Unavailable(f"the packages for {group} are not here by hand", "invoke check")

    def browser(self) -> Path:
        """Raise Unavailable: only the pipeline looks for one."""
        raise Unavailable("there is no browser by hand", "invoke check")

    def served(self, subject: Subject) -> AbstractContextManager[str]:  # noqa: ARG002 - what the Protocol gives
        """Raise Unavailable: only the pipeline has a server."""
        raise Unavailable("there is no server by hand", "invoke check")

    def keep(self, name: str) -> Path | None:  # noqa: ARG002 - what the Protocol gives
        """Return None: only the pipeline has a place for it."""
        return None

    def visits(self, subject: Subject) -> Visits:  # noqa: ARG002 - what the Protocol gives
        """Raise Unavailable: only the pipeline has a browser."""
        raise Unavailable("there is no browser by hand", "invoke check")

    def lighthouse(self, subject: Subject) -> Lighthouse:  # noqa: ARG002 - what the Protocol gives
        """Raise Unavailable: only the pipeline has Lighthouse."""
        raise Unavailable("there is no Lighthouse by hand", "invoke check.lighthouse")


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    made = argparse.ArgumentParser(prog="python -m checks", description="Run one gate on a built folder.")
    made.add_argument("gate", choices=GATES, help="which gate")
    made.add_argument("output", type=Path, help="the folder that the build filled")
    made.add_argument("--source", type=Path, help="the site's folder; else the one that holds the output")
    made.add_argument("--base", default="/", help="base path under which it will be served")
    made.add_argument("--url", default="", help="address at which it will be served")
    made.add_argument("--command", nargs=argparse.REMAINDER, default=[], help="the type checker; comes last")
    made.add_argument("--json", action="store_true", help="print the result as JSON")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one gate and return the exit code."""
    grammar = parser()
    given = grammar.parse_args(arguments)
    if not given.output.is_dir():
        grammar.error(f"{given.output} is not a folder")
    gate = GATES[given.gate]
    source = given.source or given.output.resolve().parent
    base = f"/{given.base.strip('/')}/".replace("//", "/")
    what = subject(given.output, source=source, base=base, url=given.url, type_check=tuple(given.command))
    tools = PlainTools()
    if reason := gate.unavailable(tools):
        _refused(gate, Unavailable(reason), as_json=given.json)
        return MISSING
    try:
        evidence = gate.collect(what, tools)
    except Unavailable as refusal:
        _refused(gate, refusal, as_json=given.json)
        return MISSING
    findings = gate.judge(evidence, gate.LIMITS)
    said = verdict(findings)
    print(_json(gate, said, evidence, findings) if given.json else _text(gate, said, evidence, findings))
    return {Verdict.FAILED: FAILED, Verdict.UNAVAILABLE: MISSING}.get(said, DONE)


def _refused(gate: Gate, refusal: Unavailable, *, as_json: bool) -> None:
    if as_json:
        value = {
            "gate": gate.NAME,
            "verdict": Verdict.UNAVAILABLE,
            "reason": refusal.reason,
            "fix": refusal.fix,
        }
        print(json.dumps(value, indent=2))
    lines = [f"{gate.NAME}: unavailable, {refusal.reason}", *(f"    {line}" for line in refusal.details)]
    print("\n".join([*lines, f"fix: {refusal.fix}"] if refusal.fix else lines), file=sys.stderr)


def _json(gate: Gate, said: Verdict, evidence: Evidence, findings: Sequence[Finding]) -> str:
    value = {
        "gate": gate.NAME,
        "verdict": said,
        "findings": [asdict(one) for one in findings],
        "measures": [asdict(one) for one in gate.measures(evidence, gate.LIMITS)],
        "evidence": asdict(evidence),
    }
    return json.dumps(value, indent=2, ensure_ascii=False)


def _text(gate: Gate, said: Verdict, evidence: Evidence, findings: Sequence[Finding]) -> str:
    lines = [f"{gate.NAME}: {said.value}" + (f", {evidence.nothing}" if evidence.nothing else "")]
    for one in gate.measures(evidence, gate.LIMITS):
        of = "" if one.limit is None else f", limit {amount_text(one.limit, one.unit)}"
        lines.append(f"  {one.name}: {amount_text(one.value, one.unit)}{of} {one.where}".rstrip())
        lines += [f"    {line}" for line in one.details]
    for finding in findings:
        at = f"{finding.path}:{finding.line}: " if finding.path and finding.line else ""
        lines.append(f"{'error' if finding.blocking else 'advice'}: {at}{finding.message}")
        lines += [f"    {line}" for line in finding.details]
        lines += [f"    fix: {finding.fix}"] if finding.fix else []
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
