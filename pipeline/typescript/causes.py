"""Causes of type errors that are not in the code: ignored and missing files, packages, configuration, versions."""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.core.files import plural, read_json
from pipeline.tools.git import Git
from pipeline.typescript.analysis import Outside
from pipeline.typescript.record import Error

_ENDINGS = (".ts", ".tsx", ".d.ts", ".mts", ".js", ".jsx", ".mjs", ".vue", ".svelte", ".astro", ".json")
_CHECKED = (".ts", ".tsx", ".mts", ".cts", ".astro", ".vue", ".svelte")
_SPECIFIER = re.compile(r"[Mm]odule '([^']+)'|side-effect import of '([^']+)'")
_MOST = 5
# Packages whose checkers need an API that TypeScript 7 does not have.
_EMBEDDED = ("astro", "vue", "svelte")
_TYPESCRIPT_6 = "npm install -D typescript@npm:@typescript/typescript6@6.0.2"


@dataclass(frozen=True)
class Circumstances:
    """A site as far as these causes need it.

    `imports` are (specifier, file or None) by importing file; `files` those that the check looks at, `own` the site's
    own that git knows or does not ignore; `options` are the effective compiler options, `homes` the folders of a
    workspace's packages.
    """

    root: Path
    package: Mapping[str, Any]
    errors: Sequence[Error]
    imports: Mapping[str, Sequence[tuple[str, str | None]]]
    files: Collection[str]
    own: Collection[str]
    options: Mapping[str, Any]
    config: str = "tsconfig.json"
    homes: Sequence[Path] = ()

    @cached_property
    def needs(self) -> dict[str, str]:
        """The versions that package.json asks for, by package."""
        parts = (self.package.get(key) for key in ("peerDependencies", "devDependencies", "dependencies"))
        return {name: str(value) for part in parts if isinstance(part, dict) for name, value in part.items()}

    @cached_property
    def unresolved(self) -> dict[str, list[str]]:
        """The specifiers of modules that were not found, with the files that import them."""
        found: dict[str, list[str]] = {}
        for one in self.errors:
            match = _SPECIFIER.search(one.head)
            if match and one.code in (2307, 2306, 2792, 2882):
                found.setdefault(match[1] or match[2], []).append(one.file)
        return found

    @property
    def git(self) -> Git:
        """The work tree."""
        return Git(self.root, bare=False)

    def installed(self, name: str) -> str | None:
        """Return the version of an installed package, None where it is not installed."""
        for home in (self.root, *self.homes):
            data = read_json(home / "node_modules" / name / "package.json")
            version = data.get("version") if isinstance(data, dict) else None
            if isinstance(version, str):
                return version
        return None


def look(about: Circumstances) -> list[Outside]:
    """Return the causes outside the code, those that explain errors first."""
    found = [
        *_generated(about),
        *_files(about),
        *_aliases(about),
        *_packages(about),
        *_untyped(about),
        *_versions(about),
        *_uncommitted(about),
        *_unchecked(about),
    ]
    return list(dict.fromkeys(found))


def bases(about: Circumstances, file: str, specifier: str) -> list[str]:
    """Return the paths, without ending, that a relative or aliased specifier may stand for."""
    if specifier.startswith("."):
        return [posixpath.normpath(posixpath.join(posixpath.dirname(file), specifier))]
    top = str(about.options.get("pathsBasePath") or about.options.get("baseUrl") or about.root)
    found = []
    for pattern, targets in (about.options.get("paths") or {}).items():
        start, star, end = pattern.partition("*")
        if star and specifier.startswith(start) and specifier.endswith(end):
            rest = specifier[len(start) : len(specifier) - len(end)]
        elif specifier == pattern:
            rest = ""
        else:
            continue
        for target in targets:
            path = os.path.relpath(posixpath.join(top, target.replace("*", rest)), about.root)
            found.append(path.replace(os.sep, "/"))
    return [path for path in found if not path.startswith("../")]


def _candidates(base: str) -> list[str]:
    stem = re.sub(r"\.([cm]?)jsx?$", "", base)
    own = [base] if posixpath.splitext(base)[1] in (*_ENDINGS, ".css", ".scss", ".svg", ".png", ".md") else []
    return [*own, *(stem + end for end in _ENDINGS), *(f"{stem}/index{end}" for end in _ENDINGS[:5])]


