"""Rulesets of a repository."""

from __future__ import annotations

from tests.fakes.github import shapes
from tests.fakes.github.api.routing import Refusal, invalid, page
from tests.fakes.github.rules import applies
from tests.fakes.github.serving import Call, Reply
from tests.fakes.github.store import Json
from tests.fakes.github.world import World

_UPGRADE = "Upgrade to GitHub Pro or make this repository public to enable this feature."
_KINDS = {"active", "disabled", "evaluate"}


def _allowed(world: World, call: Call) -> None:
    if world.is_free(call.repository):
        raise Refusal(403, _UPGRADE)


def _find(call: Call) -> Json:
    for one in call.repository["rulesets"]:
        if str(one["id"]) == call.at["ruleset"]:
            found: Json = one
            return found
    raise Refusal(404, "Not Found")


def _checked(call: Call, data: Json, own: int | None) -> None:
    if data.get("enforcement") not in _KINDS:
        raise invalid("Invalid request.\n\nInvalid property /enforcement: it is not a possible value.")
    for one in call.repository["rulesets"]:
        if one["name"] == data.get("name") and one["id"] != own:
            raise invalid("Validation Failed", "Name must be unique")
    names = ((data.get("conditions") or {}).get("ref_name") or {}).get("include", [])
    for name in names:
        if not name.startswith(("refs/", "~")):
            raise invalid("Validation Failed", f"Invalid target patterns: '{name}'")


def index(world: World, call: Call) -> Reply:
    _allowed(world, call)
    targets = call.query.get("targets", "branch,tag,push").split(",")
    found = [one for one in call.repository["rulesets"] if one["target"] in targets]
    rows, headers = page(call, found, world)
    shown = [shapes.ruleset(world, call.repository, one, whole=False) for one in rows]
    return Reply(200, shown, headers)


def show(world: World, call: Call) -> Reply:
    _allowed(world, call)
    return Reply(200, shapes.ruleset(world, call.repository, _find(call), whole=True))


def create(world: World, call: Call) -> Reply:
    _allowed(world, call)
    data = call.json
    if not data.get("name"):
        raise invalid('Invalid request.\n\n"name" wasn\'t supplied.')
    _checked(call, data, None)
    one = {
        "id": world.store.next_id(),
        "name": data["name"],
        "target": data.get("target", "branch"),
        "enforcement": data["enforcement"],
        "conditions": data.get("conditions", {"ref_name": {"include": [], "exclude": []}}),
        "rules": data.get("rules", []),
        "bypass_actors": data.get("bypass_actors", []),
        "created_at": world.store.now(),
        "updated_at": world.store.now(),
    }
    call.repository["rulesets"].append(one)
    world.write_rules(call.repository)
    return Reply(201, shapes.ruleset(world, call.repository, one, whole=True))


def update(world: World, call: Call) -> Reply:
    _allowed(world, call)
    one, data = _find(call), call.json
    new = one | {key: value for key, value in data.items() if key in one and key not in {"id", "created_at"}}
    _checked(call, new, one["id"])
    one.update(new, updated_at=world.store.now())
    world.write_rules(call.repository)
    return Reply(200, shapes.ruleset(world, call.repository, one, whole=True))


def delete(world: World, call: Call) -> Reply:
    _allowed(world, call)
    call.repository["rulesets"].remove(_find(call))
    world.write_rules(call.repository)
    return Reply(204)


def of_branch(world: World, call: Call) -> Reply:
    """The rules that hold for a branch, whether or not it exists."""
    _allowed(world, call)
    ref = f"refs/heads/{call.at['branch']}"
    repository = call.repository
    source = {"ruleset_source_type": "Repository", "ruleset_source": repository["full_name"]}
    rules = [
        rule | source | {"ruleset_id": one["id"]}
        for one in repository["rulesets"]
        if applies(one, ref, repository["default_branch"])
        for rule in one["rules"]
    ]
    return Reply(200, rules)
