"""The whole main job on the example site: publish, change, publish again, roll back, each proven."""

from __future__ import annotations

import contextlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.core import http, lock, proc, ui
from pipeline.core.clock import utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.paths import cache_folder, resource
from pipeline.core.project import SITE_VARIABLE, Project, open_project
from pipeline.deploy.engine import Order, deploy, rollback
from pipeline.deploy.release import Outcome
from pipeline.deploy.serve import open_server
from pipeline.site.build import forget
from pipeline.tools.node import find_node

CHANGED_PAGE = "logbook/tuning-the-horn/"
_SOURCE = "src/content/logbook/tuning-the-horn.md"
_BUILT = f"dist/{CHANGED_PAGE}index.html"
_SENTENCE = "The demo added this line on"
# Not taken along from the example: what its own build and install leave behind.
_LEFT = shutil.ignore_patterns("node_modules", "dist", ".astro", ".pages")
_SETTINGS = """\
# Written by `invoke demo`.
site:
  name: demo
  package_manager: none
  install: []
  check: []
  build: []
  output: dist
"""


@dataclass(frozen=True)
class Act:
    """One act of the demo, for its closing table: what was done, the release, and what the page shows afterwards."""

    what: str
    release: str
    page: str


@contextlib.contextmanager
def demo(folder: Path | None = None) -> Iterator[tuple[Project, str, list[Act]]]:
    """Play the demo in `folder` and give the project, the address and what happened; the site is served for the block.

    Everything happens in a folder of its own in the user's cache, so a second demo goes on where the first one ended.
    """
    stage = folder or cache_folder() / "demo"
    try:
        stage.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the demo's folder {stage} cannot be made: {error.strerror}"
        raise Stop(message, "XDG_CACHE_HOME=/some/other/folder invoke demo") from error
    with lock.hold(stage / "demo.lock", "the demo"):
        site, built_here = prepare(stage)
        # Variables that name another site are not about the demo's.
        own = {name: text for name, text in os.environ.items() if name != SITE_VARIABLE}
        project = open_project(site, environ=own)
        with ui.brief(), open_server(project, notify=lambda _: None) as server:
            ui.say()
            ui.say(f"The example site will be live at {server.url}", style="bold")
            yield project, server.url, play(project, server.url, built_here=built_here)


def prepare(stage: Path) -> tuple[Path, bool]:
    """Return the folder of a fresh copy of the example site, and whether it can be built here."""
    reason = why_not_built()
    if reason:
        ui.say(f"The example is published as it was built before, because {reason}.", style="warning")
        site = stage / "built"
        unpack(site)
    else:
        site = stage / "site"
        shutil.copytree(resource("examples", "site"), site, ignore=_LEFT, dirs_exist_ok=True)
    commit(site, "the example site")
    return site, not reason


def why_not_built() -> str:
    """Return why the example cannot be built on this machine, or an empty text when it can."""
    if not resource("examples", "site", "package.json").is_file():
        return "its sources are not here"
    try:
        find_node()
    except Stop as stop:
        return stop.message
    return ""


def unpack(site: Path) -> None:
    """Lay out the bundled output of the example as a site that needs no build."""
    shutil.rmtree(site / "dist", ignore_errors=True)
    with zipfile.ZipFile(resource("examples", "site-dist.zip")) as bundle:
        bundle.extractall(site / "dist")
    (site / "invoke.yaml").write_text(_SETTINGS, encoding="utf-8")


def commit(site: Path, message: str) -> None:
    """Record the site's sources in a git repository of its own, so that releases can name their source."""
    git = ["git", "-c", "user.name=demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgSign=false"]
    for words in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["commit", "--quiet", "--allow-empty", "--message", message],
    ):
        done = proc.run([*git, *words], cwd=site)
        if not done.ok:
            raise Stop(f"git {words[0]} failed in {site}", "invoke doctor", Code.SERVICE, done.tail())


def play(project: Project, url: str, *, built_here: bool) -> list[Act]:
    """Publish, change a page, publish again, roll back; after each, read the page back."""
    acts: list[Act] = []

    def act(title: str, explain: str, run: Callable[[], Outcome]) -> None:
        ui.say()
        ui.say(f"{len(acts) + 1}. {title}", style="bold")
        ui.say(f"   {explain}")
        outcome = run()
        page = sentence(url)
        ui.say(f"   {url}{CHANGED_PAGE} shows: {page}")
        acts.append(Act(title, outcome.release, page))

    act(
        "Publish the site",
        "build it, judge it by every gate, push it in one step, read every file back",
        lambda: deploy(project, Order("local", "first publication")),
    )
    act(
        "Change a page, publish again",
        f"a line is added to {_SOURCE if built_here else _BUILT}; the rest is not sent again",
        lambda: change_and_deploy(project, built_here=built_here),
    )
    act(
        "Roll back",
        "the tree before becomes a new release: no build, nothing is rewritten, nothing is deleted",
        lambda: rollback(project, "local", why="the demo shows how"),
    )
    return acts


def change_and_deploy(project: Project, *, built_here: bool) -> Outcome:
    """Add a line to a page and deploy it."""
    line = f"{_SENTENCE} {utc_now().strftime('%Y-%m-%d at %H:%M:%S')} UTC."
    path = project.root / (_SOURCE if built_here else _BUILT)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        f"{text}\n{line}\n" if built_here else text.replace("</main>", f"<p>{line}</p></main>", 1), "utf-8"
    )
    commit(project.root, "add a line to the logbook")
    forget()
    return deploy(project, Order("local", "add a line to the logbook"))


def sentence(url: str) -> str:
    """Return what the changed page says about the demo."""
    with http.session(1) as through:
        answer = http.get(through, url + CHANGED_PAGE)
    if answer.status != 200:
        return f"status {answer.status}"
    text = answer.body.decode("utf-8", "replace")
    place = text.find(_SENTENCE)
    return (
        f'"{text[place : place + 60].split("<")[0].strip()}"' if place >= 0 else "the page as it was written"
    )
