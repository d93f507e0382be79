"""Publishing against npm's gh-pages and PyPI's ghp-import: CPU, memory, bytes on the wire; and rollbacks."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from measure import Command, Figure, in_turn, markdown, median, once, ratio

from pipeline.tools.node import find_node

TOP = Path(__file__).resolve().parents[1]
CACHE = Path(tempfile.gettempdir()) / "pages-pipeline-peers"
NPM, PYPI = "gh-pages@6.3.0", "ghp-import==2.1.0"
OURS, GH_PAGES, GHP_IMPORT = "ours", "gh-pages", "ghp-import"
# How many times less CPU than each peer, by work.
GOALS = {"first publish": (3.0, 1.0), "1% changed": (12.0, 1.4), "nothing changed": (16.0, 1.6)}
WIRE_GOAL = 10.0
PATH_WALK = (2, 51)
ROLLBACK_BYTES, ROLLBACK_SECONDS = 1_000, 1.0
MEMORY = 300_000_000
_SETTINGS = """\
site: {name: large, package_manager: none, install: [], check: [], build: [], output: dist}
environments:
  wire: {repository: "bench:REMOTE", url: "http://127.0.0.1:9/"}
"""
_CONFIG = (
    "[user]\nname = Bench\nemail = bench@example.invalid\n[init]\ndefaultBranch = main\n[gc]\nauto = 0\n"
)
_WORDS = [
    f"{one}{two}" for one in ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti") for two in "bcdfghklmnprstvz"
]


@dataclass
class Site:
    """A made-up site: pages of about 5 kB, one to a folder, that share a style sheet by its hashed name.

    No text is kept: what this process holds at a fork would count as the peak memory of the tools.
    """

    root: Path
    files: int
    css: str = "index.0aB1cD2e.css"
    turn: int = 0

    @property
    def pages(self) -> int:
        """Return how many pages it has beside the home page and the style sheet."""
        return self.files - 2

    def make(self) -> None:
        """Write all of it; the words are the same on every machine."""
        chance = random.Random(1)  # noqa: S311 - words, no secrets
        for number in range(self.pages):
            head = f'<!doctype html><title>page {number}</title><link rel="stylesheet" href="/_astro/{self.css}">'
            words = " ".join(chance.choices(_WORDS, k=1_000))
            self.write(self.path(number), f"{head}<h1>page {number}</h1><p>{words}</p>")
        self.write("index.html", "<!doctype html><title>home</title><h1>home</h1>")
        self.write(f"_astro/{self.css}", "body { color: #333 }")

    @staticmethod
    def path(number: int) -> str:
        """Return a page's path."""
        return f"part-{number // 100}/page-{number}/index.html"

    def write(self, path: str, text: str) -> None:
        """Write one file."""
        target = self.root / "dist" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def edit(self, number: int, old: str, new: str) -> None:
        """Replace a text in one page."""
        text = (self.root / "dist" / self.path(number)).read_text(encoding="utf-8")
        self.write(self.path(number), text.replace(old, new))

    def change(self) -> None:
        """Write new words into 1% of the pages."""
        self.turn += 1
        for number in range(0, self.pages, 100):
            self.edit(number, "</p>", f" and turn {self.turn}</p>")

    def style(self, name: str) -> int:
        """Rename the style sheet, and in nine of ten pages what they refer to; returns how many those are."""
        (self.root / "dist" / "_astro" / self.css).unlink()
        self.write(f"_astro/{name}", "body { color: #444 }")
        count = self.pages * 9 // 10
        for number in range(count):
            self.edit(number, self.css, name)
        self.css = name
        return count


