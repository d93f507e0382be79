"""What a start costs: `invoke --list` against a bare invoke with one empty task, an opened project against no work."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from measure import Command, in_turn, markdown, median, ratio

from pipeline.core.paths import state_folder

TOP = Path(__file__).resolve().parents[1]
LIST_GOAL, OPENED_GOAL = 1.3, 0.060
_BARE = """\
import sys
sys.dont_write_bytecode = False
from invoke import task
@task
def nothing(c):
    pass
"""
_SETTINGS = "environments:\n  prod: {repository: owner/name}\n"
_OPEN = "from pipeline.core.project import open_project; open_project()"


def commands(folder: Path) -> list[Command]:
    """Return what is timed, in folders made for it; bytecode is kept, as it is in every start of ours."""
    bare, site = folder / "bare", folder / "site"
    bare.mkdir()
    (bare / "tasks.py").write_text(_BARE)
    site.mkdir()
    (site / "invoke.yaml").write_text(_SETTINGS)
    answers = state_folder(site) / "cache/settings"
    words = [sys.executable, "-m", "invoke", "--list"]
    environment = {"PYTHONPATH": str(TOP), "PYTHONDONTWRITEBYTECODE": ""}
    opened = [sys.executable, "-c", _OPEN]
    return [
        Command("bare invoke --list", words, bare, environment),
        Command("invoke --list", words, TOP, environment),
        Command("python -c pass", [sys.executable, "-c", "pass"], site, environment),
        Command(
            "project opened, read anew",
            opened,
            site,
            environment,
            lambda: shutil.rmtree(answers, ignore_errors=True),
        ),
        Command("project opened, nothing changed", opened, site, environment),
    ]


def main() -> None:
    """Print CPU and wall time, the ratio round by round, and what an opened project costs above no work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        figures = in_turn(commands(Path(folder)), rounds, warmup=2)
    rows = [
        (name, f"{median(f, 'cpu') * 1e3:.0f} ms", f"{median(f, 'wall') * 1e3:.0f} ms")
        for name, f in figures.items()
    ]
    print(markdown(("start", "CPU", "wall"), rows))
    times = ratio(figures["invoke --list"], figures["bare invoke --list"], "cpu")
    above = median(figures["project opened, nothing changed"], "cpu") - median(
        figures["python -c pass"], "cpu"
    )
    print(f"\nCPU of invoke --list, ours / bare: {times:.2f} (goal: at most {LIST_GOAL})")
    print(
        f"CPU of an opened project above bare Python: {above * 1e3:.0f} ms (goal: at most {OPENED_GOAL * 1e3:.0f})"
    )


if __name__ == "__main__":
    main()
