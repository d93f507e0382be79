"""Real npm packages for tests, installed once into a cache outside the repository and linked into each project."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.core import proc
from pipeline.tools.node import Node, environment, find_node

TYPESCRIPT = {"typescript": "5.9.3"}
TYPESCRIPT_7 = {"typescript": "7.0.2"}
SERVERS = {
    **TYPESCRIPT,
    "@vtsls/language-server": "0.3.0",
    "typescript-language-server": "6.0.2",
}
VUE = {**TYPESCRIPT, "vue": "3.5.22", "vue-tsc": "3.1.2"}
VUE_2 = {**TYPESCRIPT, "vue": "3.5.22", "vue-tsc": "2.2.12"}
SVELTE = {**TYPESCRIPT, "svelte": "5.57.3", "svelte-check": "4.7.8"}
SVELTE_4 = {"typescript": "5.4.5", "svelte": "4.2.20", "svelte-check": "3.8.6"}
ASTRO = {**TYPESCRIPT, "astro": "5.13.10", "@astrojs/check": "0.9.4"}
_SECONDS = 300.0


def node() -> Node:
    return find_node()


def installed(wanted: Mapping[str, str]) -> Path:
    """Return a node_modules with these packages; skips the test when the registry does not give them."""
    name = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]
    top = Path(
        os.environ.get("PAGES_TEST_PACKAGES") or Path(tempfile.gettempdir()) / "pages-pipeline-packages"
    )
    folder = top / name
    if not (folder / "node_modules").is_dir():
        top.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=top))
        (new / "package.json").write_text(json.dumps({"private": True, "dependencies": wanted}))
        words = (*node().npm, "install", "--ignore-scripts", "--no-audit", "--no-fund")
        try:
            done = proc.run(words, cwd=new, env=environment(node(), new / "bin", new), timeout=_SECONDS)
        except proc.TimedOut as late:
            shutil.rmtree(new)
            pytest.skip(f"npm could not install {', '.join(wanted)}: {late.message}")
        if not done.ok:
            shutil.rmtree(new)
            pytest.skip(f"npm could not install {', '.join(wanted)}: {done.error[-300:]}")
        try:
            new.rename(folder)
        except OSError:  # another test process was first
            shutil.rmtree(new)
    return folder / "node_modules"


def project(root: Path, files: Mapping[str, str | bytes], packages: Path | None = None) -> Path:
    """Write a project and link its packages; return its folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if packages:
        (root / "node_modules").symlink_to(packages)
    return root
