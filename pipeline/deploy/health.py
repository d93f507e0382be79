"""After the proof: whether the site keeps answering."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from pipeline.core import http
from pipeline.core.http import Answer
from pipeline.deploy.verify import Fetch

if TYPE_CHECKING:
    from pipeline.core.schema import Health


@dataclass(frozen=True)
class Pulse:
    """How many probes failed of how many, and what the last failure was."""

    failed: int
    probes: int
    problem: str


def take_pulse(url: str, options: Health, fetch: Fetch) -> Pulse:
    """Ask every path `probes` times; a probe fails when any of them does not answer 200.

    Ends early once `failures` probes have failed: then nothing more can be learned.
    """
    failed, problem = 0, ""
    for probe in range(options.probes):
        if probe:
            time.sleep(options.interval)
        answers = {path: fetch(url + quote(path.lstrip("/"))) for path in options.paths}
        bad = {path: answer for path, answer in answers.items() if answer.status != 200}
        if bad:
            failed += 1
            path, answer = next(iter(bad.items()))
            problem = f"/{path.lstrip('/')} answers {answer.status or answer.reason}"
        if failed >= options.failures:
            return Pulse(failed, probe + 1, problem)
    return Pulse(failed, options.probes, problem)


def pulse(url: str, options: Health, check: Callable[[], None] = lambda: None) -> Pulse:
    """Ask the site over the network; `check` is called before each request, and may end it by raising Stop."""

    def fetch(address: str) -> Answer:
        check()
        return http.get(through, address)

    with http.session(1) as through:
        return take_pulse(url, options, fetch)
