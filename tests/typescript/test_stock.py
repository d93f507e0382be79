"""Stock servers: TypeScript 7's own, vtsls, typescript-language-server and Astro's, and servers that break down."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.core import proc
from pipeline.typescript.lines import Lines
from pipeline.typescript.rounds import Outcome, Rounds
from pipeline.typescript.running import ServerDied
from pipeline.typescript.servers import ASTRO, NATIVE, TYPESCRIPT, VTSLS, Missing, Server, find
from pipeline.typescript.session import Session
from pipeline.typescript.stock import Stock
from pipeline.typescript.strategies import served
from pipeline.typescript.strategies.base import LEVELS, Level
from pipeline.typescript.texts import read, units
from tests.typescript import packages

pytestmark = pytest.mark.node

CONFIG = (
    '{"compilerOptions": {"strict": true, "noEmit": true, "types": [], "target": "ES2022", "module": "esnext",'
    ' "moduleResolution": "bundler", "lib": ["ES2022"]}}'
)
SHAPES = "export interface Shape { a: number }\nexport function load(): number { return 1; }\n"
USES = 'import { load } from "./shapes";\nexport const it: Shape = { a: load() };\nexport const no: string = 1;\n'


@pytest.fixture(scope="session")
def native() -> Path:
    return packages.installed(packages.TYPESCRIPT_7)


@pytest.fixture(scope="session")
def servers() -> Path:
    return packages.installed(packages.SERVERS)


def opened(root: Path, *servers: Server, seconds: float = 60.0, megabytes: int = 2048) -> Stock:
    return Stock(packages.node().path, root, servers=servers, seconds=seconds, megabytes=megabytes)


def test_typescript_7_tells_what_its_own_check_tells(tmp_path: Path, native: Path) -> None:
    files = {
        "tsconfig.json": CONFIG,
        "shapes.ts": SHAPES,
        "uses.ts": USES,
        "view.tsx": "export const a = b;\n",
    }
    root = packages.project(tmp_path, files, native)
    with opened(root) as stock:
        found = stock.check()
        assert stock.servers == (NATIVE,)
        assert stock.description.files == ("shapes.ts", "uses.ts", "view.tsx")
        assert stock.description.options["strict"] is True
    tsc = (packages.node().path, native / "typescript/bin/tsc", "-p", ".", "--pretty", "false")
    lines = proc.run([str(one) for one in tsc], cwd=root).text.splitlines()
    said = [re.findall(r"^(.*?)\((\d+),(\d+)\): error TS(\d+)", line)[0] for line in lines]
    texts = {file: files[file] for file in stock.description.files}
    ours = [
        (one.file, *(str(number + 1) for number in Lines(texts[one.file]).place(one.start)), str(one.code))
        for one in found
    ]
    assert sorted(ours) == sorted(said)
    assert len(ours) == 3


def test_places_are_those_of_the_file_whatever_its_characters_and_line_ends(
    tmp_path: Path, native: Path
) -> None:
    data = '\ufeffconst face = "😀😀"; const a: number = "x";\r\n\tconst b: number = "y";\r\n'.encode()
    root = packages.project(tmp_path, {"tsconfig.json": CONFIG, "a.ts": data}, native)
    text = read(root / "a.ts") or ""
    with opened(root) as stock:
        on_disk = stock.check()
        stock.set({"a.ts": text + units('const c: number = "😀";')})
        in_memory = stock.check()
    assert [text[one.start : one.end] for one in on_disk] == ["a", "b"]
    assert in_memory[:2] == on_disk
    assert len(in_memory) == 3


def test_what_is_wrong_with_a_configuration_is_told(tmp_path: Path, native: Path) -> None:
    config = '{"compilerOptions": {"strict": true,\n "baseUrl": "."}}'
    root = packages.project(tmp_path, {"tsconfig.json": config, "a.ts": ""}, native)
    with opened(root) as stock:
        (problem,) = stock.description.problems
    assert (problem.file, problem.code, config[problem.start :][:9]) == ("tsconfig.json", 5102, '"baseUrl"')


@pytest.mark.parametrize(
    "server", [VTSLS, TYPESCRIPT, replace(TYPESCRIPT, how="push")], ids=["vtsls", "command", "push"]
)
def test_servers_of_typescript_5_agree_with_the_worker(tmp_path: Path, servers: Path, server: Server) -> None:
    shapes = f"{SHAPES}export const one: string = 1;\n"
    root = packages.project(
        tmp_path, {"tsconfig.json": CONFIG, "shapes.ts": shapes, "uses.ts": USES}, servers
    )
    with Session(packages.node().path, root) as session:
        expected = [(one.file, one.start, one.end, one.code, one.message) for one in session.check()]
    with opened(root, server) as stock:
        found = stock.check()
        missing = next(one for one in found if one.code == 2304)
        (fix,) = [one for one in stock.fixes(missing) if one.name == "import"]
    assert [(one.file, one.start, one.end, one.code, one.message) for one in found] == expected
    assert [(one.file, one.text) for one in fix.edits] == [("uses.ts", ", type Shape")]


def test_astros_server_tells_errors_of_components_and_reads_scripts_in_memory(tmp_path: Path) -> None:
    modules = packages.installed(packages.ASTRO)
    page = (
        '---\nimport { title } from "../title";\nconst n: number = title;\n---\n'
        "<h1>{n}</h1><script>const b: string = 1;</script>\n"
    )
    root = packages.project(
        tmp_path,
        {
            "tsconfig.json": CONFIG,
            "src/title.ts": 'export const title = "x";\n',
            "src/pages/index.astro": page,
        },
        modules,
    )
    own = ["src/title.ts", "src/pages/index.astro"]
    with Stock(packages.node().path, root, own=own, servers=[ASTRO], seconds=60) as stock:
        found = stock.check()
        stock.set({"src/title.ts": "export const title = 1;\n"})
        after = stock.check()
    assert [(one.code, page[one.start : one.end]) for one in found] == [(2322, "n"), (2322, "b")]
    assert [page[one.start : one.end] for one in after] == ["b"]


def run(stock: Stock, root: Path, levels: tuple[Level, ...] = LEVELS) -> Outcome:
    texts = {file: read(root / file) or "" for file in stock.description.files}
    return Rounds(stock, texts, frozenset(texts), (served,), levels=levels).run()


def test_rounds_keep_what_the_server_offers_and_node_proves(tmp_path: Path, native: Path) -> None:
    unknown = "export const it: Shape = { a: load() };\n"
    root = packages.project(
        tmp_path, {"tsconfig.json": CONFIG, "shapes.ts": SHAPES, "uses.ts": unknown}, native
    )
    with opened(root) as stock:
        careful = run(stock, root, ("type-only",))
    with opened(root) as stock:
        whole = run(stock, root)
    assert careful.texts == {"uses.ts": f'import type {{ Shape }} from "./shapes";\n\n{unknown}'}
    assert [one.proven for one in careful.kept] == [True]
    assert [one.code for one in careful.after] == [2304]
    assert whole.after == ()
    changes = [change for one in whole.kept for change in one.changes]
    assert {one.form for one in changes} == {"not provable"}
    assert any("load" in one.after for one in changes)


def test_what_node_cannot_strip_is_repaired_but_never_called_proven(tmp_path: Path, native: Path) -> None:
    view = "export const view = (one: Shape) => <b>{one.a}</b>;\n"
    jsx = "declare namespace JSX { interface IntrinsicElements { b: object } }\n"
    config = CONFIG.replace('"strict"', '"jsx": "preserve", "strict"')
    files = {"tsconfig.json": config, "shapes.ts": SHAPES, "jsx.d.ts": jsx, "view.tsx": view}
    root = packages.project(tmp_path, files, native)
    with opened(root) as stock:
        careful = run(stock, root, ("type-only",))
        assert careful.kept == ()
    with opened(root) as stock:
        whole = run(stock, root)
    assert whole.after == ()
    assert [(one.repair.level, one.proven) for one in whole.kept] == [("guard", False)]


def test_a_killed_server_is_started_again_with_the_same_texts(tmp_path: Path, native: Path) -> None:
    root = packages.project(
        tmp_path, {"tsconfig.json": CONFIG, "a.ts": "export const a: number = 1;\n"}, native
    )
    with opened(root) as stock:
        stock.set({"a.ts": 'export const a: number = "1";\n'})
        before = stock.check()
        (process,) = stock.processes
        os.kill(process, signal.SIGKILL)
        stock.set({"a.ts": 'export const a: number = "12";\n'})
        assert stock.check() == [replace(before[0])]
        assert stock.restarts == 1
    assert len(before) == 1
    assert (root / "a.ts").read_text() == "export const a: number = 1;\n"


# A server of our own: it speaks the protocol's other end as badly as a test needs it.
_FAKE = """
import { appendFileSync } from "node:fs";
appendFileSync("starts", "x");
let buffer = Buffer.alloc(0), number = 0;
const send = (one) => {
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...one }));
  process.stdout.write(`Content-Length: ${body.length}\\r\\n\\r\\n`); process.stdout.write(body);
};
const ask = (method, params) => send({ id: `s${++number}`, method, params });
const note = (one) => appendFileSync("notes", JSON.stringify(one) + "\\n");
process.stdin.on("data", (chunk) => {
  buffer = Buffer.concat([buffer, chunk]);
  for (;;) {
    const head = buffer.indexOf("\\r\\n\\r\\n");
    if (head < 0) return;
    const length = Number(/Content-Length: (\\d+)/.exec(buffer.toString("latin1", 0, head))[1]);
    if (buffer.length < head + 4 + length) return;
    const message = JSON.parse(buffer.toString("utf8", head + 4, head + 4 + length));
    buffer = buffer.subarray(head + 4 + length);
    if (message.method === "initialize") send({ id: message.id, result: { capabilities: CAPABILITIES } });
    else on(message);
  }
});
"""


def fake(tmp_path: Path, native: Path, code: str, capabilities: object = None) -> tuple[Path, Server]:
    files = {
        "tsconfig.json": CONFIG,
        "a.ts": "export const a = 1;\n",
        "node_modules/fake/package.json": '{"version": "1.0.0"}',
        "node_modules/fake/server.mjs": _FAKE.replace("CAPABILITIES", json.dumps(capabilities or {})) + code,
    }
    root = packages.project(tmp_path, files)
    (root / "node_modules/typescript").symlink_to((native / "typescript").resolve())
    return root, Server("fake", "server.mjs", frozenset((".ts",)))


PULLS = {"diagnosticProvider": {"interFileDependencies": True, "workspaceDiagnostics": False}}


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("function on() {}", "did not answer within 1.5 s"),
        ('function on({ method }) { if (method === "textDocument/diagnostic") process.exit(3); }', "code: 3"),
        (
            'function on({ id, method }) { if (method === "textDocument/diagnostic") send({ id, result: 7 }); }',
            "Invalid Params",
        ),
    ],
    ids=["hangs", "ends", "no LSP"],
)
def test_a_server_that_fails_twice_is_named(tmp_path: Path, native: Path, code: str, why: str) -> None:
    root, server = fake(tmp_path, native, code, PULLS)
    start = time.monotonic()
    with opened(root, server, seconds=1.5) as stock, pytest.raises(ServerDied) as caught:
        stock.check()
    assert why in f"{caught.value} {caught.value.details}"
    assert "fake" in str(caught.value)
    assert (root / "starts").read_text() == "xx"
    assert time.monotonic() - start < 20
    assert (root / "a.ts").read_text() == "export const a = 1;\n"


def test_a_servers_own_questions_are_answered_and_its_memory_is_limited(tmp_path: Path, native: Path) -> None:
    code = """
