"""Imports and exports."""

from __future__ import annotations

from typing import cast

from pipeline.typescript.strategies import modules
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import repaired

_STRATEGY = cast("Strategy", modules)


def test_exports_a_type_that_is_imported() -> None:
    assert repaired("names", _STRATEGY, "import { Harvest }") == ["export interface Harvest {"]


def test_imports_a_name_that_one_module_exports() -> None:
    (found,) = repaired("names", _STRATEGY, "export const planted")
    assert "Planting" in found
    assert found.startswith("import type {")


def test_invents_no_export() -> None:
    assert repaired("names", _STRATEGY, "import type { Nothing }") == []
