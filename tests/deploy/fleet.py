"""A small site with a staging and a production environment, each a repository behind a real server."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

from pipeline.core.project import Project, open_project
from pipeline.deploy import engine
from pipeline.deploy.engine import Order
from pipeline.deploy.ledger import Release
from pipeline.deploy.release import Outcome
from pipeline.site import build
from pipeline.site.server import Server
from tests.deploy.harbour import Ticker, write
from tests.policy import QUIET

SETTINGS = """\
site: {{name: harbour, package_manager: none, install: [], check: [], build: {build}, output: dist}}
serve: {{port: 0}}
environments:
  staging:
    repository: {staging}
    branch: {branch}
    url: {staging_url}
    rounds: 1
    health: {{probes: 0}}
  prod:
    repository: {prod}
    url: {prod_url}
    policy: {policy}
    rounds: 1
    health: {{probes: 0}}
preview: {{days: 7}}
timeouts: {{verify: 5}}
"""
MOMENT = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NAME = "20260301-120000-prod-one"
HOME = "<!doctype html><html lang=en><title>Harbour</title><link rel=stylesheet href=app.css><h1>{}</h1>"


def repository(path: Path) -> Path:
    """A bare repository, made when it is not there."""
    subprocess.run(["git", "init", "-q", "--bare", path], check=True)
    return path


@contextlib.contextmanager
def fleet(
    top: Path,
    *,
    shared: bool = False,
    staging_base: str = "/",
    prod_base: str = "/",
    build: str = "[]",
    policy: str = "{}",
) -> Iterator[Project]:
    """Serve both environments for the block and give the project; `shared`: both are branches of one repository."""
    prod = repository(top / "prod.git")
    staging = prod if shared else repository(top / "staging.git")
    branch = "staging" if shared else "gh-pages"
    with (
        Server(staging, branch, port=0, base=staging_base) as first,
        Server(prod, "gh-pages", port=0, base=prod_base) as second,
    ):
        root = top / "harbour"
        settings = SETTINGS.format(
            build=build, policy=policy, staging=staging, prod=prod, branch=branch,
            staging_url=first.url, prod_url=second.url,
        )  # fmt: skip
        for name, text in {
            "dist/index.html": HOME.format("Harbour"),
            "dist/404.html": HOME.format("Not here"),
            "dist/app.css": "h1 { color: teal }",
            "dist/robots.txt": "User-agent: *\nAllow: /\n",
            "invoke.yaml": settings,
            "constitution.toml": QUIET,
            ".gitignore": "" if build == "[]" else "dist/\n",
        }.items():
            write(root / name, text)
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first light"]):
            subprocess.run(["git", *words], cwd=root, check=True)
        yield open_project(root)


def change(project: Project, text: str) -> None:
    """Give the home page another heading and commit it."""
    write(project.output / "index.html", HOME.format(text))
    commit(project, text)


def commit(project: Project, text: str) -> None:
    """Commit everything."""
    for words in (["add", "-A"], ["commit", "-qm", text]):
        subprocess.run(["git", *words], cwd=project.root, check=True)
    build.forget()


def deploy(project: Project, environment: str = "staging", clock: Ticker | None = None) -> Outcome:
    """Deploy the site as it is."""
    build.forget()
    order = Order(environment, yes=True, allow_dirty=True)
    return engine.deploy(project, order, clock or Ticker())


def show(project: Project, branch: str, clock: Ticker) -> Outcome:
    """Deploy a preview of the site as it is."""
    build.forget()
    return engine.deploy(project, Order(f"preview/{branch}", yes=True, allow_dirty=True), clock)


def release(name: str = NAME, **changes: object) -> Release:
    """A release that nobody made."""
    values: dict[str, object] = {
        "name": name, "commit": "c" * 40, "tree": "", "environment": "prod", "kind": "deploy", "artifact": "a" * 40,
        "manifest": "", "source": "", "evidence": "", "restores": "", "who": "me", "when": MOMENT, "why": "",
    }  # fmt: skip
    return Release(**{**values, **changes})  # type: ignore[arg-type]


def page(url: str) -> str:
    """What an address answers."""
    with urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def run(folder: Path, *words: str) -> str:
    """Run git in a folder."""
    return subprocess.run(
        ["git", *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