def _files(about: Circumstances) -> Iterator[Outside]:
    """Modules hidden by .gitignore, written in another case, deleted, or never committed."""
    for specifier, files in about.unresolved.items():
        for base in dict.fromkeys(one for file in files for one in bases(about, file, specifier)):
            candidates = _candidates(base)
            found = (
                _ignored(about, specifier, candidates)
                or _other_case(about, specifier, base)
                or _gone(about, specifier, files, base, candidates)
            )
            if found:
                yield found
                break


def _ignored(about: Circumstances, specifier: str, candidates: Sequence[str]) -> Outside | None:
    # Not what a framework makes: that has a cause of its own.
    names = b"".join(os.fsencode(one) + b"\0" for one in candidates)
    done = about.git.try_run("check-ignore", "-v", "-z", "--no-index", "--stdin", stdin=names)
    fields = [os.fsdecode(one) for one in done.out.split(b"\0")] if done.ok else []
    for source, line, pattern, path in zip(
        fields[0::4], fields[1::4], fields[2::4], fields[3::4], strict=False
    ):
        if pattern.startswith("!") or path.startswith((".svelte-kit/", ".astro/", ".nuxt/")):
            continue
        rule = os.path.relpath(about.root / source, about.root) if source else "a global rule"
        return Outside(
            "ignored",
            f"{rule}:{line} ({pattern}) hides {posixpath.dirname(path) or path}/ from git, "
            f'so the module "{specifier}" was never committed',
            f"narrow the pattern ({pattern} → /{pattern.lstrip('/')}), add the file on the machine that has it, commit",
            f"{rule}:{line}",
            (specifier,),
        )
    return None


def _other_case(about: Circumstances, specifier: str, base: str) -> Outside | None:
    by_lower = {one.lower(): one for one in about.own}
    for one in _candidates(base):
        there = by_lower.get(one.lower())
        if there and there != one:
            return Outside(
                "case",
                f'"{specifier}" is written in another case than the file {there}',
                f"write the import as the file is named: {there}",
                there,
                (specifier,),
            )
    return None


def _gone(
    about: Circumstances, specifier: str, files: Sequence[str], base: str, candidates: Sequence[str]
) -> Outside | None:
    if any((about.root / one).exists() for one in candidates):
        return None
    log = about.git.try_run("log", "-1", "--diff-filter=D", "--format=%h", "--name-only", "--", *candidates)
    words = log.text.split() if log.ok else []
    if len(words) == 2:
        commit, path = words
        fix = f"git checkout {commit}^ -- {path}, or remove the import"
        return Outside(
            "deleted", f"{path} was deleted by {commit} and is still imported", fix, path, (specifier,)
        )
    if specifier.startswith((".", "/")) or not _alias_broken(about, specifier):
        what = f'no commit ever held {base}.*, which {files[0]} imports as "{specifier}"'
        return Outside(
            "missing", what, "add the file and commit it, or correct the import", files[0], (specifier,)
        )
    return None


def _alias_broken(about: Circumstances, specifier: str) -> bool:
    return any(not (about.root / base).parent.is_dir() for base in bases(about, "", specifier))


def _aliases(about: Circumstances) -> Iterator[Outside]:
    """Entries of `paths` that lead to no folder, and specifiers that look like an alias and have none."""
    top = Path(str(about.options.get("pathsBasePath") or about.options.get("baseUrl") or about.root))
    for pattern, targets in (about.options.get("paths") or {}).items():
        prefix = pattern.partition("*")[0]
        found = tuple(one for one in about.unresolved if prefix and one.startswith(prefix))
        folders = [posixpath.dirname(target.partition("*")[0] + "x") for target in targets]
        if found and not any((top / folder).is_dir() for folder in folders):
            what = f'paths of {about.config} send "{pattern}" to {", ".join(targets)}, which is not there'
            yield Outside("paths", what, f"correct paths in {about.config}", about.config, found)
    known = tuple(pattern.partition("*")[0] for pattern in about.options.get("paths") or {})
    groups: dict[str, list[str]] = {}
    for one in about.unresolved:
        start = re.match(r"(?:[@~#]|\$\w*|src|app)/|[~#](?=\w)", one)
        if start and not (known and one.startswith(known)):
            groups.setdefault(start[0], []).append(one)
    for alias, hits in groups.items():
        what = f'"{alias}..." stands for no folder: {about.config} has no such entry in paths'
        fix = f'add it to {about.config}: "paths": {{"{alias}*": ["./src/*"]}}'
        yield Outside("paths", what, fix, about.config, tuple(hits))


