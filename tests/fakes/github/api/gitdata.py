"""The git data API: refs, commits, trees and blobs; branches and file contents."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from urllib.parse import quote

from tests.fakes.github import shapes
from tests.fakes.github.api.routing import Refusal, invalid, page
from tests.fakes.github.objects import ZERO, Bare, GitError
from tests.fakes.github.rules import broken
from tests.fakes.github.serving import Call, Reply
from tests.fakes.github.store import Json, stamp
from tests.fakes.github.world import World

_MODES = {"100644", "100755", "040000", "160000", "120000"}


def _bare(world: World, call: Call) -> Bare:
    return world.store.bare(call.repository)


def _base(world: World, call: Call) -> str:
    return f"{world.api}/repos/{call.repository['full_name']}"


def ref(world: World, call: Call) -> Reply:
    name = f"refs/{call.at['ref']}"
    known = _bare(world, call).refs()
    if not known:
        raise Refusal(409, "Git Repository is empty.")
    found = known.get(name)
    if found is None:
        raise Refusal(404, "Not Found")
    return Reply(200, shapes.ref(world, call.repository, name, *found))


def refs(world: World, call: Call) -> Reply:
    """All refs, or those that begin with what is asked for."""
    begin = f"refs/{call.at.get('ref', '')}"
    found = {name: about for name, about in _bare(world, call).refs().items() if name.startswith(begin)}
    if not found and not begin.removeprefix("refs/"):
        raise Refusal(409, "Git Repository is empty.")
    rows, headers = page(call, sorted(found.items()), world)
    return Reply(200, [shapes.ref(world, call.repository, name, *about) for name, about in rows], headers)


def create_ref(world: World, call: Call) -> Reply:
    name, sha = call.json["ref"], call.json["sha"]
    bare = _bare(world, call)
    if not name.startswith("refs/") or name.count("/") < 2:
        raise invalid("Reference name must start with 'refs/' and contain at least two slashes.")
    if bare.refs(name).get(name):
        raise invalid("Reference already exists")
    kind = bare.kind(sha)
    if kind is None or (name.startswith("refs/heads/") and kind != "commit"):
        raise invalid("Object does not exist")
    _move(world, call, name, ZERO, sha, forward=True)
    return Reply(201, shapes.ref(world, call.repository, name, sha, kind))


def update_ref(world: World, call: Call) -> Reply:
    name, sha = f"refs/{call.at['ref']}", call.json["sha"]
    bare = _bare(world, call)
    found = bare.refs(name).get(name)
    if found is None:
        raise invalid("Reference does not exist")
    if bare.kind(sha) is None:
        raise invalid("Object does not exist")
    forward = bare.is_ancestor(found[0], sha)
    if not forward and not call.json.get("force", False):
        raise invalid("Update is not a fast forward")
    _move(world, call, name, found[0], sha, forward=forward)
    return Reply(200, shapes.ref(world, call.repository, name, sha, found[1]))


def delete_ref(world: World, call: Call) -> Reply:
    name = f"refs/{call.at['ref']}"
    found = _bare(world, call).refs(name).get(name)
    if found is None:
        raise invalid("Reference does not exist")
    _move(world, call, name, found[0], ZERO, forward=True)
    return Reply(204)


def _move(world: World, call: Call, name: str, old: str, new: str, *, forward: bool) -> None:
    repository = call.repository
    rules = repository["rulesets"]
    said, bypass = broken(rules, repository["default_branch"], name, old, new, forward=forward)
    if said and not bypass:
        raise invalid("Repository rule violations found\n\n" + "".join(f"{text}\n\n" for text in said))
    try:
        _bare(world, call).run("update-ref", name, new, old)
    except GitError as problem:
        raise Refusal(409, f"Reference cannot be updated: {problem}") from problem
    world.moved(repository, call.login)


def commit(world: World, call: Call) -> Reply:
    sha = call.at["sha"]
    bare = _bare(world, call)
    if bare.kind(sha) != "commit":
        raise Refusal(404, "Not Found")
    return Reply(200, _commit(world, call, bare, sha))


def _commit(world: World, call: Call, bare: Bare, sha: str) -> Json:
    head, _, message = bare.run("cat-file", "commit", sha).decode("utf-8", "replace").partition("\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.split("\n"):
        key, _, value = line.partition(" ")
        fields.setdefault(key, []).append(value)
    base = f"{_base(world, call)}/git"
    html = f"{world.url}/{call.repository['full_name']}/commit"
    tree = fields["tree"][0]
    return {
        "sha": sha,
        "node_id": shapes.node("Commit", call.repository["id"]),
        "url": f"{base}/commits/{sha}",
        "html_url": f"{html}/{sha}",
        "author": _person(fields["author"][0]),
        "committer": _person(fields["committer"][0]),
        # GitHub drops the line ends at the end of a message.
        "message": message.rstrip("\n"),
        "tree": {"sha": tree, "url": f"{base}/trees/{tree}"},
        "parents": [
            {"sha": one, "url": f"{base}/commits/{one}", "html_url": f"{html}/{one}"}
            for one in fields.get("parent", [])
        ],
        "verification": {
            "verified": False,
            "reason": "unknown_key" if "gpgsig" in fields else "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


def _person(line: str) -> Json:
    name, _, rest = line.partition(" <")
    email, _, moment = rest.partition("> ")
    return {"name": name, "email": email, "date": stamp(datetime.fromtimestamp(int(moment.split()[0]), UTC))}


def create_commit(world: World, call: Call) -> Reply:
    data, bare = call.json, _bare(world, call)
    if bare.kind(data["tree"]) != "tree":
        raise invalid("Tree SHA does not exist")
    words = ["commit-tree", data["tree"]]
    for parent in data.get("parents", []):
        if bare.kind(parent) != "commit":
            raise invalid("Parent SHA does not exist or is not a commit object")
        words += ["-p", parent]
    now = world.store.now()
    author = data.get("author") or {"name": call.login, "email": f"{call.login}@users.noreply.github.com"}
    committer = data.get("committer") or author
    extra: dict[str, str] = {}
    for role, who in {"AUTHOR": author, "COMMITTER": committer}.items():
        extra |= {f"GIT_{role}_NAME": who["name"], f"GIT_{role}_EMAIL": who["email"]}
        extra |= {f"GIT_{role}_DATE": who.get("date", now)}
    sha = bare.text(*words, stdin=data["message"].encode(), extra=extra)
    return Reply(201, _commit(world, call, bare, sha))


def tree(world: World, call: Call) -> Reply:
    bare = _bare(world, call)
    sha = bare.resolve(f"{call.at['sha']}^{{tree}}")
    if sha is None:
        raise Refusal(404, "Not Found")
    words = ["-r", "-t"] if call.query.get("recursive") else []
    base = f"{_base(world, call)}/git"
    rows = []
    for line in bare.run("ls-tree", "-z", "-l", *words, sha).split(b"\0")[:-1]:
        about, _, name = line.partition(b"\t")
        mode, kind, oid, size = about.decode("ascii").split()
        row: Json = {"path": name.decode("utf-8", "replace"), "mode": mode, "type": kind, "sha": oid}
        row |= {"size": int(size)} if size != "-" else {}
        rows.append(row | {"url": f"{base}/{kind}s/{oid}"})
    return Reply(200, {"sha": sha, "url": f"{base}/trees/{sha}", "tree": rows, "truncated": False})


def create_tree(world: World, call: Call) -> Reply:
    data, bare = call.json, _bare(world, call)
    base = data.get("base_tree")
    root = bare.resolve(f"{base}^{{tree}}") if base else None
    if base and root is None:
        raise invalid("base_tree is not a valid tree oid")
    entries = []
    for entry in data["tree"]:
        if entry.get("mode") not in _MODES:
            raise invalid(f"tree.mode must be one of {sorted(_MODES)}")
        sha = entry.get("sha")
        if "content" in entry:
            sha = bare.text("hash-object", "-w", "--stdin", stdin=entry["content"].encode())
        elif sha is not None and bare.kind(sha) is None:
            raise invalid("tree.sha is not a valid oid")
        entries.append({"path": entry["path"], "mode": entry["mode"], "sha": sha})
    call.at["sha"] = bare.write_tree(root, entries)
    return Reply(201, tree(world, call).body)


def blob(world: World, call: Call) -> Reply:
    sha, bare = call.at["sha"], _bare(world, call)
    if bare.kind(sha) != "blob":
        raise Refusal(404, "Not Found")
    body = bare.run("cat-file", "blob", sha)
    shown = {"sha": sha, "url": f"{_base(world, call)}/git/blobs/{sha}", "size": len(body)}
    return Reply(200, shown | {"content": _folded(body), "encoding": "base64"})


def create_blob(world: World, call: Call) -> Reply:
    data = call.json
    try:
        coded = data.get("encoding") == "base64"
        body = base64.b64decode(data["content"]) if coded else data["content"].encode()
    except binascii.Error as problem:
        raise invalid("content is not valid Base64") from problem
    sha = _bare(world, call).text("hash-object", "-w", "--stdin", stdin=body)
    return Reply(201, {"sha": sha, "url": f"{_base(world, call)}/git/blobs/{sha}"})


def branches(world: World, call: Call) -> Reply:
    found = sorted(_bare(world, call).refs("refs/heads").items())
    rows, headers = page(call, found, world)
    return Reply(200, [_branch(world, call, name, oid) for name, (oid, _) in rows], headers)


def branch(world: World, call: Call) -> Reply:
    tip = _bare(world, call).tip(call.at["branch"])
    if tip is None:
        raise Refusal(404, "Branch not found")
    return Reply(200, _branch(world, call, f"refs/heads/{call.at['branch']}", tip))


def _branch(world: World, call: Call, name: str, oid: str) -> Json:
    short = name.removeprefix("refs/heads/")
    return {
        "name": short,
        "commit": {"sha": oid, "url": f"{_base(world, call)}/commits/{oid}"},
        "protected": False,
        "protection_url": f"{_base(world, call)}/branches/{quote(short)}/protection",
    }


def contents(world: World, call: Call) -> Reply:
    bare = _bare(world, call)
    at = call.query.get("ref", call.repository["default_branch"])
    root = bare.resolve(f"refs/heads/{at}^{{commit}}") or bare.resolve(f"{at}^{{commit}}")
    if root is None:
        raise Refusal(
            404, f"No commit found for the ref {at}" if "ref" in call.query else "This repository is empty."
        )
    path = call.at.get("path", "").strip("/")
    oid = bare.resolve(f"{root}:{path}")
    if oid is None:
        raise Refusal(404, "Not Found")
    if bare.kind(oid) == "tree":
        rows = bare.text("ls-tree", oid).splitlines()
        entries = [(line.split("\t", 1)[1], *line.split("\t")[0].split()[1:]) for line in rows]
        return Reply(200, [_entry(world, call, f"{path}/{n}".strip("/"), k, o) for n, k, o in entries])
    body = bare.run("cat-file", "blob", oid)
    if "raw" in call.header("accept"):
        return Reply(200, body, {"Content-Type": "application/vnd.github.raw; charset=utf-8"})
    shown = _entry(world, call, path, "blob", oid)
    return Reply(200, shown | {"size": len(body), "content": _folded(body), "encoding": "base64"})


def _entry(world: World, call: Call, path: str, kind: str, oid: str) -> Json:
    kinds = {"tree": "dir", "blob": "file", "commit": "submodule"}
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": oid,
        "size": 0,
        "type": kinds[kind],
        "url": f"{_base(world, call)}/contents/{quote(path)}",
        "html_url": f"{world.url}/{call.repository['full_name']}/blob/{quote(path)}",
        "git_url": f"{_base(world, call)}/git/{kind}s/{oid}",
        "download_url": None,
    }


def _folded(body: bytes) -> str:
    """Base64 in lines, as GitHub sends it."""
    return base64.encodebytes(body).decode("ascii")
