"""Deployments and their statuses: an audit view."""

from __future__ import annotations

from tests.fakes.github import shapes
from tests.fakes.github.api.routing import Refusal, invalid, page
from tests.fakes.github.serving import Call, Reply
from tests.fakes.github.store import Json
from tests.fakes.github.world import World

_STATES = {"error", "failure", "inactive", "in_progress", "queued", "pending", "success"}
_LONGEST = 140


def _find(call: Call) -> Json:
    for one in call.repository["deployments"]:
        if str(one["id"]) == call.at["deployment"]:
            found: Json = one
            return found
    raise Refusal(404, "Not Found")


def _short(text: str | None) -> str | None:
    if text and len(text) > _LONGEST:
        what = {"resource": "Deployment", "code": "custom", "field": "description"}
        raise invalid(
            "Validation Failed", what | {"message": "description is too long (maximum is 140 characters)"}
        )
    return text


def index(world: World, call: Call) -> Reply:
    rows = [
        one
        for one in call.repository["deployments"][::-1]
        if all(call.query.get(key, one[key]) == one[key] for key in ("sha", "ref", "task", "environment"))
    ]
    shown, headers = page(call, rows, world)
    return Reply(200, [shapes.deployment(world, call.repository, one) for one in shown], headers)


def show(world: World, call: Call) -> Reply:
    return Reply(200, shapes.deployment(world, call.repository, _find(call)))


def create(world: World, call: Call) -> Reply:
    data = call.json
    if not data.get("ref"):
        raise invalid('Invalid request.\n\n"ref" wasn\'t supplied.')
    bare = world.store.bare(call.repository)
    sha = bare.resolve(f"{data['ref']}^{{commit}}") or bare.tip(data["ref"])
    if sha is None:
        raise invalid(f"No ref found for: {data['ref']}")
    if data.get("required_contexts"):
        raise Refusal(409, "Conflict: Commit status checks failed for master.")
    one = {
        "id": world.store.next_id(),
        "sha": sha,
        "ref": data["ref"],
        "task": data.get("task", "deploy"),
        "payload": data.get("payload", {}),
        "environment": data.get("environment", "production"),
        "description": _short(data.get("description")),
        "creator": call.login,
        "created_at": world.store.now(),
        "updated_at": world.store.now(),
        "transient_environment": data.get("transient_environment", False),
        "production_environment": data.get(
            "production_environment", data.get("environment", "production") == "production"
        ),
        "statuses": [],
    }
    call.repository["deployments"].append(one)
    return Reply(201, shapes.deployment(world, call.repository, one))


def statuses(world: World, call: Call) -> Reply:
    one = _find(call)
    shown, headers = page(call, one["statuses"][::-1], world)
    return Reply(200, [shapes.deployment_status(world, call.repository, one, row) for row in shown], headers)


def create_status(world: World, call: Call) -> Reply:
    one, data = _find(call), call.json
    if data.get("state") not in _STATES:
        raise invalid(f"Invalid request.\n\n{data.get('state')} is not a member of {sorted(_STATES)}.")
    if data["state"] == "success" and data.get("auto_inactive", True):
        _retire(world, call, one)
    status = {
        "id": world.store.next_id(),
        "state": data["state"],
        "description": _short(data.get("description", "")),
        "log_url": data.get("log_url", data.get("target_url", "")),
        "environment_url": data.get("environment_url", ""),
        "creator": call.login,
        "created_at": world.store.now(),
    }
    one["statuses"].append(status)
    one["updated_at"] = world.store.now()
    return Reply(201, shapes.deployment_status(world, call.repository, one, status))


def _retire(world: World, call: Call, new: Json) -> None:
    """A success makes the successes before it inactive, where an environment is not for production."""
    for one in call.repository["deployments"]:
        same = one is not new and one["environment"] == new["environment"]
        last = one["statuses"][-1]["state"] if one["statuses"] else ""
        if same and last == "success" and not one["production_environment"]:
            row = {"id": world.store.next_id(), "state": "inactive", "description": "", "log_url": ""}
            row |= {"environment_url": "", "creator": call.login, "created_at": world.store.now()}
            one["statuses"].append(row)
