"""The home screen as it is typed: with no site, with a site, and with mistakes in its settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from invoke import Collection, Program

from pipeline.commands import home as commands
from pipeline.core.errors import Code
from pipeline.executor import Executor

Capture = pytest.CaptureFixture[str]


def typed(capsys: Capture, words: str) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of `invoke <words>`."""
    program = Program(namespace=Collection(commands.home), executor_class=Executor, binary="invoke")
    code = 0
    try:
        program.run(["invoke", *words.split()], exit=True)
    except SystemExit as end:
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAGES_COMMAND", "/clone/inv")
    return tmp_path


def test_home_without_a_site_leads_to_init(capsys: Capture) -> None:
    code, _, err = typed(capsys, "home")
    assert code == 0
    assert "next: /clone/inv init " in err


def test_home_names_mistakes_in_the_settings_and_does_not_lead_to_init(site: Path, capsys: Capture) -> None:
    (site / "invoke.yaml").write_text("serve: {prot: 1}\n")
    code, _, err = typed(capsys, "home")
    assert code == Code.USAGE
    assert "invoke.yaml:1: serve.prot: unknown key; did you mean serve.port?" in err
    assert "next: correct them, then: /clone/inv settings" in err


def test_home_of_a_site_leads_to_the_first_deploy(site: Path, capsys: Capture) -> None:
    (site / "invoke.yaml").write_text("site: {name: shop}\n")
    code, out, err = typed(capsys, "home")
    assert code == 0
    assert out.startswith("shop  ")
    assert "next: /clone/inv deploy --env=local" in err


def test_home_as_json(site: Path, capsys: Capture) -> None:
    (site / "invoke.yaml").write_text("site: {name: shop}\n")
    code, out, _ = typed(capsys, "home --json")
    found = json.loads(out)
    assert (code, found["site"]) == (0, "shop")
    assert found["environments"] == [{"name": "local", "live": None, "url": "http://127.0.0.1:4173/"}]
