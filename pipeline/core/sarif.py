"""The frame of a SARIF 2.1.0 log, which GitHub's code scanning and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# What GitHub takes of one run: https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
MOST_RESULTS = 25_000
# What paths are relative to; a base has no address, so that no machine's folders get into the file.
BASES = {"SITE": "The site's folder.", "OUTPUT": "The folder that the build fills."}


def log(
    driver: Mapping[str, Any], results: Sequence[Mapping[str, Any]], bases: Sequence[str], **more: object
) -> dict[str, Any]:
    """Return a log with one run of a tool, its `driver`; `more` are further keys of the run."""
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": dict(driver)},
                "columnKind": "utf16CodeUnits",
                "originalUriBaseIds": {name: {"description": {"text": BASES[name]}} for name in bases},
                "results": list(results),
                **more,
            }
        ],
    }


def location(file: str, line: int = 0, column: int = 0, base: str = "SITE") -> dict[str, Any]:
    """Return a place in a file; lines and columns count from 1, and 0 means the whole."""
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(file), "uriBaseId": base}}
    if line > 0:
        place["region"] = {"startLine": line, **({"startColumn": column} if column > 0 else {})}
    return {"physicalLocation": place}
