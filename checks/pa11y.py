"""The other engine of `accessibility`: pa11y-ci as a program, over a server of the files that are judged."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from checks.base import Evidence, Subject, Tools, Unavailable
from checks.looks import looks
from checks.parse import wcag
from checks.parse.address import page_address

_PAGE_SECONDS = 60
_START_SECONDS = 120
# https://github.com/pa11y/pa11y#standard-string; it knows no 2.2.
_STANDARDS = {"wcag21aa": "WCAG2AA", "wcag22aa": "WCAG2AA", "wcag21aaa": "WCAG2AAA"}
_KEPT = 10
# axe's rules that break no criterion, which its report does not tell apart:
# https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md#best-practices-rules
_PRACTICE = frozenset(
    [
        "accesskeys",
        "aria-allowed-role",
        "aria-dialog-name",
        "aria-text",
        "aria-treeitem-name",
        "empty-heading",
        "empty-table-header",
        "frame-tested",
        "heading-order",
        "image-redundant-alt",
        "label-title-only",
        "landmark-banner-is-top-level",
        "landmark-complementary-is-top-level",
        "landmark-contentinfo-is-top-level",
        "landmark-main-is-top-level",
        "landmark-no-duplicate-banner",
        "landmark-no-duplicate-contentinfo",
        "landmark-no-duplicate-main",
        "landmark-one-main",
        "landmark-unique",
        "meta-viewport-large",
        "page-has-heading-one",
        "presentation-role-conflict",
        "region",
        "scope-attr-valid",
        "skip-link",
        "tabindex",
    ]
)
_ADDRESS = re.compile(r"\s*\(https?://\S+\)$")
_AGAIN = 'accessibility.engine = "visits" in constitution.toml, or invoke check.accessibility --fresh'


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Run it once over all pages; raises Unavailable when it cannot run, or prints something else than a report."""
    # Pages that send visitors on at once have nothing to look at.
    pages = sorted(page_address(path) for path, page in looks(subject).pages.items() if not page.forward)
    if not pages:
        return Evidence({"pages": 0, "failed": [], "rows": []}, nothing="the output has no page")
    node = tools.which("node")
    if node is None:
        raise Unavailable("Node.js is not here, which pa11y-ci needs", "invoke doctor --fix")
    program = tools.toolbox("pa11y") / "node_modules/pa11y-ci/bin/pa11y-ci.js"
    with tools.served(subject) as url, tempfile.TemporaryDirectory(prefix="pages-pa11y-") as name:
        place = Path(name)
        addresses = {url.rstrip("/") + quote(page): page for page in pages}
        config = place / "pa11yci.json"
        config.write_text(json.dumps(settings(addresses, tools.browser(), subject)), encoding="utf-8")
        limit = _START_SECONDS + _PAGE_SECONDS * len(pages)
        done = tools.run(
            [node, str(program), "--config", str(config), "--json"],
            cwd=place,
            timeout=limit,
            env={"TMPDIR": str(place), "NO_COLOR": "1"},
        )
        if done.code is None:
            raise Unavailable(f"pa11y-ci was not done after {limit} s", _AGAIN)
        return read(done.out, addresses, subject, (done.out + done.err).splitlines())


def settings(addresses: Mapping[str, str], browser: Path, subject: Subject) -> dict[str, Any]:
    """Return its configuration; each page is an object, for strings share one between pages that run side by side."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    flags = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-dev-shm-usage"]
    standard = subject.plans.get("accessibility", "").rpartition(" ")[2]
    return {
        "defaults": {
            "standard": _STANDARDS.get(standard, "WCAG2AA"),
            "runners": ["axe", "htmlcs"],
            "timeout": _PAGE_SECONDS * 1000,
            "concurrency": 2,
            "chromeLaunchConfig": {
                "executablePath": str(browser),
                "args": [*flags, *(["--no-sandbox"] if root else [])],
            },
        },
        "urls": [{"url": url} for url in addresses],
    }


def read(text: str, addresses: Mapping[str, str], subject: Subject, said: Sequence[str]) -> Evidence:
    """Return the evidence of its JSON report; raises Unavailable when it is none, or lacks a page."""
    try:
        results = json.loads(text[text.index("{") :])["results"]
        # A page that leads on is reported by the address that it leads to.
        found = {
            addresses.get(url, ""): _page(addresses.get(url, ""), issues) for url, issues in results.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unavailable(
            "pa11y-ci printed something else than its JSON report", _AGAIN, said[-8:]
        ) from error
    found.pop("", None)
    lost = "pa11y-ci did not report on it; maybe a script sends its visitors on"
    failed = [[page, lost] for page in addresses.values() if page not in found]
    failed += [[page, one] for page, one in found.items() if isinstance(one, str)]
    rows = [row for one in found.values() if not isinstance(one, str) for row in one]
    version = subject.versions.get("pa11y-ci", "")
    return Evidence(
        {"pages": len(addresses), "failed": sorted(failed), "rows": rows}, tools={"pa11y-ci": version}
    )


def _page(page: str, issues: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | str:
    """Return the rows of one page, or why it could not be looked at: an issue without code is an exception."""
    found: dict[str, dict[str, Any]] = {}
    for one in issues:
        if "code" not in one:
            return str(one["message"])
        if one["type"] != "error":
            continue
        code = wcag.read(one["code"])
        by_axe = one["runner"] == "axe"
        name = one["code"] if by_axe else code.short
        extras = one.get("runnerExtras") or {}
        row = found.setdefault(
            name,
            {
                "rule": f"pa11y:{name}",
                "page": page,
                "nodes": [],
                "views": [],
                "counts": {"": 0},
                "picture": "",
                "help": _ADDRESS.sub("", one["message"]),
                "url": extras.get("helpUrl", "") if by_axe else "",
                "tags": list(code.tags)
                if not by_axe
                else ["best-practice" if name in _PRACTICE else "wcag2a"],
                "impact": extras.get("impact", ""),
            },
        )
        row["counts"][""] += 1
        if len(row["nodes"]) < _KEPT:
            row["nodes"].append([one["selector"], one["context"] or "", "", []])
    return list(found.values())
