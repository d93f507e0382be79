"""What two releases differ in."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.errors import Stop
from pipeline.core.project import Project
from pipeline.deploy.difference import Changed, changed_files, named, summary, text_difference
from pipeline.deploy.release import make
from tests.deploy.harbour import Ticker, change, desk_of, draft, write


@pytest.fixture
def two(project: Project, site: Path) -> Project:
    """Two releases: a page changed, a file came, a file went."""
    clock = Ticker()
    (site / "dist/pixel.bin").write_bytes(b"\x00\xff")
    desk = desk_of(project, clock=clock)
    make(desk, draft(desk))
    change(site, "Harbour at night")
    write(site / "dist/møre.txt", "new\n")
    (site / "dist/app.css").unlink()
    (site / "dist/pixel.bin").write_bytes(b"\x00\xfe")
    desk = desk_of(project, clock=clock)
    make(desk, draft(desk, "night"))
    return project


def test_files_come_with_their_sizes(two: Project) -> None:
    desk = desk_of(two)
    new, old = desk.releases
    files = {one.path: one for one in changed_files(desk.git, old.tree, new.tree)}
    assert files["møre.txt"] == Changed("added", "møre.txt", None, 4)
    assert files["app.css"] == Changed("removed", "app.css", 18, None)
    assert (files["index.html"].kind, files["index.html"].growth) == ("changed", 9)
    assert summary(list(files.values())).startswith("5 files: 1 added, 3 changed, 1 removed (")
    assert summary([]) == "no difference"
    assert not changed_files(desk.git, new.tree, new.tree)


def test_the_text_of_a_file_is_compared_line_by_line(two: Project) -> None:
    desk = desk_of(two)
    new, old = desk.releases
    lines = text_difference(desk.git, old, new, "app.css")
    assert lines == [
        f"--- {old.name}/app.css",
        f"+++ {new.name}/app.css",
        "@@ -1 +0,0 @@",
        "-h1 { color: teal }",
    ]
    with pytest.raises(Stop, match="is no text"):
        text_difference(desk.git, old, new, "pixel.bin")
    with pytest.raises(Stop, match="is in neither"):
        text_difference(desk.git, old, new, "nowhere.html")


def test_a_minified_line_is_cut(two: Project, site: Path) -> None:
    change(site, "x" * 10_000)
    clock = Ticker()
    clock.now = clock.now.replace(hour=20)
    desk = desk_of(two, clock=clock)
    make(desk, draft(desk, "long"))
    new, old, _ = desk_of(two).releases
    lines = text_difference(desk.git, old, new, "index.html")
    assert max(map(len, lines)) < 240
    assert lines[-1].endswith(" characters)")


def test_live_is_a_name_too(two: Project) -> None:
    desk = desk_of(two)
    assert named(desk, "live") == desk.live
    assert named(desk, desk.releases[1].name[:20]) == desk.releases[1]