def package_of(specifier: str) -> str | None:
    """Return the package that a specifier names, None for files, aliases and node's own modules."""
    found = re.match(r"(@[a-z0-9][\w.-]*/[a-z0-9][\w.-]*|[a-z0-9][\w.-]*)(?:/|$)", specifier)
    return (
        found[1]
        if found and not specifier.startswith(("node:", "virtual:", "astro:", "src/", "app/"))
        else None
    )


def _packages(about: Circumstances) -> Iterator[Outside]:
    groups: dict[str, list[str]] = {}
    for specifier in about.unresolved:
        name = package_of(specifier)
        if name and not bases(about, "", specifier):
            groups.setdefault(name, []).append(specifier)
    for name, hits in groups.items():
        asked, has = about.needs.get(name), about.installed(name)
        if has and set(hits) != {name}:
            what, fix = f"{name} {has} has no {', '.join(hits)}", f"look at the exports of {name} {has}"
        elif has:
            what, fix = (
                f"{name} {has} brings no types that can be found",
                f"npm install -D @types/{types_name(name)}",
            )
        elif asked:
            what, fix = f"{name} is in package.json ({asked}) and not installed", "invoke build"
        else:
            what, fix = f"{name} is imported and not in package.json", f"npm install {name}"
        yield Outside("package", what, fix, "package.json", tuple(hits))


def types_name(name: str) -> str:
    """Return a package's name as DefinitelyTyped writes it: `@scope/name` is `scope__name`."""
    return name[1:].replace("/", "__") if name.startswith("@") else name


def _untyped(about: Circumstances) -> Iterator[Outside]:
    """Packages without types of their own, and type packages that the configuration asks for."""
    for one in dict.fromkeys(error.head for error in about.errors if error.code == 7016):
        match = re.search(r"module '([^']+)'", one)
        name = package_of(match[1]) if match else None
        if match and name:
            types = f"@types/{types_name(name)}"
            what = f"{name} {about.installed(name) or ''} has no types of its own".replace("  ", " ")
            if about.needs.get(types) and not about.installed(types):
                what, fix = f"{types} is in package.json and not installed", "invoke build"
            else:
                fix = f"npm install -D {types}, or declare the module where there is none"
            yield Outside("types", what, fix, "package.json", (match[1],), (7016,))
    for error in about.errors:
        match = re.search(r"type definition file for '([^']+)'", error.head) if error.code == 2688 else None
        if match:
            fix = f"npm install -D @types/{types_name(match[1])}, or take it out of types"
            yield Outside(
                "types", f"{match[1]} is named in types and not installed", fix, about.config, (match[1],)
            )
    wanted = {
        "node": ((2580, 2591), "@types/node"),
        "jest": ((2582, 2593), "@types/jest"),
        "jquery": ((2581, 2592), "@types/jquery"),
        "bun": ((2867, 2868), "@types/bun"),
    }
    for name, (codes, types) in wanted.items():
        if any(one.code in codes for one in about.errors) and not about.installed(types):
            what = f"the types of {name} are not installed"
            yield Outside("types", what, f"npm install -D {types}", "package.json", (), codes)


def _versions(about: Circumstances) -> Iterator[Outside]:
    typescript = about.installed("typescript") or ""
    embedded = [name for name in _EMBEDDED if name in about.needs]
    if typescript.partition(".")[0].isdigit() and int(typescript.partition(".")[0]) >= 7 and embedded:
        what = f"TypeScript {typescript} has no API for {' and '.join(embedded)}: their checkers break on it"
        yield Outside("version", what, _TYPESCRIPT_6, "package.json")
    for types in sorted(name for name in about.needs if name.startswith("@types/")):
        plain = types.removeprefix("@types/")
        name = f"@{plain.replace('__', '/')}" if "__" in plain else plain
        has, real = about.installed(types), about.installed(name)
        if not has or not real or name == "node":
            continue
        one, other = has.partition(".")[0], real.partition(".")[0]
        if one != other and "0" not in (one, other):
            what = f"{types} {has} describes version {one}, and {name} {real} is installed"
            own = read_json(about.root / "node_modules" / name / "package.json") or {}
            brings = own.get("types") or own.get("typings")
            fix = f"npm uninstall {types}" if brings else f"npm install -D {types}@{other}"
            yield Outside("version", what, fix, "package.json")


