"""Repairs of the configuration: what tsconfig.json lacks, proved by the checker; nothing is ever loosened."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.errors import Stop
from pipeline.typescript import jsonc, texts
from pipeline.typescript.edits import Edit, apply, newline_of
from pipeline.typescript.record import Error, error_of
from pipeline.typescript.session import Diagnostic, Session
from pipeline.typescript.strategies.base import Level

# All that a repair may set: each adds knowledge, none takes a check away.
OPTIONS = frozenset(
    ("jsx", "jsxImportSource", "lib", "types", "paths", "moduleResolution", "esModuleInterop", "resolveJsonModule",
     "allowSyntheticDefaultImports", "allowImportingTsExtensions")
)  # fmt: skip
_MOST_REPAIRS = 8
_ASSET = re.compile(
    r"\.(?:css|scss|sass|less|styl|svg|png|jpe?g|gif|webp|avif|ico|woff2?|ttf|mp[34]|webm|wasm|pdf|txt)(?:\?.*)?$|"
    r"\?(?:raw|url|inline|worker|sharedworker)"
)


@dataclass(frozen=True)
class Proposal:
    """Compiler options, or a declaration file, that may remove errors: `codes` about `specifiers` (empty: all)."""

    why: str
    options: Mapping[str, Any]
    codes: tuple[int, ...]
    specifiers: tuple[str, ...] = ()
    reference: str = ""

    @property
    def shown(self) -> str:
        """Return what it sets, on one line."""
        told = [f"{key}: {_shown(value)}" for key, value in self.options.items()]
        return ", ".join(
            [*told, *([f'/// <reference types="{self.reference}" />'] if self.reference else [])]
        )


@dataclass(frozen=True)
class ConfigurationRepair:
    """A change of a configuration that the checker proved: the edit, the file's text after it, the errors it removes.

    `before` is None for a file that is new. The JavaScript of every file stays as it is.
    """

    file: str
    edits: tuple[Edit, ...]
    before: str | None
    after: str
    why: str
    options: Mapping[str, Any]
    removed: tuple[Diagnostic, ...]
    errors: tuple[int, int]
    level: Level = "type-only"


def _shown(value: object) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def repair_configuration(
    session: Session, held: Mapping[str, str], overlay: Mapping[str, str] | None = None
) -> list[ConfigurationRepair]:
    """Return the repairs that make the errors fewer and leave every file's JavaScript as it is, in their order.

    `held` are the texts of the project's files, in units, `overlay` those that it was opened with. Each repair builds
    on those before it. A configuration that cannot be edited has none. The session goes on with the repairs.
    """
    root, config = session.root, session.description.config
    if texts.read(root / config) is None:
        return []
    overlay = dict(overlay or {})
    kept: list[ConfigurationRepair] = []
    errors, options = session.check(), session.description.options
    needs = needs_of(root)
    groups = proposals([error_of(one, {}) for one in errors], options, needs, root)
    emitted = session.emit(held) if groups else {}
    tried: set[str] = set()
    while groups and len(kept) < _MOST_REPAIRS:
        best: tuple[ConfigurationRepair, list[Diagnostic], Mapping[str, Any]] | None = None
        for proposal in next((one for one in groups if one[0].shown not in tried), ()):
            tried.add(proposal.shown)
            edited = _edited(proposal, root, config, overlay)
            if edited is None:
                continue
            file, before, after, edits = edited
            try:
                session.configure({**overlay, file: after})
                found, effective = session.check(), session.description.options
                broken = bool(session.description.problems)
                unchanged = not broken and len(found) < len(errors) and session.emit(held) == emitted
            except Stop:
                continue
            if unchanged and (best is None or len(found) < len(best[1])):
                gone = tuple(sorted(set(errors) - set(found)))
                counts = (len(errors), len(found))
                made = ConfigurationRepair(
                    file, edits, before, after, proposal.why, proposal.options, gone, counts
                )
                best = (made, found, effective)
        if best:
            repair, errors, options = best
            overlay[repair.file] = repair.after
            kept.append(repair)
            groups = proposals([error_of(one, {}) for one in errors], options, needs, root)
        groups = [one for one in groups if one[0].shown not in tried]
    if tried:
        session.configure(overlay)
    return kept


def _edited(
    proposal: Proposal, root: Path, config: str, overlay: Mapping[str, str]
) -> tuple[str, str | None, str, tuple[Edit, ...]] | None:
    """Return file, text before, text after and edits; None where the text cannot be edited."""
    if proposal.reference:
        return _referenced(proposal.reference, root, overlay)
    text = overlay.get(config) or texts.read(root / config)
    if text is None or not OPTIONS.issuperset(proposal.options):
        return None
    first, edits = text, []
    try:
        for name, value in proposal.options.items():
            edit = jsonc.option(config, text, name, value)
            edits.append(edit)
            text = apply({config: text}, [edit])[config]
    except (jsonc.Broken, KeyError):
        return None
    single = tuple(edits) if len(edits) == 1 else (_between(config, first, text),)
    return config, first, text, single


def _between(file: str, old: str, new: str) -> Edit:
    """Return one edit that makes the new text of the old one."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return Edit(file, start, len(old) - end, new[start : len(new) - end])


