"""No known weakness, no secret and no stray file is published, and pages load only what they can trust."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from checks import advisories, exposed, licences, packages, secret
from checks.base import (
    Changed,
    Digest,
    Evidence,
    Finding,
    Limits,
    Measure,
    Principle,
    Rule,
    Scope,
    Subject,
    Tools,
    Unavailable,
    count_text,
    digest,
)
from checks.rows import Row, few, findings, row, rules, told
from checks.security_kinds import KINDS

NAME = "security"
PRINCIPLE: Principle = "III"
SCOPE: Scope = "site"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 2
TIMED = False
# Advisories appear without anything changing here.
AGE: int | None = 86_400

# `advisories` is the least severity that blocks; `secrets` are known ones, by fingerprint, each with a reason.
LIMITS: Limits = {
    "advisories": "high",
    "advisories_unreadable": "",
    "source_maps": "advice",
    "secrets": [],
    "licences": {"deny": []},
}

EXPLAIN = """\
Asks npm's registry for weaknesses of the packages, looks for secrets in the sources, in git's history and in the output
with Kingfisher, and for files that nobody meant to publish; reads the pages for what they load and send, and takes what
a browser really asked for. Packages count as production when package.json says so or when the site's own sources
import them, for then they end up in the output. A registry that does not answer, a scanner that is not there and a
page that could not be visited are unavailable, and never passed. A secret is never shown and never kept: its
fingerprint is, which security.secrets in constitution.toml may allow with a reason."""
_REMOVE = (
    "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/"
    "removing-sensitive-data-from-a-repository"
)
_NPM = "https://docs.npmjs.com/cli/commands/npm-audit"
_SPDX = "https://spdx.dev/learn/handling-license-info/"
_REVOKE = "revoke it where it was made, make a new one, and keep that out of the repository"
RULES: Mapping[str, Rule] = {
    "secret-published": Rule("a secret is in the output, so everybody could read it", _REVOKE, _REMOVE),
    "secret-source": Rule("a secret is in the sources", _REVOKE, _REMOVE),
    "secret-history": Rule(
        "a secret is in an earlier commit, where it stays readable for all who have the repository",
        "revoke it where it was made; then allow its fingerprint in security.secrets of constitution.toml, with that "
        "as the reason, or rewrite the history",
        _REMOVE,
    ),
    "secret-known": Rule(
        "a secret that the policy allows (advice)", "nothing, as long as the reason holds", _REMOVE
    ),
    "advisory": Rule("a package that reaches visitors has a known weakness", "update it", _NPM),
    "advisory-development": Rule(
        "a package that only builds or tests the site has a known weakness, or a slight one (advice)",
        "update it",
        _NPM,
    ),
    "licence-denied": Rule(
        "a package that reaches visitors has a licence that the policy denies",
        "use another package, or change security.licences.deny in constitution.toml",
        _SPDX,
    ),
    "licence-unknown": Rule(
        "a package says no licence that is known (advice)", "read what it says itself", _SPDX
    ),
    "unmeasured": Rule("a part could not be measured", "do what the finding says, and check again", _NPM),
    **rules(KINDS),
}
_made = partial(told, RULES)
_SHOWN = 5
_PARTS = ("advisories", "secrets", "history", "browser")
_REF = re.compile(r"ref: (\S+)")


def unavailable(tools: Tools) -> str | None:
    """Return None: what a part of it needs is asked for by that part."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the output, the sources, the last commit, the address and the browser."""
    head = head_of(subject.source)
    chromium = subject.versions.get("chromium", "")
    return digest(
        NAME, VERSION, subject.tree, subject.base, subject.url, subject.source_digest, head, chromium
    )