@dataclass(frozen=True)
class World:
    """Where everything lies; `env` keeps the person's own settings out and picks the git."""

    folder: Path
    site: Site
    env: Mapping[str, str]

    @property
    def report(self) -> Path:
        """Return the file that peers_wire.py writes to."""
        return self.folder / "wire.txt"

    def run(self, *argv: str, cwd: Path | None = None) -> str:
        """Run a command of the scenery; raises CalledProcessError."""
        done = subprocess.run(
            argv,
            cwd=cwd or self.folder,
            env={**os.environ, **self.env},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def fresh(self, name: str) -> Path:
        """Return a new empty bare repository."""
        path = self.folder / f"{name}.git"
        shutil.rmtree(path, ignore_errors=True)
        self.run("git", "init", "--quiet", "--bare", str(path))
        return path

    def repository(self, remote: str) -> None:
        """Make the repository anew in which ghp-import works."""
        path = self.folder / "ghp"
        shutil.rmtree(path, ignore_errors=True)
        self.run("git", "init", "--quiet", str(path))
        self.run("git", "remote", "add", "origin", remote, cwd=path)

    def forget(self, name: str) -> None:
        """Put a tool into the state before its first publish."""
        if name == OURS:
            shutil.rmtree(self.site.root / ".pages", ignore_errors=True)
        elif name == GH_PAGES:
            self.fresh("npm")
            shutil.rmtree(self.folder / "npm-cache", ignore_errors=True)
        else:
            self.repository(str(self.fresh("pypi")))

    def command(self, name: str, before: Callable[[], None] | None = None) -> Command:
        """Return the publish of one tool."""
        dist = str(self.site.root / "dist")
        if name == OURS:
            argv = [sys.executable, str(TOP / "benchmarks/peers_ours.py"), "publish", "local"]
            return Command(name, argv, self.site.root, self.env, before)
        if name == GH_PAGES:
            program = CACHE / "npm/node_modules/gh-pages/bin/gh-pages.js"
            argv = [str(find_node().path), str(program), "--dist", dist, "--dotfiles", "--nojekyll"]
            argv += ["--repo", str(self.folder / "npm.git")]
            return Command(name, argv, self.folder, self.env, before)
        argv = [str(CACHE / "venv/bin/python"), "-m", "ghp_import", "-n", "-p", dist]
        return Command(name, argv, self.folder / "ghp", self.env, before)

    def wire(self) -> tuple[int, int]:
        """Return all bytes, and those of the pack, of the pushes since the last question."""
        lines = [line.split() for line in self.report.read_text(encoding="utf-8").splitlines()]
        self.report.unlink()
        pushes = [line for line in lines if "receive-pack" in line[0]]
        return sum(int(line[1]) for line in pushes), sum(int(line[2]) for line in pushes)


def install() -> None:
    """Get both peers from their registries, once."""
    if not (CACHE / "npm/node_modules/gh-pages").is_dir():
        (CACHE / "npm").mkdir(parents=True, exist_ok=True)
        npm = [*find_node().npm, "install", "--no-audit", "--no-fund", "--prefix", str(CACHE / "npm"), NPM]
        subprocess.run(npm, check=True, capture_output=True)
    if not (CACHE / "venv/bin/ghp-import").is_file():
        subprocess.run(
            [sys.executable, "-m", "venv", "--clear", "--without-pip", str(CACHE / "venv")], check=True
        )
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(CACHE / "venv/bin/python"),
            "install",
            "--quiet",
            PYPI,
        ]
        subprocess.run(pip, check=True, capture_output=True)