def _referenced(
    name: str, root: Path, overlay: Mapping[str, str]
) -> tuple[str, str | None, str, tuple[Edit, ...]]:
    folder = "src/" if (root / "src").is_dir() else ""
    known = ("env.d.ts", "vite-env.d.ts")
    file = next((folder + one for one in known if (root / folder / one).is_file()), f"{folder}env.d.ts")
    before = overlay.get(file) or texts.read(root / file)
    line = f'/// <reference types="{name}" />'
    if before is None:
        return file, None, f"{line}\n", (Edit(file, 0, 0, f"{line}\n"),)
    start = 1 if before.startswith("\ufeff") else 0
    edit = Edit(file, start, start, line + newline_of(before))
    return file, before, apply({file: before}, [edit])[file], (edit,)


def needs_of(root: Path) -> dict[str, str]:
    """Return the packages that package.json asks for."""
    from pipeline.core.files import read_json

    package = read_json(root / "package.json")
    parts = (
        (package.get(key) for key in ("devDependencies", "dependencies")) if isinstance(package, dict) else ()
    )
    return {name: str(value) for part in parts if isinstance(part, dict) for name, value in part.items()}


def proposals(
    errors: Sequence[Error], options: Mapping[str, Any], needs: Mapping[str, str], root: Path
) -> list[list[Proposal]]:
    """Return what the errors hint at: groups of alternatives, the likeliest first in each."""
    about = _About(errors, options, needs, root)
    asked = (_jsx, _library, _types, _client, _paths, _resolution, _interop, _json, _extensions)
    return [group for ask in asked if (group := list(ask(about)))]


@dataclass(frozen=True)
class _About:
    errors: Sequence[Error]
    options: Mapping[str, Any]
    needs: Mapping[str, str]
    root: Path

    def of(self, *codes: int) -> list[Error]:
        return [one for one in self.errors if one.code in codes]

    @property
    def bundled(self) -> bool:
        """Whether something else than tsc makes the JavaScript, so that its output does not hang on these options."""
        return bool(
            self.options.get("noEmit")
            or self.options.get("emitDeclarationOnly")
            or self.options.get("module", 0) not in (0, 1)  # CommonJS
        )


# Package, what its JSX is compiled by, and from where its types come.
_FLAVOURS = (
    ("preact", {"jsx": "react-jsx", "jsxImportSource": "preact"}),
    ("solid-js", {"jsx": "preserve", "jsxImportSource": "solid-js"}),
    ("next", {"jsx": "preserve"}),
    ("react", {"jsx": "react-jsx", "jsxImportSource": "react"}),
    ("vue", {"jsx": "preserve", "jsxImportSource": "vue"}),
)
_INTEGRATIONS = {"@astrojs/preact": "preact", "@astrojs/solid-js": "solid-js", "@astrojs/react": "react"}


