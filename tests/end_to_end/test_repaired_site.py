"""The broken site, repaired by the program: what is left, whether it builds, and whether its pages do what they did."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.core import proc
from pipeline.core.errors import Stop
from pipeline.tools.chrome import Browser, find_chrome
from pipeline.tools.node import environment, find_node
from tests.end_to_end.browser import Page, chromium, served
from tests.end_to_end.cli import TOP, git, pages

pytestmark = [pytest.mark.slow, pytest.mark.node]

_SECONDS = 900.0
# What only its author has: the module that .gitignore hides.
_HIDDEN = "export interface GardenEnv {\n  butts: number;\n  litresPerButt: number;\n  tapOpens: string;\n}\n"
_BANNED = re.compile(r"\bany\b|@ts-|as unknown as|eslint-disable")
_ROW = 46
_PAD = 12

Seen = tuple[str, Any]


@pytest.fixture
def browser() -> Browser:
    try:
        return find_chrome()
    except Stop as stop:
        pytest.skip(f"{stop.message}; {stop.hint}")


@pytest.fixture
def site(browser: Browser, tmp_path: Path) -> Path:
    """The committed site with its packages."""
    assert browser.version
    root = tmp_path / "site"
    ignored = shutil.ignore_patterns("node_modules", "dist", ".astro", ".pages")
    shutil.copytree(TOP / "examples/broken-site", root, ignore=ignored)
    (root / "invoke.yaml").write_text("site: {name: plotwise}\n")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "as it was")
    done = npm(root, "ci", "--no-audit", "--no-fund")
    if not done.ok:
        pytest.skip(f"npm ci could not install the site's packages: {done.error[-300:]}")
    return root


def npm(site: Path, *words: str) -> proc.Done:
    node = find_node()
    variables = environment(node, site.parent / "shims", site)
    return proc.run((*node.npm, *words), cwd=site, env=variables, timeout=_SECONDS)


def built(site: Path, script: str, kept: Path) -> Path:
    done = npm(site, "run", script)
    assert done.ok, done.text[-3000:] + done.error[-3000:]
    shutil.copytree(site / "dist", kept)
    return kept


def test_it_builds_again_and_its_pages_do_what_they_did(site: Path, browser: Browser, tmp_path: Path) -> None:
    before = built(site, "build:only", tmp_path / "before")
    ran = pages(site, "ts.fix", "--here", "--no-build", "--json", seconds=_SECONDS)
    assert ran.code == 8, ran.err
    said = json.loads(ran.out)
    assert said["before"] >= 110
    assert [(one["file"], one["code"]) for one in said["left"]] == [("src/lib/watering.ts", 2307)]
    first = git(site, "rev-list", "--max-parents=0", "HEAD")
    added = [line for line in git(site, "diff", "-U0", first, "HEAD").splitlines() if line.startswith("+")]
    assert len(added) > 60
    assert [line for line in added if _BANNED.search(line)] == []
    assert git(site, "status", "--porcelain") == ""
    # With the missing file the whole build passes: the check of the types comes first in it.
    hidden = site / "src/lib/env/garden.ts"
    hidden.parent.mkdir()
    hidden.write_text(_HIDDEN)
    after = built(site, "build", tmp_path / "after")
    seen = {one.name: walked(one, browser, tmp_path / f"profile-{one.name}") for one in (before, after)}
    assert seen["after"] == seen["before"]
    as_expected(dict(seen["before"]))


def walked(folder: Path, browser: Browser, profile: Path) -> list[Seen]:
    """Click through a build's pages and return what was seen; nothing may throw."""
    with served(folder) as address, chromium(browser.path, profile) as page:
        seen = [step for part in (_planner, _seeds, _harvest, _beds) for step in part(page, address)]
        assert page.errors == []
    return seen


def _text(page: Page, selector: str) -> Any:  # noqa: ANN401 - JSON
    return page.value(f"document.querySelector({json.dumps(selector)}).innerText")


def _beds_said(page: Page) -> Any:  # noqa: ANN401 - JSON
    return page.value("[...document.querySelectorAll('figcaption')].map((one) => one.textContent)")


def _stored(page: Page) -> Any:  # noqa: ANN401 - JSON
    stored = page.value("localStorage.getItem('plotwise.beds')")
    return re.sub(r"T\d\d:\d\d:[\d.]+Z", "T", stored or "")


