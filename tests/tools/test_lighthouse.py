"""Lighthouse behind its adapter: recorded reports, broken ones, a worker that fails, and the real thing."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipeline.site.server.folder import FilesServer
from pipeline.tools import toolbox
from pipeline.tools.chrome import find_chrome
from pipeline.tools.lighthouse import machine_script
from pipeline.tools.lighthouse.lhci import LighthouseCI
from pipeline.tools.lighthouse.report import Garbage, read
from pipeline.tools.lighthouse.worker import Broken, Worker
from pipeline.tools.node import find_node

RECORDED = Path(__file__).with_name("recorded")
HOME = "http://127.0.0.1:4173/"
PAGE = (
    "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>A page</title>"
    "<meta name='viewport' content='width=device-width'><meta name='description' content='A page to measure'>"
    "<link rel='icon' href='data:,'></head><body><main><h1>A page</h1><p>Some text.</p></main></body></html>"
)


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDED / f"lighthouse-{name}.json").read_bytes())
    return found


def test_a_report_of_lighthouse_13_is_read() -> None:
    run = read(recorded("bad-13"), HOME)
    assert (run["version"], run["preset"]) == ("13.5.0", "mobile")
    assert run["metrics"]["lcp"] == pytest.approx(2105.57, abs=0.01)
    assert run["metrics"] | {"tbt": 413.5, "cpu_tbt": 0, "weight": 1641, "cls": 0} == run["metrics"]
    assert (run["wall"], run["cpu"]) == (611.0, 96.8)
    assert run["requests"] == [("/", 200), ("/a.svg", 200), ("/favicon.ico", 404)]
    assert run["foreign"] == []
    assert [frame["ms"] for frame in run["film"]] == [375, 1125]
    alt = next(one for one in run["failed"] if one["id"] == "image-alt")
    assert alt["items"] == ['body > img <img src="a.svg">']
    assert alt["source"].startswith("https://dequeuniversity.com/")
    assert {"/ 1879 ms"} <= {item for one in run["advice"] for item in one["items"]}


def test_a_report_of_lighthouse_ci_is_read_in_the_same_way() -> None:
    run = read(recorded("bad-12"), HOME)
    assert (run["version"], run["preset"]) == ("12.6.1", "desktop")
    assert run["metrics"]["cls"] == 0.2247
    assert run["metrics"]["cpu_tbt"] == pytest.approx(144.65, abs=0.01)
    assert set(run["refs"]) == {"performance", "accessibility", "best-practices", "seo"}
    assert run.keys() == read(recorded("bad-13"), HOME).keys()


def test_a_score_of_zero_is_a_score() -> None:
    report = recorded("bad-13")
    assert ["image-alt", 10, 0] in read(report, HOME)["refs"]["accessibility"]


def test_a_page_that_could_not_be_loaded_is_no_measurement() -> None:
    with pytest.raises(Garbage, match=r"could not measure the page: .*unable to reliably load"):
        read(recorded("missing-13"), HOME)


def _without(*keys: str) -> Callable[[dict[str, Any]], object]:
    def change(report: dict[str, Any]) -> None:
        for key in keys[:-1]:
            report = report[key]
        del report[keys[-1]]

    return change


def _with(value: object, *keys: str) -> Callable[[dict[str, Any]], object]:
    def change(report: dict[str, Any]) -> None:
        for key in keys[:-1]:
            report = report[key]
        report[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_without("lighthouseVersion"), "of no version"),
        (_with("14.0.0", "lighthouseVersion"), "Lighthouse 14.0.0, whose format is not known"),
        (_with("garbage", "lighthouseVersion"), "format is not known"),
        (_without("audits"), "lacks 'audits'"),
        (_without("categories"), "lacks 'categories'"),
        (_with({}, "categories"), "no category"),
        (
            _with(None, "audits", "total-blocking-time", "score"),
            "could not score performance, total-blocking-time",
        ),
        (_with(7, "audits", "image-alt", "score"), "is 7, not between 0 and 1"),
        (_with(True, "audits", "image-alt", "score"), "image-alt of the report is not a number"),
        (
            _with(float("nan"), "audits", "speed-index", "numericValue"),
            "speed-index of the report is not a number",
        ),
        (_with("fast", "audits", "largest-contentful-paint", "numericValue"), "is not a number"),
        (_without("audits", "network-requests"), "lacks 'network-requests'"),
        (_without("audits", "machine"), "lacks 'machine'"),
        (_without("audits", "machine", "details"), "the trace could not be read"),
        (_with([], "audits"), "lacks"),
        (
            _with({"code": "NO_FCP", "message": "did not paint"}, "runtimeError"),
            "could not measure the page: did not",
        ),
    ],
)
def test_what_is_no_report_is_refused(change: Callable[[dict[str, Any]], object], says: str) -> None:
    report = copy.deepcopy(recorded("bad-13"))
    change(report)
    with pytest.raises(Garbage, match=says):
        read(report, HOME)


@pytest.mark.parametrize("answer", [None, [], "<html>", 5])
def test_what_is_no_object_is_refused(answer: object) -> None:
    with pytest.raises(Garbage, match="is no report"):
        read(answer, HOME)


def test_addresses_outside_of_the_base_path_and_other_origins_are_told_apart() -> None:
    report = recorded("bad-13")
    items = report["audits"]["network-requests"]["details"]["items"]
    items += [{"url": "https://cdn.example.com/a.js", "transferSize": 10, "statusCode": 200}]
    items += [{"url": "data:image/png;base64,xx", "transferSize": 0}]
    run = read(report, f"{HOME}repository/")
    assert run["foreign"] == ["https://cdn.example.com"]
    assert ("//a.svg", 200) in run["requests"]


@pytest.mark.parametrize(("scores", "values"), [(1, 1), (0, 1), (1, 0), (0, 0)])
def test_lighthouserc_is_json_and_names_how_runs_are_aggregated(
    tmp_path: Path, scores: int, values: int
) -> None:
    engine = LighthouseCI(tmp_path / "node", tmp_path, tmp_path / 'a "chrome"')
    given = {"performance": 0.95, "seo": 0.9} if scores else {}
    most = {"largest-contentful-paint": 2500.0, "cumulative-layout-shift": 0.1} if values else {}
    made = json.loads(engine.settings(HOME, tmp_path / "config.mjs", 5, given, most))["ci"]
    assert made["collect"]["url"] == [HOME]
    assert (made["collect"]["numberOfRuns"], made["collect"]["chromePath"]) == (5, f'{tmp_path}/a "chrome"')
    rules = made["assert"]["assertions"]
    assert len(rules) == 2 * scores + 2 * values
    assert {rule["aggregationMethod"] for _, rule in rules.values()} <= {"median"}
    assert all(level == "error" for level, _ in rules.values())


def _worker(tmp_path: Path, text: str, seconds: float = 20) -> Worker:
    script = tmp_path / "worker.mjs"
    script.write_text(text, encoding="utf-8")
    return Worker(find_node().path, tmp_path, tmp_path / "chrome", script=script, seconds=seconds)


_READY = "console.log(JSON.stringify({ ready: '1' }));\nprocess.stdin.on('data', (data) => {\n%s\n});\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("process.exit(3);", "ended in the middle"),
        ("console.log('Segmentation fault');", "something else than JSON"),
        (_READY % "console.log('<!doctype html>');", "something else than JSON"),
        (_READY % "console.log('[]');", "something else than an object"),
        (_READY % "console.log(JSON.stringify({ id: 77, result: {} }));", "answered another question"),
        (_READY % "console.log(JSON.stringify({ id: 1 }));", "without a report"),
        (
            _READY % "console.log(JSON.stringify({ id: 1, error: 'PROTOCOL_TIMEOUT' }));",
            "failed: PROTOCOL_TIMEOUT",
        ),
        (
            _READY % "console.log(JSON.stringify({ id: 1, error: 'x', crashed: true }));",
            "the browser ended: x",
        ),
        (_READY % "process.kill(process.pid, 'SIGKILL');", "ended in the middle"),
    ],
)
def test_a_worker_that_breaks_says_how(tmp_path: Path, text: str, says: str) -> None:
    with _worker(tmp_path, text) as worker, pytest.raises(Broken, match=says):
        worker.report(HOME, "mobile", ["performance"])


def test_a_worker_that_hangs_is_ended_and_the_next_question_starts_another(tmp_path: Path) -> None:
    text = _READY % (
        "const { id, url } = JSON.parse(data);\n"
        "if (!url.endsWith('hang')) console.log(JSON.stringify({ id, result: { pid: process.pid } }));"
    )
    with _worker(tmp_path, text, seconds=1.5) as worker:
        first = worker.report(HOME, "mobile", [])["pid"]
        start = time.monotonic()
        with pytest.raises(Broken, match=r"did not answer within 1.5 s"):
            worker.report(f"{HOME}hang", "mobile", [])
        assert time.monotonic() - start < 8
        assert not Path(f"/proc/{first}").exists() or os.name != "posix"
        assert worker.report(HOME, "mobile", [])["pid"] != first
        assert worker.restarts == 1


def test_a_node_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Broken, match=r"node-gone cannot be run: No such file"):
        Worker(tmp_path / "node-gone", tmp_path, tmp_path).report(HOME, "mobile", [])


_BLOCKED = """\
import { blocked, times } from %s;
const node = (dur, tdur) => ({ type: 'cpu', event: { dur, tdur } });
const one = (node, startTime, duration) => [node, { startTime, duration }];
console.log(JSON.stringify([
  blocked([one(node(100, 100), 1000, 400)], 500, 5000),
  blocked([one(node(100, 25), 1000, 400)], 500, 5000),
  blocked([one(node(100, 10), 1000, 400)], 500, 5000),
  blocked([one(node(100, 100), 1000, 400)], 1200, 5000),
  blocked([one(node(100, 100), 1000, 400)], 500, 1100),
  blocked([one(node(100, 100), 1000, 400)], 2000, 1000),
  blocked([one(node(100, undefined), 1000, 400)], 500, 5000),
  blocked([one({ type: 'network' }, 1000, 400)], 500, 5000),
  times([{ ts: 5, dur: 9, tdur: 9 }, { ts: 20, dur: 3000, tdur: 1000 }, { ts: 30, dur: 1000 }], 10, () => true),
]));
"""


def test_blocking_time_takes_each_tasks_share_of_the_processor() -> None:
    text = _BLOCKED % json.dumps(machine_script().as_uri())
    words = [str(find_node().path), "--input-type=module", "--eval", text]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *sums, found = json.loads(done.stdout)
    # 400 ms less 50; a quarter of it; too short to block; clipped at either end; no window; no CPU time; no task.
    assert sums == [350, 50, 0, 150, 50, 0, 350, 0]
    assert found == {"wall": 3, "cpu": 1, "tasks": 1}


class Machine(NamedTuple):
    node: Path
    fast: Path
    lhci: Path
    chrome: Path


@pytest.fixture(scope="session")
def lighthouse() -> Machine:
    """Return real programs; the packages are in the person's cache, which tests have no way to once they run."""
    node = find_node()
    fast, lhci = toolbox.need("lighthouse", node), toolbox.need("lhci", node)
    return Machine(node.path, fast / "node_modules/lighthouse", lhci, find_chrome().path)


