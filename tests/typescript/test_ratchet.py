from __future__ import annotations

from pathlib import Path

import pytest

from checks.parse import baseline
from checks.parse.baseline import Excess
from pipeline.core.errors import Stop
from pipeline.typescript.ratchet import Turned, allowed, grown, turn, write


def test_first_baseline_allows_what_there_is() -> None:
    assert turn(None, {"a.ts": {"TS1": 2}}, there=frozenset()) == Turned({"a.ts": {"TS1": 2}}, None)


def test_baseline_shrinks_and_never_grows() -> None:
    old = {"a.ts": {"TS1": 2, "TS2": 1}, "b.ts": {"TS1": 1}}
    turned = turn(old, {"a.ts": {"TS1": 1}}, there=frozenset(old))
    assert turned == Turned({"a.ts": {"TS1": 1}}, 4)
    now = {"a.ts": {"TS1": 3}, "c.ts": {"TS2": 1}}
    over = turn(old, now, there=frozenset(old))
    assert over == [Excess("a.ts", "TS1", 3, 2), Excess("c.ts", "TS2", 1, 0)]
    assert isinstance(over, list)
    assert grown(over).details == ("a.ts: 3 × TS1, 2 allowed", "c.ts: 1 × TS2, 0 allowed")


def test_errors_may_move_with_their_file_but_not_multiply() -> None:
    old = {"old.ts": {"TS1": 2}}
    moved = {"new.ts": {"TS1": 2}}
    assert turn(old, moved, there=frozenset()) == Turned(moved, 2)
    assert isinstance(turn(old, moved, there=frozenset(["old.ts"])), list)
    assert isinstance(turn(old, {"new.ts": {"TS1": 2}, "copy.ts": {"TS1": 2}}, there=frozenset()), list)


def test_file_is_small_sorted_and_read_back(tmp_path: Path) -> None:
    counts = {"src/ö.ts": {"TS2": 1, "TS10": 3}, "a.ts": {"TS1": 1}}
    path = write(tmp_path, counts)
    assert path == tmp_path / "ts-baseline.json"
    assert path.read_text(encoding="utf-8") == (
        '{\n  "format": 1,\n  "errors": {\n    "a.ts": {"TS1": 1},\n    "src/ö.ts": {"TS10": 3, "TS2": 1}\n  }\n}\n'
    )
    assert allowed(tmp_path) == counts
    assert write(tmp_path, {"a.ts": {}}) is None
    assert allowed(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": 2, "errors": {}}',
        '{"format": 1, "errors": {"a": 3}}',
        '{"format": 1, "errors": {"a": {"TS1": 0}}}',
        '{"format": 1, "errors": {"a": {"TS1": true}}}',
    ],
)
def test_broken_baseline_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "ts-baseline.json").write_text(text)
    with pytest.raises(ValueError, match=r"ts-baseline\.json"):
        baseline.read(tmp_path)
    with pytest.raises(Stop) as caught:
        allowed(tmp_path)
    assert caught.value.hint == "git checkout ts-baseline.json"