def _planner(page: Page, address: str) -> list[Seen]:
    page.open(address)
    seen: list[Seen] = [("cards", _text(page, ".cards")), ("beds at first", _beds_said(page))]
    seen.append(("level", _text(page, "[data-level]")))
    page.choose("[data-month]", "5")
    seen.append(("to sow in May", _text(page, "[data-sow]")))
    row = _PAD + _ROW + _ROW / 2
    page.click("canvas", row)
    seen.append(("dialog", [_text(page, "dialog h2"), page.value("document.querySelector('dialog').open")]))
    page.choose("dialog select", "kale")
    page.type("dialog [name=grams]", "250")
    page.click("dialog [type=submit]")
    page.wait("!document.querySelector('dialog').open")
    seen += [
        ("status", _text(page, "[data-status]")),
        ("planted", _beds_said(page)),
        ("stored", _stored(page)),
    ]
    page.click("canvas", row)
    seen.append(("crop of the row", page.value("document.querySelector('dialog select').value")))
    page.choose("dialog select", "")
    page.click("dialog [type=submit]")
    page.wait("!document.querySelector('dialog').open")
    seen.append(("cleared", [_beds_said(page), _stored(page)]))
    page.click("[data-undo]")
    seen.append(("undone", [_beds_said(page), _stored(page)]))
    page.press("z", control=True)
    seen.append(("undone by key", [_beds_said(page), _stored(page)]))
    page.click("canvas", row)
    page.click("[data-cancel]")
    seen.append(("cancelled", page.value("document.querySelector('dialog').open")))
    page.type("#timer input", "5")
    page.wait("document.querySelector('.time').innerText === '05:00'")
    page.click("#timer button")
    seen.append(("timer", _text(page, "#timer button")))
    page.wait("document.querySelector('.time').innerText < '05:00'")
    page.click("#timer button")
    seen.append(
        (
            "timer stopped",
            [
                _text(page, "#timer button"),
                page.value("document.querySelector('.progress').style.strokeDasharray"),
            ],
        )
    )
    page.value("document.dispatchEvent(new CustomEvent('watered', { detail: 60 }))")
    seen.append(("used", page.value("sessionStorage.getItem('used')")))
    seen.append(("on window", page.value("typeof window.planner.render")))
    page.value("localStorage.setItem('plotwise.beds', '{')")
    page.open(address)
    seen.append(("after a broken store", _beds_said(page)))
    return seen


def _seeds(page: Page, address: str) -> list[Seen]:
    page.open(f"{address}seeds/")
    page.wait("document.activeElement.type === 'search'")
    seen: list[Seen] = [("seeds", _text(page, "main"))]
    page.type(".swap input", "LEEK")
    page.wait("document.querySelectorAll('.swap li').length === 1")
    page.click(".swap li button")
    page.wait("document.querySelector('.swap li.taken')")
    seen.append(("taken", [_text(page, ".swap ul"), page.value("localStorage.getItem('plotwise.swaps')")]))
    page.open(f"{address}seeds/")
    page.wait("document.querySelector('.swap li.taken')")
    seen.append(("seeds later", _text(page, "main")))
    return seen


def _harvest(page: Page, address: str) -> list[Seen]:
    page.open(f"{address}harvest/")
    seen: list[Seen] = [("harvest", _text(page, "main"))]
    page.click("figure button")
    page.wait("document.querySelector('svg').getAttribute('aria-label').includes('2024')")
    seen.append(
        ("other year", [_text(page, "figure"), page.value("document.querySelector('polyline').outerHTML")])
    )
    page.value("URL.createObjectURL = (blob) => { window.saved = blob.text(); return '#'; }")
    page.click("[data-csv]")
    seen.append(
        ("saved", [page.value("window.saved"), page.value("document.querySelector('[data-csv]').disabled")])
    )
    return seen


def _beds(page: Page, address: str) -> list[Seen]:
    seen: list[Seen] = []
    for name in ("north", "shed", "long"):
        page.open(f"{address}beds/{name}/")
        seen.append((f"bed {name}", _text(page, "main")))
    return seen


def as_expected(seen: Mapping[str, Any]) -> None:
    """What was compared was there: the clicks did something."""
    assert seen["dialog"] == ["North bed, row 2", True]
    assert seen["status"] == "250 g picked"
    assert "kale" in seen["stored"]
    assert seen["crop of the row"] == "kale"
    assert "kale" not in seen["cleared"][1]
    assert "kale" in seen["undone"][1]
    assert seen["timer"] == "Pause"
    assert seen["used"] == "10"
    assert seen["on window"] == "function"
    assert seen["taken"][1] == '["s3"]'
    assert seen["saved"] == ["crop,grams\nPotato,3400", True]
    assert "until eleven" in seen["bed shed"]
    assert "nothing yet" in seen["bed long"]
