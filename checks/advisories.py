"""What npm's registry knows of weaknesses in the packages of a site."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from checks import packages
from checks.base import Tools, Unavailable

SEVERITIES = ("info", "low", "moderate", "high", "critical")
_SECONDS = 120.0
# npm that is told to stay offline reports no vulnerabilities, so it must say that somebody answered.
# https://github.com/npm/cli/blob/latest/workspaces/arborist/lib/audit-report.js
_ANSWERED = re.compile(r"http fetch POST 200 \S+/-/npm/v1/security/(?:advisories/bulk|audits/quick)\b")
_FORMAT = 2
_WORDS = ("audit", "--json", "--loglevel=http", "--offline=false", "--audit=true", "--fetch-retries=1")
_FIXED = re.compile(r"<\s*(?!=)v?(\d[\w.+-]*)\s*$")


def advisories(root: Path, shipped: set[str], tools: Tools) -> dict[str, Any]:
    """Return `{found, packages, nothing}`; raises Unavailable unless a provider answered.

    `shipped` are the names of the packages of which something can reach visitors.
    """
    if packages.manifest(root) is None:
        return {"found": [], "packages": 0, "nothing": "no package.json"}
    npm = tools.which("npm")
    if npm is None:
        raise Unavailable("advisories: npm is not here", "invoke doctor --fix")
    words = [npm, *_WORDS]
    if not packages.locked(root):
        if not (root / "node_modules").is_dir():
            raise Unavailable("advisories: the dependencies are not installed", "invoke build")
        words.append("--package-lock=false")
    done = tools.run(words, cwd=root, timeout=_SECONDS)
    if done.code is None:
        raise Unavailable(f"advisories: npm audit was still running after {_SECONDS:g} s", "npm audit")
    report = read(done.out)
    counted = report["metadata"]["dependencies"]["total"]
    if not counted:
        return {"found": [], "packages": 0, "nothing": "no dependencies"}
    if not _ANSWERED.search(done.err):
        raise Unavailable(
            "advisories: npm reports without having asked a registry (is it told to be offline?)", "npm audit"
        )
    return {"found": list(_found(report["vulnerabilities"], shipped)), "packages": counted}


def read(text: str) -> dict[str, Any]:
    """Return npm's report; raises Unavailable for an error, another format, or none."""
    try:
        report = json.loads(text)
    except ValueError:
        raise Unavailable("advisories: npm audit gave no report that can be read", "npm audit") from None
    if not isinstance(report, dict) or "auditReportVersion" not in report:
        said = _said(report)
        raise Unavailable(f"advisories: no registry answered{said}", "npm audit")
    version = report["auditReportVersion"]
    found, about = report.get("vulnerabilities"), report.get("metadata")
    total = about.get("dependencies", {}).get("total") if isinstance(about, dict) else None
    if version != _FORMAT or not isinstance(found, dict) or not isinstance(total, int):
        raise Unavailable(
            f"advisories: npm audit writes its report in another format ({version}), which nobody here reads yet",
            "npm audit",
        )
    return report


def _said(report: object) -> str:
    if not isinstance(report, dict):
        return ""
    error = report.get("error")
    texts = [report.get("message"), error.get("summary") if isinstance(error, dict) else error]
    said = next((str(text) for text in texts if text), "")
    return f": {said.splitlines()[0][:160]}" if said else ""


def _found(reported: Mapping[str, Any], shipped: set[str]) -> Iterator[dict[str, Any]]:
    """Yield each advisory once, the worst first."""
    rows: dict[str, dict[str, Any]] = {}
    for name, one in reported.items():
        for via in one.get("via", []):
            if not isinstance(via, dict):
                continue
            key = str(via.get("url") or via.get("source"))
            package = str(via.get("name") or name)
            if key not in rows:
                rows[key] = {
                    "id": key.rstrip("/").rpartition("/")[2],
                    "url": key if key.startswith("https://") else "",
                    "package": package,
                    "title": str(via.get("title", "")),
                    "severity": str(via.get("severity", "")).lower(),
                    "range": str(via.get("range", "")),
                    "fixed": fixed_in(str(via.get("range", ""))),
                    "fix": _fix(package, one.get("fixAvailable")),
                    "shipped": package in shipped,
                    "where": [str(node) for node in one.get("nodes", [])][:5],
                }
    yield from sorted(rows.values(), key=lambda row: (-rank(row["severity"]), row["package"], row["id"]))


def rank(severity: str) -> int:
    """Return how bad it is; a word that nobody knows counts as the worst."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def fixed_in(given: str) -> str:
    """Return the first version without the weakness: of `<4.17.21` that is 4.17.21; empty where it does not say."""
    match = _FIXED.search(given)
    return match[1] if match else ""


def _fix(package: str, available: object) -> str:
    if isinstance(available, dict):
        new = " (a new major version: read its notes)" if available.get("isSemVerMajor") else ""
        return f"npm install {available.get('name')}@{available.get('version')}{new}"
    if available:
        return "npm audit fix"
    return f"npm ls {package} shows what needs it; no version without it fits what package.json asks for"
