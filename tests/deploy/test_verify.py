"""Reading a live site back: what is wrong, what is only unknown, and how long one waits."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable

import pytest

from pipeline.core.errors import Stop
from pipeline.core.http import Answer
from pipeline.deploy.verify import (
    Expected,
    Wanted,
    choose,
    compare,
    judge,
    rounds_of_reading,
    served,
    wait_until_live,
)

GOOD = hashlib.sha256(b"good").hexdigest()


@pytest.mark.parametrize(
    ("answer", "wanted", "problem", "unknown"),
    [
        (Answer(200, b"good"), GOOD, "", False),
        (Answer(200, b"bad"), GOOD, "has other bytes", False),
        (Answer(404, b""), GOOD, "answers 404", False),
        (Answer(503, b""), GOOD, "answers 503", True),
        (Answer(429, b"", wait=7), GOOD, "answers 429", True),
        (Answer(403, b""), GOOD, "answers 403", True),
        (Answer(0, b"", "ConnectionError"), GOOD, "no answer (ConnectionError)", True),
        (Answer(404, b""), None, "", False),
        (Answer(301, b""), None, "", False),
        (Answer(200, b"x"), None, "still there", False),
        (Answer(502, b""), None, "answers 502", True),
    ],
)
def test_what_an_answer_says(answer: Answer, wanted: str | None, problem: str, unknown: bool) -> None:
    found = judge("a", answer, wanted)
    assert (problem in found.problem and found.unknown is unknown) if found else not problem


def script(*rounds: dict[str, Answer]) -> Callable[[str], Answer]:
    """A site whose answers change each time a path is asked; the last ones stay."""
    asked: dict[str, int] = {}

    def fetch(url: str) -> Answer:
        path = url.removeprefix("http://x/")
        turn = asked[path] = asked.get(path, -1) + 1
        return rounds[min(turn, len(rounds) - 1)][path]

    return fetch


def test_an_edge_that_lags_behind_is_waited_for() -> None:
    old, new = {"a": Answer(200, b"old")}, {"a": Answer(200, b"good")}
    bad, _, good = rounds_of_reading(
        Wanted({"a": GOOD}, ()), "http://x/", rounds=2, interval=0, timeout=5, fetch=script(old, new)
    )
    assert (bad, good) == ([], 2)


def test_a_good_round_does_not_count_when_the_next_is_bad() -> None:
    new, old = {"a": Answer(200, b"good")}, {"a": Answer(200, b"old")}
    answers = script(new, old, new, old, old, old)
    bad, _, _ = rounds_of_reading(
        Wanted({"a": GOOD}, ()), "http://x/", rounds=2, interval=0, timeout=0.2, fetch=answers
    )
    assert [one.path for one in bad] == ["a"]


def test_at_the_deadline_what_is_wrong_is_said() -> None:
    answers = script({"a": Answer(200, b"good"), "b": Answer(503, b""), "gone": Answer(200, b"x")})
    bad, _, _ = rounds_of_reading(
        Wanted({"a": GOOD, "b": GOOD}, ("gone",)), "http://x/", rounds=1, interval=0, timeout=0, fetch=answers
    )
    assert [(one.path, one.unknown) for one in bad] == [("b", True), ("gone", False)]


def test_a_release_that_never_shows_says_what_is_there_instead() -> None:
    def fetch(_: str) -> Answer:
        return Answer(200, json.dumps({"release": "old"}).encode())

    with pytest.raises(Stop, match="it shows old"):
        wait_until_live("http://x/", "new", 0.01, fetch=fetch)


def test_a_reason_ends_the_waiting() -> None:
    with pytest.raises(Stop, match="the build failed: no such branch"):
        wait_until_live(
            "http://x/",
            "new",
            60,
            fetch=lambda _: Answer(404, b""),
            stuck=lambda _: "the build failed: no such branch",
        )


def test_a_small_site_is_read_whole_and_of_a_large_one_what_matters() -> None:
    small = [Expected(f"{n}.png", "o", changed=False) for n in range(2_000)]
    assert choose(small, every=False, seed="s") == small
    pages = [Expected(f"p{n}.html", "o", changed=False) for n in range(1_500)]
    changed = [Expected("new.png", "o", changed=True)]
    large = sorted([*small, *pages, *changed], key=lambda file: file.path)
    chosen = choose(large, every=False, seed="s")
    assert len(chosen) == 1_500 + 1 + 200
    assert set(chosen) >= {*pages, *changed}
    assert chosen == choose(large, every=False, seed="s")
    assert choose(large, every=True, seed="s") == large


@pytest.mark.parametrize(
    ("path", "answered"),
    [
        ("a/b.html", True),
        (".nojekyll", False),
        (".well-known/release.json", True),
        ("a/.git/x", False),
        ("_astro/x.js", True),
    ],
)
def test_what_pages_serves_at_all(path: str, answered: bool) -> None:
    assert served(path) is answered


def test_after_the_limit_a_server_that_is_too_slow_is_not_asked_for_every_file() -> None:
    asked: list[str] = []

    def fetch(url: str) -> Answer:
        asked.append(url)
        time.sleep(0.05)
        return Answer(0, b"", "ReadTimeout", slow=True)

    wanted = Wanted({f"{number}.html": "digest" for number in range(1_000)}, ())
    bad, size = compare(wanted, "https://x.invalid/", fetch=fetch, until=time.monotonic() + 0.2)
    assert (len(bad), size) == (1_000, 0)
    assert all(one.unknown for one in bad)
    assert len(asked) < 100


def test_after_the_limit_good_files_are_read_to_the_end() -> None:
    wanted = Wanted({f"{number}.html": hashlib.sha256(b"x").hexdigest() for number in range(50)}, ())
    bad, size = compare(wanted, "https://x.invalid/", fetch=lambda _: Answer(200, b"x"), until=0)
    assert (bad, size) == ([], 50)
