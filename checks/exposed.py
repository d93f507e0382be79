"""Files that were published by mistake, and what pages say that is unsafe: seen in the files alone."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from checks.base import File, Subject
from checks.parse.address import kind_of, page_address
from checks.rows import Row, row
from checks.weight import origin_of

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

# Patterns of a name, or of a whole path where there is a slash; the first that fits counts.
_FILES = (
    ("exposed-repository", ("*.git/*", ".git", "*.svn/*", "*.hg/*")),
    (
        "exposed-secrets",
        (".env", ".env.*", "*.env", ".npmrc", ".yarnrc", ".yarnrc.yml", ".netrc", ".pypirc", ".htpasswd",
         ".git-credentials", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*.p12", "*.pfx", "*.kdbx", "*.jks",
         "*.keystore", "credentials.json", "service-account*.json"),
    ),
    ("exposed-files", ("node_modules/*", "*/node_modules/*", ".github/*")),
    (
        "exposed-files",
        ("*.bak", "*.orig", "*.old", "*.swp", "*.swo", "*~", "*.rej", "*.tmp", "*.log", "*.sql", "*.dump",
         "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock",
         "bun.lockb", "tsconfig*.json", "dockerfile", "docker-compose*.y*ml", "thumbs.db", "invoke.yaml",
         "constitution.toml", ".*"),
    ),
)  # fmt: skip
# Dotfiles that are meant to be published: RFC 8615, and GitHub Pages' own.
_FINE = (".nojekyll", ".well-known/*", ".domains", "*.env.js", "*.env.mjs")
_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")
_KEYS = (".pem", ".key", ".ppk", ".asc")
_INLINE_MAP = re.compile(
    rb"sourceMappingURL=data:application/json[^,]*;base64,([A-Za-z0-9+/=]+)\s*(?:\*/)?\s*\Z"
)
_RUN = frozenset({"", "module", "text/javascript", "application/javascript"})
_NODES = (
    "script, link[rel~=stylesheet i], form[action], [formaction], a[target=_blank i], a[href^='javascript:' i], "
    "iframe[src^='javascript:' i], meta[http-equiv='content-security-policy' i]"
)
_HANDLER = re.compile(rb"\son[a-z]{3,}\s*=", re.IGNORECASE)
# https://www.w3.org/TR/CSP3/#meta-element: a browser ignores these in a meta element.
_IGNORED = ("frame-ancestors", "report-uri", "sandbox")
_HASH = re.compile(r"^'(?:sha(?:256|384|512)|nonce)-", re.IGNORECASE)


@dataclass
class Pages:
    """What the pages say: rows of findings, and what a policy for the whole site would have to allow."""

    rows: list[Row] = field(default_factory=list)
    policies: int = 0
    pages: int = 0
    hashes: set[str] = field(default_factory=set)
    handlers: int = 0
    inline_styles: bool = False


def files(subject: Subject) -> Iterator[Row]:
    """Yield the files that nobody meant to publish."""
    for file in subject.files:
        rule = _rule_of(file.path)
        if file.path.lower().endswith(_KEYS) and _KEY.search(subject.read(file)):
            rule = "exposed-secrets"
        if rule:
            yield row(rule, file.path)
        elif mapped(file, subject):
            yield row("source-map", file.path)


def _rule_of(path: str) -> str:
    whole, name = path.lower(), path.lower().rpartition("/")[2]
    for rule, patterns in _FILES:
        for pattern in patterns:
            if fnmatchcase(whole if "/" in pattern else name, pattern):
                return "" if any(fnmatchcase(whole, one) or fnmatchcase(name, one) for one in _FINE) else rule
    return ""


def mapped(file: File, subject: Subject) -> bool:
    """Whether a file is a source map that holds the sources, or carries one at its end."""
    if file.path.endswith(".map"):
        return _has_sources(subject.read(file))
    if kind_of(file.path) not in {"javascript", "css"}:
        return False
    match = _INLINE_MAP.search(subject.read(file))
    try:
        return bool(match) and _has_sources(base64.b64decode(match[1]))  # type: ignore[index]
    except ValueError:
        return False


def _has_sources(data: bytes) -> bool:
    # https://tc39.es/ecma426/#sec-source-map-format
    try:
        value = json.loads(data)
    except ValueError:
        return False
    parts = [value, *(one.get("map") for one in value.get("sections", []))] if isinstance(value, dict) else []
    return any(isinstance(one, dict) and any(one.get("sourcesContent") or []) for one in parts)


def pages(subject: Subject) -> Pages:
    """Read every page; raises Unavailable when a file is not the one that is judged."""
    from selectolax.lexbor import LexborHTMLParser

    found = Pages()
    origin = origin_of(subject.url)
    for file in subject.files:
        if kind_of(file.path) == "html":
            data = subject.read(file)
            found.pages += 1
            _Page(file.path, LexborHTMLParser(data), data, origin, found).look()
    return found


class _Page:
    """One page, and where its findings go."""

    def __init__(self, path: str, tree: LexborHTMLParser, data: bytes, origin: str, found: Pages) -> None:
        self.address = page_address(path)
        self.tree, self.data, self.found = tree, data, found
        self.origin = (origin or "https://site.invalid").lower()
        base = tree.css_first("base[href]")
        self.base = urljoin(f"{self.origin}/", (base.attributes.get("href") or "") if base else "")
        self.scripts: list[str] = []
        self.script_urls: list[str] = []
        self.policy: dict[str, list[str]] = {}

    def look(self) -> None:
        for node in self.tree.css(_NODES):
            given = {name: (value or "") for name, value in node.attributes.items()}
            self._node(node, given)
        handlers = self._handlers() if _HANDLER.search(self.data) else []
        self.found.handlers += len(handlers)
        self.found.inline_styles |= b"<style" in self.data or b" style=" in self.data
        for text in self.scripts:
            self.found.hashes.add(digest_of(text))
        if self.policy:
            self.found.policies += 1
            self._judge_policy(handlers)

    def _say(self, rule: str, about: str = "", note: str = "") -> None:
        self.found.rows.append(row(rule, self.address, about, note))

    def _node(self, node: LexborNode, given: dict[str, str]) -> None:
        tag = node.tag or ""
        if tag == "meta":
            self._policy(given.get("content", ""))
        elif tag in {"script", "link"}:
            self._load(node, tag, given)
        for name in ("action", "formaction"):
            if given.get(name, "").strip().lower().startswith("http:"):
                self._say("insecure-form", given[name].strip())
        target = (given.get("href") or given.get("src") or "").strip()
        if tag in {"a", "iframe"} and target.lower().startswith("javascript:"):
            self.script_urls.append(target[:80])
            self._say("script-url", target[:80])
        elif tag == "a" and given.get("target", "").lower() == "_blank":
            words = set(given.get("rel", "").lower().split())
            if self._foreign(target) and not words & {"noopener", "noreferrer", "opener"}:
                self._say("no-opener", target)

    def _load(self, node: LexborNode, tag: str, given: dict[str, str]) -> None:
        url = (given.get("src") if tag == "script" else given.get("href")) or ""
        if tag == "script" and given.get("type", "").strip().lower() not in _RUN:
            return
        if tag == "script" and not url:
            self.scripts.append(node.text())
        elif self._foreign(url) and not given.get("integrity", "").strip():
            self._say("no-integrity", urljoin(self.base, url.strip()))

    def _foreign(self, url: str) -> bool:
        try:
            parts = urlsplit(urljoin(self.base, url.strip()))
        except ValueError:
            return False
        return parts.scheme in {"http", "https"} and f"{parts.scheme}://{parts.netloc}".lower() != self.origin

    def _handlers(self) -> list[str]:
        found = []
        for node in self.tree.root.traverse() if self.tree.root else ():
            found += [
                f"{node.tag} {name}"
                for name in node.attributes
                if name.startswith("on") and name[2:].isalpha()
            ]
        return found

    def _policy(self, text: str) -> None:
        # https://www.w3.org/TR/CSP3/#parse-serialized-policy: of a directive that is there twice, the first counts.
        for part in text.split(";"):
            words = part.split()
            if words:
                self.policy.setdefault(words[0].lower(), words[1:])

    def _judge_policy(self, handlers: list[str]) -> None:
        for name in _IGNORED:
            if name in self.policy:
                self._say("csp-ignored", name)
        allowed = self.policy.get("script-src", self.policy.get("default-src"))
        if allowed is None:
            self._say("csp-scripts", "it says nothing about scripts")
            return
        words = {one.lower() for one in allowed}
        nonce = any(one.startswith("'nonce-") for one in words)
        # A hash or a nonce switches 'unsafe-inline' off: https://www.w3.org/TR/CSP3/#allow-all-inline
        hashed = any(_HASH.match(one) for one in allowed) or "'strict-dynamic'" in words
        inline = "'unsafe-inline'" in words and not hashed
        weak = [
            *(["'unsafe-inline'"] if inline else []),
            *(["'unsafe-eval'"] if "'unsafe-eval'" in words else []),
        ]
        for word in weak:
            self._say("csp-unsafe", word)
        if nonce:
            self._say("csp-nonce")
        if inline:
            return
        self._forbidden(handlers, self.scripts if not nonce else [], allowed)

    def _forbidden(self, handlers: list[str], scripts: list[str], allowed: list[str]) -> None:
        """Say what stands in the page and what its policy, without 'unsafe-inline', does not let run."""
        attributes = {one.lower() for one in self.policy.get("script-src-attr", ())}
        if not attributes & {"'unsafe-inline'", "'unsafe-hashes'"} and "'unsafe-hashes'" not in allowed:
            for one in [*dict.fromkeys(handlers), *self.script_urls]:
                self._say("csp-forbids", one)
        for text in scripts:
            if not any(f"'{name}'" in allowed for name in digests(text)):
                self._say("csp-forbids", f"an inline script, {digest_of(text)}", " ".join(text.split())[:60])


def digest_of(text: str) -> str:
    """Return the hash of an inline script as a policy names it: https://www.w3.org/TR/CSP3/#match-element-to-source-list."""
    return digests(text)[0]


def digests(text: str) -> tuple[str, ...]:
    """Return the hashes of an inline script, as policies may write them."""
    data = text.encode("utf-8", "surrogatepass")
    names = ("sha256", "sha384", "sha512")
    return tuple(f"{name}-{base64.b64encode(hashlib.new(name, data).digest()).decode()}" for name in names)
