"""Pages: the site's settings, its builds, the health of its domain."""

from __future__ import annotations

from tests.fakes.github import shapes
from tests.fakes.github.api.routing import Refusal, invalid, page
from tests.fakes.github.serving import Call, Reply
from tests.fakes.github.store import Json
from tests.fakes.github.world import World


def _site(call: Call) -> Json:
    site: Json | None = call.repository["pages"]
    if site is None:
        raise Refusal(404, "Not Found")
    return site


def show(world: World, call: Call) -> Reply:
    _site(call)
    return Reply(200, shapes.pages(world, call.repository))


def _source(world: World, call: Call, source: object) -> Json:
    if not isinstance(source, dict) or "branch" not in source:
        raise invalid("Invalid request.\n\nInvalid property /source: data matches no possible input.")
    path = source.get("path", "/")
    if path not in {"/", "/docs"}:
        raise invalid(f"Invalid request.\n\nInvalid property /source/path: `{path}` is not a possible value.")
    branch = source["branch"]
    if world.store.bare(call.repository).tip(branch) is None:
        raise invalid(f"The {branch} branch must exist before GitHub Pages can be built.")
    return {"branch": branch, "path": path}


def create(world: World, call: Call) -> Reply:
    if call.repository["pages"] is not None:
        raise Refusal(409, "GitHub Pages is already enabled.")
    if world.is_free(call.repository):
        raise invalid("Your current plan does not support GitHub Pages for this repository.")
    data = call.json
    kind = data.get("build_type", "legacy")
    workflow = {"branch": call.repository["default_branch"], "path": "/"}
    source = workflow if kind == "workflow" else _source(world, call, data.get("source"))
    call.repository["pages"] = {
        "status": None,
        "cname": None,
        "build_type": kind,
        "source": source,
        "https_enforced": True,
        "certificate": "approved",
    }
    shown = shapes.pages(world, call.repository)
    world.moved(call.repository, call.login)
    return Reply(201, shown)


def update(world: World, call: Call) -> Reply:
    site, data = _site(call), call.json
    if not data:
        raise invalid("Invalid request.\n\nFor 'anyOf/0', no subschema in \"anyOf\" matched.")
    if (
        data.get("https_enforced")
        and (data.get("cname") or site["cname"])
        and site["certificate"] != "approved"
    ):
        raise Refusal(404, "The certificate does not exist yet")
    if "source" in data:
        site["source"] = _source(world, call, data["source"])
        call.repository["tip"] = None
    site["build_type"] = data.get("build_type", site["build_type"])
    site["https_enforced"] = data.get("https_enforced", site["https_enforced"])
    if "cname" in data and data["cname"] != site["cname"]:
        _name(world, call.repository, data["cname"])
    world.moved(call.repository, call.login)
    return Reply(204)


def _name(world: World, repository: Json, domain: str | None) -> None:
    """Set or take away the domain, with the commit that GitHub makes for it."""
    repository["pages"]["cname"] = domain
    if world.cname_commits and repository["pages"]["build_type"] == "legacy":
        source = repository["pages"]["source"]
        folder = source["path"].strip("/")
        path = f"{folder}/CNAME" if folder else "CNAME"
        what = "Create CNAME" if domain else "Delete CNAME"
        world.foreign_commit(repository, source["branch"], {path: domain}, what)


def delete(world: World, call: Call) -> Reply:
    _site(call)
    call.repository["pages"] = None
    call.repository["tip"] = None
    world.front.withdraw(call.repository)
    return Reply(204)


def builds(world: World, call: Call) -> Reply:
    _site(call)
    rows, headers = page(call, call.repository["builds"][::-1], world)
    return Reply(200, [shapes.build(world, call.repository, one) for one in rows], headers)


def build(world: World, call: Call) -> Reply:
    _site(call)
    wanted = call.at["build"]
    for one in reversed(call.repository["builds"]):
        if wanted in {"latest", str(one["id"])}:
            return Reply(200, shapes.build(world, call.repository, one))
    raise Refusal(404, "Not Found")


def request_build(world: World, call: Call) -> Reply:
    site = _site(call)
    tip = world.store.bare(call.repository).tip(site["source"]["branch"])
    if site["build_type"] != "legacy" or tip is None:
        raise Refusal(403, "The repository does not have a GitHub Pages site that can be built.")
    world.builder.kick(call.repository, tip, call.login)
    url = f"{world.api}/repos/{call.repository['full_name']}/pages/builds/latest"
    return Reply(201, {"url": url, "status": "queued"})


def health(world: World, call: Call) -> Reply:
    """The first request starts the check (202, empty); the next one has its result."""
    site = _site(call)
    if not site["cname"]:
        raise Refusal(400, "Custom domains are not available for GitHub Pages")
    if not call.repository["health_asked"]:
        call.repository["health_asked"] = True
        return Reply(202, {})
    name = site["cname"]
    domain = {
        "host": name,
        "uri": f"https://{name}/",
        "nameservers": "default",
        "dns_resolves": True,
        "is_proxied": False,
        "is_valid_domain": True,
        "is_apex_domain": name.count(".") == 1,
        "should_be_a_record": name.count(".") == 1,
        "is_pointed_to_github_pages_ip": True,
        "is_pages_domain": False,
        "is_served_by_pages": True,
        "is_valid": True,
        "reason": None,
        "responds_to_https": site["certificate"] == "approved",
        "enforces_https": site["https_enforced"],
        "https_error": None if site["certificate"] == "approved" else "peer_failed_verification",
        "is_https_eligible": True,
        "caa_error": None,
    }
    return Reply(200, {"domain": domain, "alt_domain": None})
