from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from checks import scan
from checks.__main__ import PlainTools
from checks.base import Evidence, Gate, Subject

MakeSubject = Callable[..., Subject]
Records = list[dict[str, Any]]
VISITED = Path(__file__).parent / "recorded" / "visited"


class Seen:
    """Visits that were recorded: `recorded/visited/record.py` made them with a real browser."""

    tools: Mapping[str, str] = {"chromium": "149"}

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._records = records

    def records(self) -> Iterator[Mapping[str, Any]]:
        return iter(self._records)


class SeeingTools(PlainTools):
    """Tools whose browser saw what was recorded."""

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._records = records

    def visits(self, subject: Subject) -> Seen:  # noqa: ARG002 - what the Protocol gives
        return Seen(self._records)


class Visited:
    """The recorded pages and what gates make of them; tests may change the records."""

    def __init__(self) -> None:
        self.records: Records = json.loads((VISITED / "visits.json").read_text(encoding="utf-8"))
        self.subject = scan.subject(VISITED, source=VISITED.parent, base="/")

    def page(self, path: str) -> dict[str, Any]:
        """Return one record, to be changed."""
        return next(one for one in self.records if one["page"] == path)

    def only(self, path: str, **changes: Any) -> None:  # noqa: ANN401 - JSON
        """Keep one page, with other values."""
        self.records = [{**copy.deepcopy(self.page(path)), **changes}]

    def evidence(self, gate: Gate) -> Evidence:
        """Return what a gate collects, after a way through JSON, as it is kept."""
        found = gate.collect(self.subject, SeeingTools(self.records))
        return Evidence(json.loads(json.dumps(found.data)), found.nothing)


@pytest.fixture
def visited() -> Visited:
    """Return the recorded visits of the pages in `recorded/visited`."""
    return Visited()


@pytest.fixture
def make_subject(tmp_path: Path) -> MakeSubject:
    """Return a function that writes a built site and returns it as a subject."""

    def make(files: Mapping[str, str | bytes], base: str = "/", url: str = "") -> Subject:
        output = tmp_path / "site" / "dist"
        for name, content in files.items():
            path = output / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return scan.subject(output, source=output.parent, base=base, url=url)

    return make
