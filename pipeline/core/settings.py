"""Settings and their origins: defaults < the tool's file < the site's file < environment < flags."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.core.errors import Stop
from pipeline.core.files import plural
from pipeline.core.mistakes import Layer, explain, has, judged, model_at, validate, where_is
from pipeline.core.part import Part, types_of
from pipeline.core.paths import POLICY_FILE, SETTINGS_FILE
from pipeline.core.schema import (
    INVOKE_KEYS,
    PREFIX,
    Environment,
    Loaded,
    Policy,
    Settings,
)
from pipeline.core.secrets import redact
from pipeline.core.sources import Key, Mistake, Source, dotted, read

# What invoke reads from the environment by itself.
_INVOKES_OWN = re.compile(r"(?:RUN|RUNNERS|SUDO|TASKS)_|TIMEOUTS_COMMAND$|RUNTIME_CONFIG$|DEBUG$")
_SECRET_KEY = re.compile(
    r"(?:^|_|-)(?:token|secret|password|passwd|api_?key|private_key|credentials?)$", re.IGNORECASE
)
_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def load(
    site: Path,
    *,
    tool_file: Path | None = None,
    foreign: bool = False,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Loaded:
    """Read and merge all settings of the site in folder `site`.

    `foreign` says that the tool's file describes another site: its `site` and `environments` are left out.
    `flags` are values by dotted key. Raises Stop (2) with every mistake.
    """
    files = _read_files(site, tool_file)
    mistakes = [mistake for source in files.values() for mistake in source.mistakes]
    for name, source in files.items():
        if name != "policy":
            mistakes += _secrets(source.values, (), source)
    layers = [
        Layer(_ours(source.values, foreign=foreign and name == "tool"), source=source)
        for name, source in files.items()
        if name != "policy"
    ]
    if any(source.mistakes for source in files.values()):
        raise _stop(mistakes)
    variables, warnings, wrong = _environment_layer(environ or {}, layers)
    layers += [variables, _flag_layer(flags or {})]
    policy_layer = Layer(files["policy"].values, source=files["policy"]) if "policy" in files else Layer({})
    return _validated(site, layers, policy_layer, mistakes + wrong, files, warnings)


def _read_files(site: Path, tool_file: Path | None) -> dict[str, Source]:
    wanted = {"tool": tool_file, "site": site / SETTINGS_FILE, "policy": site / POLICY_FILE}
    found: dict[str, Source] = {}
    for name, path in wanted.items():
        if path is None or (name == "tool" and path.resolve() == (site / SETTINGS_FILE).resolve()):
            continue
        # Two files of the same name: the tool's is told apart by its folder.
        label = f"{path.parent.name}/{path.name}" if name == "tool" else path.name
        source = read(path, label)
        if source:
            found[name] = source
    return found


def _ours(values: dict[str, Any], *, foreign: bool) -> dict[str, Any]:
    left_out = INVOKE_KEYS | ({"site", "environments"} if foreign else set())
    ours = {key: value for key, value in values.items() if key not in left_out}
    if isinstance(ours.get("timeouts"), dict):
        # invoke has a `timeouts` too, with one key of its own.
        ours["timeouts"] = {key: value for key, value in ours["timeouts"].items() if key != "command"}
    return ours


def _secrets(value: object, key: Key, source: Source) -> Iterator[Mistake]:
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    elif isinstance(value, str) and value and _is_secret(value, key):
        yield Mistake(
            source.where(key),
            dotted(key),
            "a secret must not stand in a file: put it into an environment variable, or use `gh auth login`",
        )
    for name, inner in items:
        yield from _secrets(inner, (*key, name), source)


def _is_secret(value: str, key: Key) -> bool:
    if any(isinstance(part, str) and _SECRET_KEY.search(part) for part in key):
        return True
    try:
        has_password = urlsplit(value).password is not None
    except ValueError:
        has_password = False
    return has_password or redact(value, {}) != value


def _environment_layer(
    environ: Mapping[str, str], layers: list[Layer]
) -> tuple[Layer, tuple[str, ...], list[Mistake]]:
    names = {name for layer in layers for name in _keys(layer.values.get("environments"))} | {"local"}
    known = {"_".join(key).upper(): key for key in _leaves(names)}
    values: dict[str, Any] = {}
    origins: dict[Key, str] = {}
    warnings: list[str] = []
    mistakes: list[Mistake] = []
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or _INVOKES_OWN.match(variable[len(PREFIX) :]):
            continue
        key = known.get(variable[len(PREFIX) :])
        if key is None:
            near = difflib.get_close_matches(variable[len(PREFIX) :], known, 1, 0.8)
            if near:
                warnings.append(
                    f"the environment variable {variable} is unknown; did you mean {PREFIX}{near[0]}?"
                )
            continue
        if not text:
            continue
        where = f"environment {variable}"
        value, problem = from_text(text, key)
        if problem:
            mistakes.append(Mistake(where, dotted(key), problem))
            continue
        _put(values, key, value)
        origins[key] = where
    return Layer(values, origins), tuple(warnings), mistakes


def _flag_layer(flags: Mapping[str, object]) -> Layer:
    values: dict[str, Any] = {}
    origins: dict[Key, str] = {}
    for name, value in flags.items():
        if value is None:
            continue
        key = tuple(name.split("."))
        _put(values, key, from_text(value, key)[0] if isinstance(value, str) else value)
        origins[key] = "flag --site" if name == "site.path" else f"flag {name}"
    return Layer(values, origins)


def _keys(value: object) -> set[str]:
    return {name for name in value if isinstance(name, str)} if isinstance(value, dict) else set()


def _leaves(environments: Iterable[str]) -> Iterator[tuple[str, ...]]:
    for name in Settings.entries:
        part = model_at(Settings, (name,))
        if part:
            yield from ((name, inner) for inner in part.entries)
    for name in environments:
        yield from (("environments", name, inner) for inner in Environment.entries if inner != "policy")


def from_text(text: str, key: Key) -> tuple[object, str]:
    """Return the value that `text` means for a key, and what was expected where it means none.

    Booleans are true/false/yes/no/on/off/1/0 in any case (invoke itself takes all but "" and "0" for true).
    """
    owner = model_at(Settings, key[:-1])
    kind = str(types_of(owner).get(str(key[-1]), "")) if owner else ""
    if "bool" in kind:
        value = _WORDS.get(text.strip().lower())
        return value, "" if value is not None else "expected true, false, yes, no, on, off, 1 or 0"
    if "int" in kind and "str" not in kind:
        return (int(text), "") if re.fullmatch(r"\s*-?\d+\s*", text) else (None, "expected a whole number")
    return text, ""


def _put(values: dict[str, Any], key: Key, value: object) -> None:
    for part in key[:-1]:
        inner = values.get(str(part))
        values[str(part)] = values = inner if isinstance(inner, dict) else {}
    values[str(key[-1])] = value


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _filled(values: dict[str, Any], model: type[Part]) -> dict[str, Any]:
    # `site:` with all its lines commented out reads as null and means nothing.
    return {key: {} if value is None and model_at(model, (key,)) else value for key, value in values.items()}


def _validated(
    site: Path,
    layers: list[Layer],
    policy_layer: Layer,
    mistakes: list[Mistake],
    files: dict[str, Source],
    warnings: tuple[str, ...],
) -> Loaded:
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = _merge(merged, _filled(layer.values, Settings))
    # A key with a secret in it was reported as such; that the schema does not know it is no news.
    told = {mistake.key for mistake in mistakes}
    settings, wrong = validate(Settings, merged, layers)
    policy, wrong_policy = validate(Policy, _filled(policy_layer.values, Policy), [policy_layer])
    mistakes += [one for one in wrong + wrong_policy if one.key not in told]
    mistakes += _environment_mistakes(merged.get("environments"), policy or Policy(), layers)
    if mistakes or not settings or not policy:
        raise _stop(mistakes)
    origins = {**_origins(settings, layers), **_origins(policy, [policy_layer])}
    if not settings.site.name:
        named = settings.site.model_copy(update={"name": site.resolve().name})
        settings = settings.model_copy(update={"site": named})
        origins["site.name"] = "default: the folder's name"
    return Loaded(settings, policy, origins, tuple(source.path for source in files.values()), warnings)


def _environment_mistakes(environments: object, policy: Policy, layers: list[Layer]) -> Iterator[Mistake]:
    from pydantic import ValidationError

    # The raw values: a mistake elsewhere in the file must not hide one here.
    for name, environment in environments.items() if isinstance(environments, dict) else ():
        under: Key = ("environments", name)
        if not isinstance(environment, dict):
            continue
        if environment.get("repository") is None and name != "local":
            missing = "missing: where to publish to, such as owner/name on GitHub"
            yield Mistake(where_is(under, layers), dotted((*under, "repository")), missing)
        overrides = environment.get("policy")
        try:
            policy_for(policy, overrides if isinstance(overrides, dict) else {})
        except ValidationError as error:
            yield from explain(Policy, error, layers, (*under, "policy"))


def policy_for(policy: Policy, overrides: Mapping[str, Any]) -> Policy:
    """Return the policy with an environment's overrides laid over it; raises pydantic's ValidationError."""
    return judged(Policy, _merge(policy.model_dump(), overrides)) if overrides else policy


def _origins(model: Part, layers: list[Layer]) -> dict[str, str]:
    from pipeline.core.ui import flatten

    origins: dict[str, str] = {}
    for name in flatten(model.model_dump()):
        key = tuple(name.split("."))
        origins[name] = next((x.origin(key) for x in reversed(layers) if has(x.values, key)), "default")
    return origins


def values_of(loaded: Loaded, key: str = "") -> dict[str, tuple[object, str]]:
    """Return value and origin by dotted key, of all keys or of `key` and those below it.

    Raises Stop (2) naming the nearest key when there is none.
    """
    from pipeline.core.ui import flatten

    values = flatten({**loaded.settings.model_dump(mode="json"), **loaded.policy.model_dump(mode="json")})
    found = {
        name: (value, loaded.origins.get(name, "default"))
        for name, value in values.items()
        if not key or name == key or name.startswith(f"{key}.")
    }
    if not found:
        parents = {name.rpartition(".")[0] for name in values}
        near = difflib.get_close_matches(key, sorted({*values, *parents} - {""}), 1, 0.5)
        raise Stop(
            f"there is no setting {key}", f"invoke settings --key={near[0]}" if near else "invoke settings"
        )
    return found


def _stop(mistakes: list[Mistake]) -> Stop:
    lines = tuple(dict.fromkeys(str(mistake) for mistake in mistakes))
    return Stop(
        f"the settings have {plural(len(lines), 'mistake')}",
        "correct them, then: invoke settings",
        details=lines,
    )
