"""Package managers as data, and when an install is due."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.site import packages
from pipeline.site.packages import MANAGERS

ARGV = ("npm", "ci")


@pytest.mark.parametrize(
    ("name", "package", "lock", "version", "install"),
    [
        ("npm", {}, "{}", "11", "npm ci --include=dev"),
        ("pnpm", {}, "lockfileVersion: '9.0'", "10", "pnpm install --frozen-lockfile --prod=false"),
        ("pnpm", {}, "lockfileVersion: '6.0'", "8", "pnpm install --frozen-lockfile --prod=false"),
        ("pnpm", {}, "lockfileVersion: 5.4", "7", "pnpm install --frozen-lockfile --prod=false"),
        (
            "pnpm",
            {"packageManager": "pnpm@9.12.3+sha512.abc"},
            "lockfileVersion: '6.0'",
            "9.12.3",
            "pnpm install --frozen-lockfile --prod=false",
        ),
        (
            "yarn",
            {},
            "# yarn lockfile v1\n",
            "1",
            "yarn install --frozen-lockfile --non-interactive --production=false",
        ),
        ("yarn", {}, "__metadata:\n  version: 8\n", "4", "yarn install --immutable"),
        ("yarn", {"packageManager": "yarn@3.6.1"}, "", "3.6.1", "yarn install --immutable"),
        (
            "yarn",
            {"packageManager": "yarn@1.22.22"},
            "",
            "1.22.22",
            "yarn install --frozen-lockfile --non-interactive --production=false",
        ),
        ("bun", {"packageManager": "npm@11.0.0"}, "", "1", "bun install --frozen-lockfile"),
    ],
)
def test_line_of_a_manager_follows_package_json_then_the_lockfile(
    name: str, package: dict[str, str], lock: str, version: str, install: str
) -> None:
    chosen = packages.choose(name, package, lock)
    assert (chosen.version, " ".join(chosen.install)) == (version, install)
    assert chosen.run_script("build") == (name, "run", "build")


@pytest.mark.parametrize(
    ("name", "lock"), [(name, lock) for name, one in MANAGERS.items() for lock in one.lockfiles]
)
def test_lockfile_of_each_manager_is_found(name: str, lock: str, tmp_path: Path) -> None:
    assert packages.lockfile(tmp_path, name) is None
    (tmp_path / lock).touch()
    assert packages.lockfile(tmp_path, name) == tmp_path / lock


def test_no_lockfile_names_the_command_that_makes_one() -> None:
    stop = packages.no_lockfile(MANAGERS["npm"])
    assert stop.code == Code.USAGE
    assert stop.hint == "invoke build --lock"


@pytest.mark.parametrize(
    ("text", "says"), [("{", "is not JSON"), ("[]", "holds no object"), ("\x00", "is not JSON")]
)
def test_broken_package_json_is_said(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text(text, encoding="utf-8")
    with pytest.raises(Stop, match=says):
        packages.manifest(tmp_path)


def test_site_without_package_json_has_no_manifest(tmp_path: Path) -> None:
    assert packages.manifest(tmp_path) is None


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A site whose last install ended well."""
    site = tmp_path / "site"
    (site / "node_modules").mkdir(parents=True)
    (site / "package.json").write_text(json.dumps({"dependencies": {"a": "1.0.0"}}), encoding="utf-8")
    (site / "package-lock.json").write_text("{}", encoding="utf-8")
    packages.remember_install(site, site / ".pages", digest(site))
    assert reason(site) is None
    return site


def digest(site: Path, node: int = 24, argv: tuple[str, ...] = ARGV) -> str:
    return packages.install_digest(site, site / "package-lock.json", node, argv)


def reason(site: Path, node: int = 24) -> str | None:
    return packages.install_reason(site, site / ".pages", digest(site, node))


