"""A double for each test, and the real clients that take it for GitHub."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fakes.github import GitHub
from tests.fakes.github.environment import gh as gh_path

NAME = "octocat/site"
GITHUB = "https://github.com/octocat/site.git"

Gh = Callable[..., "Answer"]
Git = Callable[..., subprocess.CompletedProcess[str]]


@dataclass
class Answer:
    """What `gh api -i` printed."""

    status: int
    headers: dict[str, str]
    body: str
    code: int
    error: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.body)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHub]:
    with GitHub(tmp_path / "hub") as running:
        running.create_repo(NAME)
        yield running


@pytest.fixture
def gh(hub: GitHub) -> Gh:
    """Call the API with the real gh: `gh("repos/...", "-X", "PUT", cname="...")`."""

    def run(path: str, *words: str, body: object = None, token: str = "", **fields: str) -> Answer:
        given = [word for key, value in fields.items() for word in ("-f", f"{key}={value}")]
        given += ["--input", "-"] if body is not None else []
        env = {**os.environ, **hub.env} | ({"GH_ENTERPRISE_TOKEN": token} if token else {})
        command = [gh_path(), "api", "-i", path, *words, *given]
        text = None if body is None else json.dumps(body)
        done = subprocess.run(command, env=env, input=text, capture_output=True, text=True, check=False)
        head, _, rest = done.stdout.replace("\r\n", "\n").partition("\n\n")
        first, *lines = head.split("\n")
        status = int(first.split()[1]) if first.startswith("HTTP/") else 0
        headers = {line.split(": ", 1)[0].lower(): line.partition(": ")[2] for line in lines}
        return Answer(status, headers, rest, done.returncode, done.stderr)

    return run


@pytest.fixture
def api(hub: GitHub, web: requests.Session) -> Gh:
    """The same as `gh` without a process, because that takes 0.1 s."""

    def run(path: str, *words: str, body: object = None, token: str = "") -> Answer:
        method = words[1] if words else "GET" if body is None else "POST"
        headers = {**hub.headers, **({"Authorization": f"token {token}"} if token else {})}
        answer = web.request(method, f"{hub.api}/{path}", json=body, headers=headers)
        fields = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, fields, answer.text, 0, "")

    return run


@dataclass
class Clone:
    """A folder with a history of its own on `gh-pages`."""

    folder: Path
    env: dict[str, str] = field(repr=False)

    def __call__(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, f"git {' '.join(words)}: {done.stderr}"
        return done

    def commit(self, **files: str) -> str:
        """Commit files (`index="..."` is index.html, `_a="..."` is _a.txt) and return the commit."""
        for name, text in {"index": "home", **files}.items():
            (self.folder / (f"{name}.html" if name == "index" else f"{name}.txt")).write_text(text, "utf-8")
        self("add", "--all")
        self("commit", "--quiet", "--allow-empty", "--message", "a release")
        return self("rev-parse", "HEAD").stdout.strip()

    def push(self, *refs: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self("push", "--atomic", GITHUB, *(refs or ("gh-pages",)), check=check)


@pytest.fixture
def clone(hub: GitHub, tmp_path: Path) -> Clone:
    folder = tmp_path / "clone"
    folder.mkdir()
    made = Clone(folder, {**os.environ, **hub.env})
    made("init", "--quiet", "--initial-branch=gh-pages")
    (folder / ".nojekyll").touch()
    return made


@pytest.fixture
def web(hub: GitHub) -> Iterator[requests.Session]:
    """A session that trusts the double and is logged in nowhere."""
    with requests.Session() as session:
        session.verify = str(hub.ca)
        session.trust_env = False
        yield session
