"""What differs between two versions of JavaScript, told by the real worker; and what each level of repair may do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.typescript import proof
from pipeline.typescript.proof import Change
from pipeline.typescript.session import Session
from tests.typescript import packages

pytestmark = pytest.mark.node

CONFIG = '{"compilerOptions": {"strict": true, "types": [], "target": "ES2022", "jsx": "preserve"}, "include": ["*"]}'


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    files = {"tsconfig.json": CONFIG, "a.ts": "export {};\n"}
    root = packages.project(tmp_path_factory.mktemp("site"), files, packages.installed(packages.TYPESCRIPT))
    with Session(packages.node().path, root) as one:
        yield one


@pytest.mark.parametrize(
    ("before", "after", "forms"),
    [
        ("f(x.y);", "f(x?.y);", ["optional chaining"]),
        ("a.b.c();", "a.b?.c();", ["optional chaining"]),
        ("function f(){ g(x.y); }", "function f(){ if (!x) return; g(x.y); }", ["guard"]),
        ("el.focus();", "if (el) { el.focus(); }", ["conditional"]),
        ("el.focus();", "if (el) el.focus();", ["conditional"]),
        ("if (a) b();", "if (a && c) b();", ["narrowed condition"]),
        ("f(a)", "f(a ?? '')", ["default"]),
        ("a.style.top = style.left = null;", "a.style.top = style.left = '';", ["conversion"]),
        ("a.style.top = b || null;", "a.style.top = b || '';", ["conversion"]),
        ("a.top = null;", "a.top = '';", ["other"]),
        ("a.style.cssText = null;", "a.style.cssText = '';", ["other"]),
        ("while (a.b > 1) f();", "while (a.b !== undefined && a.b > 1) f();", ["conditional"]),
        (
            "const { a, b } = q();",
            "const c = q(); if (!c) throw new Error('x'); const { a, b } = c;",
            ["kept"],
        ),
        ("f(a)()", "f(a)(undefined)", ["default"]),
        ("f(a ? b : null)", "f(a ? b : undefined)", ["default"]),
        ("f(a - b)", "f(a.getTime() - b.getTime())", ["conversion", "conversion"]),
        ("if (a && f(b)) c();", "if (a && b !== undefined && f(b)) c();", ["narrowed condition"]),
        (
            "if (a && a[0].b) c();",
            "if (a instanceof A && a[0] instanceof B && a[0].b) c();",
            ["narrowed condition"],
        ),
        ("if (a && f(b)) c();", "if (a instanceof A && f(b)) c();", ["narrowed condition"]),
        ("if (f(a) && b) c();", "if (f(a) instanceof A && b) c();", ["other"]),
        ("f(e.target.value)", "f(e.currentTarget.value)", ["current target"]),
        ("f(target.value)", "f(currentTarget.value)", ["other"]),
        ("f({ props: { a: { t: S } } })", "f({ props: { a: { t: S, required: true } } })", ["required"]),
        (
            "f({ props: { a: { default: 1 } } })",
            "f({ props: { a: { default: 1, required: true } } })",
            ["other"],
        ),
        ("f({ data: { a: { t: S } } })", "f({ data: { a: { t: S, required: true } } })", ["other"]),
        ("f('a'.padStart(2, 0))", "f('a'.padStart(2, '0'))", ["conversion"]),
        ("let t = q[0].x() - 1;", "const a = q[0]; if (!a) return; let t = a.x() - 1;", ["kept"]),
        ("f({ a: x });", "f({ ...(x === undefined ? {} : { a: x }) });", ["left out"]),
        ("f({ b: 1, x });", "f({ b: 1, ...(x === undefined ? {} : { x }) });", ["left out"]),
        ("f({ a: c() ? x : undefined });", "f({ ...(c() ? { a: x } : {}) });", ["left out"]),
        ("g(e.message)", "g(e instanceof Error ? e.message : String(e))", ["choice"]),
        ("x => x.y()", "x => { if (!x) return; x.y(); }", ["guard"]),
        ("const f = (a) => g(a.b)", "const f = (a) => { if (!a) return; return g(a.b); }", ["guard"]),
        (
            "const t = q('a');\nt.x = 1;",
            "const t = q('a');\nif (!t) throw new Error('no');\nt.x = 1;",
            ["guard"],
        ),
        ("q('a').value = 3;", "const a = q('a'); if (a) a.value = 3;", ["kept"]),
        ("this.c = k('2d');", "const c = k('2d'); if (!c) throw new Error('x'); this.c = c;", ["kept"]),
        ("import {a,b} from 'x'; b();", "import {b} from 'x'; b();", ["removed import"]),
        ("const p = new Set(x.map(y=>1)); g();", "g();", ["removed declaration"]),
        ("const p = h(); g();", "h(); g();", ["removed name"]),
        ("x.forEach((a, i) => a.b())", "x.forEach((a) => a.b())", ["removed parameter"]),
        ("x.forEach((a, i) => a.b())", "x.forEach((a, _i) => a.b())", ["renamed"]),
        ("class A{m(){this.d = 1; f()}}", "class A{m(){f()}}", ["removed write"]),
        ("function f(){return 1; g()}", "function f(){return 1;}", ["removed unreachable"]),
        ("function f(){return;}", "function f(){return undefined;}", ["nothing"]),
        ("f( x )", "f(x)", []),
        ("const el = <a b={c.d}/>;", "const el = <a b={c?.d}/>;", ["optional chaining"]),
    ],
)
def test_known_forms_have_names(session: Session, before: str, after: str, forms: list[str]) -> None:
    (found,) = session.compare([(before, after, ".tsx")])
    assert [one["form"] for one in found] == forms


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x=1;", "x=2;"),
        ("f(a, b)", "f(b, a)"),
        ("a+b", "a-b"),
        ("x ? 1 : 2", "y ? 1 : 2"),
        ("const p = h(); g();", "g();"),
        ("let a = 1; delete a.b;", "let a = 1; a.b = undefined;"),
        ("g(h(), k.x);", "const c = k.x; if (!c) throw new Error('x'); g(h(), c);"),
        ("x.forEach((a, i) => i)", "x.forEach((i) => i)"),
        ("const {a, ...rest} = x;", "const {...rest} = x;"),
        ("f(x?.y)", "f(x.y)"),
        ("x++;", "if (y++) x++;"),
        ("f(a)", "f(a ?? g())"),
        ("f({ ...y, a: x });", "f({ ...y, ...(x === undefined ? {} : { a: x }) });"),
        ("f({ a: x() });", "f({ ...(x() === undefined ? {} : { a: x() }) });"),
        ("f({ a: x });", "f({ ...(x ? { a: x } : {}) });"),
        ("f({ a: c ? x : undefined });", "f({ ...(c ? {} : { a: x }) });"),
        ("f(0)", "f('1')"),
        ("if (a && b) c();", "if (b && a && d) c();"),
        ("return_(a)", "return_(a || '')"),
        ("this.d = f(); g()", "g()"),
        ("for (const a of b) c(a);", "for (const a of b.reverse()) c(a);"),
        ("let a = 1;", "const a = 1;"),
        ("-x", "+x"),
        ("f('a')", "f('b')"),
        ("if (a) b(); else c();", "if (a) b();"),
        ("async () => 1", "() => 1"),
        ("class A { static x = 1 }", "class A { x = 1 }"),
        ("function* f() {}", "function f() {}"),
        ("await f();", "f();"),
        ("export const a = 1;", "const a = 1;"),
    ],
)
def test_everything_else_is_other(session: Session, before: str, after: str) -> None:
    (found,) = session.compare([(before, after, ".ts")])
    assert "other" in [one["form"] for one in found]


def test_types_and_comments_are_no_change(session: Session) -> None:
    before = {"a.ts": "export function f(a, b = []) { return a.x; } // old\n"}
    after = {
        "a.ts": "interface A { x: number }\nexport function f(a: A, b: A[] = []): number { return (a as A).x; }\n"
    }
    assert proof.changes(session, before, after) == []


def test_a_field_that_is_defined_is_a_change_and_a_declared_one_is_not(session: Session) -> None:
    before = {"a.ts": "export class A { constructor() { this.x = 1; } }\n"}
    declared = {"a.ts": "export class A { declare x: number; constructor() { this.x = 1; } }\n"}
    defined = {"a.ts": "export class A { x: number; constructor() { this.x = 1; } }\n"}
    assert proof.changes(session, before, declared) == []
    assert [one.form for one in proof.changes(session, before, defined)] == ["other"]


def test_a_level_allows_its_own_forms_and_those_before_it() -> None:
    guard, removed, other = (Change("a", form, "", "") for form in ("guard", "removed import", "other"))
    assert proof.allowed([], "type-only")
    assert not proof.allowed([guard], "type-only")
    assert proof.allowed([guard], "guard")
    assert not proof.allowed([removed], "guard")
    assert proof.allowed([guard, removed], "unused")
    assert not proof.allowed([other], "unused")
