"""The frameworks as data: how to know each, what it builds and where to, and when it is not static."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.site.jsconfig import setting, without_comments

_ENDINGS = ("mjs", "js", "ts", "cjs", "mts", "cts")


def _configs(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}.{ending}" for ending in _ENDINGS)


@dataclass(frozen=True)
class Kind:
    """One framework: the packages and files that tell it, its build, its output folder, its base path's key.

    `scripts` are names in package.json that may build it, best first; `flags` are the build command's ways to
    name the output. `output_keys` and `base_keys` are looked for in the configuration.
    """

    name: str
    packages: tuple[str, ...]
    configs: tuple[str, ...]
    build: tuple[str, ...]
    output: str
    output_keys: tuple[str, ...]
    base_keys: tuple[str, ...]
    scripts: tuple[str, ...] = ("build",)
    flags: tuple[str, ...] = ()


# The order matters: whatever is built on Vite comes before Vite.
KINDS = (
    Kind(
        "astro",
        ("astro",),
        _configs("astro.config"),
        ("astro", "build"),
        "dist",
        ("outDir",),
        ("base",),
        flags=("--outDir", "--out-dir"),
    ),
    Kind(
        "vitepress",
        ("vitepress",),
        tuple(f"{top}.vitepress/config.{ending}" for top in ("", "docs/") for ending in _ENDINGS),
        ("vitepress", "build"),
        ".vitepress/dist",
        ("outDir",),
        ("base",),
        ("docs:build", "build:docs", "build"),
        ("--outDir",),
    ),
    Kind(
        "docusaurus",
        ("@docusaurus/core",),
        _configs("docusaurus.config"),
        ("docusaurus", "build"),
        "build",
        (),
        ("baseUrl",),
        flags=("--out-dir",),
    ),
    Kind("next", ("next",), _configs("next.config"), ("next", "build"), "out", ("distDir",), ("basePath",)),
    Kind(
        "nuxt",
        ("nuxt", "nuxt-nightly"),
        _configs("nuxt.config"),
        ("nuxt", "generate"),
        ".output/public",
        ("nitro.output.publicDir",),
        ("app.baseURL",),
        ("generate",),
    ),
    Kind(
        "sveltekit",
        ("@sveltejs/kit",),
        _configs("svelte.config"),
        ("vite", "build"),
        "build",
        ("pages",),
        ("paths.base",),
    ),
    Kind(
        "eleventy",
        ("@11ty/eleventy",),
        (
            "eleventy.config.js",
            "eleventy.config.mjs",
            "eleventy.config.cjs",
            "eleventy.config.ts",
            ".eleventy.js",
        ),
        ("eleventy",),
        "_site",
        ("dir.output",),
        ("pathPrefix",),
        flags=("--output",),
    ),
    Kind(
        "vite",
        ("vite", "rolldown-vite"),
        _configs("vite.config"),
        ("vite", "build"),
        "dist",
        ("build.outDir",),
        ("base",),
        flags=("--outDir",),
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}

# Other tools that fill a folder with a site, by package: the folder.
OTHER_OUTPUTS = {
    "react-scripts": "build",
    "gatsby": "public",
    "@vue/cli-service": "dist",
    "parcel": "dist",
    "hexo": "public",
    "@rspress/core": "doc_build",
    "vuepress": "docs/.vuepress/dist",
}

# A package that checks types, the words that run it.
CHECKERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("@astrojs/check", ("astro", "check")),
    ("vue-tsc", ("vue-tsc", "--noEmit")),
    ("svelte-check", ("svelte-check", "--tsconfig", "./tsconfig.json")),
    ("typescript", ("tsc", "--noEmit")),
)
CHECK_SCRIPTS = (
    "typecheck",
    "type-check",
    "check:types",
    "check-types",
    "types:check",
    "tsc",
    "check",
    "types",
)
_CHECKS_TYPES = re.compile(
    r"\b(?:astro check|vue-tsc|svelte-check|tsc|tsgo|nuxi? typecheck|nuxt typecheck)\b"
)


def checks_types(command: str) -> bool:
    """Return whether a script's text runs a type checker (`check` is often a linter's name)."""
    return bool(_CHECKS_TYPES.search(command))


def not_static(kind: Kind, config: str, scripts: Mapping[str, str], file: str) -> tuple[str, ...]:
    """Return what to change so that the framework builds a static site; empty when it does."""
    code = without_comments(config)
    if kind.name == "next":
        given = setting(config, "output")
        if not (given and given.value == "export") and not any(
            "next export" in text for text in scripts.values()
        ):
            return (
                f"{file}: add `output: 'export'` to the configuration (next build then fills out/)",
                "and `images: { unoptimized: true }`, where next/image is used",
            )
    if kind.name == "sveltekit" and "@sveltejs/adapter-static" not in code:
        return (
            "install it: npm install --save-dev @sveltejs/adapter-static",
            f"{file}: import adapter from '@sveltejs/adapter-static'",
            "src/routes/+layout.ts: export const prerender = true",
        )
    if kind.name == "astro" and (given := setting(config, "output")) and given.value == "server":
        return (f"{file}: take `output: 'server'` out (GitHub Pages runs no server)",)
    if kind.name == "vite" and re.search(r"\blib\s*:\s*\{", code):
        return (f"{file}: `build.lib` makes a library; build a site with an index.html instead",)
    return ()
