"""Release names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deploy.names import Name, free_name, parse, slugify

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("First light", "first-light"),
        ("feat(nav)!: fold the menu", "feat-nav-fold-the-menu"),
        ("Über die Brücke", "uber-die-brucke"),
        ("日本語", "release"),
        ("", "release"),
        ("--- ???", "release"),
        ("a" * 80, "a" * 50),
        ("word " * 20, "word-word-word-word-word-word-word-word-word-word"),
    ],
)
def test_slug_of(text: str, slug: str) -> None:
    assert slugify(text) == slug


@given(st.text())
def test_every_description_gives_a_name_that_reads_back(text: str) -> None:
    name = Name(NOON, "prod", slugify(text))
    assert parse(str(name)) == name
    assert len(name.slug) <= 50


def test_a_name_is_in_utc_whatever_the_clock_shows() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    assert str(free_name(tokyo, "prod", "x", frozenset())) == "20260301-120000-prod-x"


def test_a_taken_name_moves_on_by_a_second() -> None:
    taken = frozenset({"20260301-120000-prod-x", "20260301-120001-prod-x"})
    assert str(free_name(NOON, "prod", "x", taken)) == "20260301-120002-prod-x"


@pytest.mark.parametrize(
    "text",
    [
        "main",
        "20260301-prod-x",
        "20261301-120000-prod-x",
        "20260301-120000-prod-",
        "20260301-120000-Prod-x",
        "",
    ],
)
def test_what_is_no_release_name(text: str) -> None:
    assert parse(text) is None
