"""Calls with fewer or more arguments than the function takes."""

from __future__ import annotations

from typing import cast

from pipeline.typescript.strategies import arity
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import repaired

_STRATEGY = cast("Strategy", arity)


def test_a_parameter_that_a_call_leaves_out_becomes_optional() -> None:
    expected = ["export function greet(name: string, greeting?: string) {"]
    assert repaired("values", _STRATEGY, "greet('Ada');") == expected


def test_an_argument_that_no_one_takes_goes() -> None:
    assert repaired("values", _STRATEGY, "greet('Ada', 'Hello', 'twice')") == ["greet('Ada', 'Hello');"]
