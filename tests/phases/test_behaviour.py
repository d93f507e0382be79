from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.phases.behaviour import surprises
from pipeline.site.artifact import snapshot
from pipeline.site.compare import compare

PAGE = "<!doctype html><title>{}</title><script>{}</script><script src=/_a/{}></script>"


def found(
    tmp_path: Path, before: Mapping[str, str], after: Mapping[str, str], *, code_changed: bool
) -> list[str]:
    roots = []
    for name, files in (("before", before), ("after", after)):
        for path, text in files.items():
            full = tmp_path / name / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_text(text)
        roots.append(tmp_path / name)
    one, two = (snapshot(root, tmp_path / "objects.git") for root in roots)
    return surprises(compare(one, roots[0], two, roots[1]), *roots, code_changed=code_changed)


BEFORE = {"index.html": PAGE.format("A", "x()", "m.AAAA1111.js"), "_a/m.AAAA1111.js": "go(1)"}
SCRIPTS = {"index.html": PAGE.format("A", "x?.()", "m.BBBB2222.js"), "_a/m.BBBB2222.js": "go?.(1)"}


def test_same_output_surprises_nobody(tmp_path: Path) -> None:
    assert found(tmp_path, BEFORE, BEFORE, code_changed=False) == []


def test_scripts_and_their_names_may_differ_after_a_changed_expression(tmp_path: Path) -> None:
    assert found(tmp_path, BEFORE, SCRIPTS, code_changed=True) == []


def test_scripts_may_not_differ_after_type_only_repairs(tmp_path: Path) -> None:
    names = [line.partition(":")[0] for line in found(tmp_path, BEFORE, SCRIPTS, code_changed=False)]
    assert names == ["_a/m.AAAA1111.js", "index.html"]


@pytest.mark.parametrize("code_changed", [True, False])
def test_other_text_of_a_page_is_always_named(tmp_path: Path, code_changed: bool) -> None:
    after = {**BEFORE, "index.html": PAGE.format("B", "x()", "m.AAAA1111.js")}
    (line,) = found(tmp_path, BEFORE, after, code_changed=code_changed)
    assert line.startswith("index.html: line 1")


def test_only_the_hash_of_a_name_may_differ_and_stamps_may(tmp_path: Path) -> None:
    before = {"index.html": "<p>built 2026-01-01T10:00:00Z</p>"}
    after = {"index.html": "<p>built 2026-01-01T10:05:00Z</p>"}
    assert found(tmp_path, before, after, code_changed=False) == []


def test_page_that_is_gone_is_named(tmp_path: Path) -> None:
    (line,) = found(tmp_path, {**BEFORE, "about/index.html": "x"}, BEFORE, code_changed=True)
    assert line == "about/index.html: only in the first build"
