"""No build stamp and no hashed file name changes page after page, which is what makes repositories grow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checks.base import (
    Change,
    Digest,
    Evidence,
    File,
    Finding,
    Limits,
    Measure,
    Principle,
    Rule,
    Scope,
    Subject,
    Tools,
    count_text,
    digest,
    size_text,
)
from checks.parse.address import kind_of, page_address
from checks.parse.tokens import Token, again, changed_bytes, replaced

NAME = "churn"
PRINCIPLE: Principle = "IV"
SCOPE: Scope = "site"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = None

# The defaults of the policy's `churn`: so many pages may differ from the live release by nothing but the same tokens;
# more is told, and stands in the way of a release only when `blocking` says so.
LIMITS: Limits = {"pages": 2, "blocking": False}
# A page that differs in more tokens than these is taken for a page with new content.
_MOST = 3
# The evidence keeps this many groups of pages, the biggest ones.
_KEPT = 20
_LONGEST = 60

EXPLAIN = """\
Compares every changed page with the live release, byte for byte, and finds those that differ by nothing but a token
the build writes into every page: a time, a commit, a version, the hashed name of a style sheet. Each such page is a new
file for git at every release, releases are never deleted, and repositories on GitHub should stay well below 10 GB.
It is advice unless churn.blocking says otherwise; churn.pages of constitution.toml is how many pages may do so."""
_SIZES = "https://docs.github.com/en/repositories/creating-and-managing-repositories/repository-limits"
RULES: Mapping[str, Rule] = {
    "hashed-name": Rule(
        "pages differ by a file name with a hash, or an address with ?v=",
        "accept it where the file seldom changes, else give the file a name without a hash",
        _SIZES,
    ),
    "build-stamp": Rule(
        "pages differ by the build's date, time or commit",
        "leave it out of the layout, or write the date of the page's own last change",
        "https://reproducible-builds.org/docs/source-date-epoch/",
    ),
    "version": Rule("pages differ by a version", "show it on one page only, or accept it", _SIZES),
    "number": Rule("pages differ by a number", "show it on one page only, or accept it", _SIZES),
    "random": Rule(
        "pages differ by a nonce, a UUID or a generated id",
        "make ids from the content; a nonce in a static file protects nothing, use hashes",
        "https://developer.mozilla.org/en-US/docs/Web/HTML/Reference/Global_attributes/nonce",
    ),
    "digest": Rule(
        "pages differ by a digest for CSP or integrity",
        "accept it when the script behind it changed, else invoke build --twice shows what differs",
        "https://developer.mozilla.org/en-US/docs/Web/Security/Subresource_Integrity",
    ),
}


def unavailable(tools: Tools) -> str | None:
    """Return None: what it compares with comes with the subject."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of both releases; without a live one there is nothing that it depends on."""
    return digest(NAME, VERSION, (subject.live.tree, subject.tree) if subject.live else None)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Compare every changed page with the live one and group those that differ by the same tokens."""
    pages = [file for file in subject.files if kind_of(file.path) == "html"]
    sorter = _Sorter({file.path: file for file in pages})
    nothing = "nothing is live yet"
    if subject.live:
        for change in subject.live.changes(pages):
            sorter.add(change)
        nothing = "" if sorter.changed else "no page of the live release changed"
    groups = sorted(sorter.merged(), key=lambda group: (-group.pages, group.example))
    data = {
        "pages": len(pages),
        "changed": sorter.changed,
        "size": sorter.size,
        "real": sorter.real,
        "groups": [group.plain() for group in groups[:_KEPT]],
    }
    return Evidence(data, nothing=nothing)


@dataclass
class _Group:
    """Pages that differ by the same tokens; sizes in bytes, `tokens` are those of the example."""

    tokens: tuple[Token, ...]
    kinds: tuple[str, ...]
    example: str
    pages: int = 0
    size: int = 0
    gzip: int = 0
    different: int = 1

    def add(self, file: File) -> None:
        self.pages += 1
        self.size += file.size
        self.gzip += file.gzip

    def absorb(self, other: _Group) -> None:
        self.pages += other.pages
        self.size += other.size
        self.gzip += other.gzip
        self.different += other.different

    def plain(self) -> dict[str, Any]:
        tokens = [
            {"kind": kind, **_texts(token)} for kind, token in zip(self.kinds, self.tokens, strict=True)
        ]
        names = ("example", "pages", "size", "gzip", "different")
        return {"tokens": tokens, **{name: getattr(self, name) for name in names}}


def _texts(token: Token) -> dict[str, str]:
    parts = {"old": token.old[:_LONGEST], "new": token.new[:_LONGEST]}
    parts |= {"left": token.left[-_LONGEST:], "right": token.right[:_LONGEST]}
    return {name: " ".join(text.decode("utf-8", "replace").split()) for name, text in parts.items()}


@dataclass
class _Sorter:
    """Puts changed pages into groups; `real` counts the bytes that are more than such tokens."""

    files: Mapping[str, File]
    changed: int = 0
    size: int = 0
    real: int = 0
    groups: dict[tuple[tuple[bytes, bytes], ...], _Group] = field(default_factory=dict)
    last: _Group | None = None

    def add(self, change: Change) -> None:
        self.changed += 1
        self.size += len(change.new)
        group = self._group(change)
        if group is None or "text" in group.kinds:
            self.real += changed_bytes(change.old, change.new)
        if group:
            group.add(self.files[change.path])
            self.last = group

    def _group(self, change: Change) -> _Group | None:
        """Return the group of a page: most often that of the page before it."""
        if self.last and again(change.old, change.new, self.last.tokens):
            return self.last
        tokens = replaced(change.old, change.new, _MOST)
        if tokens is None:
            return None
        key = tuple(sorted((token.old, token.new) for token in tokens))
        if key not in self.groups:
            self.groups[key] = _Group(tokens, tuple(token.kind for token in tokens), change.path)
        return self.groups[key]

    def merged(self) -> Iterable[_Group]:
        """Return the groups, those with another token on every page (a nonce) as one when it stands in one place."""
        found: dict[object, _Group] = {}
        for key, group in self.groups.items():
            machine = "text" not in group.kinds
            place: object = (group.kinds, tuple(_place(token) for token in group.tokens)) if machine else key
            if place in found:
                found[place].absorb(group)
            else:
                found[place] = group
        return found.values()


def _place(token: Token) -> bytes:
    """Return where a token stands, the same on every page: the text before it, without its numbers."""
    return bytes(48 if 48 <= code <= 57 else code for code in token.left[-16:])


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return a finding for each kind of token that is all that changed in many pages."""
    groups = [group for group in evidence.data["groups"] if _avoidable(group)]
    return [_finding(group, limits) for group in groups if group["pages"] > limits["pages"]]