def head_of(root: Path) -> str:
    """Return the commit that is checked out, read without git; empty outside of a repository."""
    folder = next((one / ".git" for one in (root, *root.parents) if (one / ".git").exists()), None)
    try:
        if folder is None:
            return ""
        if folder.is_file():
            folder = (folder.parent / folder.read_text("utf-8").partition("gitdir:")[2].strip()).resolve()
        head = (folder / "HEAD").read_text("utf-8").strip()
        match = _REF.match(head)
        if not match:
            return head
        shared = folder / "commondir"
        common = (folder / shared.read_text("utf-8").strip()).resolve() if shared.is_file() else folder
        loose = common / match[1]
        if loose.is_file():
            return loose.read_text("utf-8").strip()
        lines = (common / "packed-refs").read_text("utf-8").splitlines()
        return next((line.split()[0] for line in lines if line.endswith(f" {match[1]}")), "")
    except OSError:
        return ""


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Look everywhere; a part that cannot be measured keeps its reason, and the others are measured all the same."""
    world = packages.production(subject.source, subject.output)
    shipped = {one.name for one in world.values()}
    unread: dict[str, dict[str, Any]] = {}

    def part(name: str, look: Callable[[], Any], otherwise: Any) -> Any:  # noqa: ANN401 - JSON-able data
        try:
            return look()
        except Changed:
            raise
        except Unavailable as refusal:
            unread[name] = {"reason": refusal.reason, "fix": refusal.fix, "details": list(refusal.details)}
            return otherwise

    pages = exposed.pages(subject)
    seen = part("browser", lambda: _seen(subject, tools), {"rows": [], "origins": {}, "tools": {}})
    found = part(
        "secrets", lambda: [*secret.in_source(subject, tools), *secret.in_output(subject, tools)], []
    )
    history = part(
        "history", lambda: secret.in_history(subject, tools), {"found": [], "head": "", "since": ""}
    )
    known = part("advisories", lambda: advisories.advisories(subject.source, shipped, tools), None)
    rows = [*exposed.files(subject), *pages.rows]
    told = {(one["page"], one["about"]) for one in rows if one["rule"] == "no-integrity"}
    rows += [one for one in seen["rows"] if (one["page"], one["about"]) not in told]
    if pages.pages and not pages.policies:
        rows.append(row("no-csp", "/") | {"about": _policy(pages, seen["origins"])})
    return Evidence(
        {
            "advisories": known,
            "secrets": found,
            "history": {"head": history["head"], "since": history["since"]},
            "earlier": history["found"],
            "rows": rows,
            "packages": len(world),
            "licences": _licences(subject.source, world.values()),
            "unread": unread,
        },
        tools={**seen["tools"], **part("secrets", lambda: {"kingfisher": secret.version(tools)}, {})},
    )


def _seen(subject: Subject, tools: Tools) -> dict[str, Any]:
    """Return what a browser asked other origins for; raises Unavailable unless every page was visited."""
    visits = tools.visits(subject)
    rows: list[Row] = []
    origins: dict[str, set[str]] = defaultdict(set)
    failed: list[str] = []
    for record in visits.records():
        if "failed" in record:
            failed.append(f"{record['page']}: {record['failed']}")
            continue
        for one in record["requests"]:
            if one["foreign"] and (parts := urlsplit(one["url"])).scheme in {"http", "https"}:
                origins[f"{parts.scheme}://{parts.netloc}"].add(str(one["type"]))
                rows += _request(record["page"], one, f"{parts.scheme}://{parts.netloc}")
    if failed:
        text = f"browser: {count_text(len(failed), 'page')} could not be visited"
        raise Unavailable(text, "invoke check.security --fresh", failed[:_SHOWN], flaky=True)
    unique = list({(one["rule"], one["page"], one["about"]): one for one in rows}.values())
    return {
        "rows": unique,
        "origins": {name: sorted(kinds) for name, kinds in origins.items()},
        "tools": visits.tools,
    }


def _request(page: str, one: Mapping[str, Any], origin: str) -> Iterator[Row]:
    yield row("third-party", page, origin)
    if origin.startswith("http:"):
        yield row("mixed-content", page, one["url"])
    if one["type"] in {"Script", "Stylesheet"} and one["integrity"] == "":
        yield row("no-integrity", page, one["url"])


# What the browser's protocol calls a request, and the directive that allows it: https://www.w3.org/TR/CSP3/#csp-directives
_DIRECTIVES = {
    "Script": "script-src",
    "Stylesheet": "style-src",
    "Image": "img-src",
    "Font": "font-src",
    "Media": "media-src",
    "XHR": "connect-src",
    "Fetch": "connect-src",
    "Document": "frame-src",
}
_MOST_HASHES = 12


def _policy(pages: exposed.Pages, origins: Mapping[str, Sequence[str]]) -> str:
    """Return a policy that allows what the pages use today, and nothing else."""
    wanted: dict[str, list[str]] = {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "img-src": ["'self'", "data:"],
    }
    hashes = sorted(f"'{one}'" for one in pages.hashes)
    if len(hashes) <= _MOST_HASHES:
        wanted["script-src"] += hashes
    else:
        wanted["script-src"].append(f"(and the hashes of {len(hashes)} inline scripts, or better: files)")
    if pages.handlers:
        wanted["script-src"].append("(inline event handlers have to become listeners first)")
    if pages.inline_styles:
        wanted["style-src"] = ["'self'", "'unsafe-inline'"]
    for origin, kinds in sorted(origins.items()):
        for kind in kinds:
            name = _DIRECTIVES.get(kind, "default-src")
            wanted.setdefault(name, ["'self'"])
            if origin not in wanted[name]:
                wanted[name].append(origin)
    wanted |= {"object-src": ["'none'"], "base-uri": ["'self'"]}
    return "; ".join(" ".join([name, *words]) for name, words in wanted.items())


def _licences(root: Path, world: Sequence[packages.Package] | Any) -> dict[str, list[str]]:  # noqa: ANN401 - a view
    """Return the packages by licence, those without one under an empty text."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in world:
        found[packages.installed_licence(root, one) or one.licence].append(f"{one.name}@{one.version}")
    return {name: sorted(names) for name, names in sorted(found.items())}


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what was found, and what could not be looked at."""
    data = evidence.data
    found = [*_secrets([*data["secrets"], *data["earlier"]], limits)]
    found += _advisories(data["advisories"], limits)
    kinds = dict(KINDS)
    if limits["source_maps"] == "block":
        kinds["source-map"] = kinds["source-map"]._replace(blocking=True)
    found += findings(data["rows"], kinds)
    found += _licence_findings(data["licences"], limits)
    found += [_unread(name, data["unread"][name], limits) for name in _PARTS if name in data["unread"]]
    return sorted(found, key=lambda one: not one.blocking)


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how much was looked at."""
    data = evidence.data
    known = data["advisories"]
    found = [Measure("packages that reach visitors", data["packages"])]
    if known is not None:
        found.append(Measure("advisories", len(known["found"]), where=f"of {known['packages']:,} packages"))
    prints = {one["fingerprint"] for one in [*data["secrets"], *data["earlier"]]}
    if not {"secrets", "history"} & data["unread"].keys():
        found.append(Measure("secrets", len(prints), 0, where=f"up to commit {data['history']['head'][:10]}"))
    return found


