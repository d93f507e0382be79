"""Components in real Vue, Svelte and Astro: errors as their own checkers report them, places, and what they become."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.core import proc
from pipeline.tools.node import environment
from pipeline.typescript import texts
from pipeline.typescript.proof import changes
from pipeline.typescript.session import Session
from pipeline.typescript.strategies.base import insert, replace
from pipeline.typescript.tree import Lines, Node, Tree
from tests.typescript import packages

pytestmark = pytest.mark.node

CONFIG = (
    '{"compilerOptions": {"target": "ES2022", "module": "ESNext", "moduleResolution": "bundler", "strict": true,'
    ' "lib": ["ES2022", "DOM"], "skipLibCheck": true, "jsx": "preserve", "noEmit": true, "types": [],'
    ' "verbatimModuleSyntax": true}, "include": ["src"]}'
)
VUE = """<script setup lang="ts">
import { ref } from "vue";
interface Props { title: string; count?: number }
const props = defineProps<Props>();
const user = ref<{ name: string | null } | null>(null);
function add(x) { return x + props.count.toFixed(1); }
</script>

<template>
  <p :title="title">😀 {{ user.name }} {{ add(1) }}</p>
  <Child :nope="missing" />
</template>
"""
SVELTE = """<script lang="ts">
  let { title, count }: { title: string; count?: number } = $props();
  let user = $state<{ name: string | null } | null>(null);
  function add(x) { return x + count.toFixed(1); }
</script>

<p {title}>😀 {user.name} {add(1)}</p>
"""
SVELTE_4 = """<script lang="ts">
  export let title: string;
  export let count: number | undefined = undefined;
  let user: { name: string | null } | null = null as any;
  function add(x) { return x + count.toFixed(1); }
  $: longer = title.foo;
</script>

<p {title} on:click={(e) => add(e)}>😀 {user.name} {longer}</p>
"""
ASTRO = """---
interface Props { title: string; count?: number }
const { title, count } = Astro.props;
const user = null as { name: string | null } | null;
function add(x) { return x + count.toFixed(1); }
---
<p title={title}>😀 {user.name} {add(1)}</p>
<script>
  document.querySelector("p").textContent = "x";
