"""What init writes, what it never destroys, and that our own settings read it back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pipeline.core import files
from pipeline.core.errors import Stop
from pipeline.core.project import Project, open_project
from pipeline.core.schema import parse_command
from pipeline.site import init
from pipeline.site.init import FILES, Plan, apply, command, make_plan

TODAY = date(2026, 3, 1)
ASTRO = {"scripts": {"build": "astro build"}, "dependencies": {"astro": "5"}}
Git = Callable[..., str]


def site_of(folder: Path, package: object = ASTRO) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps(package), encoding="utf-8")
    (folder / "package-lock.json").write_text("{}", encoding="utf-8")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def started(folder: Path, *, force: bool = False) -> Plan:
    plan = make_plan(folder, force=force, today=TODAY)
    apply(plan)
    return plan


def reopened(folder: Path) -> Project:
    return open_project(folder, environ={})


def test_what_is_written_is_read_back_as_guessed(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "git@github.com:ann/shop.git")
    plan = started(site_of(tmp_path))
    project = reopened(tmp_path)
    site = project.settings.site
    assert (site.name, site.framework, site.package_manager) == ("shop", "astro", "npm")
    assert (site.build, site.output, site.base) == (plan.guess.build.value, "dist", "/")
    prod = project.environment("prod")
    assert (prod.repository, prod.url) == ("https://github.com/ann/shop.git", "https://ann.github.io/shop/")
    assert prod.production
    assert project.policy.budgets.page.total == 500_000


def test_without_a_remote_prod_is_a_comment(tmp_path: Path) -> None:
    started(site_of(tmp_path))
    assert reopened(tmp_path).environments == ("local",)
    assert "#   prod:" in (tmp_path / "invoke.yaml").read_text()


def test_every_comment_that_offers_a_setting_is_valid_without_its_sign(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "git@github.com:ann/shop.git")
    started(site_of(tmp_path))
    for name, heads in {
        "invoke.yaml": ("# timeouts", "#   ", "  # staging", "  #   ", "  # install"),
        "constitution.toml": (
            "# [[",
            "# images",
            "# fonts",
            "# total",
            "# gate",
            "# scope",
            "# reason",
            "# until",
        ),
    }.items():
        path = tmp_path / name
        lines = path.read_text().splitlines()
        path.write_text("\n".join(x.replace("# ", "", 1) if x.startswith(heads) else x for x in lines))
    project = reopened(tmp_path)
    assert project.environment("staging").url == "https://ann.github.io/shop-staging/"
    assert project.policy.waivers[0].until == date(2027, 3, 31)
    assert project.settings.site.install == ("npm", "ci", "--include=dev")


def test_the_tasks_file_has_two_lines(tmp_path: Path) -> None:
    started(site_of(tmp_path))
    lines = (tmp_path / "tasks.py").read_text().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("from pages_pipeline import ns")


def test_files_that_are_there_are_kept_and_said_so(tmp_path: Path) -> None:
    site_of(tmp_path)
    (tmp_path / "tasks.py").write_text("mine = 1\n")
    (tmp_path / "invoke.yaml").write_text("run: {echo: true}\n")
    plan = started(tmp_path)
    assert [file.action for file in plan.files] == ["keep", "write", "keep"]
    assert (tmp_path / "tasks.py").read_text() == "mine = 1\n"
    assert any("tasks.py is not ours and was kept" in text for text in plan.warnings)
    assert any("executor_class" in text for text in plan.warnings)
    assert "tasks.py: kept: it is there (--force replaces it)" in plan.lines(dry_run=False)


def test_force_keeps_every_old_file_beside_the_new_one(tmp_path: Path) -> None:
    site_of(tmp_path)
    for text in ("first", "second"):
        (tmp_path / "tasks.py").write_text(text)
        started(tmp_path, force=True)
    assert (tmp_path / "tasks.py.bak").read_text() == "first"
    assert (tmp_path / "tasks.py.bak2").read_text() == "second"
    assert "pages_pipeline" in (tmp_path / "tasks.py").read_text()


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    started(site_of(tmp_path))
    again = make_plan(tmp_path, force=True, today=TODAY)
    assert [file.action for file in again.files] == ["same"] * 3
    assert again.changes == ()


def test_a_plan_alone_writes_nothing(tmp_path: Path) -> None:
    make_plan(site_of(tmp_path), force=False, today=TODAY)
    assert names(tmp_path) == ["package-lock.json", "package.json"]


def test_all_or_nothing_when_writing_fails_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site_of(tmp_path)
    (tmp_path / "invoke.yaml").write_text("old")
    plan = make_plan(tmp_path, force=True, today=TODAY)
    real = files.write_atomic

    def failing(path: Path, data: bytes) -> None:
        if path.name == "tasks.py":
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(init, "write_atomic", failing)
    with pytest.raises(Stop, match="No space left on device; nothing was changed"):
        apply(plan)
    assert names(tmp_path) == ["invoke.yaml", "package-lock.json", "package.json"]
    assert (tmp_path / "invoke.yaml").read_text() == "old"


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    site_of(tmp_path)
    (tmp_path / "invoke.yaml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Stop, match="is not a plain file"):
        make_plan(tmp_path, force=True, today=TODAY)


def test_no_git_and_no_commits_are_warnings_with_the_command(tmp_path: Path, git: Git) -> None:
    site_of(tmp_path)
    assert any("git init && git add --all && git commit" in text for text in started(tmp_path).warnings)
    git(tmp_path, "init", "--quiet")
    told = make_plan(tmp_path, force=False, today=TODAY).warnings
    assert any(text.startswith("no commits yet") for text in told)


def test_a_folder_name_that_yaml_would_misread(tmp_path: Path) -> None:
    for name in ("yes", "1.0", 'a "b": #c', "läden", "- x"):
        started(site_of(tmp_path / name))
        assert reopened(tmp_path / name).settings.site.name == name


def test_a_script_of_several_lines_does_not_break_its_comment(tmp_path: Path) -> None:
    package = {"scripts": {"build": "astro build\nsite: {}"}, "dependencies": {"astro": "5"}}
    started(site_of(tmp_path, package))
    assert reopened(tmp_path).settings.site.build == ("npm", "run", "build")


@pytest.mark.parametrize(
    "words", [("npm", "run", "build"), ("npx", "--no", "a b"), ("npm", "run", "docs:build"), ("true",), ()]
)
def test_a_command_is_read_back_as_it_was(words: tuple[str, ...]) -> None:
    import yaml

    assert parse_command(yaml.safe_load(f"c: {command(words)}")["c"]) == words


def test_every_file_has_a_template() -> None:
    assert FILES == ("invoke.yaml", "constitution.toml", "tasks.py")
