"""Members of literals that start empty."""

from __future__ import annotations

from typing import cast

from pipeline.typescript.strategies import starts
from pipeline.typescript.strategies.base import Strategy
from tests.typescript.replay import repaired


def test_a_member_that_starts_as_null_is_widened_where_it_starts() -> None:
    found = repaired("objects", cast("Strategy", starts), "access.notes = 'late'")
    assert found == ["const access = { notes: null as string | null, names: [] };"]
