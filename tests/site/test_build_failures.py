"""Builds that fail, hang, are interrupted or killed: nothing is lost, and the next run goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project
from pipeline.site import build as building
from pipeline.site import output, record
from pipeline.site.build import artifact_of, build
from tests.site.tiny import BUILD, RUN, make, page, settings, wait_for, write

pytestmark = pytest.mark.node

# Writes half of a new output and says so, then goes on for ever.
HANGS = "import fs from 'node:fs'\nfs.mkdirSync('dist', {recursive: true})\n"
HANGS += "fs.writeFileSync('dist/index.html', 'half')\nfs.writeFileSync('../half-built', '')\n"
HANGS += "setInterval(() => fs.writeFileSync('dist/index.html', 'half'), 20)\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A site that was built once and whose next build hangs."""
    made = make(tmp_path / "tiny")
    build(made, "local")
    write(made.root, {"build.mjs": HANGS})
    building.forget()
    return made


@pytest.fixture
def other_process(project: Project) -> Iterator[subprocess.Popen[str]]:
    """Another process that is in the middle of a build."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, project.root], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    wait_for((project.root.parent / "half-built").exists)
    yield process
    process.kill()
    process.communicate()


def failing(project: Project, **site: object) -> Stop:
    if site:
        write(project.root, {"invoke.yaml": settings(**site)})
    with pytest.raises(Stop) as caught:
        build(open_project(project.root), "local")
    return caught.value


def test_failing_build_shows_its_last_30_lines_and_the_log(project: Project) -> None:
    script = "for (let i = 1; i <= 40; i++) console.log(`line ${i}`)\nprocess.exitCode = 7\n"
    write(project.root, {"build.mjs": script})
    stop = failing(project)
    assert stop.code == Code.GATE
    assert stop.message == "the build failed: node build.mjs ended with exit code 7"
    assert stop.details[:30] == tuple(f"line {i}" for i in range(11, 41))
    log = Path(stop.details[30].removeprefix("log: "))
    assert "line 1\n" in log.read_text(encoding="utf-8")


def test_previous_output_survives_a_failing_build(project: Project) -> None:
    write(project.root, {"build.mjs": f"{BUILD}process.exit(1)\n", "page.html": "new"})
    failing(project)
    assert page(project) == "<h1>Tiny</h1>\n/\n"
    assert (project.state / output.FAILED / "index.html").read_text(encoding="utf-8") == "new/\n"
    write(project.root, {"build.mjs": BUILD, "page.html": "<h1>Tiny</h1>\n"})
    assert artifact_of(project, "local").files


def test_first_build_that_fails_leaves_no_half_output(tmp_path: Path) -> None:
    project = make(tmp_path / "tiny", {"build.mjs": f"{BUILD}process.exit(1)\n"})
    failing(project)
    assert not project.output.exists()


def test_unfit_output_is_kept_for_a_look_and_the_previous_one_is_back(project: Project) -> None:
    write(project.root, {"build.mjs": BUILD.replace("dist/index.html", "dist/home.html")})
    stop = failing(project)
    assert any("index.html is missing" in line for line in stop.details)
    assert stop.details[-1] == f"what was built is kept in {project.state / output.FAILED}"
    assert (project.state / output.FAILED / "home.html").is_file()
    assert page(project) == "<h1>Tiny</h1>\n/\n"


def test_build_over_its_time_limit_is_ended(project: Project) -> None:
    write(project.root, {"invoke.yaml": {**settings(), "timeouts": {"build": 1}}})
    stop = failing(project)
    assert stop.code == Code.GATE
    assert stop.message == "the build was still running after 1 s and was ended: node build.mjs"
    assert "timeouts" in stop.hint
    assert page(project) == "<h1>Tiny</h1>\n/\n"


def test_build_that_fills_another_folder_names_it(project: Project) -> None:
    write(project.root, {"build.mjs": BUILD.replace("'dist", "'out"), "docs/index.html": "older"})
    os.utime(project.root / "docs/index.html", (1, 1))
    stop = failing(project)
    assert stop.message == "the build succeeded and left no folder dist"
    assert stop.details[0] == "these look like it: out"
    assert stop.hint == "set site.output to out in invoke.yaml"


def test_program_that_is_missing_is_said(project: Project) -> None:
    assert failing(project, build=["no-such-tool"]).code == Code.MISSING
    assert page(project) == "<h1>Tiny</h1>\n/\n"


def test_build_killed_by_a_signal_says_which(project: Project) -> None:
    write(project.root, {"build.mjs": "process.kill(process.pid, 'SIGKILL')\n"})
    assert failing(project).message == "the build failed: node build.mjs was killed by signal 9"


def test_failing_type_check_stops_before_the_build(project: Project) -> None:
    write(project.root, {"check.mjs": "console.log('page.ts(3,1): error TS1005')\nprocess.exit(2)\n"})
    stop = failing(project, check=["node", "check.mjs"])
    assert stop.code == Code.GATE
    assert stop.message == "the type check failed: node check.mjs ended with exit code 2"
    assert stop.details[0] == "page.ts(3,1): error TS1005"
    assert page(project) == "<h1>Tiny</h1>\n/\n"
    write(project.root, {"build.mjs": BUILD})
    assert build(open_project(project.root), "local", check=False).artifact.files


def test_broken_package_json_is_said_before_anything_runs(project: Project) -> None:
    write(project.root, {"package.json": "{"})
    assert failing(project).code == Code.USAGE


def test_interrupted_build_ends_its_programs_and_puts_the_output_back(
    project: Project, other_process: subprocess.Popen[str]
) -> None:
    other_process.send_signal(signal.SIGINT)
    _, errors = other_process.communicate(timeout=20)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert page(project) == "<h1>Tiny</h1>\n/\n"
    time.sleep(0.2)
    assert page(project) == "<h1>Tiny</h1>\n/\n"
    assert not (project.state / "building.json").exists()


def test_killed_build_is_undone_by_the_next_run(
    project: Project, other_process: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    other_process.kill()
    other_process.communicate()
    time.sleep(0.2)
    assert page(project) == "half"
    write(project.root, {"build.mjs": BUILD})
    assert artifact_of(project, "local").files
    told = capsys.readouterr().err
    assert "the last build (local) was killed: dist/ is the previous output again" in told
    assert "ended 1 of its processes that were still running" in told
    time.sleep(0.2)
    assert page(project) == "<h1>Tiny</h1>\n/\n"


def test_build_goes_on_after_a_killed_one(project: Project, other_process: subprocess.Popen[str]) -> None:
    other_process.kill()
    other_process.communicate()
    write(project.root, {"build.mjs": BUILD, "page.html": "new "})
    build(project, "local")
    assert page(project) == "new /\n"
    assert not list((project.state / "aside").iterdir())


def test_build_killed_after_its_record_counts_as_done(project: Project) -> None:
    write(project.root, {"build.mjs": BUILD, "page.html": "new "})
    with output.running(project.root, project.state, project.output, "local", clear=True) as run:
        pass
    done = build(project, "local").record
    assert done is not None
    aside = project.state / "aside" / done.run
    write(aside, {"index.html": "old"})
    journal = {**vars(run), "token": done.run}
    write(project.state, {"building.json": journal})
    building.forget()
    assert artifact_of(project, "local").tree == done.tree
    assert not aside.exists()
    assert record.read(project, "local") == done
