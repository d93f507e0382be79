"""Classes and functions."""

from __future__ import annotations

from typing import cast

from pipeline.typescript.strategies import classes
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import repaired

_STRATEGY = cast("Strategy", classes)


def test_a_method_that_overrides_says_so() -> None:
    assert repaired("names", _STRATEGY, "paint() {") == ["override paint() {"]


def test_this_is_what_the_function_is_called_on() -> None:
    assert repaired("names", _STRATEGY, "console.log(this.tagName)") == [
        "function listener(this: HTMLElement) {"
    ]
