"""What `invoke --list` costs against a bare invoke with one empty task."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from measure import Command, in_turn, markdown, median, ratio

GOAL = 1.3
_BARE = """\
import sys
sys.dont_write_bytecode = False
from invoke import task
@task
def nothing(c):
    pass
"""


def main() -> None:
    """Print CPU and wall time, and the ratio round by round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    top = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tasks.py").write_text(_BARE)
        words = [sys.executable, "-m", "invoke", "--list"]
        figures = in_turn(
            [Command("bare", words, Path(folder)), Command("ours", words, top)], rounds, warmup=2
        )
    rows = [
        (name, f"{median(f, 'cpu') * 1e3:.0f} ms", f"{median(f, 'wall') * 1e3:.0f} ms")
        for name, f in figures.items()
    ]
    print(markdown(("invoke --list", "CPU", "wall"), rows))
    print(f"\nCPU, ours / bare: {ratio(figures['ours'], figures['bare'], 'cpu'):.2f} (goal: at most {GOAL})")


if __name__ == "__main__":
    main()