def world(folder: Path, files: int, git: str) -> World:
    """Return a site of so many files and the surroundings of all tools."""
    (folder / "home").mkdir()
    (folder / "home/.gitconfig").write_text(_CONFIG, encoding="utf-8")
    (folder / "package.json").write_text("{}", encoding="utf-8")
    wire = [sys.executable, str(TOP / "benchmarks/peers_wire.py"), str(folder / "wire.txt")]
    env = {
        "HOME": str(folder / "home"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_SSH_COMMAND": " ".join(wire),
        "GIT_SSH_VARIANT": "simple",
        "CACHE_DIR": str(folder / "npm-cache"),
        "PYTHONPATH": str(TOP),
        "PATH": f"{Path(git).resolve().parent}:{os.environ['PATH']}" if git else os.environ["PATH"],
    }
    site = Site(folder / "site", files)
    site.make()
    text = _SETTINGS.replace("REMOTE", str(folder / "wire.git"))
    (site.root / "invoke.yaml").write_text(text, encoding="utf-8")
    return World(folder, site, env)


def measured(here: World, rounds: int, without: Sequence[str]) -> dict[str, dict[str, list[Figure]]]:
    """Return the figures by work and tool; a tool that fails is left out, and said so."""
    found: dict[str, dict[str, list[Figure]]] = {}
    names = [name for name in (OURS, GH_PAGES, GHP_IMPORT) if name not in without and works(here, name)]
    for work in GOALS:
        befores: dict[str, Callable[[], None] | None] = dict.fromkeys(names)
        if work == "first publish":
            befores = {name: (lambda name=name: here.forget(name)) for name in names}  # type: ignore[misc]
        elif work == "1% changed":
            befores[OURS] = here.site.change
        # `works` was the warm-up: it did one of each.
        found[work] = in_turn([here.command(name, befores[name]) for name in names], rounds, warmup=0)
        said = ", ".join(f"{name} {median(figures, 'cpu'):.2f} s" for name, figures in found[work].items())
        print(f"{work}: CPU {said}; load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return found


def works(here: World, name: str) -> bool:
    """Whether a tool can publish this site at all; if not, says why."""
    try:
        once(here.command(name, lambda: here.forget(name)))
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        print(
            f"{name}: unavailable at this size: {next((x for x in lines if 'rror' in x), lines[-1])[:160]}\n"
        )
        return False
    return True


def show_publishing(found: Mapping[str, Mapping[str, Sequence[Figure]]], files: int) -> list[str]:
    """Print the table of publishes and return the goals that were missed."""
    missed, rows = [], []
    for work, by_tool in found.items():
        for name, figures in by_tool.items():
            cells = [f"{median(figures, 'cpu'):.2f} s", f"{median(figures, 'wall'):.2f} s"]
            cells.append(f"{max(one.peak for one in figures) / 1e6:.0f} MB")
            verdict = ""
            if name != OURS:
                less, goal = ratio(figures, by_tool[OURS], "cpu"), GOALS[work][name == GHP_IMPORT]
                verdict = f"{less:.2f} (goal {goal:g}{'' if less >= goal else ', missed'})"
                missed += [f"{work} against {name}: {less:.2f} of {goal:g}"] if less < goal else []
            rows.append((work, name, *cells, verdict))
    heads = (f"{files:,} files", "tool", "CPU", "wall", "peak memory", "times ours in CPU")
    print(markdown(heads, rows))
    peak = max(one.peak for by_tool in found.values() for one in by_tool[OURS])
    print(f"\nour peak memory: {peak / 1e6:.0f} MB (goal for 50,000 files: under {MEMORY / 1e6:.0f} MB)")
    return missed + ([f"memory: {peak / 1e6:.0f} MB"] if peak >= MEMORY else [])


def ours(here: World, what: str) -> Figure:
    """Run one of our own stages against the remote whose bytes are counted."""
    argv = [sys.executable, str(TOP / "benchmarks/peers_ours.py"), what, "wire"]
    return once(Command(what, argv, here.site.root, here.env))


def show_wire(here: World, version: tuple[int, ...]) -> list[str]:
    """Publish a new style sheet's name in nine of ten pages with both, and return the goal if it was missed."""
    here.forget(OURS)
    here.fresh("wire")
    here.repository(f"bench:{here.fresh('pypi')}")
    theirs = here.command(GHP_IMPORT)
    ours(here, "publish")
    once(theirs)
    here.wire()
    count = here.site.style("index.9zY8xW7v.css")
    ours(here, "publish")
    mine = here.wire()[0]
    once(theirs)
    other = here.wire()[0]
    less = other / mine
    print(f"\n{count:,} of {here.site.files:,} pages changed by a CSS name, sent: ours {mine:,} B, ", end="")
    print(f"ghp-import {other:,} B: {less:.1f} times fewer (goal {WIRE_GOAL:g})")
    if version < PATH_WALK:
        shown = ".".join(map(str, version))
        print(
            f"goal unavailable: git {shown} has no pack.usePathWalk, which came with 2.51 (--git names another)"
        )
        return []
    return [f"bytes on the wire: {less:.1f} of {WIRE_GOAL:g}"] if less < WIRE_GOAL else []


def show_rollback(here: World, rounds: int) -> list[str]:
    """Roll back and forth over the style sheet's name, and return the goals that were missed."""
    rows, kept = [], {}
    for what in ("rollback", "rollback-one-parent"):
        figures, sent = [], []
        for _ in range(rounds):
            figures.append(ours(here, what))
            sent.append(here.wire())
        whole, pack = sorted(sent)[rounds // 2]
        kept[what] = (whole, median(figures, "wall"))
        cells = (f"{whole:,} B", f"{pack:,} B", f"{kept[what][1]:.2f} s", f"{median(figures, 'cpu'):.2f} s")
        rows.append((what, *cells))
    print(
        f"\n{markdown(('rollback of 9 of 10 pages', 'sent', 'of that the pack', 'to refs moved', 'CPU'), rows)}"
    )
    whole, wall = kept["rollback"]
    limit = ROLLBACK_BYTES + asset_trees(here)
    print(f"\ngoals: under {limit:,} B (1 KB and the trees of kept assets), under {ROLLBACK_SECONDS:g} s")
    missed = [f"rollback: {whole:,} B of {limit:,} B"] if whole >= limit else []
    return missed + (
        [f"rollback: {wall:.2f} s of {ROLLBACK_SECONDS:g} s"] if wall >= ROLLBACK_SECONDS else []
    )


def asset_trees(here: World) -> int:
    """Return the bytes of the trees that hold kept assets in the live release: the top folder and `_astro`."""
    git = ("git", "--git-dir", str(here.folder / "wire.git"), "cat-file", "-s")
    return sum(int(here.run(*git, f"gh-pages:{path}")) for path in ("", "_astro"))


def main() -> int:
    """Print all tables; the exit code is 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--git", default="", help="another git program, for all tools alike")
    parser.add_argument(
        "--only", choices=("publish", "wire"), help="the CPU of publishes, or bytes and rollbacks"
    )
    parser.add_argument("--without", action="append", default=[], choices=(GH_PAGES, GHP_IMPORT))
    given = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    install()
    folder = Path(tempfile.mkdtemp(prefix="pages-peers-"))
    try:
        here = world(folder, given.files, given.git)
        words = here.run("git", "version").split()[2]
        version = tuple(int(part) for part in words.split(".") if part.isdigit())
        load = os.getloadavg()[0]
        print(f"{NPM}, {PYPI}, git {words}, {given.rounds} rounds, load of the machine {load:.1f}\n")
        missed = []
        if given.only != "wire":
            missed += show_publishing(measured(here, given.rounds, given.without), given.files)
        if given.only != "publish":
            missed += show_wire(here, version)
            missed += show_rollback(here, given.rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\nall goals reached" if not missed else "\nmissed:\n- " + "\n- ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