def _avoidable(group: Mapping[str, Any]) -> bool:
    # Words that people wrote on every page, such as a new entry in the menu, are a change and no churn.
    return all(token["kind"] != "text" for token in group["tokens"])


def _finding(group: Mapping[str, Any], limits: Limits) -> Finding:
    tokens = group["tokens"]
    pages, count = group["pages"], "one token" if len(tokens) == 1 else f"{len(tokens)} tokens"
    verb = "differs" if pages == 1 else "differ"
    what = "; ".join(f"{_KINDS[token['kind']].name} {token['old']} -> {token['new']}" for token in tokens)
    each = f", another one on {group['different']:,} of them" if group["different"] > 1 else ""
    kinds = dict.fromkeys(token["kind"] for token in tokens)
    return Finding(
        _KINDS[tokens[0]["kind"]].rule,
        f"{count_text(pages, 'page')} {verb} from the live release only by {count}{each}: {what}; "
        f"the repository grows by up to {size_text(group['gzip'])} for it, at every release",
        blocking=bool(limits["blocking"]),
        path=page_address(group["example"]),
        measured=pages,
        limit=limits["pages"],
        details=tuple(_details(group)),
        fix="; ".join(_fix(kind, tokens) for kind in kinds),
    )


def _details(group: Mapping[str, Any]) -> Iterator[str]:
    yield f"for example {page_address(group['example'])}"
    for token in group["tokens"]:
        left, right = token["left"][-26:], token["right"][:14]
        for sign, text in (("-", token["old"]), ("+", token["new"])):
            yield f"{sign} {left}{text}{right}".rstrip()


@dataclass(frozen=True)
class _Kind:
    rule: str
    name: str
    fix: str


_STAMP = (
    "leave it out of the layout, or write the time of the page's own last change (git log -1 --format=%cI FILE) "
    "instead of the build's; builds that obey SOURCE_DATE_EPOCH can be given the time of the last commit"
)
_KINDS = {
    "file name": _Kind("hashed-name", "a hashed file name", ""),
    "date": _Kind("build-stamp", "a date", _STAMP),
    "build time": _Kind("build-stamp", "a build time", _STAMP),
    "commit": _Kind(
        "build-stamp",
        "a commit or hash",
        "leave it out of the pages: every release carries its commit in /.well-known/release.json",
    ),
    "version": _Kind("version", "a version", "show it on one page only, or accept it when it seldom changes"),
    "number": _Kind("number", "a number", "show it on one page only, or accept it when it seldom changes"),
    "nonce": _Kind(
        "random",
        "a nonce",
        "leave it out: in static files everybody can read it, so it protects nothing; use hashes",
    ),
    "id": _Kind("random", "a generated id", "make it from the content (or from useId), not by chance"),
    "digest": _Kind(
        "digest",
        "a digest",
        "accept it when the script or style behind it really changed; else find out what differs in two builds: "
        "invoke build --twice",
    ),
}

_NO_HASH = (
    "give it a name without a hash ({where}: build.rollupOptions.output.assetFileNames and entryFileNames "
    "'{folder}/[name][extname]'), so that pages stay as they are and browsers keep the old file for up to "
    "10 minutes; or accept it when the file seldom changes"
)
# What stands before the name -> what to do there.
_FRAMEWORKS = (
    (
        "/_astro/",
        _NO_HASH.format(where="astro.config, vite", folder="_astro")
        + "; with build.inlineStylesheets: 'never' no style is copied into the pages",
    ),
    ("/_next/", "set generateBuildId in next.config to something that changes only with the content"),
    ("/_nuxt/", _NO_HASH.format(where="nuxt.config, vite", folder="_nuxt")),
    ("/_app/", "set kit.version.name in svelte.config to something that changes only with the content"),
    ("/assets/", _NO_HASH.format(where="vite.config", folder="assets")),
    ("", "give the file a name (and address) without a hash, or accept it when the file seldom changes"),
)


def _fix(kind: str, tokens: Sequence[Mapping[str, str]]) -> str:
    if kind != "file name":
        return _KINDS[kind].fix
    lefts = [token["left"] for token in tokens if token["kind"] == kind]
    return next(text for folder, text in _FRAMEWORKS if any(folder in left for left in lefts))


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how much of the site changed, and how much of that for nothing but tokens."""
    data = evidence.data
    groups = [group for group in data["groups"] if _avoidable(group)]
    most = max(groups, key=lambda group: group["pages"], default=None)
    where = page_address(most["example"]) if most else ""
    return [
        Measure("pages changed", data["changed"]),
        Measure("bytes of these pages", data["size"], unit="B"),
        Measure("bytes changed for real", data["real"], unit="B"),
        Measure("pages with the same change", most["pages"] if most else 0, limits["pages"], where=where),
    ]
