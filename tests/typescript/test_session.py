"""The session over a real worker, real Node and real TypeScript; and over workers that break down."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from pipeline.core.errors import Stop
from pipeline.typescript import session as sessions
from pipeline.typescript.session import Refused, Session, WorkerDied
from pipeline.typescript.texts import read, units
from tests.typescript import packages

pytestmark = pytest.mark.node

CONFIG = (
    '{"compilerOptions": {"strict": true, "noEmit": true, "types": [], "target": "ES2022",'
    ' "lib": ["ES2022", "DOM"]}}'
)


@pytest.fixture(scope="session")
def typescript() -> Path:
    return packages.installed(packages.TYPESCRIPT)


def opened(root: Path, **options: float) -> Session:
    return Session(packages.node().path, root, **options)  # type: ignore[arg-type]


def test_errors_have_places_in_utf_16_units(tmp_path: Path, typescript: Path) -> None:
    text = 'const a = "😀😀"; const b: number = "x";\n'
    root = packages.project(tmp_path, {"tsconfig.json": CONFIG, "a.ts": text}, typescript)
    with opened(root) as session:
        (one,) = session.check()
    assert units(text)[one.start : one.end] == "b"
    assert (one.code, one.head) == (2322, "Type 'string' is not assignable to type 'number'.")


def test_line_ends_and_byte_order_mark_keep_their_places(tmp_path: Path, typescript: Path) -> None:
    data = b"\xef\xbb\xbfconst a = 1;\r\n\tconst b: number = 'x';\r\n"
    root = packages.project(tmp_path, {"tsconfig.json": CONFIG, "a.ts": data}, typescript)
    with opened(root) as session:
        (on_disk,) = session.check()
        text = read(root / "a.ts") or ""
        session.set({"a.ts": text})
        (in_memory,) = session.check()
        (tree,) = session.trees(["a.ts"], {"a.ts": text})
    assert text[on_disk.start : on_disk.end] == text[in_memory.start : in_memory.end] == "b"
    assert on_disk == in_memory
    assert tree.at(in_memory.script_start, in_memory.script_end).place == (in_memory.start, in_memory.end)


def test_texts_with_characters_beyond_the_first_plane_come_back(tmp_path: Path, typescript: Path) -> None:
    root = packages.project(tmp_path, {"tsconfig.json": CONFIG, "a.ts": ""}, typescript)
    text = units('export const face: string = "😀"; // ünï\n')
    with opened(root) as session:
        session.set({"a.ts": text})
        assert session.check() == []
        assert session.emit({"a.ts": text})["a.ts"][0].code.strip() == 'export const face = "😀";'
        (tree,) = session.trees(["a.ts"], {"a.ts": text})
    assert [one.text for one in tree.nodes if one.kind == "StringLiteral"] == [units('"😀"')]


def test_huge_answers_arrive_whole(tmp_path: Path, typescript: Path) -> None:
    text = "".join(f'export const name{n}: number = "{n}";\n' for n in range(20_000))
    root = packages.project(tmp_path, {"tsconfig.json": CONFIG, "a.ts": text}, typescript)
    with opened(root) as session:
        found = session.check()
    assert len(found) == 20_000
    assert text[found[-1].start : found[-1].end] == "name19999"


def kill(session: Session) -> None:
    process = session._process
    assert process
    os.kill(process.pid, signal.SIGKILL)


def test_a_killed_worker_is_started_again_with_the_same_texts(tmp_path: Path, typescript: Path) -> None:
    root = packages.project(
        tmp_path, {"tsconfig.json": CONFIG, "a.ts": "export const a: number = 1;\n"}, typescript
    )
    with opened(root) as session:
        session.set({"a.ts": 'export const a: number = "1";\n'})
        before = session.check()
        kill(session)
        assert session.check() == before
        assert session.restarts == 1
        assert len(before) == 1
    assert (root / "a.ts").read_text() == "export const a: number = 1;\n"


def test_a_worker_killed_while_it_answers_is_started_again(tmp_path: Path, typescript: Path) -> None:
    import threading

    text = "".join(f'export const name{n}: number = "{n}";\n' for n in range(30_000))
    root = packages.project(tmp_path, {"tsconfig.json": CONFIG, "a.ts": text}, typescript)
    with opened(root) as session:
        timer = threading.Timer(0.1, kill, [session])
        timer.start()
        found = session.check()
        timer.join()
    assert len(found) == 30_000
    assert session.restarts == 1


# Workers of our own that break down: the protocol's other end, without TypeScript.
_ANSWER = """
import { listen } from "%s";
const data = { typescript: "0", config: "", languages: [], files: [], options: {}, references: [], problems: [] };
const methods = { open: () => data, set: () => null };
const write = process.stdout.write.bind(process.stdout);
"""


def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> Path:
    real = Path(sessions.__file__).parent / "worker/protocol.mjs"
    worker = tmp_path / "worker.mjs"
    worker.write_text(_ANSWER % real.as_uri() + code)
    monkeypatch.setattr(sessions, "_WORKER", worker)
    return tmp_path


def test_a_worker_that_hangs_is_ended_and_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        'import { appendFileSync } from "node:fs"; appendFileSync("starts", "x");'
        "listen(process.stdin, write, { ...methods, check() { for (;;); } });"
    )
    root = broken(tmp_path, monkeypatch, code)
    session = opened(root, seconds=2.0)
    begun = time.monotonic()
    with pytest.raises(WorkerDied, match="did not answer within 2 s while it answered `check`, twice"):
        session.check()
    assert time.monotonic() - begun < 30
    assert (root / "starts").read_text() == "xx"
    assert session._process is None


def test_a_worker_that_ends_says_what_it_said_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "listen(process.stdin, write,"
        ' { ...methods, check() { console.error("out of memory, I fear"); process.exit(9); } });'
    )
    session = opened(broken(tmp_path, monkeypatch, code))
    with pytest.raises(WorkerDied) as caught:
        session.check()
    assert "out of memory, I fear" in caught.value.details
    assert caught.value.hint


_PRINTS = """
console.log("loading");
process.stdout.write("Content-Length: 3\\r\\n\\r\\n{}x");
export default {};
"""


def test_what_the_sites_configuration_prints_stays_out_of_the_protocol(tmp_path: Path) -> None:
    modules = packages.installed(packages.SVELTE)
    files = {
        "tsconfig.json": CONFIG.replace(
            '"types"', '"module": "esnext", "moduleResolution": "bundler", "types"'
        ),
        "svelte.config.js": _PRINTS,
        "package.json": '{"type": "module"}',
        "a.ts": "export const a: number = '';\n",
        "A.svelte": "<p>a</p>",
    }
    root = packages.project(tmp_path, files, modules)
    with opened(root) as session:
        assert [one.code for one in session.check()] == [2322]
        assert session.restarts == 0


def test_a_failing_question_is_a_bug_with_its_stack_and_the_worker_lives(
    tmp_path: Path, typescript: Path
) -> None:
    root = packages.project(tmp_path, {"tsconfig.json": CONFIG, "a.ts": "export {};\n"}, typescript)
    with opened(root) as session:
        with pytest.raises(Stop, match="failed in `compare`") as caught:
            session._ask("compare", pairs=5)
        assert any("compare.mjs" in line for line in caught.value.details)
        with pytest.raises(Stop, match="unknown method"):
            session._ask("nothing")
        assert session.check() == []
        assert session.restarts == 0


def refusal(root: Path) -> Refused:
    with pytest.raises(Refused) as caught:
        opened(root)
    assert caught.value.hint
    return caught.value


def test_without_typescript_it_is_refused(tmp_path: Path) -> None:
    found = refusal(packages.project(tmp_path, {"tsconfig.json": CONFIG}))
    assert (found.kind, found.code) == ("no-typescript", 2)
    assert "invoke build" in found.hint


def test_typescript_7_is_refused_with_the_alias_that_mends_it(tmp_path: Path) -> None:
    modules = packages.installed(packages.TYPESCRIPT_7)
    found = refusal(packages.project(tmp_path, {"tsconfig.json": CONFIG}, modules))
    assert found.kind == "typescript-7"
    assert "npm:@typescript/typescript6" in found.hint


def test_without_a_configuration_it_is_refused(tmp_path: Path, typescript: Path) -> None:
    found = refusal(packages.project(tmp_path, {"a.ts": "export {};\n"}, typescript))
    assert found.kind == "no-config"
    assert "tsconfig.json is missing" in found.message


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('{"compilerOptions": {"strict": true,, }', "expected"),
        ('{"compilerOptions": {"targt": "es2022"}}', "Unknown compiler option 'targt'"),
        ('{"extends": "@tsconfig/strictest/tsconfig.json"}', "'@tsconfig/strictest/tsconfig.json' not found"),
        ('{"files": ["missing.ts"]}', "missing.ts"),
        ('{"include": ["nowhere/**/*"]}', "No inputs were found"),
    ],
)
def test_what_is_wrong_with_a_configuration_is_told(
    tmp_path: Path, typescript: Path, config: str, said: str
) -> None:
    root = packages.project(tmp_path, {"tsconfig.json": config, "a.ts": "export {};\n"}, typescript)
    with opened(root) as session:
        problems = [*session.description.problems, *session.check()]
    assert any(said in one.message for one in problems), problems