function on(message) {
  if (message.method === "textDocument/didOpen") {
    ask("workspace/configuration", { items: [{ section: "typescript.preferences" }, { section: "nothing" }] });
    ask("client/registerCapability", { registrations: [{ id: "1", method: "workspace/didChangeConfiguration" }] });
    ask("window/workDoneProgress/create", { token: "t" });
    ask("workspace/unheardOf", {});
  }
  if (!message.method) note(message);
  if (message.method === "textDocument/diagnostic") {
    note(process.execArgv);
    send({ id: message.id, result: { kind: "full", items: [
      { range: { start: { line: 0, character: 13 }, end: { line: 0, character: 14 } }, message: "m", code: "TS9999" },
      { range: { start: { line: 9, character: 9 }, end: { line: 9, character: 9 } }, message: "h", severity: 4 } ] } });
  }
}"""
    root, server = fake(tmp_path, native, code, PULLS)
    with opened(root, server, megabytes=256) as stock:
        (found,) = stock.check()
    assert (found.file, found.start, found.end, found.code, found.message) == ("a.ts", 13, 14, 9999, "m")
    notes = [json.loads(line) for line in (root / "notes").read_text().splitlines()]
    answers = {one["id"]: one for one in notes if isinstance(one, dict)}
    assert answers["s1"]["result"][0]["preferTypeOnlyAutoImports"] is True
    assert answers["s1"]["result"][1] is None
    assert [answers[name].get("result", "none") for name in ("s2", "s3")] == [None, None]
    assert answers["s4"]["error"]["code"] == -32601
    assert ["--max-old-space-size=256"] in notes


def test_pushed_errors_are_taken_when_the_server_comes_to_rest(tmp_path: Path, native: Path) -> None:
    # First the syntax, then the types, as tsserver does.
    code = """
