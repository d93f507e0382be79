from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.typescript.later import refused


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"baseUrl": "."}, ["baseUrl"]),
        ({"paths": {"@/*": ["src/*"], "~": ["./x"]}}, ['paths to "src/*", which is not relative']),
        ({"moduleResolution": "Node"}, ['"moduleResolution": "Node"']),
        ({"moduleResolution": "bundler", "target": "ES2022", "paths": {"@/*": ["./src/*"]}}, []),
        ({"target": "es5", "module": "AMD"}, ['"target": "es5"', '"module": "AMD"']),
    ],
)
def test_what_typescript_7_refuses_is_named(tmp_path: Path, options: dict[str, Any], told: list[str]) -> None:
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options}))
    later = [one.what for one in refused(tmp_path, "tsconfig.json", "5.9.3")]
    assert later == [f"for later: TypeScript 7 refuses {one} in tsconfig.json" for one in told]
    now = [one.what for one in refused(tmp_path, "tsconfig.json", "7.0.2")]
    assert now == [f"TypeScript 7.0.2 refuses {one} in tsconfig.json" for one in told]


@pytest.mark.parametrize("text", ["", "[]", '{"compilerOptions": 1}', "{"])
def test_what_is_no_configuration_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "tsconfig.json").write_text(text)
    assert list(refused(tmp_path, "tsconfig.json", "")) == []