_PLACES = {"output": "secret-published", "source": "secret-source", "history": "secret-history"}


def _secrets(rows: Sequence[Mapping[str, Any]], limits: Limits) -> Iterator[Finding]:
    """Yield each secret once, wherever it stands; the worst place counts."""
    allowed = {one["fingerprint"]: one["reason"] for one in limits["secrets"]}
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in sorted(rows, key=lambda each: list(_PLACES).index(each["place"])):
        groups[one["fingerprint"]].append(one)
    for print_, members in groups.items():
        first = members[0]
        places = list(dict.fromkeys(_place(one) for one in members))
        details = few(places)
        if print_ in allowed:
            text = f"a secret ({first['rule']}, fingerprint {print_}) is allowed: {allowed[print_]}"
            yield _made("secret-known", text, blocking=False, path=first["path"], details=details)
            continue
        where = {"output": "in the output", "source": "in the sources", "history": "in git's history"}[
            first["place"]
        ]
        text = f"{first['what']} {where} ({first['rule']}, fingerprint {print_})"
        yield _made(_PLACES[first["place"]], text, path=first["path"], line=first["line"], details=details)


def _place(one: Mapping[str, Any]) -> str:
    commit = f", commit {one['commit']}" if one["commit"] else ""
    return f"{one['place']}: {one['path']}:{one['line']}{commit}"


def _advisories(known: Mapping[str, Any] | None, limits: Limits) -> Iterator[Finding]:
    for one in known["found"] if known else []:
        blocking = one["shipped"] and advisories.rank(one["severity"]) >= advisories.rank(
            limits["advisories"]
        )
        fixed = f"; fixed in {one['fixed']}" if one["fixed"] else ""
        text = f"{one['package']} {one['range']}: {one['title']} ({one['severity']}, {one['id']}){fixed}"
        yield Finding(
            "advisory" if blocking else "advisory-development",
            text,
            blocking=blocking,
            path="package.json",
            details=tuple(one["where"]),
            fix=f"{one['fix']}; then: invoke build --lock",
            source=one["url"] or _NPM,
        )


def _licence_findings(known: Mapping[str, Sequence[str]], limits: Limits) -> Iterator[Finding]:
    unknown = [f"{name}: {licence or 'says nothing'}" for licence, names in known.items()
               for name in names if licences.unknown(licence)]  # fmt: skip
    for licence, names in known.items():
        if licences.denied(licence, limits["licences"]["deny"]):
            text = f"{licence} is denied: {count_text(len(names), 'package')} of production"
            yield _made("licence-denied", text, path="package.json", details=tuple(names[:_SHOWN]))
    if unknown:
        text = f"{count_text(len(unknown), 'package')} of production without a known licence"
        yield _made(
            "licence-unknown", text, blocking=False, path="package.json", details=tuple(unknown[:_SHOWN])
        )


def _unread(name: str, why: Mapping[str, Any], limits: Limits) -> Finding:
    """Say what could not be measured: in the way of the score unless the policy says that nobody here can."""
    declared = limits["advisories_unreadable"].strip() if name == "advisories" else ""
    text = f"unavailable (declared): {declared}; {why['reason']}" if declared else why["reason"]
    return Finding(
        "unmeasured",
        text,
        blocking=not declared,
        details=tuple(why["details"][:_SHOWN]),
        fix=why["fix"],
        unmeasured=True,
        source=RULES["unmeasured"].source,
    )
