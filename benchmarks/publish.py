"""Publishing and rolling back a large site locally, against the bare git commands that it takes."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measure import Command, in_turn, markdown, median, ratio

from pipeline.core.project import open_project
from pipeline.deploy.serve import open_server

PUBLISH_GOAL = 1.5
ROLLBACK_SECONDS = 2.0
_SETTINGS = """\
site: {name: large, package_manager: none, install: [], check: [], build: [], output: dist}
serve: {port: 0}
"""
# The same stages without us: read the folder, write the tree, commit, push both refs in one step.
_GIT = r"""
set -eu
export GIT_DIR="$1" GIT_WORK_TREE="$2"
git add --all --force
tree=$(git write-tree)
git ls-remote --heads "$3" >/dev/null
parent=$(git rev-parse --verify --quiet refs/heads/live || true)
commit=$(git commit-tree "$tree" ${parent:+-p "$parent"} -m release)
git update-ref refs/heads/live "$commit"
git push --quiet --atomic "$3" "$commit:refs/heads/gh-pages" "$commit:refs/heads/release-$commit"
"""


@dataclass
class Site:
    """A made-up site of `files` pages; each `change` gives another 1% of them new words."""

    root: Path
    files: int
    turn: int = 0

    def make(self) -> None:
        """Write all pages."""
        for number in range(self.files - 1):
            self.page(number, "first")
        (self.root / "dist" / "index.html").write_text("<!doctype html><title>home</title><h1>home</h1>")
        (self.root / "invoke.yaml").write_text(_SETTINGS)

    def page(self, number: int, words: str) -> None:
        """Write one page of about 2 kB."""
        path = self.root / "dist" / f"part-{number // 100}" / f"page-{number}" / "index.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = " ".join(f"{words} {number * 31 + k}" for k in range(150))
        path.write_text(f"<!doctype html><title>page {number}</title><h1>page {number}</h1><p>{text}</p>")

    def change(self) -> None:
        """Change 1% of the pages."""
        self.turn += 1
        for number in range(0, self.files - 1, 100):
            self.page(number, f"turn {self.turn}")


def main() -> None:
    """Print wall and CPU time of a publish with 1% changed against bare git, and of a rollback."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pages-bench-"))
    try:
        measure(folder, given.files, given.rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(folder: Path, files: int, rounds: int) -> None:
    """Run both in turn on the same changes."""
    site = Site(folder / "site", files)
    site.make()
    store, remote = folder / "bare.git", folder / "remote.git"
    for path in (store, remote):
        subprocess.run(["git", "init", "--quiet", "--bare", path], check=True)
    subprocess.run(["git", "-C", store, "config", "gc.auto", "0"], check=True)
    top = Path(__file__).resolve().parents[1]
    ours = [sys.executable, str(top / "benchmarks" / "stages.py")]
    env = {"PYTHONPATH": str(top)}
    bare = ["sh", "-c", _GIT, "bare", str(store), str(site.root / "dist"), str(remote)]
    publish = Command("publish", [*ours, "publish"], site.root, env)
    git = Command("bare git", bare, site.root, before=site.change)
    figures = in_turn([git, publish], rounds, warmup=2)
    with open_server(open_project(site.root)):
        back = Command(
            "rollback", [*ours, "rollback"], site.root, env, before=lambda: release(site, ours, env)
        )
        rollback = in_turn([back], 5)
    rows = [
        (
            name,
            f"{median(f, 'wall') * 1e3:.0f} ms",
            f"{median(f, 'cpu') * 1e3:.0f} ms",
            f"{max(x.peak for x in f) / 1e6:.0f} MB",
        )
        for name, f in {**figures, **rollback}.items()
    ]
    print(markdown((f"{files:,} files, 1% changed", "wall", "CPU", "peak memory"), rows))
    wall, cpu = (ratio(figures["publish"], figures["bare git"], what) for what in ("wall", "cpu"))
    pairs = zip(figures["publish"], figures["bare git"], strict=True)
    stage = statistics.median(float(ours.said) / theirs.wall for ours, theirs in pairs)
    print(
        f"\npublish / bare git: {stage:.2f} from opened project to moved refs (goal: at most {PUBLISH_GOAL}),"
    )
    print(f"{wall:.2f} as a whole process with the start of Python, {cpu:.2f} of its CPU")
    print(
        f"rollback with verification: {median(rollback['rollback'], 'wall'):.2f} s (goal: under {ROLLBACK_SECONDS:g} s)"
    )


def release(site: Site, ours: list[str], env: dict[str, str]) -> None:
    """Publish another state, so that there is something to roll back."""
    site.change()
    subprocess.run(
        [*ours, "publish"], cwd=site.root, env={**os.environ, **env}, check=True, capture_output=True
    )


if __name__ == "__main__":
    main()
