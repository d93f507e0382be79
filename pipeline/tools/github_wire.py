"""How GitHub's REST API is asked: `gh api` for what changes something, one HTTP session for what is read often."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipeline.core import http, proc
from pipeline.core.clock import Clock, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.secrets import redact, remember
from pipeline.tools.gh import Gh
from pipeline.tools.github_place import Coordinates

if TYPE_CHECKING:
    import requests

Sleep = Callable[[float], None]

# https://docs.github.com/rest/about-the-rest-api/api-versions
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_SECONDS = 60.0
_TRIES = 4
_FIRST_WAIT = 1.0
# A server may ask for an hour; then the run says so instead of waiting for it.
RETRY_AFTER_MAX = 60.0
_IDEMPOTENT = frozenset({"GET", "PUT", "PATCH"})
# `gh help exit-codes`: a command that needs a login.
_NO_LOGIN = 4
_STATUS_LINE = re.compile(rb"HTTP/[\d.]+ (\d{3})[^\n]*\n")


@dataclass(frozen=True)
class Answer:
    """An answer: status 0 means that none came and `reason` says why; header names are in lower case."""

    status: int
    data: Any = None
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether what was asked was done."""
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        """Return what GitHub says about an error, its single errors included."""
        said = self.data.get("message", "") if isinstance(self.data, dict) else ""
        errors = self.data.get("errors", []) if isinstance(self.data, dict) else []
        more = [one.get("message", "") if isinstance(one, dict) else str(one) for one in errors]
        text = ": ".join(filter(None, [said, "; ".join(filter(None, more))]))
        return redact(text or self.reason or "no answer")


@dataclass(frozen=True)
class Wire:
    """The ways to one host's API; `retry_after_max` is the longest wait between two tries, in seconds."""

    gh: Gh
    at: Coordinates
    sleep: Sleep = time.sleep
    clock: Clock = utc_now
    retry_after_max: float = RETRY_AFTER_MAX

    def get(self, path: str) -> Answer:
        """Read; the token of gh is used and stays in memory."""
        return self._patiently("GET", lambda: self._read(path))

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, again: bool = False
    ) -> Answer:
        """Change something through gh; `again` says that a POST may be repeated although it may have been done."""
        argv = write_argv(self.gh, method, path, body=body is not None)
        stdin = b"" if body is None else json.dumps(body).encode()
        return self._patiently("PUT" if again else method, lambda: self._write(argv, stdin))

    def _patiently(self, method: str, ask: Callable[[], Answer]) -> Answer:
        for attempt in range(_TRIES):
            answer = ask()
            wait = pause(answer, method, attempt, self.clock().timestamp())
            if wait is None or wait > self.retry_after_max or attempt == _TRIES - 1:
                return answer
            self.sleep(wait)
        raise AssertionError

    def _write(self, argv: list[str], stdin: bytes) -> Answer:
        try:
            done = proc.run(argv, env=surroundings(self.at.host), stdin=stdin, timeout=_SECONDS)
        except proc.TimedOut as late:
            return Answer(0, reason=late.message)
        if done.code == _NO_LOGIN and not done.out:
            return Answer(401, reason=f"gh is not logged in to {self.at.host}")
        return parse(done.out, done.error)

    def _read(self, path: str) -> Answer:
        import requests

        try:
            session = self._session
        except Stop as stop:
            return Answer(401, reason=stop.message)
        try:
            got = session.get(
                self.at.api + path, timeout=(http.CONNECT_SECONDS, http.READ_SECONDS), allow_redirects=True
            )
        except requests.RequestException as error:
            return Answer(0, reason=f"{self.at.host} does not answer ({type(error).__name__})")
        headers = {name.lower(): value for name, value in got.headers.items()}
        return Answer(got.status_code, _json(got.content), got.reason or "", headers)

    @cached_property
    def _session(self) -> requests.Session:
        made = http.session(2)
        made.headers.update(_HEADERS)
        # Go programs, gh among them, read SSL_CERT_FILE; requests knows another name for it only.
        made.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
        token = self.token

        # As a callable: a login for the host in ~/.netrc would else take the header's place.
        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Bearer {token}"
            return request

        made.auth = sign
        return made

    @cached_property
    def token(self) -> str:
        """Return gh's token for the host; raises Stop (7) when there is none."""
        argv = [str(self.gh.path), "auth", "token", "--hostname", self.at.host]
        done = proc.run(argv, env=surroundings(self.at.host), timeout=_SECONDS)
        if not (done.ok and done.text.strip()):
            raise Stop(f"gh is not logged in to {self.at.host}", login_command(self.at.host), Code.SERVICE)
        remember(done.text.strip())
        return done.text.strip()


