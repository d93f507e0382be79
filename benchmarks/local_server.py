"""The local Pages server: requests per second on one core against peers, and releases switched under load."""

from __future__ import annotations

import argparse
import contextlib
import functools
import gzip
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from measure import markdown

from pipeline.site.server import Server

GOAL_REQUESTS = 2_000.0
PAGES = 20
READERS = 3
INSTALL = "apt-get install wrk nginx-light"
_BRANCH = "refs/heads/gh-pages"
_NGINX = """
daemon off; master_process off; worker_processes 1; pid {root}/pid; error_log stderr crit;
events {{ worker_connections 512; }}
http {{
  types {{ text/html html; }}
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
  uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
  server {{ listen 127.0.0.1:{port}; root {site}; }}
}}
"""


def page(number: int, release: int) -> bytes:
    """Return a page of about 2 kB that says in every line what it is part of."""
    return b"<!doctype html>\n" + b"<p>page %d of release %d</p>\n" % (number, release) * 60


def commit(repository: Path, release: int) -> None:
    """Make the tree of a release the branch's next commit."""
    stream = b"commit %b\ncommitter B <b@example.invalid> %d +0000\ndata 1\nx\n" % (
        _BRANCH.encode(),
        1_700_000_000 + release,
    )
    stream += b"from %b^0\n" % _BRANCH.encode() if release else b""
    for number in range(PAGES):
        body = page(number, release)
        stream += b"M 100644 inline %d.html\ndata %d\n%b\n" % (number, len(body), body)
    git(repository, "fast-import", "--quiet", stdin=stream)


def git(repository: Path, *words: str, stdin: bytes = b"") -> None:
    """Run git on a bare repository."""
    subprocess.run(["git", f"--git-dir={repository}", *words], input=stdin, check=True, capture_output=True)


def pin(core: int) -> list[str]:
    """Return the words in front of a command that keep it on one core; none where that cannot be done."""
    return ["taskset", "-c", str(core)] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else []


@contextlib.contextmanager
def running(argv: Sequence[str], port: int) -> Iterator[int]:
    """Run a server; yield its port, read from its first line where `port` is 0."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        if not port and process.stdout:
            line = process.stdout.readline()
            port = int(
                re.findall(r"\d+", line.split("://")[-1] if "://" in line else line.split("port")[-1])[-1]
            )
        until(functools.partial(fetch, port, "/0.html"))
        yield port
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def fetch(port: int, path: str) -> bytes | None:
    """Return the body of a path, None when there is no answer yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    except OSError:
        return None
    finally:
        connection.close()


def shows(port: int, release: int) -> bool:
    """Whether a release is live."""
    return fetch(port, "/0.html") == page(0, release)


def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something holds; raises TimeoutError."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(true)
        time.sleep(0.001)


def servers(repository: Path, site: Path, root: Path) -> dict[str, tuple[list[str], int]]:
    """Return what is compared: name, command line, port (0: it says)."""
    ours = [*pin(0), sys.executable, __file__, "--serve", str(repository)]
    words = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--protocol", "HTTP/1.1"]
    found = {
        "pages-pipeline": (ours, 0),
        "python http.server": ([*pin(0), *words, "--directory", str(site)], 0),
    }
    nginx = shutil.which("nginx")
    if nginx:
        port = free_port()
        (root / "nginx.conf").write_text(_NGINX.format(root=root, port=port, site=site))
        found["nginx"] = ([*pin(0), nginx, "-p", str(root), "-c", str(root / "nginx.conf")], port)
    return found


