"""Who asks, what is left of the limits, what was billed, and repositories as a whole."""

from __future__ import annotations

from tests.fakes.github import shapes
from tests.fakes.github.api.routing import Refusal, invalid
from tests.fakes.github.serving import Call, Reply
from tests.fakes.github.store import Json
from tests.fakes.github.world import World


def root(world: World, call: Call) -> Reply:
    base = world.api
    urls = {
        "current_user_url": f"{base}/user",
        "rate_limit_url": f"{base}/rate_limit",
        "repository_url": f"{base}/repos/{{owner}}/{{repo}}",
    }
    return Reply(200, urls)


def graphql(world: World, call: Call) -> Reply:
    """The one question that `gh auth status` asks."""
    query = str(call.json.get("query", ""))
    if "viewer" in query and "login" in query:
        return Reply(200, {"data": {"viewer": {"login": call.login}}})
    return Reply(200, {"data": None, "errors": [{"message": "The double knows viewer{login} only."}]})


def viewer(world: World, call: Call) -> Reply:
    return Reply(
        200, shapes.user(world, call.login) | {"name": call.login, "plan": {"name": _plan(world, call.login)}}
    )


def account(world: World, call: Call) -> Reply:
    return Reply(200, shapes.user(world, call.at["account"]))


def _plan(world: World, login: str) -> str:
    return str(world.store.data["plans"].get(login, "free"))


def rate_limit(world: World, call: Call) -> Reply:
    # Asking is free.
    world.store.data["used"] -= 1
    used = world.store.data["used"]
    core = {"limit": 5_000, "used": used, "remaining": max(0, 5_000 - used), "reset": 4_102_444_800}
    return Reply(200, {"resources": {"core": core}, "rate": core})


def usage(world: World, call: Call) -> Reply:
    """The billing report of a user or an organisation, of a year, month or day."""
    who = call.at["account"]
    organization = call.path.startswith("/organizations/")
    if organization != (who in world.store.data["organizations"]):
        raise Refusal(404, "Not Found")
    if "user" not in call.scopes and not organization:
        refusal = Refusal(404, "Not Found")
        refusal.reply = Reply(404, refusal.reply.body, {"X-Accepted-OAuth-Scopes": "user"})
        raise refusal
    rows: list[Json] = world.store.data["usage"].get(who, [])
    for name, part in {"year": slice(0, 4), "month": slice(5, 7), "day": slice(8, 10)}.items():
        wanted = call.query.get(name, "")
        if wanted:
            rows = [row for row in rows if int(row["date"][part]) == int(wanted)]
    return Reply(200, {"usageItems": rows})


def gone(world: World, call: Call) -> Reply:
    return Reply(410, shapes.error("This endpoint has been moved.", 410))


def show(world: World, call: Call) -> Reply:
    return Reply(200, shapes.repository(world, call.repository))


def change(world: World, call: Call) -> Reply:
    data = call.json
    branch = data.get("default_branch", call.repository["default_branch"])
    if branch != call.repository["default_branch"]:
        bare = world.store.bare(call.repository)
        if bare.tip(branch) is None:
            raise invalid("Validation Failed", f"The branch {branch} was not found.")
        bare.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        call.repository["default_branch"] = branch
        world.write_rules(call.repository)
    if "private" in data or "visibility" in data:
        call.repository["private"] = bool(data.get("private", data.get("visibility") == "private"))
    return show(world, call)


def create(world: World, call: Call) -> Reply:
    data = call.json
    name = f"{call.at.get('account', call.login)}/{data['name']}"
    if world.store.find(name):
        errors = {"resource": "Repository", "code": "custom", "field": "name"}
        raise invalid(
            "Repository creation failed.", errors | {"message": "name already exists on this account"}
        )
    made = world.create(name, private=bool(data.get("private")), default_branch="main")
    return Reply(201, shapes.repository(world, made))
