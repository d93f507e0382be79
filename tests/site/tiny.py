"""Tiny real sites whose build is one small node script."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline.core.project import Project, open_project

BUILD = """\
import fs from 'node:fs'
fs.mkdirSync('dist', { recursive: true })
fs.writeFileSync('dist/index.html', fs.readFileSync('page.html', 'utf8') + process.env.PAGES_BASE + '\\n')
"""
# A build in a process of its own: `python -c RUN <site>`.
RUN = "import sys; from pathlib import Path; from pipeline.core.project import open_project\n"
RUN += "from pipeline.site.build import build; build(open_project(Path(sys.argv[1])), 'local')\n"
SETTINGS: Mapping[str, Any] = {
    "site": {"name": "tiny", "package_manager": "npm", "check": [], "build": ["node", "build.mjs"]},
    "environments": {"staging": {"url": "https://staging.example/tiny/", "repository": "/srv/tiny.git"}},
}


def write(root: Path, files: Mapping[str, str | Mapping[str, Any]]) -> None:
    """Write files, objects as JSON (which is YAML too)."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def settings(**site: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the settings take
    """The tiny site's settings with some of `site` changed; None leaves one out."""
    merged = {**SETTINGS["site"], **site}
    return {**SETTINGS, "site": {key: value for key, value in merged.items() if value is not None}}


def make(root: Path, files: Mapping[str, str | Mapping[str, Any]] | None = None) -> Project:
    """A committed site that `node build.mjs` builds into dist/, with `files` changed or added."""
    write(
        root,
        {
            "package.json": {"name": "tiny", "version": "1.0.0", "private": True},
            "build.mjs": BUILD,
            "page.html": "<h1>Tiny</h1>\n",
            ".gitignore": "dist/\nnode_modules/\n",
            "invoke.yaml": SETTINGS,
            **(files or {}),
        },
    )
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "begin"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return open_project(root)


def page(project: Project) -> str:
    """What the home page in the output folder says."""
    return (project.output / "index.html").read_text(encoding="utf-8")


def wait_for(happened: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is true."""
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.02)