def free_port() -> int:
    """Return a port that was free a moment ago."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def wrk(port: int, seconds: float) -> tuple[float, int]:
    """Return requests per second of small files over 16 connections, and how many failed."""
    argv = [*pin(1), "wrk", "-t1", "-c16", f"-d{seconds:g}s", f"http://127.0.0.1:{port}/0.html"]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    lines = [line for line in said.splitlines() if "Non-2xx" in line or "Socket errors" in line]
    return float(rate[1]) if rate else 0.0, sum(
        int(count) for line in lines for count in re.findall(r" (\d+)", line)
    )


def throughput(repository: Path, root: Path, seconds: float, rounds: int) -> dict[str, object]:
    """Measure the servers in turn, so that what disturbs the machine disturbs all alike."""
    if not shutil.which("wrk"):
        return {"unavailable": f"wrk is not installed: {INSTALL}"}
    site = root / "site"
    site.mkdir()
    for number in range(PAGES):
        (site / f"{number}.html").write_bytes(page(number, 0))
    rates: dict[str, list[float]] = {}
    failed: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        ports = {
            name: stack.enter_context(running(argv, port))
            for name, (argv, port) in servers(repository, site, root).items()
        }
        for _ in range(rounds):
            for name, port in ports.items():
                rate, bad = wrk(port, seconds)
                rates.setdefault(name, []).append(rate)
                failed[name] = failed.get(name, 0) + bad
    base = statistics.median(rates["pages-pipeline"])
    return {
        name: {
            "requests_per_second": round(statistics.median(values)),
            "rounds": [round(value) for value in values],
            "failed": failed[name],
            "ours_over_this": round(base / max(1.0, statistics.median(values)), 2),
        }
        for name, values in rates.items()
    }


@dataclass
class Reader(threading.Thread):
    """Reads pages over one connection and counts failed and mixed responses."""

    port: int
    over: threading.Event
    responses: int = 0
    failed: int = 0
    mixed: int = 0
    seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self.over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                self.read(connection)
            except (OSError, http.client.HTTPException):
                self.failed += 1
            finally:
                connection.close()

    def read(self, connection: http.client.HTTPConnection) -> None:
        """Read until the end; an older release after a newer one on the same connection is a mix too."""
        newest = 0
        while not self.over.is_set():
            number = self.responses % PAGES
            coding = ("gzip", "identity")[self.responses % 2]
            connection.request("GET", f"/{number}.html", headers={"Accept-Encoding": coding})
            response = connection.getresponse()
            data = response.read()
            self.responses += 1
            if response.status != 200:
                self.failed += 1
                continue
            body = gzip.decompress(data) if response.headers["Content-Encoding"] else data
            match = re.search(rb"of release (\d+)<", body)
            release = int(match[1]) if match else -1
            if release < newest or body != page(number, release):
                self.mixed += 1
            newest = max(newest, release)
            self.seen.add(release)


def switching(repository: Path, source: Path, releases: int) -> dict[str, object]:
    """Push releases one after the other, each once the one before is live, while readers and wrk read."""
    over = threading.Event()
    delays: list[float] = []
    with running([sys.executable, __file__, "--serve", str(repository)], 0) as port:
        readers = [Reader(port, over) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        load = background_load(port)
        for release in range(1, releases + 1):
            commit(source, release)
            git(source, "push", "--quiet", str(repository), f"{_BRANCH}:{_BRANCH}")
            pushed = time.monotonic()
            until(functools.partial(shows, port, release))
            delays.append(time.monotonic() - pushed)
        over.set()
        for reader in readers:
            reader.join()
        behind, refused = end_load(load)
    return {
        "releases": releases,
        "checked_responses": sum(reader.responses for reader in readers),
        "wrk_responses": behind,
        "failed": sum(reader.failed for reader in readers) + refused,
        "mixed": sum(reader.mixed for reader in readers),
        "releases_seen_by_readers": len(set().union(*(reader.seen for reader in readers))),
        "live_after_push_ms_median": round(statistics.median(delays) * 1000, 1),
        "live_after_push_ms_max": round(max(delays) * 1000, 1),
    }


def background_load(port: int) -> subprocess.Popen[str] | None:
    """Start wrk beside the readers, at most for a minute."""
    if not shutil.which("wrk"):
        return None
    argv = ["wrk", "-t1", "-c4", "-d60s", f"http://127.0.0.1:{port}/1.html"]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def end_load(load: subprocess.Popen[str] | None) -> tuple[int, int]:
    """Interrupt wrk and return how many responses it got and how many failed."""
    if load is None:
        return 0, 0
    load.send_signal(2)
    said = load.communicate()[0]
    total = re.search(r"(\d+) requests in", said)
    lines = [line for line in said.splitlines() if "Non-2xx" in line or "Socket errors" in line]
    return int(total[1]) if total else 0, sum(int(n) for line in lines for n in re.findall(r" (\d+)", line))


def show(speed: dict[str, object], switch: dict[str, object]) -> None:
    """Print both results as Markdown."""
    if "unavailable" in speed:
        print(f"requests per second: unavailable, {speed['unavailable']}\n")
    else:
        rows = [
            [
                name,
                f"{value['requests_per_second']:,}",
                str(value["failed"]),
                f"{value['ours_over_this']:.2f}",
            ]
            for name, value in speed.items()
            if isinstance(value, dict)
        ]
        print(markdown(["server on one core", "small files/s", "failed", "ours / this"], rows), end="\n\n")
        if "nginx" not in speed:
            print(f"nginx: unavailable, not installed: {INSTALL}\n")
    print(
        markdown(
            ["releases switched under load", ""], [[k.replace("_", " "), str(v)] for k, v in switch.items()]
        )
    )


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3, help="of load per server and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        with Server(options.serve) as server:
            print(server.url, flush=True)
            threading.Event().wait()
    with tempfile.TemporaryDirectory(prefix="local-server-") as name:
        root = Path(name)
        repository, source = root / "served.git", root / "source.git"
        for folder in (repository, source):
            subprocess.run(["git", "init", "--quiet", "--bare", folder], check=True)
        commit(source, 0)
        git(source, "push", "--quiet", str(repository), f"{_BRANCH}:{_BRANCH}")
        speed = throughput(repository, root, options.seconds, options.rounds)
        switch = switching(repository, source, options.releases)
    if options.json:
        print(json.dumps({"throughput": speed, "switching": switch}, indent=2))
    else:
        show(speed, switch)
    ours = speed.get("pages-pipeline")
    fast = not isinstance(ours, dict) or ours["requests_per_second"] >= GOAL_REQUESTS
    return 0 if fast and not switch["failed"] and not switch["mixed"] else 1


if __name__ == "__main__":
    sys.exit(main())
