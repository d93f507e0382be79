"""A front that changes pages on their way, as a proxy or a broken edge does: a real server before a real one."""

from __future__ import annotations

import contextlib
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pipeline.site.server import Server

_INJECTED = b"<script>alert(1)</script>"


@contextlib.contextmanager
def altering_front(repository: Path, *, only_release: str) -> Iterator[str]:
    """Serve the repository's pages with a script injected while the live release's name holds `only_release`."""
    with Server(repository) as behind:

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = _get(behind.url + self.path.lstrip("/"))
                _, record = _get(behind.url + ".well-known/release.json")
                if self.path.endswith(".html") and only_release.encode() in record.split(b",")[0]:
                    body += _INJECTED
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
