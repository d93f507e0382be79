"""What the schema rejects, told in words: where it stands, what was expected, which key is the nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.core.secrets import redact
from pipeline.core.sources import Key, Mistake, Source, dotted

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound="BaseModel")


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


def model_at(model: type[BaseModel], key: Key) -> type[BaseModel] | None:
    """Return the part of the schema that describes the values below `key`, or None where there is none."""
    from typing import get_args

    from pydantic import BaseModel as Base

    here: object = model
    for part in key:
        if not (isinstance(here, type) and issubclass(here, Base)):
            # A list or mapping of parts: the key is an index or a name.
            here = next(
                (arg for arg in get_args(here) if isinstance(arg, type) and issubclass(arg, Base)), None
            )
            continue
        entry = here.model_fields.get(str(part))
        here = entry.annotation if entry else None
    return here if isinstance(here, type) and issubclass(here, Base) else None


def validate(
    model: type[Model], values: Mapping[str, Any], layers: list[Layer]
) -> tuple[Model | None, list[Mistake]]:
    """Return the model, or None and every mistake."""
    from pydantic import ValidationError

    try:
        return model.model_validate(values), []
    except ValidationError as error:
        return None, list(explain(model, error, layers))


def explain(
    model: type[BaseModel], error: ValidationError, layers: list[Layer], under: Key = ()
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


def _problem(model: type[BaseModel], detail: ErrorDetails) -> tuple[str, str]:
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


def nearest(model: type[BaseModel], key: Key) -> str:
    """Return the valid key that an unknown one resembles: a sibling, else the same name elsewhere."""
    name = str(key[-1])
    owner = model_at(model, key[:-1])
    close = difflib.get_close_matches(name, owner.model_fields if owner else (), 1, 0.6)
    if close:
        return dotted((*key[:-1], close[0]))
    elsewhere = [path for path in _paths(model, ()) if path[-1] == name]
    return dotted(elsewhere[0]) if elsewhere else ""


def _paths(model: type[BaseModel], under: Key) -> Iterator[Key]:
    for name in model.model_fields:
        yield (*under, name)
        inner = model_at(model, (name,))
        if inner:
            yield from _paths(inner, (*under, name))
