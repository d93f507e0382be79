"""The demo where it cannot even begin; what it does is tested with the installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.errors import Stop
from pipeline.phases.demo import demo


def test_a_cache_that_cannot_be_written_is_named_with_a_way_around(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with (
        pytest.raises(Stop, match="cannot be made: Not a directory") as stopped,
        demo(tmp_path / "cache/demo"),
    ):
        pass
    assert stopped.value.hint == "XDG_CACHE_HOME=/some/other/folder invoke demo"