@pytest.fixture
def home() -> Iterator[str]:
    files = {"index.html": PAGE.encode(), "404.html": b"<!doctype html><title>Not here</title><p>Not here"}
    with FilesServer("t", {name: name for name in files}, files.__getitem__, "/repository/") as server:
        yield server.url


@pytest.mark.slow
@pytest.mark.node
def test_a_page_is_measured_and_a_killed_browser_comes_back(lighthouse: Machine, home: str) -> None:
    with Worker(lighthouse.node, lighthouse.fast, lighthouse.chrome) as worker:
        names = ["performance", "accessibility", "best-practices", "seo"]
        run = read(worker.report(home, "desktop", names), home)
        assert run["preset"] == "desktop"
        assert run["requests"] == [("/", 200)]
        assert 0 < run["metrics"]["fcp"] <= run["metrics"]["lcp"]
        assert run["wall"] >= run["cpu"] > 0
        del run["refs"]["performance"]
        assert len(run["refs"]) == 3
        assert all(score == 1 for refs in run["refs"].values() for _, _, score in refs)
        pids = _browsers(worker)
        assert pids
        os.kill(min(pids), signal.SIGKILL)
        again = None
        for _ in range(2):
            try:
                again = read(worker.report(home, "mobile", ["performance"]), home)
            except Broken:
                continue
            break
        assert again is not None
        assert (again["preset"], list(again["refs"])) == ("mobile", ["performance"])
        # The trace of every run has the CPU time that disturbance is told by.
        assert again["cpu"] > 0
        with pytest.raises(Garbage, match="could not measure the page"):
            read(worker.report(f"{home}nothing-here", "mobile", ["performance"]), home)
        left = _browsers(worker)
    assert left
    end = time.monotonic() + 10
    while any(map(_lives, left)):
        assert time.monotonic() < end, "the browser outlives its worker"
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody has asked for yet has no words any more."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def _browsers(worker: Worker) -> list[int]:
    """Return the processes of the worker's group that are browsers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            group = int((folder / "stat").read_text().rpartition(")")[2].split()[2])
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if group == worker.number and b"--remote-debugging-port" in words:
            found.append(int(folder.name))
    return found


@pytest.mark.slow
@pytest.mark.node
def test_lighthouse_ci_measures_and_asserts(lighthouse: Machine, home: str) -> None:
    engine = LighthouseCI(lighthouse.node, lighthouse.lhci, lighthouse.chrome)
    values = {"largest-contentful-paint": 1.0, "cumulative-layout-shift": 0.1}
    reports, failed = engine.reports(home, "mobile", ["performance"], 1, {"performance": 0.01}, values)
    run = read(reports[0], home)
    assert (run["version"].split(".")[0], run["requests"]) == ("12", [("/", 200)])
    assert run["cpu"] > 0
    assert len(failed) == 1
    assert failed[0].startswith("largest-contentful-paint: ")
    assert failed[0].endswith(" against <= 1")


def test_lighthouse_ci_that_does_not_work_is_broken_and_not_passed(tmp_path: Path) -> None:
    program = tmp_path / "node_modules/@lhci/cli/src/cli.js"
    program.parent.mkdir(parents=True)
    (tmp_path / "node_modules/lighthouse/core/config").mkdir(parents=True)
    engine = LighthouseCI(find_node().path, tmp_path, Path(shutil.which("sh") or "/bin/sh"))
    program.write_text("console.error('no browser'); process.exit(1);")
    with pytest.raises(Broken, match="left 0 of 1 reports") as caught:
        engine.reports(HOME, "mobile", ["performance"], 1, {}, {})
    assert "no browser" in caught.value.said
    program.write_text(
        "const fs = require('node:fs'); fs.mkdirSync('.lighthouseci');"
        "fs.writeFileSync('.lighthouseci/lhr-1.json', '<html>');"
    )
    with pytest.raises(Broken, match="something else than JSON"):
        engine.reports(HOME, "mobile", ["performance"], 1, {}, {})