</script>
"""
MAIN = 'import One from "./One.%s";\nexport const wrong: number = One;\n'

Case = tuple[Path, str]
CASES = {
    "vue 3": (packages.VUE, "vue", VUE),
    "vue 2": (packages.VUE_2, "vue", VUE),
    "svelte 5": (packages.SVELTE, "svelte", SVELTE),
    "svelte 4": (packages.SVELTE_4, "svelte", SVELTE_4),
    "astro": (packages.ASTRO, "astro", ASTRO),
}
Checker = Callable[[Path], set[tuple[str, int, int, int]]]


def said(root: Path, *words: str) -> str:
    node = packages.node()
    variables = environment(node, root / ".shims", root)
    return proc.run([node.path, *words], cwd=root, env=variables, timeout=120).text


def vue_tsc(root: Path) -> set[tuple[str, int, int, int]]:
    text = said(root, "node_modules/vue-tsc/bin/vue-tsc.js", "--noEmit", "--pretty", "false")
    found = re.finditer(r"^(\S+?)\((\d+),(\d+)\): error TS(\d+)", text, re.MULTILINE)
    return {(one[1], int(one[2]), int(one[3]), int(one[4])) for one in found}


def svelte_check(root: Path) -> set[tuple[str, int, int, int]]:
    import json

    text = said(root, "node_modules/svelte-check/bin/svelte-check", "--output", "machine-verbose")
    found = [json.loads(line.partition(" ")[2]) for line in text.splitlines() if " {" in line]
    return {
        (one["filename"], one["start"]["line"] + 1, one["start"]["character"] + 1, one["code"])
        for one in found
        if one["type"] == "ERROR" and one.get("source", "ts") in ("ts", "js")
    }


def astro_check(root: Path) -> set[tuple[str, int, int, int]]:
    text = re.sub(r"\x1b\[[0-9;]*m", "", said(root, "node_modules/astro/astro.js", "check"))
    found = re.finditer(r"^(\S+?):(\d+):(\d+) - error ts\(?(\d+)\)?", text, re.MULTILINE)
    return {(one[1], int(one[2]), int(one[3]), int(one[4])) for one in found}


CHECKERS: dict[str, Checker] = {"vue": vue_tsc, "svelte": svelte_check, "astro": astro_check}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    wanted, extension, text = CASES[request.param]
    files = {
        "package.json": '{"type": "module"}',
        "tsconfig.json": CONFIG,
        f"src/One.{extension}": text,
        "src/main.ts": MAIN % extension,
    }
    return packages.project(tmp_path, files, packages.installed(wanted)), f"src/One.{extension}"


def opened(root: Path) -> Session:
    return Session(packages.node().path, root)


def test_errors_are_exactly_those_of_the_projects_own_checker(case: Case) -> None:
    root, file = case
    with opened(root) as session:
        found = session.check()
    lines = {name: Lines(texts.read(root / name) or "") for name in (file, "src/main.ts")}
    ours = {(one.file, *lines[one.file].at(one.start), one.code) for one in found}
    assert ours == CHECKERS[file.rpartition(".")[2]](root)
    assert {one.file for one in found} >= {file}
    # Nothing was written beside the packages or into the project.
    assert {one.name for one in (root / "src").iterdir()} == {Path(file).name, "main.ts"}


def test_places_lie_in_the_file_and_what_is_generated_has_none(case: Case) -> None:
    root, file = case
    text = texts.read(root / file) or ""
    with opened(root) as session:
        trees = session.trees([file], {file: text})
    nodes = [one for tree in trees for one in tree.nodes]
    placed = [one for one in nodes if one.place and one.kind == "Identifier"]
    for one in placed:
        start, end = one.place or (0, 0)
        assert text[start:end] == one.text
    assert {"add", "x", "user", "name", "count"} <= {one.text for one in placed}
    # An expression of the markup has its place there.
    found = [one.place for one in nodes if one.kind == "PropertyAccessExpression" and one.text == "user.name"]
    assert any(place and re.search(r"\{ ?$", text[: place[0]]) for place in found)
    for one in nodes:
        if re.match(r"__VLS_|__sveltets_|\$\$|Astro", one.text) and one.text not in text:
            assert one.place is None
            assert replace(one, "x") is None


def test_an_insertion_stands_where_it_was_meant(case: Case) -> None:
    root, file = case
    text = texts.read(root / file) or ""
    with opened(root) as session:
        (tree, *_) = session.trees([file], {file: text})
        edits = {
            edit
            for name in ("x", "user")
            for one in named(tree, name)
            if (edit := insert(one, "@", after=True))
        }
        after = text
        for edit in sorted(edits, reverse=True):
            after = after[: edit.start] + edit.text + after[edit.end :]
    assert "add(x@)" in after
    assert "user@.name" in after
    assert after.replace("@", "") == text.replace("@", "")


def named(tree: Tree, name: str) -> list[Node]:
    return [one for one in tree.nodes if one.kind == "Identifier" and tree.text[one.start : one.end] == name]


@pytest.mark.parametrize(
    ("old", "new", "forms"),
    [
        ("add(x)", "add(x: number)", []),
        ("{ name: string | null }", "{ name: string | null; more?: boolean }", []),
        ("count.toFixed(1)", "count?.toFixed(1)", ["optional chaining"]),
        ("{user.name}", "{user?.name}", ["optional chaining"]),
        ("{ user.name }", "{ user?.name }", ["optional chaining"]),
        ("x + ", "x - ", ["other"]),
    ],
)
def test_edits_are_known_by_what_the_component_becomes(
    case: Case, old: str, new: str, forms: list[str]
) -> None:
    root, file = case
    text = texts.read(root / file) or ""
    if old not in text or (old == "{user.name}" and "{{ user" in text):
        assert old.startswith("{")  # the other language's way of writing it
        return
    with opened(root) as session:
        found = changes(session, {file: text}, {file: text.replace(old, new)})
    assert sorted({one.form for one in found}) == forms


def test_text_of_the_markup_is_seen(case: Case) -> None:
    root, file = case
    text = texts.read(root / file) or ""
    face = texts.units("😀")
    assert face in text
    with opened(root) as session:
        found = changes(session, {file: text}, {file: text.replace(face, "x")})
    assert "other" in {one.form for one in found}


def test_an_interface_of_properties_is_type_only_but_for_what_vue_makes_of_it(case: Case) -> None:
    root, file = case
    text = texts.read(root / file) or ""
    with opened(root) as session:
        wider = changes(
            session, {file: text}, {file: text.replace("title: string", "title: string | undefined")}
        )
        boolean = changes(session, {file: text}, {file: text.replace("count?: number", "count?: boolean")})
    assert wider == []
    # Vue casts what is declared boolean: that is behaviour.
    assert bool(boolean) == file.endswith(".vue")