def _generated(about: Circumstances) -> Iterator[Outside]:
    """Types that a framework's own command writes."""
    rows = (
        ("astro", ".astro/types.d.ts", r"astro:content|astro:env.*|\.astro/.*", "npx astro sync"),
        (
            "@sveltejs/kit",
            ".svelte-kit/tsconfig.json",
            r"\./\$types|\$app/.*|\$env/.*|\$lib.*",
            "npx svelte-kit sync",
        ),
        ("nuxt", ".nuxt/tsconfig.json", r"#imports|#app.*|#components|[~@]{1,2}/.*", "npx nuxi prepare"),
        (
            "next",
            "next-env.d.ts",
            r".*\.(?:css|scss|png|svg|jpg|webp)|next/.*",
            "npx next typegen (or next build)",
        ),
    )
    for name, file, pattern, command in rows:
        if name not in about.needs or (about.root / file).exists():
            continue
        hits = tuple(one for one in about.unresolved if re.fullmatch(pattern, one))
        if hits or name != "next":
            what = f"the types that {name} generates are missing ({file})"
            yield Outside("generated", what, command, file, hits)
    if "vue" in about.needs and "vue-tsc" not in about.needs and not about.installed("vue-tsc"):
        hits = tuple(one for one in about.unresolved if one.endswith(".vue"))
        if hits:
            what = "tsc alone does not know .vue files"
            yield Outside(
                "generated", what, "npm install -D vue-tsc, and check with: npx vue-tsc --noEmit", "", hits
            )


def _uncommitted(about: Circumstances) -> Iterator[Outside]:
    """Imported files that are here and that git ignores or does not know: another clone would not have them."""
    targets = {
        target
        for rows in about.imports.values()
        for _, target in rows
        if target and "node_modules/" not in target and not target.startswith(("../", "."))
    }
    done = about.git.try_run("ls-files", "-z", "--cached", "--", ".")
    if not done.ok or not targets or not about.git.maybe("rev-parse", "--verify", "--quiet", "HEAD"):
        return
    tracked = {os.fsdecode(one) for one in done.out.split(b"\0")}
    hidden = sorted(one for one in targets - tracked if (about.root / one).exists())
    if not hidden:
        return
    names = b"".join(os.fsencode(one) + b"\0" for one in hidden)
    rules = about.git.try_run("check-ignore", "-v", "-z", "--stdin", stdin=names)
    fields = [os.fsdecode(one) for one in rules.out.split(b"\0")] if rules.ok else []
    ignored = {
        path: f"{source}:{line}"
        for source, line, path in zip(fields[0::4], fields[1::4], fields[3::4], strict=False)
    }
    by_lower = Counter(one.lower() for one in tracked)
    for path in hidden[:_MOST]:
        if path in ignored:
            what = f"{path} is imported and {ignored[path]} ignores it: a fresh clone does not have it"
            yield Outside("ignored", what, f"git add --force {path}, or narrow the pattern", ignored[path])
        elif by_lower[path.lower()]:
            what = f"{path} is committed under a name in another case"
            yield Outside("case", what, f"git mv it to {path}", path)
        else:
            yield Outside(
                "uncommitted", f"{path} is imported and was never committed", f"git add {path}", path
            )
    if len(hidden) > _MOST:
        what = f"{plural(len(hidden) - _MOST, 'more imported file')} that git does not know"
        yield Outside("uncommitted", what, "git status --ignored")


def _unchecked(about: Circumstances) -> Iterator[Outside]:
    """The site's own sources that the check never looks at."""
    seen = set(about.files)
    outside = sorted(
        one
        for one in about.own
        if one.endswith(_CHECKED)
        and one not in seen
        and not re.search(r"(?:^|/)(?:[^/]*\.config\.\w+|\..*/)", one)
    )
    if outside and seen:
        folders = Counter(one.partition("/")[0] if "/" in one else one for one in outside)
        most = ", ".join(f"{name} ({count})" for name, count in folders.most_common(3))
        what = f"{plural(len(outside), 'source')} outside include of {about.config} or unused, never checked: {most}"
        yield Outside("include", what, f"add them to include in {about.config}, or remove them", outside[0])
