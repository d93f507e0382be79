"""What the repository says about its examples is true of the files in it."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BUNDLE = EXAMPLES / "site-dist.zip"
ORIGIN = "https://example.github.io"
KB = 1000
COMPRESSED = {".webp", ".jpg", ".png", ".avif", ".woff2"}
JS_IMPORT = re.compile(r"""(?:from|import)\s*\(?["'](\.{1,2}/[^"']+)["']""")


@dataclass
class Links(HTMLParser):
    """Every address that a page's markup names, and those that a browser fetches to show it."""

    named: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        if "id" in given:
            self.ids.add(given["id"])
        own = [given[name] for name in ("href", "src", "action") if name in given]
        # Of a set of sizes a browser takes one; the last is the largest.
        sizes = [part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()]
        self.named += own + sizes
        if tag in {"img", "script", "source"}:
            self.fetched += sizes[-1:] or own
        elif tag == "link" and given.get("rel") in {"stylesheet", "icon", "modulepreload"}:
            self.fetched += own


@cache
def bundle() -> Mapping[str, bytes]:
    with zipfile.ZipFile(BUNDLE) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def links(page: str) -> Links:
    parser = Links()
    parser.feed(bundle()[page].decode())
    return parser


def pages() -> list[str]:
    return [name for name in bundle() if name.endswith(".html")]


def address(page: str) -> str:
    return f"{ORIGIN}/{page.removesuffix('index.html')}"


def file_of(url: str) -> str:
    path = unquote(urlsplit(url).path).removeprefix("/")
    return f"{path}index.html" if path == "" or path.endswith("/") else path


def reached(page: str) -> set[str]:
    """The page's files: what its markup fetches, and the modules that its scripts import."""
    waiting = [file_of(urljoin(address(page), link)) for link in links(page).fetched]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if name.endswith(".js"):
            waiting += [
                file_of(urljoin(f"{ORIGIN}/{name}", to)) for to in JS_IMPORT.findall(bundle()[name].decode())
            ]
    return found


def transferred(name: str) -> int:
    content = bundle()[name]
    return (
        len(content) if PurePosixPath(name).suffix in COMPRESSED else len(gzip.compress(content, 9, mtime=0))
    )


def test_the_bundle_has_its_pages_and_is_small() -> None:
    assert {"index.html", "404.html", "robots.txt", "rss.xml", "sitemap.xml", "search-index.json"} <= set(
        bundle()
    )
    assert 12 <= len(pages()) <= 20
    assert BUNDLE.stat().st_size < 1500 * KB


def test_no_entry_of_the_bundle_lies_outside_of_it() -> None:
    for name in bundle():
        path = PurePosixPath(name)
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert "\\" not in name


def test_the_bundle_does_not_depend_on_the_time_or_order_of_packing() -> None:
    with zipfile.ZipFile(BUNDLE) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_packing_the_unpacked_bundle_gives_the_same_bytes(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("bundle", EXAMPLES / "bundle.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    with zipfile.ZipFile(BUNDLE) as archive:
        archive.extractall(tmp_path / "dist")
    script.pack(script.files(tmp_path / "dist"), tmp_path / "again.zip")
    with zipfile.ZipFile(tmp_path / "again.zip") as again:
        # zlib builds compress differently: what must agree is every name, time and content.
        assert {name: again.read(name) for name in again.namelist()} == bundle()
        with zipfile.ZipFile(BUNDLE) as first:
            assert [entry.date_time for entry in again.infolist()] == [
                entry.date_time for entry in first.infolist()
            ]


@pytest.mark.parametrize("page", pages())
def test_every_internal_link_of_a_bundled_page_resolves(page: str) -> None:
    missing = []
    for link in links(page).named:
        url = urlsplit(urljoin(address(page), link))
        if f"{url.scheme}://{url.netloc}" != ORIGIN:
            continue
        target = file_of(url.geturl())
        anchored = not url.fragment or (target in bundle() and url.fragment in links(target).ids)
        if target not in bundle() or not anchored:
            missing.append(link)
    assert missing == []


@pytest.mark.parametrize("page", pages())
def test_a_bundled_page_fetches_nothing_from_elsewhere(page: str) -> None:
    found = {urlsplit(urljoin(address(page), link)).netloc for link in links(page).fetched}
    assert found <= {urlsplit(ORIGIN).netloc}


@pytest.mark.parametrize("page", pages())
def test_a_bundled_page_keeps_within_the_budgets(page: str) -> None:
    sizes = {name: transferred(name) for name in {page, *reached(page)}}
    assert sum(size for name, size in sizes.items() if name.endswith(".js")) < 100 * KB
    assert sum(size for name, size in sizes.items() if name.endswith(".css")) < 50 * KB
    assert sum(sizes.values()) < 500 * KB


def test_every_entry_of_the_search_index_leads_to_a_place_in_the_bundle() -> None:
    for entry in json.loads(bundle()["search-index.json"]):
        url = urlsplit(entry["path"])
        page = file_of(entry["path"])
        assert page in bundle()
        assert not url.fragment or url.fragment in links(page).ids


@pytest.mark.parametrize("site", ["site", "broken-site"])
def test_lockfiles_name_no_registry(site: str) -> None:
    lock = json.loads((EXAMPLES / site / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [
        name
        for name, package in packages.items()
        if "integrity" not in package and not package.get("inBundle")
    ] == []


@pytest.mark.parametrize("site", ["site", "broken-site"])
def test_dependencies_are_exact_versions(site: str) -> None:
    package = json.loads((EXAMPLES / site / "package.json").read_text())
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert {
        name: version for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)
    } == {}


def test_the_module_that_broken_site_imports_is_absent_and_ignored() -> None:
    root = EXAMPLES / "broken-site"
    assert "from './env/garden'" in (root / "src/lib/watering.ts").read_text()
    assert not (root / "src/lib/env").exists()
    ignored = subprocess.run(
        ["git", "check-ignore", "--verbose", "--no-index", "src/lib/env/garden.ts"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if "not a git repository" in ignored.stderr:
        pytest.skip("the examples are not in a git checkout here")
    assert ignored.returncode == 0
    assert ignored.stdout.split("\t")[0].endswith(":env/")


def test_broken_site_readme_adds_up() -> None:
    text = (EXAMPLES / "broken-site" / "README.md").read_text()
    counts = [int(count) for count in re.findall(r"^\| [\d, ]+ \| (\d+) \|", text, re.MULTILINE)]
    stated = re.search(
        r"(\d+) errors in \d+ files, (\d+) in `\.ts`, (\d+) in `\.tsx`, (\d+) in `\.astro`", text
    )
    assert stated is not None
    total, *by_kind = (int(number) for number in stated.groups())
    assert sum(counts) == total == sum(by_kind)
    assert total >= 60


@pytest.mark.parametrize("site", ["site", "broken-site"])
def test_lockfiles_hold_the_builds_for_every_platform(site: str) -> None:
    """A registry that lacks one platform's package leaves a lockfile that `npm ci` refuses."""
    packages = json.loads((EXAMPLES / site / "package-lock.json").read_text())["packages"]
    locked = {name.rpartition("node_modules/")[2] for name in packages if name}
    wanted = {
        name
        for package in packages.values()
        for group in ("dependencies", "optionalDependencies")
        for name in package.get(group, {})
    }
    assert wanted - locked == set()
