"""The double's control endpoint from another process."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


class Remote:
    """`Remote(url, ca)("refuse", status=503, where="front", times=3)`; raises ValueError with what was wrong."""

    def __init__(self, url: str, ca: Path) -> None:
        context = ssl.create_default_context(cafile=str(ca))
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        self._url = f"{url}/_control"
        self._opener = urllib.request.build_opener(*handlers)

    def __call__(self, do: str, *positional: object, timeout: float = 30.0, **arguments: object) -> Any:  # noqa: ANN401
        body = json.dumps({"do": do, "args": positional, **arguments}).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        try:
            with self._opener.open(request, timeout=timeout) as response:
                return json.load(response)["result"]
        except urllib.error.HTTPError as refused:
            with refused:
                raise ValueError(json.load(refused)["error"]) from refused
