"""Repairing the TypeScript of real code bases against their own checkers and ts-migrate: errors, proofs, time, memory.

The code bases are named in repair_corpora.toml, with commit and edit; nothing of them is committed here. The folder
given holds each as a git repository with its packages installed:

    PYTHONPATH=. .venv/bin/python benchmarks/repair.py --corpora FOLDER [--only NAME ...] [--peer]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import markdown

from checks.parse.diagnostics import parse
from pipeline.tools.node import environment, find_node
from pipeline.typescript.banned import constructs

TOP = Path(__file__).resolve().parents[1]
CORPORA = Path(__file__).with_name("repair_corpora.toml")
GOALS = {"astro": 92, "react": 85, "next": 85, "library": 80, "vue": 70, "svelte": 70}
POOLED, PROVEN, TIME, MEMORY, ANALYSIS = 85, 65, 5.0, 2.0, 1.0
# The strategy that writes `!`, only where it has a proof.
PRESENT = "proven-present"
PEER = "ts-migrate@0.1.35"
_SECONDS = 3_000


@dataclass(frozen=True)
class Run:
    """A finished process: exit code, wall and CPU seconds with its children, the biggest process in bytes, output."""

    code: int
    wall: float
    cpu: float
    peak: int
    out: str


def run(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Run:
    """Run a program to its end, whatever its exit code; what it says on stderr is left out."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdout=said, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        out = said.read().decode("utf-8", "replace")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(process.returncode, time.monotonic() - start, cpu, usage.ru_maxrss * 1024, out)


def copied(source: Path, target: Path, one: Mapping[str, Any]) -> Path:
    """Clone a code base, link its packages, and let the clone be a site whose check is its own."""
    subprocess.run(["git", "clone", "--quiet", str(source), str(target)], check=True)
    (target / "node_modules").symlink_to(source / "node_modules")
    check = json.dumps(one["check"])
    site = f"{{name: {one['name']}, package_manager: none, install: [], build: [], output: dist, check: {check}}}"
    (target / "invoke.yaml").write_text(f"site: {site}\n", encoding="utf-8")
    (target / ".git/info/exclude").write_text("invoke.yaml\nnode_modules\n.pages\n", encoding="utf-8")
    return target


