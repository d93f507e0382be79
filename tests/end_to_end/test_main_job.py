"""The main job through the program itself, on a site that needs no build."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path

import pytest

from tests.end_to_end.cli import Ran, git, live_page, page, pages, plain_site, serving


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return plain_site(tmp_path / "harbour")


def release_of(ran: Ran) -> str:
    """The release that a run with --json says is live."""
    assert ran.code == 0, ran.err
    return str(json.loads(ran.out)["release"])


def test_deploy_change_deploy_roll_back_verify(site: Path) -> None:
    first = release_of(pages(site, "deploy", "--json"))
    page(site, "Harbour at night")
    git(site, "add", "-fA", "dist")
    git(site, "commit", "-qm", "night falls")
    second = release_of(pages(site, "deploy", "--json"))
    assert second.endswith("-local-night-falls")
    assert "at night" in live_page(site)
    third = release_of(pages(site, "rollback", "--json"))
    assert "at night" not in live_page(site)
    listed = json.loads(pages(site, "releases", "--json").out)
    assert [one["name"] for one in listed] == [third, second, first]
    proof = json.loads(pages(site, "verify", "--json").out)["proof"]
    assert proof["checked"] == proof["total"] == 5
    assert pages(site, "status").code == pages(site, "home").code == 0


def test_a_second_deploy_of_the_same_changes_nothing(site: Path) -> None:
    first = release_of(pages(site, "deploy", "--json"))
    again = pages(site, "deploy")
    assert again.code == 0
    assert f"nothing to publish: {first} is live" in again.err
    assert git(site / ".pages/local.git", "rev-list", "--count", "gh-pages") == "1"


def test_a_chain_shares_one_environment_and_judges_once(site: Path) -> None:
    with (site / "invoke.yaml").open("a") as file:
        file.write("environments: {staging: {repository: ./staging.git, url: 'http://127.0.0.1:9/'}}\n")
    ran = pages(site, "check", "deploy", "--env=staging", "--dry-run")
    assert ran.code == 7
    assert "the repository of staging does not answer" in ran.err
    assert "check" not in ran.out
    chain = pages(site, "build", "check", "deploy", "--env=local")
    assert chain.code == 0, chain.err
    budgets = [line for line in chain.err.splitlines() if line.startswith("gate: budgets ..")]
    assert len(budgets) == 2
    assert "measured" in budgets[1]


def test_a_dry_run_changes_nothing(site: Path) -> None:
    ran = pages(site, "deploy", "--dry-run")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("plan: deploy to local")
    assert "gh-pages" not in git(site / ".pages/local.git", "branch", "--list")
    assert pages(site, "--dry", "deploy").out.splitlines()[0] == ran.out.splitlines()[0]


def test_a_gate_that_fails_stops_the_deploy(site: Path) -> None:
    page(site, "Harbour<link rel=stylesheet href=/gone.css>")
    ran = pages(site, "deploy")
    assert ran.code == 3, ran.err
    assert "gone.css" in ran.err
    assert "next:" in ran.err.splitlines()[-1]
    assert git(site / ".pages/local.git", "branch", "--list") == ""


def test_production_wants_an_answer_and_a_source_that_can_be_found_again(site: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "prod.git"], check=True)
    with (site / "invoke.yaml").open("a") as file:
        file.write(
            f"environments: {{prod: {{repository: {tmp_path / 'prod.git'}, url: 'http://127.0.0.1:9/'}}}}\n"
        )
    dirty = pages(site, "deploy", "--env=prod", "--yes")
    assert (dirty.code, "1 change not committed" in dirty.err) == (2, True)
    git(site, "commit", "-qam", "settings")
    silent = pages(site, "deploy", "--env=prod")
    assert (silent.code, silent.err.splitlines()[-1]) == (4, "next: answer it with --yes")
    assert git(tmp_path / "prod.git", "branch", "--list") == ""


def test_a_site_without_git_is_published_locally_with_a_warning(tmp_path: Path) -> None:
    site = plain_site(tmp_path / "harbour")
    subprocess.run(["rm", "-rf", str(site / ".git")], check=True)
    ran = pages(site, "deploy")
    assert ran.code == 0, ran.err
    assert "not in a git repository" in ran.err


def test_two_deploys_at_once_do_not_mix(site: Path) -> None:
    codes: list[Ran] = []
    threads = [threading.Thread(target=lambda: codes.append(pages(site, "deploy"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted({ran.code for ran in codes}) in ([0], [0, 6])
    assert git(site / ".pages/local.git", "rev-list", "--count", "gh-pages") == "1"
    for ran in codes:
        if ran.code == 6:
            assert "is busy here" in ran.err


def test_a_deploy_shows_at_once_in_a_running_server(site: Path) -> None:
    with serving(site) as url:
        ran = pages(site, "deploy")
        assert ran.code == 0, ran.err
        assert ran.out.strip() == url
        second = pages(site, "serve")
        assert (second.code, "is being served already" in second.err) == (6, True)


def test_a_wrong_word_ends_with_2_and_a_suggestion(site: Path) -> None:
    ran = pages(site, "deplyo")
    assert ran.code == 2
    assert "the nearest is deploy" in ran.err


def test_plain_invoke_from_a_sub_folder_finds_the_same_site(site: Path) -> None:
    (site / "tasks.py").write_text('"""Tasks."""\n\nfrom pages_pipeline import ns\n')
    with (site / "invoke.yaml").open("a") as file:
        file.write("tasks: {executor_class: pipeline.executor.Executor}\n")
    (site / "src").mkdir()
    unknown = pages(site / "src", "deploy", "--to-nowhere", module="invoke")
    assert unknown.code == 1
    ran = pages(site / "src", "rollback", module="invoke")
    assert (ran.code, "local has no release yet" in ran.err) == (2, True)
