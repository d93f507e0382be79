"""Which files entries reach: routes of frameworks, HTML, package.json, workers, globs."""

from __future__ import annotations

import pytest

from pipeline.typescript import reach


@pytest.mark.parametrize(
    ("package", "file", "kind"),
    [
        ("astro", "src/pages/a/[b].astro", "page"),
        ("astro", "src/content.config.ts", "page"),
        ("next", "src/app/shop/page.tsx", "page"),
        ("next", "app/shop/helper.tsx", None),
        ("@sveltejs/kit", "src/routes/a/+page.svelte", "page"),
        ("@sveltejs/kit", "src/routes/a/Box.svelte", None),
        ("nuxt", "components/Box.vue", "page"),
        ("vite", "index.html", "page"),
        ("vite", "vite.config.ts", "configuration"),
        ("vite", "src/box.test.tsx", "test"),
        ("vite", "src/env.d.ts", "declarations"),
        ("vite", "src/pages/box.tsx", None),
    ],
)
def test_frameworks_load_files_by_themselves(package: str, file: str, kind: str | None) -> None:
    assert reach.entries([file], {"dependencies": {package: "1"}}).get(file) == kind


@pytest.mark.parametrize(
    "package",
    [
        {"main": "dist/index.js"},
        {"exports": {".": {"import": {"types": "./dist/index.d.ts", "default": "./dist/index.mjs"}}}},
        {"bin": {"x": "./lib/src/index.js"}},
        {"source": "src/index.ts"},
        {"scripts": {"go": "tsx ./src/index.ts --fast"}},
    ],
)
def test_package_json_names_what_a_build_made_of_sources(package: dict[str, object]) -> None:
    assert reach.entries(["src/index.ts", "src/other.ts"], package) == {"src/index.ts": "package.json"}


FILES = frozenset(
    ("index.html", "src/main.ts", "src/work.ts", "src/views/a/one.vue", "src/views/two.tsx", "src/views/x.css",
     "src/lang/de.ts", "src/box.ts", "src/shape.d.ts")
)  # fmt: skip


@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        ("index.html", '<script type="module" src="/src/main.ts"></script>', {"src/main.ts"}),
        ("src/main.ts", 'new Worker(new URL("./work.ts", import.meta.url))', {"src/work.ts"}),
        ("src/main.ts", 'new URL("./work.js", import.meta.url)', {"src/work.ts"}),
        ("src/main.ts", 'import.meta.glob("./views/**/*.vue")', {"src/views/a/one.vue"}),
        (
            "src/main.ts",
            'import.meta.glob(["/src/views/**/*.{vue,tsx}"], { eager: true })',
            {"src/views/a/one.vue", "src/views/two.tsx"},
        ),
        ("src/main.ts", "import(`./lang/${name}.ts`)", {"src/lang/de.ts"}),
        ("src/main.ts", 'const text = "./work.ts";', set()),
    ],
)
def test_texts_name_files_without_a_plain_import(file: str, text: str, found: set[str]) -> None:
    assert reach.written(file, text, FILES) == found


def test_imports_are_found_by_their_words_where_no_compiler_answers() -> None:
    text = 'import a from "./box";\nexport * from "@/work.js";\nimport type { B } from "./shape";\nimport "react";\n'
    found = reach.scanned("src/main.ts", text, FILES, {"@/": "src/"})
    assert found == {"src/box.ts", "src/work.ts", "src/shape.d.ts"}


def test_a_file_is_told_with_the_nearest_entry_and_pages_come_before_tests() -> None:
    imports = {"page.ts": ["lib.ts"], "lib.ts": ["deep.ts"], "a.test.ts": ["lib.ts", "only.ts"]}
    found = reach.reached(imports, {"page.ts": "page", "a.test.ts": "test"})
    assert found == {
        "page.ts": "page.ts",
        "lib.ts": "page.ts",
        "deep.ts": "page.ts",
        "a.test.ts": "a.test.ts",
        "only.ts": "a.test.ts",
    }
