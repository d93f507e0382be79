"""Real builds of tiny sites: what comes out, what is recorded, and when an output still counts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.core import lock
from pipeline.core.errors import Code, Stop
from pipeline.core.files import read_json
from pipeline.core.project import Project, open_project
from pipeline.site import build as building
from pipeline.site import record
from pipeline.site.build import artifact_of, build, build_twice
from tests.site.tiny import BUILD, make, page, settings, write

pytestmark = pytest.mark.node


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make(tmp_path / "tiny")


@pytest.fixture(autouse=True)
def new_process() -> None:
    """Nothing was built by this process yet."""
    building.forget()


def artifact_elsewhere(project: Project, environment: str = "local") -> str:
    """The tree that another process gets from the output folder without a build."""
    building.forget()
    return artifact_of(open_project(project.root), environment).tree


def test_build_gives_the_artifact_and_records_what_it_was_made_from(project: Project) -> None:
    built = build(project, "local")
    assert [entry.path for entry in built.artifact.files] == ["index.html"]
    assert page(project) == "<h1>Tiny</h1>\n/\n"
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=project.root, text=True).strip()
    found = record.read(project, "local")
    assert found is not None
    assert (found.commit, found.dirty, found.tree) == (head, False, built.artifact.tree)
    assert found.command == "node build.mjs"
    assert built.log is not None
    assert "$ node build.mjs\nexit code 0 after" in built.log.read_text(encoding="utf-8")


def test_build_tells_the_site_where_it_will_be(tmp_path: Path) -> None:
    script = "import fs from 'node:fs'\nfs.mkdirSync('dist')\nfs.writeFileSync('dist/index.html', "
    script += "['PAGES_ENV','PAGES_BASE','PAGES_SITE','PAGES_URL','NODE_ENV','SOURCE_DATE_EPOCH','NO_COLOR']"
    script += ".map(n => process.env[n]).join('\\n'))"
    project = make(tmp_path / "tiny", {"build.mjs": script})
    build(project, "staging")
    time = subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=project.root, text=True).strip()
    url = "https://staging.example/tiny/"
    assert page(project).split() == [
        "staging",
        "/tiny/",
        "https://staging.example",
        url,
        "production",
        time,
        "1",
    ]


def test_build_removes_files_of_the_previous_output(project: Project) -> None:
    write(project.output, {"index.html": "old", "old.html": "old"})
    assert len(build(project, "local").artifact.files) == 1
    assert not (project.output / "old.html").exists()
    assert not list((project.state / "aside").iterdir())


def test_build_without_clean_keeps_other_files(project: Project) -> None:
    write(project.output, {"old.html": "old"})
    assert len(build(project, "local", clean=False).artifact.files) == 2


def test_output_with_files_that_git_tracks_is_not_cleared(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project.output, {"CNAME": "tiny.example"})
    subprocess.run(["git", "add", "--force", "dist/CNAME"], cwd=project.root, check=True)
    assert {"CNAME", "index.html"} == build(project, "local").artifact.by_path.keys()
    assert "dist is not cleared before the build: git tracks dist/CNAME in it" in capsys.readouterr().err


def test_uncommitted_changes_are_recorded(project: Project) -> None:
    write(project.root, {"page.html": "<h1>Changed</h1>"})
    done = build(project, "local").record
    assert done is not None
    assert done.dirty


def test_site_outside_of_git_is_built_all_the_same(project: Project) -> None:
    shutil.rmtree(project.root / ".git")
    done = build(project, "local").record
    assert done is not None
    assert (done.commit, done.dirty) == (None, False)
    assert artifact_elsewhere(project) == done.tree


def test_artifact_is_built_once_per_process_and_environment(project: Project) -> None:
    built = build(project, "local")
    shutil.rmtree(project.output)
    assert artifact_of(project, "local") is built.artifact
    assert artifact_of(project, "staging", allow_build=True).tree != built.artifact.tree


def test_output_of_an_earlier_process_counts_while_nothing_changed(project: Project) -> None:
    built = build(project, "local")
    (project.root / "page.html").touch()
    write(project.root, {"constitution.toml": "[budgets.page]\njavascript = 1\n"})
    assert artifact_elsewhere(project) == built.artifact.tree


def test_output_older_than_the_sources_is_refused_and_names_the_newest(project: Project) -> None:
    build(project, "local")
    write(project.root, {"early.txt": "1", "page.html": "<h1>New</h1>"})
    os.utime(project.root / "early.txt", (1_000_000_000, 1_000_000_000))
    with pytest.raises(
        Stop, match=r"dist is older than the sources: page.html changed \(and 1 more file\)"
    ) as caught:
        artifact_elsewhere(project)
    assert caught.value.code == Code.USAGE
    assert caught.value.hint == "invoke build --env=local"
    assert caught.value.details == ("page.html", "early.txt")


def test_output_is_older_than_a_deleted_source(project: Project) -> None:
    write(project.root, {"extra.txt": "1"})
    build(project, "local")
    (project.root / "extra.txt").unlink()
    with pytest.raises(Stop, match=r"older than the sources: extra.txt is gone$"):
        artifact_elsewhere(project)


def test_output_is_older_than_an_ignored_env_file(project: Project) -> None:
    write(project.root, {".gitignore": "dist/\n.env*\n"})
    build(project, "local")
    write(project.root, {".env.production": "PUBLIC_X=1"})
    with pytest.raises(Stop, match=r"older than the sources: \.env\.production changed"):
        artifact_elsewhere(project)


def test_change_that_keeps_size_and_time_is_seen(project: Project) -> None:
    build(project, "local")
    path = project.root / "page.html"
    about = path.stat()
    path.write_text("<h1>Tidy</h1>\n", encoding="utf-8")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    with pytest.raises(Stop, match=r"page\.html changed"):
        artifact_elsewhere(project)


def test_output_changed_by_hand_is_refused(project: Project) -> None:
    build(project, "local")
    write(project.output, {"index.html": "by hand"})
    with pytest.raises(Stop, match="dist was changed after the build"):
        artifact_elsewhere(project)


def test_output_of_another_environment_is_refused_and_named(project: Project) -> None:
    build(project, "staging")
    with pytest.raises(Stop, match="dist was not built for local; it was built for staging"):
        artifact_elsewhere(project)
    build(project, "local")
    with pytest.raises(Stop, match="dist is now the build for local"):
        artifact_elsewhere(project, "staging")


def test_output_built_for_another_address_is_refused(project: Project) -> None:
    build(project, "staging")
    changed = {
        **settings(),
        "environments": {"staging": {"url": "https://new.example/", "repository": "/srv/a"}},
    }
    write(project.root, {"invoke.yaml": changed})
    with pytest.raises(Stop, match=r"dist was built for https://staging\.example/tiny/, and staging is now"):
        artifact_elsewhere(project, "staging")


def test_no_output_says_what_to_type(project: Project) -> None:
    with pytest.raises(Stop, match="there is no output folder dist") as caught:
        artifact_elsewhere(project)
    assert caught.value.hint == "invoke build --env=local"
    assert artifact_of(project, "local", allow_build=True).files


def test_build_that_writes_into_the_sources_warns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = "import fs from 'node:fs'\nfs.mkdirSync('dist')\nfs.writeFileSync('dist/index.html', '')\n"
    project = make(tmp_path / "tiny", {"build.mjs": script + "fs.writeFileSync('types.d.ts', '1')\n"})
    build(project, "local")
    assert "warning: types.d.ts changed during the build" in capsys.readouterr().err
    build(project, "local")
    assert "warning" not in capsys.readouterr().err
    assert artifact_elsewhere(project)


def test_second_build_at_the_same_time_is_told_who_builds(project: Project) -> None:
    with (
        lock.hold(project.state / "build.lock", "build for local"),
        pytest.raises(Stop, match="is busy here: build for local") as caught,
    ):
        build(project, "local")
    assert caught.value.code == Code.LOCKED


def test_plain_site_is_published_as_it_is_without_our_files_or_dot_files(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    write(root, {"index.html": "1", "a/b.html": "2", ".well-known/x": "3", ".secret": "4", "dist.log": "5"})
    write(root, {"invoke.yaml": {"site": {"output": "."}}, ".gitignore": "*.log\n", "constitution.toml": ""})
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    project = open_project(root)
    built = build(project, "local")
    assert built.record is None
    assert built.artifact.by_path.keys() == {"index.html", "a/b.html", ".well-known/x"}
    (root / "a/b.html").unlink()
    write(root, {"index.html": "new", "c.html": "6"})
    building.forget()
    again = artifact_of(project, "local")
    assert again.by_path.keys() == {"index.html", "c.html", ".well-known/x"}
    assert again.by_path["index.html"].size == 3


def test_plain_folder_beside_other_files_is_the_output(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    write(root, {"public/index.html": "1", "notes.txt": "2", "invoke.yaml": {"site": {"output": "public"}}})
    assert artifact_of(open_project(root), "local").by_path.keys() == {"index.html"}


def test_building_twice_gives_identical_bytes(project: Project) -> None:
    built, comparison = build_twice(project, "local")
    assert comparison.identical
    assert comparison.differences == ()
    assert artifact_elsewhere(project) == built.artifact.tree


def test_building_twice_says_what_differs_and_where(tmp_path: Path) -> None:
    script = "import fs from 'node:fs'\nfs.mkdirSync('dist')\n"
    script += "fs.writeFileSync('dist/index.html', '<h1>\\n<p>built ' + new Date().toISOString() + '</p>')\n"
    project = make(tmp_path / "tiny", {"build.mjs": script})
    _, comparison = build_twice(project, "local")
    (one,) = comparison.differences
    assert (one.path, one.line, one.looks_like) == ("index.html", 2, "a timestamp")
    assert one.first.startswith("<p>built 20")
    assert not (project.state / "first").exists()


def test_building_a_plain_site_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"public/index.html": "1", "invoke.yaml": {"site": {"output": "public"}}})
    with pytest.raises(Stop, match="nothing is built here"):
        build_twice(open_project(tmp_path), "local")


def test_log_has_no_colours_and_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "very-secret-value")
    script = "console.log('\\x1b[31mred\\x1b[0m ' + process.env.DEPLOY_TOKEN)\n"
    project = make(tmp_path / "tiny", {"build.mjs": script + BUILD.replace("import fs", "import * as fs")})
    log = build(project, "local").log
    assert log is not None
    assert "\nred [redacted]\n" in log.read_text(encoding="utf-8")


def test_record_is_plain_json(project: Project) -> None:
    build(project, "local")
    value = read_json(project.state / "builds/local.json")
    assert value["environment"] == "local"
    write(project.state, {"builds/local.json": {"of": "another version"}})
    assert record.read(project, "local") is None