def login_command(host: str, scope: str = "") -> str:
    """Return the command that logs in, or that asks for one more scope."""
    return (
        f"gh auth refresh --hostname {host} --scopes {scope}" if scope else f"gh auth login --hostname {host}"
    )


def write_argv(gh: Gh, method: str, path: str, *, body: bool) -> list[str]:
    """Return the command of one change; `-i` because gh's exit code is 1 for every failure alike."""
    headers = [word for name, value in _HEADERS.items() for word in ("--header", f"{name}: {value}")]
    # Without its slash: shells on Windows take a leading one for a path of theirs.
    return [
        str(gh.path), "api", "--include", "--method", method, *headers,
        *(["--input", "-"] if body else []), path.removeprefix("/"),
    ]  # fmt: skip


def surroundings(host: str) -> dict[str, str | None]:
    """Return gh's environment: the host, and nothing that asks, colours or pages."""
    return {
        "GH_HOST": host,
        "GH_PROMPT_DISABLED": "1",
        "GH_NO_UPDATE_NOTIFIER": "1",
        "GH_PAGER": "cat",
        "GH_DEBUG": None,
        "GH_FORCE_TTY": None,
        "CLICOLOR_FORCE": None,
        "NO_COLOR": "1",
    }


def parse(out: bytes, error: str) -> Answer:
    """Return what `gh api --include` printed as an answer; without a status line nothing was answered."""
    head, _, body = out.replace(b"\r\n", b"\n").partition(b"\n\n") if b"\n" in out else (b"", b"", b"")
    match = _STATUS_LINE.match(head + b"\n")
    if not match:
        lines = [line for line in error.splitlines() if line.strip()]
        return Answer(0, reason=redact(lines[0].strip() if lines else "gh said nothing"))
    pairs = (line.split(": ", 1) for line in head.decode("utf-8", "replace").splitlines()[1:] if ": " in line)
    headers = {name.lower(): value.strip() for name, value in pairs}
    return Answer(int(match[1]), _json(body), error.partition("\n")[0], headers)


def _json(data: bytes) -> Any:  # noqa: ANN401 - whatever GitHub sends
    try:
        return json.loads(data)
    except ValueError:
        return None


def pause(answer: Answer, method: str, attempt: int, now: float) -> float | None:
    """Return the seconds to wait before asking again, None when asking again is no use; pure.

    Rate limits are those of https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api; a request
    that they refused was not carried out, so any method may be repeated.
    """
    limited = answer.status == 429 or (answer.status == 403 and is_limit(answer))
    if limited:
        after = answer.headers.get("retry-after", "")
        if after.isdigit():
            return float(after)
        reset = answer.headers.get("x-ratelimit-reset", "")
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            return max(0.0, float(reset) - now) + 1.0
        return _FIRST_WAIT * (1 << attempt)
    broken = answer.status in {0, 500, 502, 503, 504}
    return _FIRST_WAIT * (1 << attempt) if broken and method in _IDEMPOTENT else None


def is_limit(answer: Answer) -> bool:
    """Whether a 403 means "later" instead of "never"."""
    exhausted = answer.headers.get("x-ratelimit-remaining") == "0"
    return exhausted or "retry-after" in answer.headers or "rate limit" in answer.message.lower()
