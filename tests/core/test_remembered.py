"""Settings that were read before are not read again, unless anything that they depend on has changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from pipeline.core.errors import Stop
from pipeline.core.paths import state_folder
from pipeline.core.project import Project, open_project
from pipeline.core.remembered import Memory, decoded, encoded, machinery
from pipeline.core.schema import Policy, Settings, Waiver

TOP = Path(__file__).resolve().parents[2]
YAML = """\
site: {build: [npm, run, build]}
environments:
  prod: {repository: o/r, policy: {budgets: {page: {css: 9}}}}
timeouts: {build: 7}
"""
TOML = """\
[[waivers]]
gate = "budgets"
reason = "being split"
until = 2030-01-02
"""
# Tells what was imported to open the project, and one of its values.
OPENED = """\
import sys
from pipeline.core.project import open_project
project = open_project()
read = [name for name in ("pydantic", "yaml", "tomli") if name in sys.modules]
print(project.settings.timeouts.build, project.policy.budgets.page.css, project.settings.site.name, *read)
"""
READ_ANEW = ["pydantic", "yaml", "tomli"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "invoke.yaml").write_text(YAML)
    (folder / "constitution.toml").write_text(TOML)
    state_folder(folder)
    return folder


def kept(site: Path) -> list[Path]:
    return sorted((site / ".pages/cache/settings").glob("*"))


def opened(site: Path, environ: Mapping[str, str] | None = None) -> list[str]:
    """What a process of its own says: timeouts.build, css, the site's name, and what it imported."""
    process = subprocess.run(
        [sys.executable, "-c", OPENED],
        cwd=site,
        env={**os.environ, "PYTHONPATH": str(TOP), **(environ or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout.split()


def again(site: Path, environ: Mapping[str, str] | None = None) -> Project:
    return open_project(site, environ=environ or {})


def test_an_unchanged_site_is_opened_without_reading_anything_anew(site: Path) -> None:
    assert opened(site) == ["7", "50000", "site", *READ_ANEW]
    assert opened(site) == ["7", "50000", "site"]


def test_what_is_remembered_is_what_was_read(site: Path) -> None:
    first = again(site)
    assert kept(site)
    second = again(site)
    assert second == first
    assert second.settings is not first.settings
    assert second.policy.waivers[0].until == date(2030, 1, 2)
    assert second.settings.site.build == ("npm", "run", "build")
    assert second.loaded.origins["timeouts.build"] == "invoke.yaml:4"
    assert second.policy_for("prod").budgets.page.css == 9
    assert second.policy_digest("prod") == first.policy_digest("prod")


def test_content_counts_and_no_time_stamp(site: Path) -> None:
    file = site / "invoke.yaml"
    before = file.stat()
    assert again(site).settings.timeouts.build == 7
    file.write_text(YAML.replace("build: 7", "build: 8"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_mtime_ns, file.stat().st_size) == (before.st_mtime_ns, before.st_size)
    assert again(site).settings.timeouts.build == 8


def test_a_changed_constitution_is_read(site: Path) -> None:
    again(site)
    (site / "constitution.toml").write_text("[budgets.page]\ncss = 5\n")
    assert again(site).policy.budgets.page.css == 5


def test_a_deleted_file_is_missed(site: Path) -> None:
    assert again(site).policy.waivers
    (site / "constitution.toml").unlink()
    assert again(site).policy.waivers == ()
    (site / "constitution.toml").write_text(TOML)
    (site / "invoke.yaml").unlink()
    assert again(site).settings.timeouts.build == 900


def test_a_mistake_is_told_every_time(site: Path) -> None:
    again(site)
    (site / "invoke.yaml").write_text("site: {outptu: x}")
    for _ in range(2):
        with pytest.raises(Stop) as caught:
            again(site)
        assert "did you mean site.output?" in caught.value.details[0]


def test_a_variable_goes_before_what_is_remembered_and_is_never_written(site: Path) -> None:
    again(site)
    before = kept(site)
    environ = {"INVOKE_ENVIRONMENTS_PROD_REPOSITORY": "https://me:hush@host.example/r.git"}
    for _ in range(2):
        project = again(site, environ | {"INVOKE_ENVIRONMENTS_PROD_URL": "https://x.example"})
        assert project.environment("prod").repository == "https://me:hush@host.example/r.git"
    assert again(site, {"INVOKE_TIMEOUTS_BUILD": "5"}).settings.timeouts.build == 5
    assert again(site).settings.timeouts.build == 7
    assert kept(site) == before
    assert not any(b"hush" in path.read_bytes() for path in (site / ".pages").rglob("*") if path.is_file())


def test_a_secret_of_the_environment_that_stands_in_a_file_is_not_written_down_again(site: Path) -> None:
    (site / "invoke.yaml").write_text(f"{YAML}serve: {{host: swordfish-9}}\n")
    environ = {"DEPLOY_TOKEN": "swordfish-9"}
    assert again(site, environ).settings.serve.host == "swordfish-9"
    assert not any(b"swordfish" in path.read_bytes() for path in kept(site))


def test_a_warning_about_a_variable_is_given_every_time(site: Path) -> None:
    for _ in range(2):
        [warning] = again(site, {"INVOKE_TIMEOUTS_BUILT": "5"}).loaded.warnings
        assert "INVOKE_TIMEOUTS_BUILD" in warning
    assert again(site).loaded.warnings == ()


def test_another_python_library_or_code_of_ours_reads_anew(site: Path) -> None:
    def told(about: list[object], answer: str) -> str:
        memory = Memory(site, {}, about)
        said = memory.answer(("x",), [site / "invoke.yaml"], lambda: answer, str)
        memory.save()
        return said

    code, libraries, python = machinery()
    assert python == sys.version
    assert told([code, libraries, python], "first") == "first"
    assert told([code, libraries, python], "second") == "first"
    assert told([code, libraries, "3.99"], "python") == "python"
    assert told([code, [(1, 2, 3)], python], "library") == "library"
    assert told([["0"], libraries, python], "code") == "code"


@pytest.mark.parametrize("length", [0, 1, 64, 65, 200, -1])
def test_a_file_cut_short_counts_for_nothing(site: Path, length: int) -> None:
    first = again(site)
    for path in kept(site):
        path.write_bytes(path.read_bytes()[:length])
    assert again(site) == first
    assert opened(site)[3:] == [], "the second run mended it"


def test_a_flipped_bit_counts_for_nothing(site: Path) -> None:
    first = again(site)
    for path in kept(site):
        good = path.read_bytes()
        for place in range(0, len(good), 97):
            path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
            assert again(site) == first
            assert path.read_bytes() == good


def test_what_came_with_a_clone_does_not_pass_for_ours(site: Path, tmp_path: Path) -> None:
    """A forged answer, with the right name and a checksum of its own, from a folder that was copied."""
    first = again(site)
    [path] = [path for path in kept(site) if b"Settings" in path.read_bytes()]
    real = path.read_bytes()
    (site / ".pages/.gitignore").rename(tmp_path / "old")
    (site / ".pages/.gitignore").write_text("*\n")
    path.write_bytes(real)
    assert opened(site)[3:] == READ_ANEW
    assert path.read_bytes() != real
    assert again(site) == first


def test_two_at_once_and_an_editor_between_them(site: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: opened(site)[:3], range(8)))
    assert answers == [["7", "50000", "site"]] * 8
    assert opened(site)[3:] == []
    assert not [path for path in kept(site) if path.name.startswith(".")]


def test_an_answer_to_a_file_that_changed_meanwhile_is_not_kept(site: Path) -> None:
    file = site / "invoke.yaml"

    def ask() -> str:
        file.write_text("changed")
        return "of the old content, or of the new one"

    memory = Memory(site, {}, [])
    memory.answer(("x",), [file], ask, str)
    memory.save()
    assert kept(site) == []


def test_a_site_without_a_state_folder_gets_none(tmp_path: Path) -> None:
    (tmp_path / "invoke.yaml").write_text(YAML)
    for _ in range(2):
        assert again(tmp_path).settings.timeouts.build == 7
    assert [path.name for path in tmp_path.iterdir()] == ["invoke.yaml"]


def test_a_state_folder_that_cannot_be_written_to_stays_as_it_is(site: Path) -> None:
    # Root may write into every folder, so something that is none stands where one is wanted.
    (site / ".pages/cache").write_text("")
    for _ in range(2):
        assert again(site).settings.timeouts.build == 7
    assert (site / ".pages/cache").read_text() == ""


@pytest.mark.skipif(os.getuid() == 0, reason="root may write into a folder that is read-only")
def test_a_read_only_folder(site: Path) -> None:
    (site / ".pages").chmod(0o500)
    try:
        assert again(site) == again(site)
    finally:
        (site / ".pages").chmod(0o700)


def test_a_clone_that_leads_to_a_site_remembers_both(site: Path) -> None:
    clone, other = site.parent / "clone", site.parent / "other"
    for folder in (clone, other):
        folder.mkdir()
    (other / "invoke.yaml").write_text("timeouts: {build: 8}")
    (clone / "invoke.yaml").write_text("site: {path: ../site}\ntimeouts: {verify: 3}")
    first = again(clone)
    assert (first.root, first.settings.timeouts.verify) == (site, 3)
    assert opened(clone)[3:] == []
    (clone / "invoke.yaml").write_text("site: {path: ../other}")
    assert again(clone).root == other
    assert again(clone).settings.timeouts.build == 8


def test_a_link_that_leads_elsewhere_now_is_followed(site: Path) -> None:
    other, clone = site.parent / "other", site.parent / "clone"
    for folder in (other, clone):
        folder.mkdir()
    for name in ("invoke.yaml", "constitution.toml"):
        (other / name).write_bytes((site / name).read_bytes())
    (clone / "invoke.yaml").write_text("site: {path: ../now}")
    (site.parent / "now").symlink_to(site)
    assert again(clone).root == site
    (site.parent / "now").unlink()
    (site.parent / "now").symlink_to(other)
    project = again(clone)
    assert (project.root, project.settings.site.name) == (other, "other")


def test_a_moved_site_gets_its_new_name(site: Path) -> None:
    assert again(site).settings.site.name == "site"
    assert again(site.rename(site.parent / "moved")).settings.site.name == "moved"


def test_flags_are_a_part_of_the_question(site: Path) -> None:
    for limit in (4, 5, 4):
        project = open_project(site, flags={"timeouts.build": limit}, environ={})
        assert project.settings.timeouts.build == limit


def test_only_the_latest_answers_stay(site: Path) -> None:
    for number in range(30):
        (site / "invoke.yaml").write_text(f"{YAML}# {number}\n")
        again(site)
    assert len(kept(site)) <= 16
    assert opened(site)[3:] == []


@pytest.mark.parametrize(
    "value",
    [
        Settings(),
        Policy(waivers=(Waiver(gate="churn", reason="x", until=date(2030, 1, 2)),)),
        {"": ["list", ("tuple", None, True, 1.5, date(2030, 1, 2), Path("/a"))]},
        [],
        (),
        "",
    ],
)
def test_what_is_written_is_read_back_the_same(value: object) -> None:
    back = decoded(json.loads(json.dumps(encoded(value))))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    "value", [["Settings", {"unknown": 1}], ["os", {}], ["Path", 1], ["date", "x"], ["list"], ["Waiver", {}]]
)
def test_what_was_not_written_here_is_refused(value: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        decoded(value)


def test_what_json_has_no_word_for_is_not_written() -> None:
    with pytest.raises(TypeError):
        encoded({"x": object()})
    with pytest.raises(TypeError):
        encoded({1: "x"})