def forget(root: Path) -> None:
    """Remove what incremental checks left behind: one that only tells again what the last one found is no measure."""
    names = subprocess.run(["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True).stdout
    tracked = {root / name for name in names.splitlines()}
    for pattern in (
        "**/*.tsbuildinfo",
        "node_modules/.tmp/**/*.tsbuildinfo",
        "node_modules/.cache/**/*.tsbuildinfo",
    ):
        for file in root.glob(pattern):
            if file not in tracked:
                file.unlink()


def checked(one: Mapping[str, Any], root: Path, env: Mapping[str, str]) -> Run:
    """Run a code base's own checker over all of it."""
    forget(root)
    return run(one["check"], root, env)


def errors(done: Run) -> Counter[tuple[str, str]]:
    """Return how many errors a checker printed, by file and code."""
    return Counter((one.file, one.code) for one in parse(done.out) if one.level == "error")


def written(root: Path) -> Counter[str]:
    """Return the banned constructs that stand in a clone more often than where it was cloned from."""
    before = Counter[str]()
    after = Counter[str]()
    names = subprocess.run(
        ["git", "diff", "--name-only", "-z", "origin/HEAD"], cwd=root, check=True, capture_output=True
    ).stdout
    for name in names.decode().split("\0"):
        if name and (root / name).is_file():
            old = subprocess.run(
                ["git", "show", f"origin/HEAD:{name}"], cwd=root, capture_output=True, check=False
            )
            before.update(constructs(old.stdout.decode("utf-8", "replace")))
            after.update(constructs((root / name).read_text(encoding="utf-8", errors="replace")))
    return after - before


def unproven(found: Counter[str], repairs: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Return the banned constructs without the `!` that stand where the code before them proves the value present."""
    return found - Counter({"non-null !": sum(each["strategy"] == PRESENT for each in repairs)})


def programs(folder: Path, root: Path) -> dict[str, str]:
    """Return the environment in which a code base's programs find the node of this project, and ours its modules."""
    also = environment(find_node(), folder / "shims", root)
    kept = {key: value for key, value in {**os.environ, **also}.items() if value is not None}
    return {**kept, "PYTHONPATH": str(TOP)}


def ours(root: Path, env: Mapping[str, str], limit: int) -> tuple[Run, dict[str, Any]]:
    """Run `ts.fix` in a clone; raises RuntimeError when it gave no result."""
    forget(root)
    argv = [sys.executable, "-m", "pages_pipeline", "ts.fix", "--json", "--here", "--no-test", "--no-build"]
    done = run([*argv, f"--time-limit={limit}"], root, env)
    if done.code not in {0, 8}:
        raise RuntimeError(f"ts.fix ended with {done.code} in {root.name}: {done.out[-2000:]}")
    return done, json.loads(done.out)


def measured(one: Mapping[str, Any], source: Path, folder: Path, limit: int) -> dict[str, Any]:
    """Return every figure of one code base."""
    root = copied(source, folder / one["name"], one)
    env = programs(folder, root)
    check = [checked(one, root, env) for _ in range(3)]
    forget(root)
    report = run([sys.executable, "-m", "pages_pipeline", "ts.report", "--json"], root, env)
    done, value = ours(root, env, limit)
    after = errors(checked(one, root, env))
    before = errors(check[0])
    again, second = ours(root, env, limit)
    own = {what: statistics.median(getattr(each, what) for each in check) for what in ("wall", "cpu", "peak")}
    repairs = value["repairs"]
    return {
        "name": one["name"],
        "kind": one["kind"],
        "role": one["role"],
        "before": before.total(),
        "after": after.total(),
        "new": sorted(f"{file} {code}" for file, code in (after - before)),
        "said": len(value["left"]) if isinstance(value["left"], list) else value["left"],
        "repairs": len(repairs),
        "proven": sum(bool(each["proven"]) for each in repairs),
        "banned": dict(unproven(written(root), repairs)),
        "present": sum(each["strategy"] == PRESENT for each in repairs),
        "time": done.wall / own["wall"],
        "cpu": done.cpu / own["cpu"],
        "memory": done.peak / own["peak"],
        "analysis": report.cpu / own["cpu"],
        "seconds": done.wall,
        "second": len(second["repairs"]),
        "second_code": again.code,
        "codes": Counter(code for _, code in after.elements()).most_common(6),
        "ended": value["ended"],
    }


def peer(one: Mapping[str, Any], source: Path, folder: Path) -> dict[str, Any]:
    """Return what ts-migrate makes of a clone: errors left, constructs inserted."""
    node = find_node()
    env = programs(folder, folder)
    tool = folder / "peer"
    if not tool.exists():
        tool.mkdir()
        (tool / "package.json").write_text('{"private": true}')
        packages = [PEER, "typescript@4.9.5"]
        subprocess.run([*node.npm, "install", "--silent", *packages], cwd=tool, env=env, check=True)
    root = copied(source, folder / f"{one['name']}-peer", one)
    run(
        [str(node.path), str(tool / "node_modules/ts-migrate/bin/ts-migrate-cli.js"), "migrate", "."],
        root,
        env,
    )
    after = errors(run(one["check"], root, env))
    return {"name": one["name"], "after": after.total(), "banned": dict(written(root))}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the figures as a Markdown table."""
    heads = ["code base", "kind", "errors", "left", "repaired", "repairs", "proven", "new", "banned", "time", "CPU",
             "memory", "analysis", "second run"]  # fmt: skip
    return markdown(
        heads,
        [
            [
                row["name"],
                row["kind"],
                str(row["before"]),
                str(row["after"]),
                _percent(row["before"] - row["after"], row["before"]),
                str(row["repairs"]),
                _percent(row["proven"], row["repairs"]),
                str(len(row["new"])),
                str(sum(row["banned"].values())),
                f"{row['time']:.1f}",
                f"{row['cpu']:.1f}",
                f"{row['memory']:.2f}",
                f"{row['analysis']:.2f}",
                "nothing" if not row["second"] else str(row["second"]),
            ]
            for row in rows
        ],
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else "-"


def missed(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the goals that are missed, one line each."""
    found = []
    for kind, goal in GOALS.items():
        mine = [row for row in rows if row["kind"] == kind and row["role"] == "measured"]
        found += _below(f"repaired, {kind}", mine, goal)
    found += _below("repaired, pooled", [row for row in rows if row["role"] == "measured"], POOLED)
    repairs = sum(row["repairs"] for row in rows)
    proven = 100 * sum(row["proven"] for row in rows) / repairs if repairs else 100.0
    if proven < PROVEN:
        found.append(f"proven type-only: {proven:.0f}% of {PROVEN}%")
    for row in rows:
        for what, limit in (("time", TIME), ("memory", MEMORY), ("analysis", ANALYSIS)):
            if row["before"] and row[what] > limit:
                found.append(f"{row['name']}: {what} {row[what]:.1f} of {limit:g} runs of its own checker")
        for what in ("new", "banned", "second"):
            if row[what]:
                found.append(f"{row['name']}: {what} {row[what]}")
        if row["said"] != row["after"]:
            found.append(f"{row['name']}: says {row['said']} left, its own checker {row['after']}")
    return found


def _below(name: str, rows: Sequence[Mapping[str, Any]], goal: int) -> list[str]:
    before, after = sum(row["before"] for row in rows), sum(row["after"] for row in rows)
    share = 100 * (before - after) / before if before else 100.0
    return [f"{name}: {share:.0f}% of {goal}%"] if share < goal else []


def main() -> int:
    """Measure and print; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--peer", action="store_true", help=f"run {PEER} on the same code")
    parser.add_argument("--limit", type=int, default=600, help="seconds for each run of ts.fix")
    parser.add_argument("--json", type=Path, help="write all figures here")
    options = parser.parse_args()
    corpora = tomllib.loads(CORPORA.read_text(encoding="utf-8"))["corpus"]
    chosen = [one for one in corpora if not options.only or one["name"] in options.only]
    folder = Path(tempfile.mkdtemp(prefix="pages-repair-"))
    rows, peers = [], []
    try:
        for one in chosen:
            source = options.corpora.resolve() / one["name"]
            rows.append(measured(one, source, folder, options.limit))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
            if options.peer and one["kind"] in {"library", "react", "next"}:
                peers.append(peer(one, source, folder))
                print(json.dumps(peers[-1]), file=sys.stderr, flush=True)
            if options.json:
                options.json.write_text(json.dumps({"ours": rows, "peer": peers}, indent=1))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(table(rows))
    for one in peers:
        print(f"{PEER} on {one['name']}: {one['after']} errors left, inserted {one['banned']}")
    lines = missed(rows)
    print("\n".join(["", "missed:", *(f"- {line}" for line in lines)]) if lines else "\nevery goal met")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
