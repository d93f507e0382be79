"""init, doctor and settings as they are typed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from invoke import Collection, Program

from pipeline.commands import project as commands
from pipeline.core import ui
from pipeline.core.errors import Code
from pipeline.executor import Executor

NS = Collection(commands.init, commands.doctor, commands.settings)
Capture = pytest.CaptureFixture[str]


def typed(capsys: Capture, words: str) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of `invoke <words>`."""
    program = Program(namespace=NS, executor_class=Executor, name="invoke", binary="invoke")
    code = 0
    try:
        program.run(["invoke", *words.split()], exit=True)
    except SystemExit as end:
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    (folder / "public").mkdir(parents=True)
    (folder / "public/index.html").write_text("<p>")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["/usr/bin/invoke"])
    return folder


def test_init_shows_its_guesses_and_the_next_command(site: Path, capsys: Capture) -> None:
    code, out, err = typed(capsys, "init")
    assert code == 0
    assert "public/index.html, and no package.json" in out
    assert "invoke.yaml: written" in err
    assert err.rstrip().endswith("next: invoke deploy --env=local")
    assert (site / "tasks.py").is_file()


def test_init_without_a_lockfile_makes_one_first(site: Path, capsys: Capture) -> None:
    (site / "package.json").write_text(
        '{"scripts": {"build": "astro build"}, "dependencies": {"astro": "5"}}'
    )
    code, _, err = typed(capsys, "init")
    assert code == 0
    assert err.rstrip().endswith("next: invoke build --lock deploy --env=local")


def test_init_dry_run_writes_nothing(site: Path, capsys: Capture) -> None:
    code, _, err = typed(capsys, "init --dry-run")
    assert code == 0
    assert "tasks.py: would be written" in err
    assert not (site / "tasks.py").exists()


def test_init_as_json(site: Path, capsys: Capture) -> None:
    code, out, _ = typed(capsys, "init --json")
    found = json.loads(out)
    assert code == 0
    assert found["guesses"]["output"] == {"value": "public", "why": "public/index.html is there"}
    assert [file["action"] for file in found["files"]] == ["write"] * 3


def test_init_of_another_folder_says_where_to_go_on(
    site: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = typed(capsys, "init --site shop")
    assert code == 0
    assert err.rstrip().endswith(f"next: cd {site} && invoke deploy --env=local")


def test_init_refuses_a_folder_that_is_no_site(
    tmp_path: Path, site: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = typed(capsys, "init")
    assert code == Code.USAGE
    assert "these look like sites: shop" in err
    assert "next: invoke init --site=shop" in err
    assert list(tmp_path.iterdir()) == [site]


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        ("/usr/bin/inv", "inv init"),
        ("/usr/bin/invoke", "invoke init"),
        ("/x/pages", "pages init"),
        ("pytest", "invoke init"),
    ],
)
def test_commands_are_shown_as_the_user_types_them(
    monkeypatch: pytest.MonkeyPatch, program: str, shown: str
) -> None:
    monkeypatch.setattr(sys, "argv", [program])
    assert ui.as_typed(commands.typed("init")) == shown


