"""HTTP for many small reads: one pool, no retries of its own, every time limit set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
# A server may ask for hours (Retry-After); nobody waits longer than this between two tries.
LONGEST_WAIT = 60.0
USER_AGENT = "pages-pipeline"


@dataclass(frozen=True)
class Answer:
    """An answer: status 0 means that none came, and `reason` says why; `wait` is Retry-After in seconds, at most 60."""

    status: int
    body: bytes
    reason: str = ""
    wait: float = 0.0


def session(connections: int) -> requests.Session:
    """Return a session that keeps `connections` connections and asks for no redirect or retry by itself."""
    import requests
    from requests.adapters import HTTPAdapter

    made = requests.Session()
    made.headers["User-Agent"] = USER_AGENT
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0)
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    return made


def get(through: requests.Session, url: str) -> Answer:
    """Return what the server answers at `url`, never raising for the network's faults."""
    import requests

    try:
        limits = (CONNECT_SECONDS, READ_SECONDS)
        # A proxy or browser cache on the way must ask the origin: we want what is live, not what was.
        headers = {"Cache-Control": "no-cache"}
        got = through.get(url, timeout=limits, allow_redirects=False, headers=headers)
    except requests.RequestException as error:
        return Answer(0, b"", type(error).__name__)
    after = got.headers.get("Retry-After", "")
    return Answer(
        got.status_code, got.content, wait=min(float(after), LONGEST_WAIT) if after.isdigit() else 0.0
    )
