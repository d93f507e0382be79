from __future__ import annotations

import base64
import gzip
import http.server
import json
import random
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from checks import advisories, exposed, licences, packages, secret, security
from checks.__main__ import PlainTools
from checks.base import Evidence, Finding, Result, Subject, Unavailable, Visits, verdict
from checks.security_kinds import KINDS
from tests.checks.released import git

MakeSubject = Callable[..., Subject]
PAGE = "<!doctype html><html lang=en><head><title>A</title>{}</head><body>{}</body></html>"
CSP = '<meta http-equiv="Content-Security-Policy" content="{}">'


def token(seed: int = 1) -> str:
    """Return what looks like a GitHub token, made here so that no file of ours holds one."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return "ghp_" + "".join(random.Random(seed).choices(letters, k=36))


class Seen:
    """Records as a browser would give them."""

    tools: Mapping[str, str] = {"chromium": "1"}

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._records = records

    def records(self) -> Iterator[Mapping[str, Any]]:
        yield from self._records


class Bench(PlainTools):
    """The real programs, records instead of a browser, and maybe a folder to remember in."""

    def __init__(
        self,
        records: Sequence[Mapping[str, Any]] = (),
        keep: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.seen, self.folder, self.env = records, keep, env or {}
        self.ran: list[list[str]] = []

    def visits(self, subject: Subject) -> Visits:  # noqa: ARG002 - what the Protocol gives
        return Seen(self.seen)

    def keep(self, name: str) -> Path | None:  # noqa: ARG002 - what the Protocol gives
        return self.folder

    def which(self, name: str) -> str | None:
        return self.env.get(name) or super().which(name)

    def run(
        self, argv: Sequence[str], *, cwd: Path, timeout: float, env: Mapping[str, str | None] | None = None
    ) -> Result:
        self.ran.append(list(argv))
        own = {name: text for name, text in self.env.items() if name.startswith("npm_config")}
        return super().run(argv, cwd=cwd, timeout=timeout, env={**own, **(env or {})})


def judged(evidence: Evidence, **limits: object) -> list[Finding]:
    return security.judge(evidence, {**security.LIMITS, **limits})


def rules(found: Sequence[Finding]) -> dict[str, bool]:
    return {one.rule: one.blocking for one in found}


# Pages and files


def look(subject: Subject) -> dict[str, bool]:
    rows = [*exposed.files(subject), *exposed.pages(subject).rows]
    return {one["rule"]: KINDS[one["rule"]].blocking for one in rows}


MAP = json.dumps({"version": 3, "sources": ["a.ts"], "sourcesContent": ["let a"], "mappings": ""})
BARE_MAP = json.dumps({"version": 3, "sources": ["a.ts"], "mappings": ""})
INDEXED = json.dumps({"version": 3, "sections": [{"offset": {}, "map": json.loads(MAP)}]})


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        (".env", "A=1", "exposed-secrets"),
        (".env.production", "A=1", "exposed-secrets"),
        ("api/.npmrc", "", "exposed-secrets"),
        ("id_rsa", "", "exposed-secrets"),
        ("keys/server.pem", "-----BEGIN EC PRIVATE KEY-----\n", "exposed-secrets"),
        ("keys/server.pem", "-----BEGIN CERTIFICATE-----\n", ""),
        ("sub/.svn/entries", "", "exposed-repository"),
        ("index.html.bak", "", "exposed-files"),
        ("package.json", "{}", "exposed-files"),
        ("a/pnpm-lock.yaml", "", "exposed-files"),
        (".DS_Store", "", "exposed-files"),
        ("node_modules/a/index.js", "", "exposed-files"),
        ("_astro/a.js.map", MAP, "source-map"),
        ("_astro/a.js.map", INDEXED, "source-map"),
        ("_astro/a.js.map", BARE_MAP, ""),
        ("_astro/a.js.map", "[garbage", ""),
        ("a.js", "x\n//# sourceMappingURL=data:application/json;base64,"
         + base64.b64encode(MAP.encode()).decode(), "source-map"),
        ("a.js", "x\n//# sourceMappingURL=data:application/json;base64,====", ""),
        (".nojekyll", "", ""),
        (".well-known/security.txt", "", ""),
        ("blog/old/index.html", PAGE.format("", ""), ""),
        ("environment.js", "", ""),
    ],
)  # fmt: skip
def test_files_by_mistake(make_subject: MakeSubject, name: str, content: str, rule: str) -> None:
    assert [*look(make_subject({name: content}))] == ([rule] if rule else [])


def test_git_itself_is_seen_wherever_it_is_served_from() -> None:
    assert exposed._rule_of("sub/.git/config") == exposed._rule_of("sub/.git") == "exposed-repository"


HELLO = exposed.digest_of("hello()")


@pytest.mark.parametrize(
    ("head", "body", "found"),
    [
        ("<script src=https://cdn.example/a.js></script>", "", {"no-integrity": True}),
        ("<script src=//cdn.example/a.js></script>", "", {"no-integrity": True}),
        ("<script src=https://cdn.example/a.js integrity=sha384-x crossorigin></script>", "", {}),
        ("<script src=https://example.org/a.js></script>", "", {}),
        ("<script src=/a.js></script>", "", {}),
        ("<base href=https://cdn.example/><script src=a.js></script>", "", {"no-integrity": True}),
        ("<script type=text/template src=https://cdn.example/a.js></script>", "", {}),
        ("<link rel=stylesheet href=https://cdn.example/a.css>", "", {"no-integrity": True}),
        ("<link rel=icon href=https://cdn.example/a.ico>", "", {}),
        ("", "<form action=http://api.example/send></form>", {"insecure-form": True}),
        ("", "<form><button formaction=http://api.example/send>x</button></form>", {"insecure-form": True}),
        ("", "<form action=/send></form>", {}),
        ("", "<a href=https://x.example target=_blank>x</a>", {"no-opener": False}),
        ("", "<a href=https://x.example target=_blank rel='me noopener'>x</a>", {}),
        ("", "<a href=/x target=_blank>x</a>", {}),
        ("", "<a href='javascript:go()'>x</a>", {"script-url": False}),
        (CSP.format("script-src 'self'"), "<b onclick='go()'>x</b>", {"csp-forbids": True}),
        (CSP.format("default-src 'self'"), "<a href='JavaScript:go()'>x</a>",
         {"script-url": False, "csp-forbids": True}),
        (CSP.format("script-src 'self'"), "<script>hello()</script>", {"csp-forbids": True}),
        (CSP.format(f"script-src '{HELLO}'"), "<script>hello()</script>", {}),
        (CSP.format(f"script-src '{HELLO}'"), "<script>hello( )</script>", {"csp-forbids": True}),
        (CSP.format("script-src 'self'"), "<script type=application/ld+json>{}</script>", {}),
        (CSP.format("script-src 'unsafe-inline'"), "<b onclick='go()'>x</b>", {"csp-unsafe": False}),
        (CSP.format(f"script-src 'unsafe-inline' '{HELLO}'"), "<b onclick='go()'>x</b>", {"csp-forbids": True}),
        (CSP.format("script-src 'self' 'unsafe-eval'"), "", {"csp-unsafe": False}),
        (CSP.format("script-src 'nonce-abc'"), "<script nonce=abc>hello()</script>", {"csp-nonce": False}),
        (CSP.format("script-src 'self'; frame-ancestors 'none'"), "", {"csp-ignored": False}),
        (CSP.format("img-src 'self'"), "", {"csp-scripts": False}),
        (CSP.format(""), "", {}),
        ("<script src='http://[bad'></script>", "", {}),
    ],
)  # fmt: skip
def test_pages(make_subject: MakeSubject, head: str, body: str, found: dict[str, bool]) -> None:
    assert look(make_subject({"index.html": PAGE.format(head, body)}, url="https://example.org/")) == found


def test_garbage_is_read_like_a_browser_would(make_subject: MakeSubject) -> None:
    assert not look(make_subject({"index.html": b"\xff\xfe<a onclick=\0 <<<script" + bytes(range(256))}))


# Licences and packages


@pytest.mark.parametrize(
    ("licence", "deny", "expected"),
    [
        ("MIT", ["GPL-*"], False),
        ("GPL-3.0-only", ["GPL-*"], True),
        ("gpl-3.0-only", ["GPL-*"], True),
        ("(MIT OR GPL-3.0-only)", ["GPL-*"], False),
        ("MIT AND GPL-3.0-only", ["GPL-*"], True),
        ("(MIT AND (GPL-2.0 OR BSD-2-Clause))", ["GPL-*"], False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["GPL-*"], False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["GPL-2.0-only WITH *"], True),
        ("LGPL-3.0", ["GPL-*"], False),
        ("((MIT", ["GPL-*"], False),
        ("", ["*"], False),
        ("GPL-3.0-only", [], False),
    ],
)
def test_denied_licences(licence: str, deny: list[str], expected: bool) -> None:
    assert licences.denied(licence, deny) is expected


@pytest.mark.parametrize("licence", ["", "UNLICENSED", "SEE LICENSE IN LICENSE.md"])
def test_unknown_licences(licence: str) -> None:
    assert licences.unknown(licence)
    assert not licences.unknown("MIT")


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


LOCK = {
    "name": "a", "version": "1.0.0", "lockfileVersion": 3, "requires": True,
    "packages": {
        "": {"name": "a", "version": "1.0.0", "dependencies": {"one": "1.0.0"},
             "devDependencies": {"tool": "1.0.0", "bundled": "1.0.0"}},
        "node_modules/one": {"version": "1.0.0", "license": "MIT", "dependencies": {"deep": "^2.0.0"}},
        "node_modules/one/node_modules/deep": {"version": "2.0.0", "license": "GPL-3.0-only"},
        "node_modules/deep": {"version": "1.0.0", "dev": True},
        "node_modules/tool": {"version": "1.0.0", "dev": True, "dependencies": {"deep": "^1.0.0"}},
        "node_modules/bundled": {"version": "1.0.0", "dev": True},
    },
}  # fmt: skip
MANIFEST = LOCK["packages"][""]  # type: ignore[index]


def test_production_is_what_the_lockfile_and_the_imports_say(tmp_path: Path) -> None:
    write(tmp_path / "package.json", MANIFEST)
    write(tmp_path / "package-lock.json", LOCK)
    write(tmp_path / "src/a.ts", "import type { T } from 'tool'\nimport b from 'bundled/x.js'\n")
    found = packages.production(tmp_path, tmp_path / "dist")
    assert sorted(found) == ["bundled@1.0.0", "deep@2.0.0", "one@1.0.0"]
    assert found["deep@2.0.0"].licence == "GPL-3.0-only"


def test_production_without_a_lockfile_is_what_is_installed_links_included(tmp_path: Path) -> None:
    write(tmp_path / "package.json", {"dependencies": {"one": "1"}})
    store = tmp_path / "node_modules/.store"
    write(store / "one/node_modules/one/package.json", {"version": "1.0.0", "dependencies": {"two": "1"}})
    write(store / "one/node_modules/two/package.json", {"version": "3.0.0", "licenses": [{"type": "ISC"}]})
    (tmp_path / "node_modules/one").symlink_to(store / "one/node_modules/one")
    found = packages.production(tmp_path, tmp_path / "dist")
    assert {name: one.licence for name, one in found.items()} == {"one@1.0.0": "", "two@3.0.0": "ISC"}


# Advisories, with the real npm and a real server


class Registry(http.server.BaseHTTPRequestHandler):
    """npm's bulk advisory endpoint: https://github.com/npm/npm-audit-report, as the registry answers it."""

    answer: tuple[int, bytes] = (200, b"{}")
    asked: list[dict[str, list[str]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        data = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        self.asked.append(json.loads(data))
        self._send(*self.answer)

    def do_GET(self) -> None:
        name = self.path.strip("/")
        versions: dict[str, object] = {
            one: {"name": name, "version": one, "dist": {}} for one in ("1.0.0", "1.2.0", "2.0.0")
        }
        self._send(
            200, json.dumps({"name": name, "versions": versions, "dist-tags": {"latest": "2.0.0"}}).encode()
        )

    def _send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[type[Registry]]:
    handler = type("Own", (Registry,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_port}/"  # type: ignore[attr-defined]
    yield handler
    server.shutdown()
    server.server_close()


@pytest.fixture
def npm(tmp_path: Path) -> str:
    from pipeline.tools.node import find_node

    path = tmp_path / "bin/npm"
    path.parent.mkdir()
    words = " ".join(f'"{word}"' for word in find_node().npm)
    path.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    path.chmod(0o755)
    return str(path)


def advisory(number: int, severity: str, versions: str) -> dict[str, object]:
    url = f"https://github.com/advisories/GHSA-{number}"
    more = {"cwe": [], "cvss": {"score": 0, "vectorString": None}}
    return {
        "id": number,
        "url": url,
        "title": "bad",
        "severity": severity,
        "vulnerable_versions": versions,
        **more,
    }


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    root = tmp_path / "npmsite"
    write(root / "package.json", MANIFEST)
    write(root / "package-lock.json", LOCK)
    return root


def asked(root: Path, npm: str, registry: type[Registry], **env: str) -> dict[str, Any]:
    url = str(registry.url)  # type: ignore[attr-defined]
    shipped = {one.name for one in packages.production(root, root / "dist").values()}
    return advisories.advisories(root, shipped, Bench(env={"npm": npm, "npm_config_registry": url, **env}))


def test_advisories_block_where_they_reach_visitors(locked: Path, npm: str, registry: type[Registry]) -> None:
    known = {"one": [advisory(1, "high", "<1.2.0")], "tool": [advisory(2, "critical", "<=1.0.0")],
             "deep": [advisory(3, "moderate", "*")]}  # fmt: skip
    registry.answer = (200, json.dumps(known).encode())
    told = asked(locked, npm, registry)
    assert [(one["id"], one["severity"], one["shipped"]) for one in told["found"]] == [
        ("GHSA-2", "critical", False), ("GHSA-1", "high", True), ("GHSA-3", "moderate", True),
    ]  # fmt: skip
    assert registry.asked[0]["one"] == ["1.0.0"]
    found = judged(empty(advisories=told))
    assert [(one.rule, one.blocking) for one in found] == [
        ("advisory", True), ("advisory-development", False), ("advisory-development", False),
    ]  # fmt: skip
    assert "fixed in 1.2.0" in found[0].message
    assert found[0].fix.startswith("npm ")
    assert found[0].source == "https://github.com/advisories/GHSA-1"
    assert [one.rule for one in judged(empty(advisories=told), advisories="critical") if one.blocking] == []


def test_no_advisories_pass_only_because_somebody_answered(
    locked: Path, npm: str, registry: type[Registry]
) -> None:
    assert asked(locked, npm, registry) == {"found": [], "packages": 5}
    assert len(registry.asked) == 1


@pytest.mark.parametrize("answer", [(405, b""), (500, b"{}"), (200, b"<html>"), (404, b"{}")])
def test_a_registry_without_an_answer_is_unavailable(
    locked: Path, npm: str, registry: type[Registry], answer: tuple[int, bytes]
) -> None:
    registry.answer = answer
    with pytest.raises(Unavailable, match="no registry answered") as caught:
        asked(locked, npm, registry, npm_config_fetch_retries="0")
    assert caught.value.fix == "npm audit"


def test_npm_that_is_offline_reports_nothing_and_is_not_believed(
    locked: Path, npm: str, registry: type[Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    offline = subprocess.run(
        [npm, "audit", "--json", "--offline"], cwd=locked, capture_output=True, check=False
    )
    assert json.loads(offline.stdout)["vulnerabilities"] == {}
    words = tuple(one for one in advisories._WORDS if one != "--offline=false")
    monkeypatch.setattr(advisories, "_WORDS", (*words, "--offline"))
    with pytest.raises(Unavailable, match="without having asked"):
        asked(locked, npm, registry)


@pytest.mark.parametrize(
    "text",
    ["", "garbage", "[]", '{"auditReportVersion": 3, "vulnerabilities": {}}', '{"auditReportVersion": 2}',
     '{"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {"dependencies": {}}}', '{"error": "down"}'],
)  # fmt: skip
def test_another_report_is_unavailable(text: str) -> None:
    with pytest.raises(Unavailable, match="advisories"):
        advisories.read(text)


@pytest.mark.parametrize(
    ("given", "fixed"), [("<4.17.21", "4.17.21"), (">=1.0.0 <1.5.0", "1.5.0"), ("<=2.0.0", ""), ("*", "")]
)
def test_fixed_version(given: str, fixed: str) -> None:
    assert advisories.fixed_in(given) == fixed


# Secrets, with the real Kingfisher and the real git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    write(root / ".gitignore", ".env\ndist/\n")
    write(root / "index.ts", "export const a = 1\n")
    write(root / "dist/index.html", PAGE.format(CSP.format("script-src 'self'"), "hello"))
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "one")
    return root


def subject_in(root: Path) -> Subject:
    from checks import scan

    return scan.subject(root / "dist", source=root)


def everywhere(root: Path, tools: Bench) -> tuple[Evidence, list[Finding]]:
    evidence = security.collect(subject_in(root), tools)
    return evidence, judged(evidence)


def test_a_clean_site_passes_and_ignored_files_are_nobodys_business(repository: Path) -> None:
    write(repository / ".env", f"TOKEN={token()}\n")
    evidence, found = everywhere(repository, Bench())
    assert not found
    assert not evidence.data["unread"]
    assert evidence.tools["kingfisher"].startswith("2.")


def test_secrets_in_source_output_and_history_block_and_are_never_kept(
    repository: Path, tmp_path: Path
) -> None:
    write(repository / "old.ts", f'const t = "{token(1)}"\n')
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "oops")
    git(repository, "rm", "-q", "old.ts")
    git(repository, "commit", "-qm", "gone")
    write(repository / "new.ts", f'const t = "{token(2)}"\n')
    write(repository / "dist/a.js", f'const t = "{token(3)}"\n')
    tools = Bench(keep=tmp_path / "kept")
    evidence, found = everywhere(repository, tools)
    assert {one.rule: (one.path, one.blocking) for one in found} == {
        "secret-published": ("a.js", True), "secret-source": ("new.ts", True), "secret-history": ("old.ts", True),
    }  # fmt: skip
    kept = (tmp_path / "kept/history.json").read_text()
    said = json.dumps(evidence.data) + kept + "".join(f"{one}" for one in found)
    assert not any(token(seed)[8:] in said for seed in (1, 2, 3))
    old = next(one for one in found if one.rule == "secret-history")
    print_ = old.message.rpartition("fingerprint ")[2].rstrip(")")
    known = judged(evidence, secrets=[{"fingerprint": print_, "reason": "revoked in May"}])
    assert rules(known)["secret-known"] is False
    assert "secret-history" not in rules(known)
    assert any("revoked in May" in one.message for one in known)


def test_history_is_read_from_where_it_ended_and_anew_after_a_rewrite(
    repository: Path, tmp_path: Path
) -> None:
    tools = Bench(keep=tmp_path / "kept")
    first = secret.in_history(subject_in(repository), tools)
    assert (first["found"], first["since"]) == ([], "")
    write(repository / "old.ts", f'const t = "{token()}"\n')
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "oops")
    second = secret.in_history(subject_in(repository), tools)
    assert [one["path"] for one in second["found"]] == ["old.ts"]
    assert second["since"] == first["head"]
    tools.ran.clear()
    assert secret.in_history(subject_in(repository), tools)["found"] == second["found"]
    assert not any("scan" in words for words in tools.ran)
    git(repository, "reset", "-q", "--hard", "HEAD~1")
    git(repository, "commit", "-q", "--amend", "-m", "another")
    again = secret.in_history(subject_in(repository), tools)
    assert (again["found"], again["since"]) == ([], "")


def test_only_the_sites_own_folder_of_a_repository_is_read(repository: Path) -> None:
    write(repository / "other/a.ts", f'const t = "{token()}"\n')
    write(repository / "mine/a.ts", f'const t = "{token(2)}"\n')
    write(repository / "mine/dist/index.html", PAGE.format("", ""))
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "two sites")
    found = secret.in_history(subject_in(repository / "mine"), Bench())["found"]
    assert [one["path"] for one in found] == ["a.ts"]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo garbage; exit 200", "format that nobody here reads"),
        ("echo '{\"findings\": []}'", "format that nobody here reads"),
        ('echo \'{"findings": [], "metadata": {"summary": {"findings": 2}}}\'', "not whole"),
        ('echo \'{"findings": [], "metadata": {"summary": {"findings": 0}}}\'; exit 200', "not whole"),
        ("echo secret; exit 1", "ended with code 1"),
    ],
)
def test_a_scanner_that_breaks_is_unavailable(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, says: str
) -> None:
    path = tmp_path / "kingfisher"
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo kingfisher 9 && exit\n{script}\n')
    path.chmod(0o755)
    monkeypatch.setattr(secret, "program", lambda _: str(path))
    evidence, found = everywhere(repository, Bench())
    assert says in evidence.data["unread"]["secrets"]["reason"]
    assert "secret;" not in evidence.data["unread"]["secrets"]["reason"]
    assert verdict(found) == "unavailable"


