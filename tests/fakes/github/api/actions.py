"""Actions: whether they may run, which workflows there are, and what ran."""

from __future__ import annotations

import re

from tests.fakes.github import shapes
from tests.fakes.github.api.routing import Refusal, invalid, page
from tests.fakes.github.objects import GitError
from tests.fakes.github.serving import Call, Reply
from tests.fakes.github.store import Json
from tests.fakes.github.world import World

_FILES = ".github/workflows"
_KINDS = {"all", "local_only", "selected"}


def permissions(world: World, call: Call) -> Reply:
    actions = call.repository["actions"]
    shown = {"enabled": actions["enabled"], "sha_pinning_required": False}
    if actions["enabled"]:
        shown |= {"allowed_actions": actions["allowed_actions"]}
    return Reply(200, shown)


def set_permissions(world: World, call: Call) -> Reply:
    data = call.json
    if not isinstance(data.get("enabled"), bool):
        raise invalid('Invalid request.\n\n"enabled" wasn\'t supplied.')
    kind = data.get("allowed_actions", call.repository["actions"]["allowed_actions"])
    if kind not in _KINDS:
        raise invalid(f"Invalid request.\n\n{kind} is not a member of {sorted(_KINDS)}.")
    call.repository["actions"] = {"enabled": data["enabled"], "allowed_actions": kind}
    return Reply(204)


def runs(world: World, call: Call) -> Reply:
    found = [one for one in call.repository["runs"][::-1] if _wanted(call, one)]
    rows, headers = page(call, found, world)
    shown = [shapes.run(world, call.repository, one) for one in rows]
    return Reply(200, {"total_count": len(found), "workflow_runs": shown}, headers)


def run(world: World, call: Call) -> Reply:
    for one in call.repository["runs"]:
        if str(one["id"]) == call.at["run"]:
            return Reply(200, shapes.run(world, call.repository, one))
    raise Refusal(404, "Not Found")


def _wanted(call: Call, one: Json) -> bool:
    for name, key in {
        "event": "event",
        "branch": "head_branch",
        "head_sha": "head_sha",
        "actor": "actor",
    }.items():
        if call.query.get(name, one[key]) != one[key]:
            return False
    if call.query.get("status") not in {None, one["status"], one["conclusion"]}:
        return False
    return created_in(call.query.get("created", ""), one["created_at"])


def created_in(wanted: str, moment: str) -> bool:
    """Whether a time is in a range of GitHub's search syntax: >=x, >x, <=x, <x, x..y, x; x is a date or a time."""
    if not wanted:
        return True
    first, dots, last = wanted.partition("..")
    if dots:
        return (first in {"", "*"} or moment >= _from(first)) and (last in {"", "*"} or moment <= _till(last))
    match = re.fullmatch(r"(>=|<=|>|<)?(.+)", wanted)
    assert match
    sign, value = match.groups()
    checks = {
        ">=": moment >= _from(value),
        "<=": moment <= _till(value),
        ">": moment > _till(value),
        "<": moment < _from(value),
        None: _from(value) <= moment <= _till(value),
    }
    return checks[sign]


def _from(value: str) -> str:
    return value if "T" in value else f"{value}T00:00:00Z"


def _till(value: str) -> str:
    return value if "T" in value else f"{value}T23:59:59Z"


def workflows(world: World, call: Call) -> Reply:
    """The workflow files of the default branch, and the one that Pages itself runs."""
    repository = call.repository
    bare = world.store.bare(repository)
    tip = bare.tip(repository["default_branch"])
    try:
        files = [path for _, path, _, _ in bare.files(tip, _FILES)] if tip else []
    except GitError:
        files = []
    paths = [f"{_FILES}/{path}" for path in files if path.endswith((".yml", ".yaml")) and "/" not in path]
    paths += sorted({one["path"] for one in repository["runs"]} - set(paths))
    shown = [_workflow(world, repository, path) for path in paths]
    return Reply(200, {"total_count": len(shown), "workflows": shown})


def _workflow(world: World, repository: Json, path: str) -> Json:
    identity = sum(path.encode())
    name = "pages-build-deployment" if path.startswith("dynamic/") else path
    return {
        "id": identity,
        "node_id": shapes.node("Workflow", identity),
        "name": name,
        "path": path,
        "state": "active",
        "created_at": repository["created_at"],
        "updated_at": repository["created_at"],
        "url": f"{world.api}/repos/{repository['full_name']}/actions/workflows/{identity}",
        "html_url": f"{world.url}/{repository['full_name']}/actions/workflows/{path}",
        "badge_url": f"{world.url}/{repository['full_name']}/actions/workflows/{path}/badge.svg",
    }