def _jsx(about: _About) -> Iterator[Proposal]:
    codes = (7026, 17004, 2874, 2875, 6142)
    if not about.of(*codes):
        return
    brought = [package for name, package in _INTEGRATIONS.items() if name in about.needs]
    for name, options in _FLAVOURS:
        if name in about.needs or name in brought:
            new = {key: value for key, value in options.items() if about.options.get(key) != value}
            if new:
                yield Proposal(f"the JSX of {name} is not named in tsconfig.json", options, codes)


_YEAR = re.compile(r"'lib' compiler option to '(es\d+|esnext)'", re.IGNORECASE)


def _library(about: _About) -> Iterator[Proposal]:
    codes = (2550, 2583, 2584, 2812, 2488)
    hints = [match[1].lower() for one in about.of(2550, 2583) if (match := _YEAR.search(one.message))]
    dom = bool(about.of(2584, 2812))
    iterable = any("[Symbol.iterator]" in one.message and "NodeList" in one.message for one in about.of(2488))
    if not (hints or dom or iterable):
        return
    has = [
        re.sub(r"^lib\.|(?:\.full)?\.d\.ts$", "", str(one)).lower() for one in about.options.get("lib") or ()
    ]
    if not has:
        # Without `lib` there are those of the target, and the DOM.
        has = [_TARGETS.get(int(about.options.get("target") or 1), "esnext"), "dom"]
        has += ["dom.iterable"] if has[0] != "es5" else []
    years = sorted([*hints, *(one for one in has if _is_year(one))], key=_year)
    wanted = [years[-1]] if years else []
    wanted += [one for one in has if not _is_year(one)]
    wanted += ["dom"] if (dom or iterable) and "dom" not in wanted else []
    wanted += ["dom.iterable"] if iterable and "dom.iterable" not in wanted else []
    missing = [one for one in wanted if one not in has]
    if missing:
        value = [_NAMES.get(one, one.upper() if _is_year(one) else one) for one in wanted]
        yield Proposal(f"lib lacks {', '.join(missing)}", {"lib": value}, codes)


_TARGETS = {0: "es5", 1: "es5", 2: "es2015", **{3 + at: f"es{2016 + at}" for at in range(10)}, 99: "esnext"}
_NAMES = {"dom": "DOM", "dom.iterable": "DOM.Iterable", "esnext": "ESNext", "webworker": "WebWorker"}


def _is_year(name: str) -> bool:
    return bool(re.fullmatch(r"es(?:\d+|next)", name))


def _year(name: str) -> int:
    number = name.removeprefix("es").replace("next", "9999")
    return {5: 2009, 6: 2015, 7: 2016}.get(int(number), int(number))


_KINDS = {
    (2580, 2591): ("node",),
    (2582, 2593): ("vitest/globals", "jest", "mocha"),
    (2581, 2592): ("jquery",),
    (2867, 2868): ("bun",),
}


def _types(about: _About) -> Iterator[Proposal]:
    listed = about.options.get("types")
    for codes, names in _KINDS.items():
        if not about.of(*codes):
            continue
        for name in names:
            package = name.partition("/")[0] if "/" in name else f"@types/{name}"
            there = (about.root / "node_modules" / package).is_dir()
            if (
                there
                and (name == "vitest/globals" or isinstance(listed, list))
                and name not in (listed or ())
            ):
                # A list shuts all others out: without one, only what is installed under @types counts.
                every = listed if isinstance(listed, list) else _all_types(about.root)
                yield Proposal(f"types does not name {name}", {"types": [*every, name]}, codes)


def _all_types(root: Path) -> list[str]:
    folder = root / "node_modules/@types"
    return sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []


def _client(about: _About) -> Iterator[Proposal]:
    specifiers = {
        match[1]: one
        for one in about.of(2307, 2882)
        if (match := re.search(r"'([^']+)'", one.head)) and _ASSET.search(match[1])
    }
    meta = [one for one in about.of(2339) if "'ImportMeta'" in one.head or "'ImportMetaEnv'" in one.head]
    if not (specifiers or meta):
        return
    for package, reference in (("astro", "astro/client"), ("vite", "vite/client")):
        if package in about.needs:
            codes = (*((2307, 2882) if specifiers else ()), *((2339,) if meta else ()))
            names = (*specifiers, *(("ImportMeta", "ImportMetaEnv") if meta else ()))
            yield Proposal(f"the types of {reference} are not referred to", {}, codes, names, reference)