def test_a_missing_scanner_is_unavailable_with_the_command(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret, "program", lambda _: None)
    evidence, found = everywhere(repository, Bench())
    assert evidence.data["unread"]["secrets"]["fix"] == "pip install kingfisher-bin"
    assert verdict(found) == "unavailable"


# What a browser saw, and the verdict


def request(
    url: str, kind: str = "Script", integrity: str | None = "", *, foreign: bool = True
) -> dict[str, Any]:
    return {"url": url, "type": kind, "integrity": integrity, "foreign": foreign}


@pytest.mark.parametrize(
    ("requests", "found"),
    [
        ([request("https://cdn.example/a.js")], {"no-integrity": True, "third-party": False}),
        ([request("https://cdn.example/a.js", integrity="sha384-x")], {"third-party": False}),
        ([request("https://cdn.example/a.png", "Image", None)], {"third-party": False}),
        ([request("http://cdn.example/a.png", "Image", None)], {"mixed-content": True, "third-party": False}),
        ([request("/a.js", foreign=False)], {}),
        ([request("data:text/css,", "Stylesheet")], {}),
    ],
)
def test_what_a_browser_asked_for(
    make_subject: MakeSubject, requests: list[Any], found: dict[str, bool]
) -> None:
    subject = make_subject({"index.html": PAGE.format(CSP.format("script-src 'self'"), "")})
    seen = security._seen(subject, Bench([{"page": "/", "requests": requests}]))
    assert {one["rule"]: KINDS[one["rule"]].blocking for one in seen["rows"]} == found


