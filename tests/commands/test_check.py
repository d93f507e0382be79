from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke import Program

from checks import GATES
from pipeline.commands import check
from pipeline.core.errors import Code, Stop
from tests.policy import QUIET

PAGE = "<!doctype html><html lang='en'><head><title>A page</title></head><body>{}</body></html>"
TIGHT = '[budgets.page]\ntotal = "10 B"\n'
SETTINGS = "site: {framework: plain, package_manager: none, install: [], build: []}\n"


@pytest.fixture
def here(git_repo: Path, monkeypatch: pytest.MonkeyPatch, git: Callable[..., str]) -> Path:
    from pipeline.site import build

    build._memo.clear()
    for name, text in {
        "invoke.yaml": SETTINGS,
        "constitution.toml": QUIET,
        "dist/index.html": PAGE.format("<script src=a.js></script>"),
        "dist/404.html": PAGE.format("not here"),
        "dist/a.js": "console.log(1)",
    }.items():
        path = git_repo / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(git_repo, "add", "--all")
    git(git_repo, "commit", "--quiet", "--message", "site")
    monkeypatch.chdir(git_repo)
    return git_repo


def invoke(words: str) -> None:
    from invoke import Collection

    Program(namespace=Collection(check.ns)).run(["invoke", *words.split()], exit=False)


def test_there_is_a_task_for_all_and_one_for_each_gate() -> None:
    assert check.ns.default == "all"
    gates = {name.replace("_", "-") for name in GATES}
    assert set(check.ns.task_names) >= {"all", "explain", "verify", *gates}


def test_all_gates_print_measured_values_limits_and_the_next_step(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke("check")
    said = capsys.readouterr()
    assert "JavaScript, heaviest page" in said.out
    assert "100.0 kB" in said.out
    assert said.err.splitlines()[-1] == "next: invoke deploy --env=local"
    assert "the page's HTML" in said.err
    # What is piped stays whole: a gate's line is as long as its reason.
    told = [line for line in said.err.splitlines() if not line.startswith("gate: ")]
    assert [line for line in (*said.out.splitlines(), *told) if len(line) > 80] == []


def test_one_gate_prints_its_own_and_asks_for_the_rest(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke("check.budgets")
    said = capsys.readouterr()
    assert {line.split()[0] for line in said.out.splitlines()[1:]} == {"budgets"}
    assert said.err.splitlines()[-1] == "next: invoke check --env=local"


def test_json_is_the_whole_judgement_and_alone_on_stdout(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke("check --json")
    value = json.loads(capsys.readouterr().out)
    assert value["passed"] is True
    assert set(value["gates"]) == set(GATES)
    assert value["digest"]


def test_failed_gate_ends_with_code_3_after_the_numbers(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "constitution.toml").write_text(f'[budgets.page]\njavascript = "1 B"\n{QUIET}', encoding="utf-8")
    with pytest.raises(Stop) as stopped:
        invoke("check")
    assert stopped.value.code is Code.GATE
    assert "!" in capsys.readouterr().out
    with pytest.raises(Stop):
        invoke("check.budgets --json")
    assert json.loads(capsys.readouterr().out)["passed"] is False


def test_unknown_environment_is_named(here: Path) -> None:
    with pytest.raises(Stop, match="no environment stagin"):
        invoke("check --env=stagin")


def test_advice_and_waivers_are_shown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waiver = '[[waivers]]\ngate = "budgets"\nreason = "launch"\nuntil = 2999-01-01\n'
    text = f'[budgets.page]\ntotal = "1 B"\n{waiver}'
    (here / "constitution.toml").write_text(f"{text}\n{QUIET}", encoding="utf-8")
    (here / "dist/404.html").unlink()
    invoke("check")
    said = capsys.readouterr().err
    assert "waived" in said
    assert "budgets: 1 waived for * until 2999-01-01: launch" in said
    assert "build: there is no 404.html" in said


def test_the_score_stands_at_the_end_and_not_behind_a_single_gate(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke("check")
    assert capsys.readouterr().out.splitlines()[-1] == "score 100.0 of 100"
    invoke("check.budgets")
    assert "score" not in capsys.readouterr().out
    (here / "constitution.toml").write_text(TIGHT + QUIET, encoding="utf-8")
    with pytest.raises(Stop) as stopped:
        invoke("check --json")
    value = json.loads(capsys.readouterr().out)
    assert value["score"]["overall"] < 100
    assert value["score"]["losses"][0]["gate"] == "budgets"
    assert any(line.strip().startswith("budgets (II) failed costs ") for line in stopped.value.details)


def test_waivers_that_nobody_needs_are_advice(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waivers = "".join(
        f'[[waivers]]\ngate = "budgets"\nscope = "{scope}"\nreason = "launch"\nuntil = {until}\n'
        for scope, until in (("/gone/*", "2999-01-01"), ("/old/*", "2020-01-01"))
    )
    (here / "constitution.toml").write_text(waivers + QUIET, encoding="utf-8")
    invoke("check")
    said = " ".join(capsys.readouterr().err.split())
    assert "waiver: budgets /gone/* until 2999-01-01, covers nothing any more: launch; take it out" in said
    assert "waiver: budgets /old/* until 2020-01-01, ended: launch; take it out" in said
    invoke("check --json")
    uses = [one["use"] for one in json.loads(capsys.readouterr().out)["waivers"] if one["gate"] == "budgets"]
    assert uses == ["covers nothing any more", "ended"]


def test_files_for_other_programs_are_written_or_the_reason_is_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke("check --junit=out/j.xml --sarif=out/s.json")
    assert (here / "out/j.xml").read_bytes().startswith(b"<?xml")
    assert json.loads((here / "out/s.json").read_bytes())["version"] == "2.1.0"
    with pytest.raises(Stop, match=r"JUnit cannot be written to dist/index\.html/x"):
        invoke("check.budgets --junit=dist/index.html/x")


def test_gates_are_explained_by_name_and_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    invoke("check.explain all")
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]} == set(GATES)
    invoke("check.explain zero-actions --json")
    value = json.loads(capsys.readouterr().out)
    assert value["non_negotiable"] is True
    assert value["rules"]["runs"]["source"].startswith("https://")
    invoke("check.explain budgets")
    assert "budgets.page.css" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("check.explain", "check.explain all"),
        ("check.explain --json", "check.explain all --json"),
        ("check.explain budgets", "check.explain budgets"),
        ("--help check.explain", "--help check.explain"),
        ("check", "check"),
    ],
)
def test_an_explanation_without_a_name_is_of_all(typed: str, meant: str) -> None:
    from pipeline.program import with_every

    assert with_every(typed.split()) == meant.split()
