"""Reading over HTTP from real servers on loopback that behave badly."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from pipeline.core import http

Behave = Callable[[socket.socket], None]


@contextlib.contextmanager
def server(behave: Behave) -> Iterator[str]:
    """Let `behave` answer each connection once its request is in; give the address."""
    ended = threading.Event()

    def answer(connection: socket.socket) -> None:
        # The client may hang up at any time: that is what is tested.
        with connection, contextlib.suppress(OSError):
            while b"\r\n\r\n" not in (seen := connection.recv(65_536)) and seen:
                pass
            behave(connection)

    def serve() -> None:
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listening.accept()
                connection.settimeout(5)
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            ended.set()
            thread.join()


def ask(url: str, *, whole: float = 1.0, largest: int = http.LARGEST) -> tuple[http.Answer, float]:
    start = time.monotonic()
    with http.session(1, whole=whole) as through:
        answer = http.get(through, url, largest=largest)
    return answer, time.monotonic() - start


def trickle(head: bytes, part: bytes, every: float = 0.1) -> Behave:
    """Send the head at once, then part after part for as long as anybody listens."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(100):
            time.sleep(every)
            connection.sendall(part)

    return behave


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"", b"H"),
    ],
    ids=["length", "chunked", "until it closes", "in the head", "in the first line"],
)
def test_a_server_that_sends_a_byte_now_and_then_is_given_up_in_time(head: bytes, part: bytes) -> None:
    with server(trickle(head, part)) as url:
        answer, seconds = ask(url)
    assert (answer.status, answer.body, answer.slow) == (0, b"", True)
    assert 0.9 < seconds < 3


def test_a_server_that_sends_nothing_is_given_up_in_time() -> None:
    with server(lambda _: time.sleep(4)) as url:
        answer, seconds = ask(url)
    assert (answer.status, answer.slow) == (0, True)
    assert seconds < 3


def test_a_slow_link_is_waited_for() -> None:
    body = b"x" * 200_000

    def behave(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n")
        for start in range(0, len(body), 20_000):
            time.sleep(0.2)
            connection.sendall(body[start : start + 20_000])

    with server(behave) as url:
        answer, seconds = ask(url)
    assert (answer.status, answer.body) == (200, body)
    assert seconds > 1.5


def test_a_body_without_end_is_cut_and_told() -> None:
    def behave(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    with server(behave) as url:
        answer, _ = ask(url, whole=20, largest=1_000_000)
    assert (answer.status, answer.body) == (200, b"x" * 1_000_000)
    assert answer.reason == "longer than 1,000,000 bytes"


def test_a_body_of_the_largest_size_is_whole() -> None:
    with server(lambda one: one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole")) as url:
        answer, _ = ask(url, largest=5)
    assert (answer.status, answer.body, answer.reason) == (200, b"whole", "")


def test_a_broken_off_body_is_no_answer_and_not_slow() -> None:
    with server(lambda one: one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")) as url:
        answer, _ = ask(url)
    assert (answer.status, answer.slow) == (0, False)
    assert answer.reason


def test_nobody_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    answer, _ = ask(f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.reason, answer.slow) == (0, "ConnectionError", False)


def test_a_connection_is_used_again() -> None:
    connections: list[socket.socket] = []

    def behave(connection: socket.socket) -> None:
        connections.append(connection)
        for number in range(3):
            if number:
                connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nRetry-After: 90\r\n\r\n%d" % number)

    with server(behave) as url, http.session(1) as through:
        answers = [http.get(through, url) for _ in range(3)]
    assert [(one.body, one.wait) for one in answers] == [(b"0", 60.0), (b"1", 60.0), (b"2", 60.0)]
    assert len(connections) == 1
