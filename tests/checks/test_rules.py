"""Every gate explains itself and every rule that it can report."""

from __future__ import annotations

import ast
import fnmatch
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import cast
from urllib.parse import urlsplit

import pytest

from checks import GATES
from checks.base import Gate


def reported(gate: Gate) -> Iterator[str]:
    """The rules that stand in a gate's own code as plain text."""
    path = Path(cast("ModuleType", gate).__file__ or "")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
            given = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "rule")]
            yield from (str(one.value) for one in given if isinstance(one, ast.Constant))


@pytest.mark.parametrize("name", GATES)
def test_every_rule_in_the_code_is_explained(name: str) -> None:
    gate = GATES[name]
    unknown = [
        rule for rule in reported(gate) if not any(fnmatch.fnmatchcase(rule, one) for one in gate.RULES)
    ]
    assert not unknown


@pytest.mark.parametrize("name", GATES)
def test_rules_say_what_how_to_mend_it_and_why(name: str) -> None:
    gate = GATES[name]
    assert gate.RULES
    for rule in gate.RULES.values():
        assert rule.what.strip()
        assert rule.fix.strip()
        assert urlsplit(rule.source).scheme == "https", rule.source


@pytest.mark.parametrize("name", GATES)
def test_the_explanation_is_two_to_six_sentences(name: str) -> None:
    text = " ".join(GATES[name].EXPLAIN.split())
    assert 2 <= sum(text.count(end) for end in (". ", "; ", ": ")) + 1 <= 12
    assert 80 < len(text) < 1_200
    assert text.endswith(".")
