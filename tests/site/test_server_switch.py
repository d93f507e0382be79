"""The local Pages server's life: starting, following the branch, switching under load, stopping."""

from __future__ import annotations

import gzip
import hashlib
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.site.server import Server, load
from pipeline.site.server.source import Branch
from tests.site.publishing import ask, bare, connect, publish, read_all


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return bare(tmp_path / "site.git")


def run(repository: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=repository, capture_output=True, check=True, text=True)
    return done.stdout.strip()


def wait_until(true: object, server: Server) -> None:
    end = time.monotonic() + 5
    while server.snapshot.commit != true and time.monotonic() < end:
        time.sleep(0.005)
    assert server.snapshot.commit == true


def test_moved_branch_is_noticed_and_served(repository: Path) -> None:
    publish(repository, {"index.html": b"one"})
    with Server(repository) as server:
        assert ask(server.url).body == b"one"
        server.wait_for(publish(repository, {"index.html": b"two"}))
        assert ask(server.url).body == b"two"


def test_branch_is_followed_without_being_waited_for(repository: Path) -> None:
    with Server(repository, "pages") as server:
        wait_until(publish(repository, {"index.html": b"one"}, branch="pages"), server)


@pytest.mark.parametrize("there", [True, False])
def test_before_the_first_release_a_friendly_page_says_so(
    repository: Path, tmp_path: Path, there: bool
) -> None:
    with Server(repository if there else tmp_path / "none.git") as server:
        reply = ask(server.url)
        assert reply.status == 404
        assert b"Nothing is published yet" in reply.body
        assert reply["Cache-Control"] == "no-store"
        if not there:
            repository.rename(tmp_path / "none.git")
        server.wait_for(publish(tmp_path / "none.git" if not there else repository, {"index.html": b"one"}))
        assert ask(server.url).status == 200


def test_removed_branch_unpublishes(repository: Path) -> None:
    publish(repository, {"index.html": b"one"})
    with Server(repository) as server:
        run(repository, "update-ref", "-d", "refs/heads/gh-pages")
        wait_until(None, server)
        assert ask(server.url).status == 404


def test_packed_and_symbolic_refs_are_followed(repository: Path) -> None:
    publish(repository, {"index.html": b"one"})
    with Server(repository) as server:
        run(repository, "pack-refs", "--all")
        assert not (repository / "refs/heads/gh-pages").exists()
        second = publish(repository, {"index.html": b"two"}, branch="other")
        run(repository, "update-ref", "refs/heads/gh-pages", second)
        run(repository, "pack-refs", "--all")
        server.wait_for(second)
        third = publish(repository, {"index.html": b"three"}, branch="other")
        run(repository, "symbolic-ref", "refs/heads/gh-pages", "refs/heads/other")
        server.wait_for(third)
        assert ask(server.url).body == b"three"


def test_tip_is_asked_of_git_where_refs_are_not_files(repository: Path) -> None:
    commit = publish(repository, {"index.html": b"one"})
    run(repository, "pack-refs", "--all")
    (repository / "reftable").mkdir()
    branch = Branch(repository, "gh-pages")
    assert branch.tip() == branch.tip() == commit
    assert Branch(repository, "none").tip() is None


def test_load_reuses_the_previous_release(repository: Path) -> None:
    publish(repository, {"index.html": b"one", "same.txt": b"same"}, time=10)
    first = load(repository, "gh-pages")
    assert load(repository, "gh-pages", previous=first) is first
    publish(repository, {"index.html": b"two", "same.txt": b"same"}, time=20)
    second = load(repository, "gh-pages", previous=first)
    assert second.pages["same.txt"] is first.pages["same.txt"]
    assert second.pages["index.html"].body == b"two"


def test_links_are_not_followed(repository: Path) -> None:
    publish(repository, {"passwd": b"/etc/passwd"}, mode="120000")
    assert not load(repository, "gh-pages").pages


def test_any_bytes_and_names_come_back_as_they_were(repository: Path) -> None:
    files = {"a b/ü.txt": b"\r\n\0\xff\n", "empty": b"", "tail.txt": b"x\n\n", "deep/er/est.html": b"\n" * 9}
    publish(repository, files)
    assert {path: page.body for path, page in load(repository, "gh-pages").pages.items()} == files


def test_damaged_release_leaves_the_old_one_live_and_is_told(repository: Path) -> None:
    publish(repository, {"index.html": b"one"})
    told: list[str] = []
    with Server(repository, notify=told.append) as server:
        (repository / "refs/heads/gh-pages").write_text("1" * 40 + "\n", encoding="ascii")
        with pytest.raises(Stop, match="cannot be read") as stopped:
            server.wait_for("1" * 40, timeout=0.3)
        assert stopped.value.code is Code.PUBLISH
        assert ask(server.url).body == b"one"
        server.wait_for(_mend(repository))
    assert [("is live" in line, "cannot be read" in line) for line in told] == [
        (True, False),
        (False, True),
        (True, False),
    ]


