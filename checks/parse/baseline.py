"""The ratchet of type errors: `ts-baseline.json` says how many each file may still have, by code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "ts-baseline.json"
FORMAT = 1

# Errors by file and code: {"src/a.ts": {"TS2339": 3}}.
Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Excess:
    """A file that has more errors of one code than it may have."""

    file: str
    code: str
    count: int
    allowed: int


def read(root: Path) -> dict[str, dict[str, int]] | None:
    """Return what the site's baseline allows, None without one; raises ValueError that says what is wrong with it."""
    try:
        data = (root / NAME).read_bytes()
    except FileNotFoundError:
        return None
    return parse(data)


def parse(data: bytes) -> dict[str, dict[str, int]]:
    """Return what a baseline allows; raises ValueError that says what is wrong with it."""
    try:
        value = json.loads(data)
    except ValueError as error:
        raise ValueError(f"{NAME} is not JSON: {error}") from error
    if (
        not isinstance(value, dict)
        or value.get("format") != FORMAT
        or not isinstance(value.get("errors"), dict)
    ):
        raise ValueError(f'{NAME} has no "format": {FORMAT} with "errors"')
    for file, codes in value["errors"].items():
        numbers = codes.values() if isinstance(codes, dict) else [None]
        if not all(isinstance(one, int) and not isinstance(one, bool) and one > 0 for one in numbers):
            raise ValueError(f"{NAME}: {file} must have codes with numbers above 0")
    return dict(value["errors"])


def text(counts: Counts) -> bytes:
    """Return a baseline's file: sorted, a line for each file, so that a change of one file is a change of one line."""
    rows = [
        f"    {json.dumps(file, ensure_ascii=False)}: {json.dumps(dict(sorted(codes.items())))}"
        for file, codes in sorted(counts.items())
        if codes
    ]
    inner = "{\n" + ",\n".join(rows) + "\n  }" if rows else "{}"
    return f'{{\n  "format": {FORMAT},\n  "errors": {inner}\n}}\n'.encode()


def counted(errors: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Return how many errors each file has by code; `errors` have the keys file and code."""
    found: dict[str, dict[str, int]] = {}
    for one in errors:
        codes = found.setdefault(one["file"], {})
        codes[one["code"]] = codes.get(one["code"], 0) + 1
    return found


def total(counts: Counts) -> int:
    """Return how many errors there are in all."""
    return sum(sum(codes.values()) for codes in counts.values())


def excess(now: Counts, allowed: Counts) -> list[Excess]:
    """Return where there are more errors than allowed, in order; a file without an entry may have none."""
    return [
        Excess(file, code, count, limit)
        for file, codes in sorted(now.items())
        for code, count in sorted(codes.items())
        if count > (limit := allowed.get(file, {}).get(code, 0))
    ]
