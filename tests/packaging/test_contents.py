"""What is in the wheel and in the source archive."""

from __future__ import annotations

import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

from tests.packaging.conftest import TOP, build

# Under the name that each has in the wheel.
SHIPPED = {
    "pipeline": "pipeline",
    "checks": "checks",
    "pages_pipeline": "pages_pipeline",
    "templates": "pages_pipeline/templates",
    "examples/site": "pages_pipeline/examples/site",
    "examples/site-dist.zip": "pages_pipeline/examples/site-dist.zip",
}


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def in_git(folder: str) -> list[str]:
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", folder]
    done = subprocess.run(argv, cwd=TOP, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name and (TOP / name).is_file()]


def test_wheel_holds_the_packages_the_templates_and_the_example(wheel: Path) -> None:
    expected = {
        name.replace(source, target, 1) for source, target in SHIPPED.items() for name in in_git(source)
    }

    assert names(wheel) == expected
    assert {"pages_pipeline/examples/site/package.json", "pages_pipeline/examples/site-dist.zip"} <= expected


def test_wheel_leaves_out_what_building_the_example_makes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in in_git("."):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((TOP / name).read_bytes())
    for folder in ("node_modules/astro", "dist", ".astro", ".pages"):
        made = source / "examples" / "site" / folder
        made.mkdir(parents=True, exist_ok=True)
        (made / "index.html").touch()

    shipped = names(build(source, "wheel", tmp_path / "built"))

    assert [name for name in shipped if name.endswith("/index.html")] == []


def test_wheel_names_the_program_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        information = {Path(name).name: name for name in archive.namelist() if ".dist-info/" in name}
        programs = archive.read(information["entry_points.txt"]).decode()

    assert "pages = pages_pipeline:main" in programs
    assert "LICENSE" in information


def test_wheel_of_the_source_archive_is_the_same(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()

    assert names(build(unpacked, "wheel", tmp_path / "built")) == names(wheel)


def test_versions_agree() -> None:
    import pipeline

    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == pipeline.__version__
