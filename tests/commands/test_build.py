"""`invoke build`: its flags, what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from invoke import Collection

from pipeline.commands import build
from pipeline.core.errors import Code
from pipeline.core.project import Project
from pipeline.program import Program
from pipeline.site import build as building
from tests.site.tiny import BUILD, make, settings, write

pytestmark = pytest.mark.node
RANDOM = BUILD.replace("process.env.PAGES_BASE", "`<b>${crypto.randomUUID()}</b>`")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = make(tmp_path / "tiny")
    monkeypatch.chdir(made.root)
    building.forget()
    return made


def run(words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        Program(Collection(build.build)).run(["pages", *words.split()])
    return int(str(ended.value.code or 0))


def run_well(words: str) -> None:
    Program(Collection(build.build)).run(["pages", *words.split()], exit=False)


def test_summary_has_count_sizes_tree_time_and_the_next_step(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    run_well("build")
    said = capsys.readouterr()
    last = said.err.splitlines()[-2:]
    assert last[0].startswith("built for local: 1 file, 16 B (")
    assert " gzip), tree " in last[0]
    assert last[1] == "next: invoke check"
    assert said.out == ""


def test_next_step_keeps_the_environment(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    run_well("build --env=staging")
    assert capsys.readouterr().err.splitlines()[-1] == "next: invoke check --env=staging"


def test_output_of_the_build_is_streamed(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    write(project.root, {"build.mjs": f"{BUILD}console.log('page 1'); console.error('careful')\n"})
    run_well("build")
    shown = capsys.readouterr().err.splitlines()
    assert {"    page 1", "    careful"} <= {*shown}


def test_json_is_the_only_thing_said(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    run_well("build --json")
    said = capsys.readouterr()
    value = json.loads(said.out)
    assert said.err == ""
    assert (value["environment"], value["files"], value["bytes"]) == ("local", 1, 16)
    assert value["record"]["tree"] == value["tree"]


def test_dry_run_prints_the_plan_and_changes_nothing(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    run_well("build --dry-run --env=staging")
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert rows["environment"] == "staging (https://staging.example/tiny/)"
    assert rows["install"] == "no: package.json asks for no package"
    assert rows["build"] == "node build.mjs"
    assert rows["PAGES_BASE"] == "/tiny/"
    assert not (project.root / ".pages").exists()
    assert not project.output.exists()


def test_dry_run_as_json(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    run_well("build --dry-run --json")
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert value["build"] == ["node", "build.mjs"]
    assert value["variables"]["NODE_ENV"] == "production"


def test_no_check_leaves_the_type_check_out(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    write(project.root, {"invoke.yaml": settings(check=["node", "-e", "process.exit(3)"])})
    assert run("build") == Code.GATE
    assert "stopped: the type check failed: node -e 'process.exit(3)' ended" in capsys.readouterr().err
    run_well("build --no-check")
    assert "left to the gate typescript" in capsys.readouterr().err


def test_twice_says_that_the_builds_are_identical(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    run_well("build --twice")
    assert "both builds are identical, byte for byte (1 file)" in capsys.readouterr().err


def test_twice_says_where_the_builds_differ(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    write(project.root, {"build.mjs": RANDOM})
    assert run("build --twice") == Code.DRIFT
    said = capsys.readouterr()
    assert said.out.startswith("index.html: line 2, byte ")
    assert said.out.rstrip().endswith("(a UUID)")
    assert "stopped: two builds of the same sources differ in 1 file" in said.err


def test_twice_as_json(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    write(project.root, {"build.mjs": RANDOM})
    assert run("build --twice --json") == Code.DRIFT
    value = json.loads(capsys.readouterr().out)
    assert value["identical"] is False
    assert value["differences"][0]["looks_like"] == "a UUID"


def test_unknown_environment_is_said(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("build --env=stagin") == Code.USAGE
    assert "next: the same with --env=staging" in capsys.readouterr().err


def test_plain_site_says_that_nothing_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {"public/index.html": "1", "invoke.yaml": {"site": {"output": "public"}}})
    monkeypatch.chdir(tmp_path)
    run_well("build --dry-run")
    rows = capsys.readouterr().out
    assert "nothing: public is published as it is" in rows
    assert "PAGES_BASE" not in rows
    run_well("build")
    assert "built for local: 1 file" in capsys.readouterr().err