def _mend(repository: Path) -> str:
    (repository / "refs/heads/gh-pages").unlink()
    return publish(repository, {"index.html": b"two"})


def test_waiting_for_what_never_comes_says_what_is_live(repository: Path) -> None:
    commit = publish(repository, {"index.html": b"one"})
    with Server(repository) as server:
        server.wait_for(commit, timeout=0.0)
        with pytest.raises(Stop, match=f"{commit[:10]} is live"):
            server.wait_for("2" * 40, timeout=0.05)


def test_taken_port_stops_with_a_hint(repository: Path) -> None:
    with Server(repository) as server, pytest.raises(Stop, match="is taken") as stopped:
        Server(repository, port=int(server.url.rsplit(":", 1)[1].strip("/"))).start()
    assert "--port=" in stopped.value.hint


def test_other_names_are_answered_when_told_so(repository: Path) -> None:
    publish(repository, {"index.html": b"one"})
    with Server(repository, names=["Site.Test"]) as named, Server(repository, names=None) as any_name:
        assert ask(named.url, host="site.test:80").status == 200
        assert ask(named.url, host="evil.example").status == 421
        assert ask(any_name.url, host="evil.example").status == 200


def test_ipv6_address_has_brackets(repository: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 loopback here: {error}")
    publish(repository, {"index.html": b"one"})
    with Server(repository, host="::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert ask(server.url).body == b"one"


def test_stop_finishes_what_is_under_way_and_frees_the_port(repository: Path) -> None:
    body = bytes(8_000_000)
    publish(repository, {"big.bin": body})
    server = Server(repository).start()
    with connect(server.url) as busy, connect(server.url) as idle:
        busy.sendall(b"GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        first = busy.recv(1_000)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert idle.recv(1) == b""
        assert len(first + read_all(busy)) > len(body)
        stopping.join()
    server.stop()
    port = int(server.url.rsplit(":", 1)[1].strip("/"))
    with Server(repository, port=port) as again:
        assert again.url == server.url


def test_serve_forever_ends_when_stopped(repository: Path) -> None:
    server = Server(repository)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    server.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_server_imports_nothing_heavy() -> None:
    code = (
        "import sys, pipeline.site.server\n"
        "print([name for name in ('requests', 'jinja2', 'pydantic', 'urllib3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class Reader(threading.Thread):
    """Asks over one connection until told to stop, and notes what is wrong with any answer."""

    def __init__(self, url: str, known: dict[bytes, int], stop: threading.Event) -> None:
        super().__init__()
        self.url, self.known, self.over = url, known, stop
        self.count = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        host, port = self.url.split("/")[2].split(":")
        connection = HTTPConnection(host, int(port), timeout=5)
        newest = 0
        try:
            while not self.over.is_set():
                newest = self.check(connection, newest)
                self.count += 1
        except OSError as error:
            self.wrong.append(repr(error))
        finally:
            connection.close()

    def check(self, connection: HTTPConnection, newest: int) -> int:
        coding = ("gzip", "identity")[self.count % 2]
        connection.request("GET", f"/{self.count % 3}.html", headers={"Accept-Encoding": coding})
        response = connection.getresponse()
        data = response.read()
        body = gzip.decompress(data) if response.headers["Content-Encoding"] else data
        number = self.known.get(body[body.find(b"|") :], -1)
        oid = hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
        if response.status != 200 or number < newest or oid not in response.headers["ETag"]:
            self.wrong.append(
                f"{response.status}: release {number} after {newest}, {response.headers['ETag']} {oid}"
            )
        return number


def test_releases_switched_under_load_fail_and_mix_nothing(repository: Path) -> None:
    tails = {b"|release %d|" % number * 500: number for number in range(1, 400)}
    made = iter(tails)

    def files() -> dict[str, bytes]:
        tail = next(made)
        return {f"{page}.html": b"page %d" % page + tail for page in range(3)}

    stop = threading.Event()
    publish(repository, files())
    with Server(repository) as server:
        readers = [Reader(server.url, tails, stop) for _ in range(3)]
        for reader in readers:
            reader.start()
        end = time.monotonic() + 2
        releases = 0
        while time.monotonic() < end:
            server.wait_for(publish(repository, files()))
            releases += 1
        stop.set()
        for reader in readers:
            reader.join()
    assert [fault for reader in readers for fault in reader.wrong] == []
    assert releases >= 3
    assert min(reader.count for reader in readers) > releases
