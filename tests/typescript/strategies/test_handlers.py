"""Handlers of events."""

from __future__ import annotations

from typing import cast

import pytest

from pipeline.typescript.strategies import handlers
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import proposals, repaired

_STRATEGY = cast("Strategy", handlers)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "function onKey",
            [
                "function onKey(e: KeyboardEvent) {",
            ],
            id="type from the name of the event",
        ),
        pytest.param(
            "tab.addEventListener",
            [
                'for (const tab of document.querySelectorAll<HTMLElement>(".tab")) {',
                'tab.addEventListener("keydown", (e) => console.log((e as KeyboardEvent).key));',
            ],
            id="element listened on is too general",
        ),
        pytest.param(
            'document.addEventListener("planted"',
            [
                "declare global {\ninterface DocumentEventMap {\nplanted: CustomEvent;\n}",
                'document.addEventListener("planted", ((e: CustomEvent) => console.log(e.detail)) as EventListener);',
            ],
            id="event of the project",
        ),
    ],
)
def test_proposes(line: str, expected: list[str]) -> None:
    found = list(dict.fromkeys(repaired("dom", _STRATEGY, line)))
    assert found == expected


def test_claims_to_be_type_only() -> None:
    levels = {repair.level for _, found in proposals("dom", _STRATEGY) for repair in found}
    assert levels == {"type-only"}
