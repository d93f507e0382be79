from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from checks import GATES, TITLES
from checks.__main__ import main

PAGE = "<!doctype html><title>A page</title><p>Hello"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    output = tmp_path / "site" / "dist"
    output.mkdir(parents=True)
    (output / "index.html").write_text(PAGE, encoding="utf-8")
    return output


# They need packages, a browser or a remote, which only the pipeline has.
PIPELINE = frozenset(
    {"accessibility", "backup", "branches", "html", "keyboard", "lighthouse", "privacy", "runtime"}
)
# It measures what it can by hand, and says that the rest is not measured.
PARTLY = frozenset({"security"})


@pytest.mark.parametrize("gate", [name for name in GATES if name not in PIPELINE | PARTLY])
def test_every_gate_runs_by_hand(gate: str, dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([gate, str(dist)]) == 0
    assert capsys.readouterr().out.startswith(f"{gate}: passed")


@pytest.mark.parametrize("gate", sorted(PARTLY))
def test_what_is_measured_in_part_is_no_pass(
    gate: str, dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([gate, str(dist)]) == 69
    assert capsys.readouterr().out.startswith(f"{gate}: unavailable")


@pytest.mark.parametrize("gate", sorted(PIPELINE & GATES.keys()))
def test_what_only_the_pipeline_has_is_unavailable(
    gate: str, dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([gate, str(dist)]) == 69
    said = capsys.readouterr().err
    assert said.startswith(f"{gate}: unavailable, ")
    assert "fix: invoke check" in said


def test_failure_is_exit_code_3_with_the_fix(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dist / "a.html").write_text(f"{PAGE}<script src=/gone.js></script>", encoding="utf-8")
    assert main(["build", str(dist)]) == 3
    said = capsys.readouterr().out
    assert "error: /a.html:1: /gone.js is not in the output" in said
    assert "fix: " in said


def test_json_has_verdict_findings_measures_and_evidence(
    dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["budgets", str(dist), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["gate"], value["verdict"], value["findings"]) == ("budgets", "passed", [])
    assert value["evidence"]["data"]["pages"][0]["page"] == "/"


def test_unavailable_is_exit_code_69(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dist.parent / "a.ts").touch()
    assert main(["typescript", str(dist)]) == 69
    said = capsys.readouterr()
    assert "unavailable" in said.err
    assert main(["typescript", str(dist), "--json"]) == 69
    assert json.loads(capsys.readouterr().out)["verdict"] == "unavailable"


def test_type_checker_is_given_last(dist: Path) -> None:
    assert main(["typescript", str(dist), "--command", sys.executable, "-c", "raise SystemExit(1)"]) == 3


@pytest.mark.parametrize("arguments", [["nonsense", "."], ["build", "/no/such/folder"], []])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_module_runs_as_a_program_without_the_pipeline(dist: Path) -> None:
    code = (
        "import sys, runpy; sys.argv = ['checks', 'budgets', sys.argv[1]]\n"
        "try: runpy.run_module('checks', run_name='__main__')\n"
        "finally: assert not [name for name in sys.modules if name.split('.')[0] == 'pipeline']"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(dist)], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("budgets: passed")


@pytest.mark.parametrize("gate", GATES.values(), ids=list(GATES))
def test_every_gate_is_a_gate(gate: object) -> None:
    assert GATES[gate.NAME] is gate  # type: ignore[attr-defined]
    assert gate.__doc__ == TITLES[gate.NAME]
    assert list(TITLES) == list(GATES)


def test_importing_the_gates_loads_nothing_heavy() -> None:
    heavy = ("selectolax", "brotli", "pydantic", "requests")
    code = f"import sys, checks; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]", done.stderr
