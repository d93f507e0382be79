"""Which site a task works on, and what its environments are."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.project import Project, open_project
from pipeline.core.remotes import github


def opened(folder: Path, yaml: str = "", toml: str = "") -> Project:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "invoke.yaml").write_text(yaml, encoding="utf-8")
    (folder / "constitution.toml").write_text(toml, encoding="utf-8")
    return open_project(folder, environ={})


def test_the_site_is_found_from_a_folder_inside(tmp_path: Path) -> None:
    opened(tmp_path / "s")
    inner = tmp_path / "s/src/pages"
    inner.mkdir(parents=True)
    assert open_project(inner, environ={}).root == tmp_path / "s"


def test_a_constitution_alone_makes_a_site(tmp_path: Path) -> None:
    (tmp_path / "constitution.toml").write_text("")
    assert open_project(tmp_path, environ={}).root == tmp_path


def test_no_site_names_init(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="no site here") as caught:
        open_project(tmp_path, environ={})
    assert (caught.value.code, caught.value.hint) == (Code.USAGE, "invoke init")


def test_a_file_above_leads_to_its_site(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "invoke.yaml").write_text("site: {path: s}\ntimeouts: {build: 7}")
    project = open_project(tmp_path, environ={})
    assert project.root == tmp_path / "s"
    assert project.loaded.origins["timeouts.build"] == f"{tmp_path.name}/invoke.yaml:2"


def test_a_site_that_is_not_there_says_who_named_it(tmp_path: Path) -> None:
    (tmp_path / "invoke.yaml").write_text("site: {path: gone}")
    with pytest.raises(Stop, match=r"gone is not there \(site\.path in"):
        open_project(tmp_path, environ={})
    with pytest.raises(Stop, match=r"\(environment INVOKE_SITE_PATH\)"):
        open_project(tmp_path, environ={"INVOKE_SITE_PATH": str(tmp_path / "gone")})


def test_the_variable_goes_before_the_folder_and_the_flag_before_the_variable(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        opened(tmp_path / name)
    environ = {"INVOKE_SITE_PATH": str(tmp_path / "b")}
    assert open_project(tmp_path / "a", environ=environ).root == tmp_path / "b"
    flags = {"site.path": str(tmp_path / "c")}
    project = open_project(tmp_path / "a", flags, environ)
    assert project.root == tmp_path / "c"
    assert project.loaded.origins["site.path"] == "flag --site"


def test_an_unknown_environment_names_the_nearest(tmp_path: Path) -> None:
    project = opened(tmp_path, "environments: {staging: {repository: o/r}}")
    with pytest.raises(Stop, match="there are: local, staging") as caught:
        project.environment("stagin")
    assert caught.value.hint == "the same with --env=staging"


def test_local_follows_the_port_and_the_base(tmp_path: Path) -> None:
    one = opened(tmp_path, "site: {base: /x}\nserve: {port: 99}").environment("local")
    assert (one.repository, one.url, one.base, one.production) == (
        None,
        "http://127.0.0.1:99/x/",
        "/x/",
        False,
    )


def test_prod_on_github_is_complete_by_its_repository(tmp_path: Path) -> None:
    one = opened(tmp_path, "environments: {prod: {repository: Ann/shop}}").environment("prod")
    assert one.repository == "https://github.com/Ann/shop.git"
    assert (one.url, one.base, one.production) == ("https://ann.github.io/shop/", "/shop/", True)


def test_a_repository_elsewhere_needs_its_url(tmp_path: Path) -> None:
    project = opened(tmp_path, "environments: {prod: {repository: ../there.git}}")
    with pytest.raises(Stop, match=r"environments\.prod\.url is missing"):
        project.environment("prod")


def test_a_relative_repository_lies_beside_the_site(tmp_path: Path) -> None:
    yaml = "environments: {prod: {repository: ../there.git, url: 'http://x.org'}}"
    assert opened(tmp_path / "s", yaml).environment("prod").repository == str(tmp_path / "there.git")


def test_the_policy_digest_follows_what_counts_and_nothing_else(tmp_path: Path) -> None:
    plain = opened(tmp_path / "a", toml="[budgets.page]\ncss = 50000\n").policy_digest("local")
    assert (
        opened(tmp_path / "b", toml="# a comment\nbudgets.page.css = '50 KB'").policy_digest("local") == plain
    )
    assert opened(tmp_path / "c", toml="budgets.page.css = 1").policy_digest("local") != plain
    over = "environments: {local: {policy: {budgets: {page: {css: 1}}}}, prod: {repository: o/r}}"
    project = opened(tmp_path / "d", over)
    assert project.policy_for("local").budgets.page.css == 1
    assert project.policy_digest("prod") == plain != project.policy_digest("local")


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/o/r",
        "https://github.com/o/r.git",
        "https://user@github.com/o/r.git",
        "git@github.com:o/r.git",
        "ssh://git@github.com/o/r.git",
        "ssh://git@ssh.github.com:443/o/r.git",
        "git://github.com/o/r.git",
        "o/r",
    ],
)
def test_addresses_of_github(address: str) -> None:
    known = github(address)
    assert known is not None
    assert (known.owner, known.name) == ("o", "r")


@pytest.mark.parametrize(
    "address", ["https://gitlab.com/o/r", "git@github.com.evil.org:o/r", "/srv/o/r", "../r", ""]
)
def test_addresses_elsewhere(address: str) -> None:
    assert github(address) is None
