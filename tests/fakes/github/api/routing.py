"""From a request to the function that answers it: tokens, scopes, limits, entity tags, errors of GitHub's shape."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from tests.fakes.github import shapes
from tests.fakes.github.objects import GitError
from tests.fakes.github.serving import Call, Reply
from tests.fakes.github.world import World

_LIMIT = 5_000
_HOUR = 3_600
_MEDIA = "github.v3; format=json"


class Refusal(Exception):
    """An answer that is an error; `more` is for its body, `headers` for its head."""

    def __init__(self, status: int, message: str, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.reply = Reply(status, shapes.error(message, status) | dict(more or {}))


@dataclass(frozen=True)
class Route:
    """`{name}` is one part of the path, `{name+}` the rest; `public` needs no token where the repository is public."""

    method: str
    path: str
    answer: Callable[[World, Call], Reply]
    scope: str = "repo"
    public: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{(\w+)(\+?)\}", _part, self.path))


def _part(match: re.Match[str]) -> str:
    return f"(?P<{match[1]}>.+)" if match[2] else f"(?P<{match[1]}>[^/]+)"


def invalid(message: str, *errors: Mapping[str, str] | str) -> Refusal:
    return Refusal(422, message, {"errors": list(errors)} if errors else None)


def page(call: Call, rows: Sequence[Any], world: World) -> tuple[list[Any], dict[str, str]]:
    """One page of a list, and the Link field that leads to the others."""
    size = max(1, min(100, _number(call, "per_page", 30)))
    number = max(1, _number(call, "page", 1))
    last = max(1, -(-len(rows) // size))
    goals = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    wanted = ["prev", "first"] if number > 1 else []
    wanted += ["next", "last"] if number < last else []

    def link(name: str) -> str:
        query = urlencode({**call.query, "page": goals[name]})
        return f'<{world.api}{call.path}?{query}>; rel="{name}"'

    headers = {"Link": ", ".join(map(link, wanted))} if wanted else {}
    return list(rows[(number - 1) * size : number * size]), headers


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, "")
    return int(text) if text.isdigit() else default


class Api:
    def __init__(self, world: World, routes: Sequence[Route]) -> None:
        self._world = world
        self._routes = routes

    def answer(self, call: Call) -> Reply:
        """Answer any request of the API."""
        world = self._world
        try:
            route = self._route(call)
            self._admit(call, route)
            # Reading saves nothing: polling must not cost a file each time.
            with world.store.lock if call.method == "GET" else world.store.change():
                world.store.data["used"] += 1
                reply = route.answer(world, call)
        except Refusal as refusal:
            reply = refusal.reply
        except GitError as problem:
            reply = Reply(422, shapes.error(str(problem), 422))
        except (ValueError, KeyError) as problem:
            what = (
                f"Problems parsing JSON: {problem}"
                if isinstance(problem, ValueError)
                else f"Invalid request. {problem}"
            )
            status = 400 if isinstance(problem, ValueError) else 422
            reply = Reply(status, shapes.error(what, status))
        return self._dress(call, reply)

    def _route(self, call: Call) -> Route:
        path = call.path.rstrip("/") or "/"
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match and route.method == call.method:
                call.at = match.groupdict()
                return route
        # A path that the double lacks must not pass for something that is not there.
        refusal = Refusal(404, "Not Found")
        refusal.reply = Reply(404, refusal.reply.body, {"X-Double": "this route is not played"})
        raise refusal

    def _admit(self, call: Call, route: Route) -> None:
        """Say who asks and find the repository; 401, 403 and 404 as GitHub gives them."""
        kind, _, token = call.header("authorization").partition(" ")
        known = (
            self._world.store.data["tokens"].get(token.strip())
            if kind.lower() in {"token", "bearer"}
            else None
        )
        if call.header("authorization") and known is None:
            raise Refusal(401, "Bad credentials")
        if known:
            call.login, call.scopes = known["login"], tuple(known["scopes"])
        if "owner" in call.at and "repo" in call.at:
            found = self._world.store.find(f"{call.at['owner']}/{call.at['repo']}")
            visible = found is not None and (known is not None or not found["private"])
            if found is None or not visible:
                raise Refusal(
                    404 if known or route.public else 401, "Not Found" if known else "Requires authentication"
                )
            call.repository = found
        if known is None and not route.public:
            raise Refusal(401, "Requires authentication")
        if known and not _holds(call.scopes, route.scope) and not route.public:
            raise Refusal(403, "Resource not accessible by personal access token")

    def _dress(self, call: Call, reply: Reply) -> Reply:
        """Add what GitHub sends with every answer, and say 304 where nothing has changed."""
        used = self._world.store.data["used"]
        limit = _LIMIT if call.login else 60
        headers = {
            "X-GitHub-Request-Id": f"{time.monotonic_ns():X}",
            "X-GitHub-Media-Type": _MEDIA,
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - used)),
            "X-RateLimit-Used": str(used),
            "X-RateLimit-Resource": "core",
            "X-RateLimit-Reset": str((int(time.time()) // _HOUR + 1) * _HOUR),
            "Cache-Control": "private, max-age=60, s-maxage=60",
            "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With",
        }
        if call.login:
            headers |= {"X-OAuth-Scopes": ", ".join(call.scopes), "X-Accepted-OAuth-Scopes": ""}
        if call.method == "GET" and reply.status == 200:
            tag = f'W/"{hashlib.sha256(reply.raw).hexdigest()}"'
            headers["ETag"] = tag
            if tag in call.header("if-none-match"):
                return Reply(304, None, headers)
        return Reply(reply.status, reply.body, headers | dict(reply.headers))


def _holds(scopes: Sequence[str], wanted: str) -> bool:
    return not wanted or wanted in scopes
