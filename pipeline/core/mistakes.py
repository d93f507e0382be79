"""What the schema rejects, told in words: where it stands, what was expected, which key is the nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pipeline.core.part import Part, types_of
from pipeline.core.secrets import redact
from pipeline.core.sources import Key, Mistake, Source, dotted

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=Part)


# Building one takes longer than all its judgements.
_judges: dict[type[Part], TypeAdapter[Any]] = {}


@dataclass(frozen=True)
class Layer:
    """One place that settings come from: nested values, and the origin of each key."""

    values: dict[str, Any]
    origins: Mapping[Key, str] = field(default_factory=dict)
    source: Source | None = None

    def origin(self, key: Key) -> str:
        """Return where the value at `key` was given."""
        if self.source:
            return self.source.where(key)
        return next(
            (self.origins[key[:n]] for n in range(len(key), 0, -1) if key[:n] in self.origins), "default"
        )


def model_at(model: type[Part], key: Key) -> type[Part] | None:
    """Return the part of the schema that describes the values below `key`, or None where there is none."""
    here: object = model
    for part in key:
        if not (isinstance(here, type) and issubclass(here, Part)):
            # A list or mapping of parts: the key is an index or a name.
            here = next(
                (arg for arg in get_args(here) if isinstance(arg, type) and issubclass(arg, Part)), None
            )
            continue
        here = types_of(here).get(str(part))
    return here if isinstance(here, type) and issubclass(here, Part) else None


def validate(
    model: type[Model], values: Mapping[str, Any], layers: list[Layer]
) -> tuple[Model | None, list[Mistake]]:
    """Return the model, or None and every mistake."""
    from pydantic import ValidationError

    try:
        return judged(model, values), []
    except ValidationError as error:
        return None, list(explain(model, error, layers))


def judged(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Return the values as a part; raises pydantic's ValidationError."""
    from pydantic import TypeAdapter

    if model not in _judges:
        _judges[model] = TypeAdapter(model)
    part: Model = _judges[model].validate_python(values)
    return part


def explain(
    model: type[Part], error: ValidationError, layers: list[Layer], under: Key = ()
) -> Iterator[Mistake]:
    for detail in error.errors(include_url=False, include_context=True):
        key: Key = (*under, *detail["loc"])
        yield Mistake(where_is(key, layers), dotted(key), *_problem(model, detail))


def where_is(key: Key, layers: list[Layer]) -> str:
    for layer in reversed(layers):
        if has(layer.values, key) and layer.origin(key) != "default":
            return layer.origin(key)
    # A missing key: the place of what should hold it.
    return (
        where_is(key[:-1], layers) if key else next((x.source.label for x in layers if x.source), "settings")
    )


def has(values: object, key: Key) -> bool:
    for part in key:
        inside = isinstance(values, dict) and part in values
        if inside or (isinstance(values, list) and isinstance(part, int) and part < len(values)):
            values = values[part]  # type: ignore[index]
        else:
            return False
    return True


def _problem(model: type[Part], detail: ErrorDetails) -> tuple[str, str]:
    if detail["type"] == "extra_forbidden":
        return "unknown key", nearest(model, detail["loc"])
    if detail["type"] == "missing":
        return "missing, and required", ""
    return f"expected {_expected(detail)}, not {_shown(detail['input'])}", ""


def _expected(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "literal_error":
        return f"one of {context['expected']}".replace("'", "")
    if kind == "value_error":
        return str(context["error"])
    return _EXPECTED.get(kind) or str(detail["msg"]).removeprefix("Input should be ")


_EXPECTED = {
    "string_type": "text (in quotes, where it looks like a number or a date)",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "tuple_type": "a list",
    "date_type": "a date without quotes, such as 2026-12-31",
    "string_too_short": "text that is not empty",
    "string_pattern_mismatch": "text that fits here",
}


def _shown(value: object) -> str:
    text = redact(repr(value)) if not isinstance(value, dict | list) else type(value).__name__
    text = {"dict": "keys and values", "list": "a list", "None": "null"}.get(text, text)
    return text if len(text) <= 60 else text[:57] + "..."


def nearest(model: type[Part], key: Key) -> str:
    """Return the valid key that an unknown one resembles: a sibling, else the same name elsewhere."""
    name = str(key[-1])
    owner = model_at(model, key[:-1])
    close = difflib.get_close_matches(name, owner.entries if owner else (), 1, 0.6)
    if close:
        return dotted((*key[:-1], close[0]))
    elsewhere = [path for path in _paths(model, ()) if path[-1] == name]
    return dotted(elsewhere[0]) if elsewhere else ""


def _paths(model: type[Part], under: Key) -> Iterator[Key]:
    for name in model.entries:
        yield (*under, name)
        inner = model_at(model, (name,))
        if inner:
            yield from _paths(inner, (*under, name))