def test_settings_show_value_and_origin(site: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(capsys, "init")
    monkeypatch.setenv("INVOKE_SERVE_PORT", "4999")
    code, out, _ = typed(capsys, "settings --json")
    found = json.loads(out)
    assert code == 0
    assert found["serve.port"] == {"value": 4999, "origin": "environment INVOKE_SERVE_PORT"}
    assert found["site.output"]["origin"].startswith("invoke.yaml:")
    assert found["budgets.page.css"]["origin"].startswith("constitution.toml:")
    code, out, _ = typed(capsys, "settings --key=timeouts")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == [
        f"timeouts.{name}" for name in ("install", "check", "build", "publish", "kick", "verify", "lease")
    ]


def test_settings_name_the_nearest_key(site: Path, capsys: Capture) -> None:
    typed(capsys, "init")
    code, _, err = typed(capsys, "settings --key=site.outptu")
    assert code == Code.USAGE
    assert "next: invoke settings --key=site.output" in err


def test_settings_tell_every_mistake(site: Path, capsys: Capture) -> None:
    (site / "invoke.yaml").write_text("site: {outptu: x}\nserve: {port: x}\n")
    code, _, err = typed(capsys, "settings")
    assert code == Code.USAGE
    assert "the settings have 2 mistakes" in err
    assert "invoke.yaml:1: site.outptu: unknown key; did you mean site.output?" in err


def test_the_reference_is_printed_without_a_site(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = typed(capsys, "settings --reference")
    assert code == 0
    assert out == (Path(__file__).resolve().parents[2] / "docs/settings.md").read_text(encoding="utf-8")


def test_doctor_has_a_line_for_each_tool_and_setting(site: Path, capsys: Capture) -> None:
    typed(capsys, "init")
    code, out, _ = typed(capsys, "doctor --json")
    found = {check["name"]: check for check in json.loads(out)["checks"]}
    assert list(found) == [
        "python",
        "compression",
        "git",
        "node",
        "package manager",
        "gh",
        "gh login",
        "browser",
        "settings",
        "site",
        "lockfile",
        "git repository",
        "state folder",
        "disk",
    ]
    assert found["site"]["verdict"] == found["settings"]["verdict"] == "ok"
    assert found["git repository"]["verdict"] == "warning"
    assert code == json.loads(out)["code"]


def test_doctor_without_a_site_checks_the_machine(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, out, _ = typed(capsys, "doctor --json")
    found = {check["name"]: check for check in json.loads(out)["checks"]}
    assert found["settings"]["verdict"] == "warning"
    assert "no site here" in found["settings"]["note"]
    assert "lockfile" not in found


def test_doctor_ends_with_2_when_only_the_settings_are_wrong(site: Path, capsys: Capture) -> None:
    (site / "invoke.yaml").write_text("site: {outptu: x}\n")
    code, out, err = typed(capsys, "doctor --json")
    found = {check["name"]: check for check in json.loads(out)["checks"]}
    assert found["settings"]["verdict"] == "wrong"
    assert "did you mean site.output?" in found["settings"]["details"][0]
    missing = [name for name, check in found.items() if check["verdict"] == "missing"]
    assert code == (Code.MISSING if missing else Code.USAGE)
    assert "not ready: " in err


def test_doctor_ends_with_69_when_a_needed_tool_is_missing(
    site: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(capsys, "init")
    path = site / "invoke.yaml"
    path.write_text(
        path.read_text() + "\ntools: {gh: /nowhere/gh}\nenvironments: {prod: {repository: o/r}}\n"
    )
    code, _, err = typed(capsys, "doctor")
    assert code == Code.MISSING
    assert "gh ............................... missing" in err
    assert "next: invoke doctor --fix" in err


def test_doctor_tells_every_mistake_in_the_settings(site: Path, capsys: Capture) -> None:
    (site / "invoke.yaml").write_text("site: {outptu: x}\n")
    (site / "constitution.toml").write_text('\n[budget.page]\ncss = "1 KB"\n')
    code, _, err = typed(capsys, "doctor")
    assert code == Code.USAGE
    assert "    invoke.yaml:1: site.outptu: unknown key; did you mean site.output?" in err
    assert "    constitution.toml:2: budget: unknown key; did you mean budgets?" in err
    assert "next: correct them, then: invoke settings" in err


def test_doctor_does_not_offer_to_mend_a_path_in_the_settings(site: Path, capsys: Capture) -> None:
    (site / "invoke.yaml").write_text("tools: {node: /nowhere}\n")
    _, out, _ = typed(capsys, "doctor --json")
    node = next(check for check in json.loads(out)["checks"] if check["name"] == "node")
    assert node["fix"] == "invoke settings"