def _paths(about: _About) -> Iterator[Proposal]:
    wanted: dict[str, list[str]] = {}
    known: Mapping[str, list[str]] = about.options.get("paths") or {}
    for one in about.of(2307):
        match = re.search(r"'((?:[@~#]|src)/)([^']+)'", one.head)
        if match and f"{match[1]}*" not in known:
            wanted.setdefault(match[1], []).append(match[2])
    if not wanted or about.options.get("baseUrl"):
        return
    resolved = _resolvers(about)
    for start, rests in wanted.items():
        for folder in ("src", "."):
            hits = [one for one in rests if _there(about.root / folder / one)]
            # An alias that only the checker knows would break the build: what bundles must know it too.
            if 2 * len(hits) > len(rests) and (resolved or start in _bundler_text(about.root)):
                top = Path(str(about.options.get("pathsBasePath") or about.root))
                same = top == about.root or not known
                paths = {
                    **(known if same else {}),
                    f"{start}*": [f"./{folder}/*" if folder != "." else "./*"],
                }
                if same:
                    names = tuple(f"{start}{one}" for one in rests)
                    yield Proposal(f'paths lacks "{start}*"', {"paths": paths}, (2307,), names)
                break


def _resolvers(about: _About) -> bool:
    """Whether what builds the site reads `paths` itself."""
    return any(name in about.needs for name in ("astro", "next", "vite-tsconfig-paths", "tsconfig-paths"))


def _bundler_text(root: Path) -> str:
    names = [*root.glob("vite.config.*"), *root.glob("webpack.config.*"), *root.glob("rollup.config.*")]
    return "\n".join(one.read_text(encoding="utf-8", errors="replace") for one in names)


def _there(base: Path) -> bool:
    endings = (
        "",
        ".ts",
        ".tsx",
        ".js",
        ".jsx",
        ".vue",
        ".svelte",
        ".astro",
        "/index.ts",
        "/index.tsx",
        "/index.js",
    )
    return any(Path(f"{base}{ending}").is_file() for ending in endings)


def _resolution(about: _About) -> Iterator[Proposal]:
    hinted = [
        one for one in about.of(2307, 7016, 2792) if one.code == 2792 or "moduleResolution" in one.message
    ]
    if (
        hinted
        and about.options.get("moduleResolution") != 100
        and about.options.get("module", 0) in (5, 6, 7, 99, 200)
    ):
        names = tuple({match[1] for one in hinted if (match := re.search(r"'([^']+)'", one.head))})
        why = "moduleResolution does not read the exports of packages"
        yield Proposal(why, {"moduleResolution": "bundler"}, (2307, 7016, 2792), tuple(sorted(names)))


def _interop(about: _About) -> Iterator[Proposal]:
    flagged = [
        one for one in about.of(1259, 1192, 2497, 2594) if one.code != 1192 or "Interop" in one.message
    ]
    if flagged and about.bundled:
        for name in ("esModuleInterop", "allowSyntheticDefaultImports"):
            if name in flagged[0].message or name == "esModuleInterop":
                yield Proposal("default imports of CommonJS packages", {name: True}, (1259, 1192, 2497, 2594))


def _json(about: _About) -> Iterator[Proposal]:
    if about.of(2732):
        yield Proposal("JSON files are imported", {"resolveJsonModule": True}, (2732,))


def _extensions(about: _About) -> Iterator[Proposal]:
    # TypeScript takes it only where it writes no JavaScript.
    if about.of(5097, 2691) and (about.options.get("noEmit") or about.options.get("emitDeclarationOnly")):
        yield Proposal("imports name .ts files", {"allowImportingTsExtensions": True}, (5097, 2691))
