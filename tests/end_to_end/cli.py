"""The program as a user runs it: a process of its own in the site's folder."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.policy import quiet

TOP = Path(__file__).parents[2]
SETTINGS = """\
site: {name: harbour, package_manager: none, install: [], check: [], build: [], output: dist}
serve: {port: 0}
"""


@dataclass(frozen=True)
class Ran:
    """A finished run: exit code, data, talk."""

    code: int
    out: str
    err: str


def pages(
    site: Path,
    *words: str,
    env: Mapping[str, str] | None = None,
    module: str = "pages_pipeline",
    seconds: float = 300,
) -> Ran:
    """Run `pages WORDS` in the site's folder, or plain invoke as `module`."""
    environment = {**os.environ, "PYTHONPATH": str(TOP), **(env or {})}
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=site, env=environment, capture_output=True, text=True, check=False, timeout=seconds,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def serving(site: Path) -> Iterator[str]:
    """Serve the local environment in a process of its own for the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pages_pipeline", "serve", "--json"],
        cwd=site, env={**os.environ, "PYTHONPATH": str(TOP)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        try:
            text = b""
            while process.stdout is not None and not text.rstrip().endswith(b"}"):
                text += process.stdout.readline()
            yield json.loads(text)["url"]
        finally:
            process.terminate()


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def plain_site(root: Path) -> Path:
    """A committed site that needs no build: two pages and a style sheet."""
    page(root, "Harbour")
    write(root / "dist/boats/index.html", "<!doctype html><title>Boats</title><h1>Boats</h1>")
    write(root / "dist/404.html", "<!doctype html><title>Not here</title><h1>Not here</h1>")
    write(root / "dist/app.css", "h1 { color: teal }")
    write(root / "invoke.yaml", SETTINGS)
    quiet(root)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first light")
    return root


def page(root: Path, heading: str) -> None:
    """Give the home page a heading."""
    write(root / "dist/index.html", f"<!doctype html><title>Harbour</title><h1>{heading}</h1>")


def git(root: Path, *words: str) -> str:
    """Run git in a folder."""
    return subprocess.run(
        ["git", *words], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def live_page(root: Path, path: str = "index.html") -> str:
    """What the local environment's pages branch holds."""
    return git(root / ".pages/local.git", "show", f"gh-pages:{path}")
