"""`POST /_control`: the same switches from another process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.github.serving import Call, Reply

if TYPE_CHECKING:
    from tests.fakes.github.hub import GitHub

_FAULTS = (
    "clear",
    "refuse",
    "limit",
    "unreadable",
    "cut",
    "slow",
    "hang",
    "build_fails",
    "build_sticks",
    "build_takes",
    "stale_edge",
    "race",
)
_SETTINGS = ("publish_delay", "status_lag")
_HUB = (
    "create_repo",
    "enable_pages",
    "foreign_commit",
    "set_domain",
    "set_plan",
    "add_organization",
    "add_token",
    "revoke",
    "add_run",
    "bill",
    "finish_builds",
    "live",
    "pages_url",
    "repo",
    "forget_requests",
    "wait_live",
    "wait_idle",
)


class Control:
    """`{"do": name, ...arguments}` calls a fault or a method of the hub; `{"do": "set", ...}` sets a delay."""

    def __init__(self, hub: GitHub) -> None:
        self._hub = hub
        self._calls: dict[str, Callable[..., Any]] = {name: getattr(hub.faults, name) for name in _FAULTS}
        self._calls |= {name: getattr(hub, name) for name in _HUB}
        self._calls |= {"set": self._set, "requests": self._requests}

    def answer(self, call: Call) -> Reply:
        """Do it, and answer with what it returned."""
        if call.method != "POST":
            return Reply(405, {"error": "POST a JSON object"})
        try:
            arguments = dict(call.json)
            name = arguments.pop("do", "")
            found = self._calls.get(name)
            if found is None:
                return Reply(404, {"error": f"do one of {', '.join(sorted(self._calls))}"})
            positional = arguments.pop("args", [])
            result = found(*positional, **arguments)
        except (TypeError, ValueError, LookupError, TimeoutError) as problem:
            return Reply(400, {"error": str(problem)})
        return Reply(200, {"result": asdict(result) if is_dataclass(result) else result})  # type: ignore[arg-type]

    def _set(self, **values: float | None) -> None:
        for name, value in values.items():
            if name not in _SETTINGS:
                raise ValueError(f"set one of {', '.join(_SETTINGS)}")
            setattr(self._hub.faults, name, value)

    def _requests(self, method: str = "", path: str = "", where: str = "") -> list[dict[str, Any]]:
        keys = ("where", "method", "path", "query", "status", "login", "at")
        return [{key: getattr(one, key) for key in keys} for one in self._hub.asked(method, path, where)]