def test_a_page_that_was_not_visited_is_not_passed(repository: Path) -> None:
    evidence, found = everywhere(repository, Bench([{"page": "/", "failed": "the browser crashed"}]))
    assert evidence.data["unread"]["browser"]["details"] == ["/: the browser crashed"]
    assert verdict(found) == "unavailable"


def test_without_a_policy_one_is_made_from_what_the_pages_use(make_subject: MakeSubject) -> None:
    subject = make_subject({"index.html": PAGE.format("", "<script>hello()</script><p style='color: red'>")})
    records = [{"page": "/", "requests": [request("https://cdn.example/a.js", integrity="sha384-x")]}]
    evidence = security.collect(subject, Bench(records))
    (found,) = [one for one in judged(evidence) if one.rule == "no-csp"]
    assert not found.blocking
    assert f"script-src 'self' '{HELLO}' https://cdn.example" in found.message
    assert "style-src 'self' 'unsafe-inline'" in found.message


def empty(**more: object) -> Evidence:
    data: dict[str, Any] = {
        "advisories": None, "secrets": [], "earlier": [], "history": {"head": "", "since": ""}, "rows": [],
        "packages": 0, "licences": {}, "unread": {},
    }  # fmt: skip
    return Evidence({**data, **more})


UNREAD = {"advisories": {"reason": "advisories: nobody answers", "fix": "npm audit", "details": []}}