@pytest.mark.parametrize(
    "change",
    [
        lambda site: (site / "package-lock.json").write_text("{ }"),
        lambda site: (site / "package.json").write_text('{"dependencies": {"a": "2.0.0"}}'),
        lambda site: (site / ".npmrc").write_text("legacy-peer-deps=true"),
        lambda site: [(site / "patches").mkdir(), (site / "patches/a+1.0.0.patch").write_text("x")],
    ],
    ids=["lockfile", "package.json", "npmrc", "patch"],
)
def test_install_is_due_when_a_file_that_decides_it_changed(
    change: Callable[[Path], object], installed: Path
) -> None:
    change(installed)
    assert reason(installed) == "the lockfile, package.json or node's major version changed"


def test_install_is_due_for_another_major_version_of_node(installed: Path) -> None:
    assert reason(installed, node=26)


def test_install_is_due_when_node_modules_is_gone(installed: Path) -> None:
    shutil.rmtree(installed / "node_modules")
    assert reason(installed) == "node_modules is missing"


def test_install_that_was_killed_is_due_again(installed: Path) -> None:
    packages.forget_install(installed, installed / ".pages")
    assert reason(installed) == "the last install did not end, or was not ours"


def test_install_that_makes_no_node_modules_is_remembered_too(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text("{}", encoding="utf-8")
    packages.remember_install(tmp_path, tmp_path / ".pages", digest(tmp_path))
    assert reason(tmp_path) is None
    packages.forget_install(tmp_path, tmp_path / ".pages")
    assert reason(tmp_path) == "node_modules is missing"


def test_lockfile_without_other_platforms_is_known_by_what_it_lists_itself(tmp_path: Path) -> None:
    lines = ("Missing: @esbuild/darwin-x64@ from lock file", "Missing: fsevents@2.3.3 from lock file")
    output = "\n".join(f"npm error {line}" for line in lines)
    optional = {"@esbuild/darwin-x64": "0.25.0", "fsevents": "~2.3.2"}
    lock = tmp_path / "package-lock.json"
    text = json.dumps({"packages": {"": {}, "node_modules/a": {"optionalDependencies": optional}}})
    lock.write_text(text, encoding="utf-8")
    assert packages.lacks_platforms(output, lock)
    assert not packages.lacks_platforms("npm error code E404", lock)
    assert not packages.lacks_platforms(output, None)
    lock.write_text(text.replace("fsevents", "x"), encoding="utf-8")
    assert not packages.lacks_platforms(output, lock)


def test_page_on_how_to_use_npm_is_left_out() -> None:
    output = "npm error code EUSAGE\nnpm error\nnpm error Missing: a@1.0.0 from lock file\n"
    assert packages.telling_lines(f"{output}npm error Usage:\nnpm error -w\n", 30) == (
        "npm error code EUSAGE",
        "npm error Missing: a@1.0.0 from lock file",
    )


@pytest.mark.parametrize(
    ("output", "code", "says"),
    [
        ("npm error `npm ci` can only install packages when your package.json and package-lock.json",
         Code.USAGE, "does not fit package.json"),
        ("ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with frozen-lockfile", Code.USAGE, "does not fit"),
        ("error Your lockfile needs to be updated, but yarn was run with", Code.USAGE, "does not fit"),
        ("YN0028: The lockfile would have been modified by this install", Code.USAGE, "does not fit"),
        ("error: lockfile had changes, but lockfile is frozen", Code.USAGE, "does not fit"),
        ("npm error code ENOTFOUND\nnpm error network request to https://registry.npmjs.org/a failed",
         Code.SERVICE, "cannot be reached"),
        ("npm error code ECONNREFUSED", Code.SERVICE, "cannot be reached"),
        ("npm error code E503", Code.SERVICE, "cannot be reached"),
        ("npm error code E401\nnpm error Unable to authenticate", Code.SERVICE, "refused us"),
        ("npm error code E404\nnpm error 404 'a@1.0.0' is not there", Code.SERVICE, "does not have"),
        ("npm error code ENOSPC", Code.SERVICE, "disk is full"),
        ("npm error command sh -c node-gyp rebuild", Code.GATE, "could not be installed"),
    ],
)  # fmt: skip
def test_failed_install_says_whose_fault_it_is(output: str, code: Code, says: str) -> None:
    message, hint, found = packages.install_failure(output)
    assert found == code
    assert says in message
    if code == Code.USAGE:
        assert hint == "invoke build --lock"
