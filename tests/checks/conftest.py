from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from checks import scan
from checks.base import Subject

MakeSubject = Callable[..., Subject]


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