function on({ method, params }) {
  if (method !== "textDocument/didOpen") return;
  const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 6 } };
  const publish = (diagnostics) =>
    send({ method: "textDocument/publishDiagnostics", params: { uri: params.textDocument.uri, diagnostics } });
  publish([]);
  setTimeout(() => publish([{ range, message: "late", code: 2322, severity: 1 }]), 300);
}"""
    root, server = fake(tmp_path, native, code)
    with opened(root, server) as stock:
        assert [(one.code, one.message) for one in stock.check()] == [(2322, "late")]


def place(root: Path, package: str, version: str, *scripts: str) -> None:
    folder = root / "node_modules" / package
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"version": version}))
    for one in scripts:
        (folder / one).parent.mkdir(parents=True, exist_ok=True)
        (folder / one).write_text("")


def test_the_servers_of_a_project_are_found(tmp_path: Path) -> None:
    place(tmp_path, "typescript", "5.9.3", "bin/tsc")
    with pytest.raises(Missing) as none:
        find(tmp_path, {".ts", ".astro"})
    assert none.value.hint == "npm install -D @astrojs/language-server @vtsls/language-server"
    place(tmp_path, "typescript-language-server", "6.0.2", "lib/cli.mjs")
    assert find(tmp_path, {".ts"}) == (TYPESCRIPT,)
    place(tmp_path, "@vtsls/language-server", "0.3.0", "bin/vtsls.js")
    assert find(tmp_path, {".ts"}) == (VTSLS,)
    with pytest.raises(Missing) as one:
        find(tmp_path, {".ts", ".astro"})
    assert one.value.hint == "npm install -D @astrojs/language-server"
    place(tmp_path, "@astrojs/language-server", "2.17.1", "bin/nodeServer.js")
    assert find(tmp_path, {".ts", ".astro"}) == (ASTRO, VTSLS)
    with pytest.raises(Missing) as vue:
        find(tmp_path, {".ts", ".vue"})
    assert (vue.value.hint, ".vue" in str(vue.value)) == ("", True)


def test_typescript_7_serves_scripts_alone(tmp_path: Path) -> None:
    place(tmp_path, "typescript", "7.0.2", "bin/tsc")
    place(tmp_path, "@astrojs/language-server", "2.17.1", "bin/nodeServer.js")
    assert find(tmp_path / "packages/a", {".ts"}) == (NATIVE,)
    with pytest.raises(Missing):
        find(tmp_path, {".ts", ".astro"})


def test_lines_end_as_the_protocol_says() -> None:
    lines = Lines("a\r\nb\rc\nd")
    assert [lines.offset(line, 0) for line in range(5)] == [0, 3, 5, 7, 8]
    assert [lines.place(position) for position in (0, 3, 6, 8)] == [(0, 0), (1, 0), (2, 1), (3, 1)]
    assert lines.offset(0, 99) == 3
    assert Counter(lines.place(position)[0] for position in range(8)) == {0: 3, 1: 2, 2: 2, 3: 1}