def test_unread_advisories_may_be_declared_and_nothing_else() -> None:
    (plain,) = judged(empty(unread=UNREAD))
    assert (plain.blocking, plain.unmeasured, plain.fix) == (True, True, "npm audit")
    (said,) = judged(empty(unread=UNREAD), advisories_unreadable="our mirror has no audit")
    assert (said.blocking, said.unmeasured) == (False, True)
    assert "our mirror has no audit" in said.message
    browser = {"browser": UNREAD["advisories"]}
    assert judged(empty(unread=browser), advisories_unreadable="x")[0].blocking


def test_a_secret_fails_although_something_else_could_not_be_measured() -> None:
    row = {"fingerprint": "0" * 16, "rule": "pat", "what": "A token", "place": "source", "path": "a", "line": 1,
           "commit": ""}  # fmt: skip
    assert verdict(judged(empty(unread=UNREAD, secrets=[row]))) == "failed"


def test_licences_are_judged_by_the_policy() -> None:
    evidence = empty(licences={"MIT": ["a@1"], "GPL-3.0-only": ["b@1"], "": ["c@1"]})
    assert rules(judged(evidence)) == {"licence-unknown": False}
    found = judged(evidence, licences={"deny": ["GPL-*"]})
    assert rules(found) == {"licence-denied": True, "licence-unknown": False}
    assert found[0].details == ("b@1",)


def test_source_maps_block_when_the_policy_says_so() -> None:
    from checks.rows import row

    evidence = empty(rows=[row("source-map", "a.js.map")])
    assert rules(judged(evidence)) == {"source-map": False}
    assert rules(judged(evidence, source_maps="block")) == {"source-map": True}


def test_inputs_follow_the_commit(repository: Path) -> None:
    before = security.inputs(subject_in(repository))
    assert security.head_of(repository) == git(repository, "rev-parse", "HEAD")
    git(repository, "commit", "-q", "--allow-empty", "-m", "two")
    assert security.inputs(subject_in(repository)) != before
    git(repository, "pack-refs", "--all")
    assert security.head_of(repository) == git(repository, "rev-parse", "HEAD")
    git(repository, "worktree", "add", "-q", "../tree")
    assert security.head_of(repository.parent / "tree") == git(
        repository.parent / "tree", "rev-parse", "HEAD"
    )
    git(repository, "checkout", "-q", "--detach")
    assert security.head_of(repository) == git(repository, "rev-parse", "HEAD")
    assert security.head_of(Path("/")) == ""
