"""A made-up site of many pages for `gates.py`: the example's pages, then copies of them with words of their own."""

from __future__ import annotations

import io
import random
import re
import subprocess
import zipfile
from pathlib import Path

_ZIP = Path(__file__).resolve().parents[1] / "examples/site-dist.zip"
# What `local` is served under; canonical addresses name it.
ADDRESS = "http://127.0.0.1:4173/"
_BUILT_FOR = "https://example.github.io/"
_COPIED = ("logbook/tuning-the-horn/", "logbook/helga-gow-602-nights/", "visit/", "light/", "about/")
_SETTINGS = """\
site: {name: many, framework: plain, package_manager: none, install: [], check: [], build: [], output: dist}
"""
_WORDS = [
    "lamp",
    "keeper",
    "storm",
    "tide",
    "harbour",
    "signal",
    "fog",
    "bell",
    "lens",
    "tower",
    "rock",
    "gull",
    "wind",
    "ledger",
    "oil",
    "rope",
    "stair",
]


def make(root: Path, pages: int) -> list[str]:
    """Write a site with so many pages into a git repository; returns their addresses without the leading slash."""
    dist = root / "dist"
    dist.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(_ZIP.read_bytes())) as packed:
        packed.extractall(dist)
    for file in dist.rglob("*"):
        if file.suffix in {".html", ".xml", ".txt", ".json"}:
            file.write_text(file.read_text("utf-8").replace(_BUILT_FOR, ADDRESS), "utf-8")
    known = [_address(dist, file) for file in sorted(dist.rglob("index.html"))]
    copies = [f"notes/note-{number}/" for number in range(pages - len(known))]
    for number, copy in enumerate(copies):
        _copy(dist, _COPIED[number % len(_COPIED)], copy, number)
    _list(dist, copies)
    (root / "invoke.yaml").write_text(_SETTINGS, "utf-8")
    (root / "constitution.toml").write_text("", "utf-8")
    (root / ".gitignore").write_text("dist/\n.pages/\n", "utf-8")
    who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.invalid"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "site"]):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)
    return (known + copies)[:pages]


def change(root: Path, turn: int, pages: list[str]) -> int:
    """Write new words into one page of a hundred, at least one; returns how many."""
    copies = [page for page in pages if page.startswith("notes/")]
    some = copies[turn :: max(1, len(copies) // max(1, round(len(pages) / 100)))][
        : max(1, round(len(pages) / 100))
    ]
    for page in some:
        file = root / "dist" / page / "index.html"
        text = file.read_text("utf-8").replace("</main>", f"<p>Changed in turn {turn}.</p></main>", 1)
        file.write_text(text, "utf-8")
    return len(some)


def _address(dist: Path, file: Path) -> str:
    folder = file.parent.relative_to(dist).as_posix()
    return "" if folder == "." else f"{folder}/"


def _copy(dist: Path, source: str, page: str, number: int) -> None:
    """Write a page like another one, with a title, an address and a text that no other has."""
    luck = random.Random(number)  # noqa: S311 - words, no secrets
    words = " ".join(luck.choices(_WORDS, k=60))
    text = (dist / source / "index.html").read_text("utf-8").replace(f"{ADDRESS}{source}", f"{ADDRESS}{page}")
    text = re.sub(r"<title>[^·<]*", f"<title>Note {number} on the {words.split()[0]} ", text, count=1)
    text = re.sub(r'(<meta (?:name|property)="(?:og:)?description" content=")', rf"\1Note {number}: ", text)
    text = text.replace("</main>", f'<div class="wrap"><p>Note {number}: {words}.</p></div></main>', 1)
    target = dist / page / "index.html"
    target.parent.mkdir(parents=True)
    target.write_text(text, "utf-8")


def _list(dist: Path, copies: list[str]) -> None:
    """Name the copies in the log book and in the sitemap."""
    log = dist / "logbook/index.html"
    items = "".join(f'<li><a href="/{page}">Note {number}</a></li>' for number, page in enumerate(copies))
    log.write_text(
        log.read_text("utf-8").replace("</main>", f'<ul class="wrap">{items}</ul></main>', 1), "utf-8"
    )
    sitemap = dist / "sitemap.xml"
    places = "".join(f"<url><loc>{ADDRESS}{page}</loc></url>" for page in copies)
    sitemap.write_text(sitemap.read_text("utf-8").replace("</urlset>", f"{places}</urlset>"), "utf-8")
