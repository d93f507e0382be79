"""GitHub's objects as its REST API shows them."""

from __future__ import annotations

import base64
from urllib.parse import quote

from tests.fakes.github.store import Json
from tests.fakes.github.world import World

DOCUMENTATION = "https://docs.github.com/rest"


def error(message: str, status: int) -> Json:
    return {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}


def node(kind: str, identity: int) -> str:
    return base64.b64encode(f"{kind}:{identity}".encode()).decode("ascii")


def user(world: World, login: str) -> Json:
    kind = "Organization" if login in world.store.data["organizations"] else "User"
    return {
        "login": login,
        "id": sum(login.encode()),
        "node_id": node(kind, sum(login.encode())),
        "avatar_url": f"{world.url}/avatars/{login}",
        "url": f"{world.api}/users/{login}",
        "html_url": f"{world.url}/{login}",
        "type": kind,
        "site_admin": False,
    }


def repository(world: World, about: Json) -> Json:
    name = about["full_name"]
    return {
        "id": about["id"],
        "node_id": node("Repository", about["id"]),
        "name": about["name"],
        "full_name": name,
        "private": about["private"],
        "visibility": "private" if about["private"] else "public",
        "owner": user(world, about["owner"]),
        "html_url": f"{world.url}/{name}",
        "description": None,
        "fork": False,
        "url": f"{world.api}/repos/{name}",
        "clone_url": f"{world.url}/{name}.git",
        "git_url": f"git://github.com/{name}.git",
        "ssh_url": f"git@github.com:{name}.git",
        "default_branch": about["default_branch"],
        "has_pages": about["pages"] is not None,
        "archived": False,
        "disabled": False,
        "size": 0,
        "created_at": about["created_at"],
        "pushed_at": about["created_at"],
        "permissions": {"admin": True, "maintain": True, "push": True, "triage": True, "pull": True},
    }


def html_url(world: World, about: Json) -> str:
    """Where a site is, as far as a browser here can know: on the double's own front."""
    domain = about["pages"]["cname"] if about["pages"] else None
    port = world.store.data["ports"]["front"]
    if domain:
        return f"https://{domain}/" if domain != "127.0.0.1" else f"https://{domain}:{port}/"
    own = f"{about['owner']}.github.io"
    return f"https://localhost:{port}/" + (
        "" if about["name"].lower() == own.lower() else f"{about['name']}/"
    )


def pages(world: World, about: Json) -> Json:
    site = about["pages"]
    shown: Json = {
        "url": f"{world.api}/repos/{about['full_name']}/pages",
        "status": site["status"],
        "cname": site["cname"],
        "custom_404": False,
        "html_url": html_url(world, about),
        "build_type": site["build_type"],
        "source": site["source"],
        "public": True,
        "protected_domain_state": None,
        "pending_domain_unverified_at": None,
        "https_enforced": site["https_enforced"],
    }
    if site["cname"]:
        shown["https_certificate"] = {
            "state": site["certificate"],
            "description": f"Certificate is {site['certificate']}",
            "domains": [site["cname"]],
            "expires_at": "2099-12-31",
        }
    return shown


def build(world: World, about: Json, one: Json) -> Json:
    return {
        "url": f"{world.api}/repos/{about['full_name']}/pages/builds/{one['id']}",
        "status": one["status"],
        "error": {"message": one["error"]},
        "pusher": user(world, one["pusher"]),
        "commit": one["commit"],
        "duration": one["duration"],
        "created_at": one["created_at"],
        "updated_at": one["updated_at"],
    }


def run(world: World, about: Json, one: Json) -> Json:
    url = f"{world.api}/repos/{about['full_name']}/actions/runs/{one['id']}"
    return {
        "id": one["id"],
        "name": one["name"],
        "node_id": node("WorkflowRun", one["id"]),
        "head_branch": one["head_branch"],
        "head_sha": one["head_sha"],
        "path": one["path"],
        "display_title": one["name"],
        "run_number": one["id"],
        "run_attempt": 1,
        "event": one["event"],
        "status": one["status"],
        "conclusion": one["conclusion"],
        "workflow_id": sum(one["path"].encode()),
        "url": url,
        "html_url": f"{world.url}/{about['full_name']}/actions/runs/{one['id']}",
        "actor": user(world, one["actor"]),
        "triggering_actor": user(world, one["actor"]),
        "created_at": one["created_at"],
        "updated_at": one["updated_at"],
        "run_started_at": one["created_at"],
    }


def ruleset(world: World, about: Json, one: Json, *, whole: bool) -> Json:
    name = about["full_name"]
    shown = {
        "id": one["id"],
        "name": one["name"],
        "target": one["target"],
        "source_type": "Repository",
        "source": name,
        "enforcement": one["enforcement"],
        "node_id": node("RepositoryRuleset", one["id"]),
        "_links": {
            "self": {"href": f"{world.api}/repos/{name}/rulesets/{one['id']}"},
            "html": {"href": f"{world.url}/{name}/rules/{one['id']}"},
        },
        "created_at": one["created_at"],
        "updated_at": one["updated_at"],
    }
    if whole:
        bypass = any(actor.get("bypass_mode") == "always" for actor in one["bypass_actors"])
        shown |= {
            "conditions": one["conditions"],
            "rules": one["rules"],
            "bypass_actors": one["bypass_actors"],
            "current_user_can_bypass": "always" if bypass else "never",
        }
    return shown


def deployment(world: World, about: Json, one: Json) -> Json:
    url = f"{world.api}/repos/{about['full_name']}/deployments/{one['id']}"
    return {
        "url": url,
        "id": one["id"],
        "node_id": node("Deployment", one["id"]),
        "sha": one["sha"],
        "ref": one["ref"],
        "task": one["task"],
        "payload": one["payload"],
        "original_environment": one["environment"],
        "environment": one["environment"],
        "description": one["description"],
        "creator": user(world, one["creator"]),
        "created_at": one["created_at"],
        "updated_at": one["updated_at"],
        "statuses_url": f"{url}/statuses",
        "repository_url": f"{world.api}/repos/{about['full_name']}",
        "transient_environment": one["transient_environment"],
        "production_environment": one["production_environment"],
    }


def deployment_status(world: World, about: Json, one: Json, status: Json) -> Json:
    url = f"{world.api}/repos/{about['full_name']}/deployments/{one['id']}"
    return {
        "url": f"{url}/statuses/{status['id']}",
        "id": status["id"],
        "node_id": node("DeploymentStatus", status["id"]),
        "state": status["state"],
        "creator": user(world, status["creator"]),
        "description": status["description"],
        "environment": one["environment"],
        "target_url": status["log_url"],
        "log_url": status["log_url"],
        "environment_url": status["environment_url"],
        "created_at": status["created_at"],
        "updated_at": status["created_at"],
        "deployment_url": url,
        "repository_url": f"{world.api}/repos/{about['full_name']}",
    }


def ref(world: World, about: Json, name: str, oid: str, kind: str) -> Json:
    base = f"{world.api}/repos/{about['full_name']}/git"
    return {
        "ref": name,
        "node_id": node("Ref", about["id"]),
        "url": f"{base}/{quote(name)}",
        "object": {"sha": oid, "type": kind, "url": f"{base}/{kind}s/{oid}"},
    }
