"""How settings are declared and held: closed, immutable parts, without the library that judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn, Self, dataclass_transform

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

_REQUIRED = object()


class Entry:
    """One key of a part: its default, what it means, and its limits in pydantic's words."""

    __slots__ = ("default", "description", "factory", "limits")

    def __init__(
        self, default: object, factory: Callable[[], object] | None, description: str, limits: dict[str, Any]
    ) -> None:
        self.default, self.factory, self.description, self.limits = default, factory, description, limits

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.default is _REQUIRED and self.factory is None

    def new(self) -> object:
        """Return the default, made anew where it is made."""
        return self.factory() if self.factory else self.default

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Standing inside of `Annotated`, it limits every value of that type.
        limited: dict[str, Any] = {**handler(source), **self.limits}
        return limited


def Field(  # noqa: N802 - it stands where pydantic's stands, and reads like it
    *,
    default: Any = _REQUIRED,  # noqa: ANN401 - it has its field's type
    default_factory: Callable[[], object] | None = None,
    description: str = "",
    **limits: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Declare a key; `limits` are those of pydantic's Field: ge, gt, le, min_length, pattern, strict."""
    return Entry(default, default_factory, description, limits)


class Reads:
    """Marks a type whose values are first read by a function, which raises ValueError with what it expected."""

    def __init__(self, read: Callable[[Any], object]) -> None:
        self.read = read

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self.read, handler(source))


class Then:
    """Marks a type whose valid values are then looked at by a function, as `Reads` does before."""

    def __init__(self, look: Callable[[Any], object]) -> None:
        self.look = look

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.look, handler(source))


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
class Part:
    """Immutable values by declared keys. Made by hand they are taken as they are; `mistakes.validate` judges them.

    A dataclass would do; twenty of them take 20 ms of every start to be compiled.
    """

    entries: ClassVar[Mapping[str, Entry]] = {}

    def __init_subclass__(cls) -> None:
        cls.entries = {name: vars(cls)[name] for name in cls.__annotations__}
        for name in cls.entries:
            delattr(cls, name)

    def __init__(self, **given: object) -> None:
        values = {
            name: given.pop(name) if name in given else entry.new() for name, entry in self.entries.items()
        }
        wrong = [*given, *(name for name, value in values.items() if value is _REQUIRED)]
        if wrong:
            raise TypeError(f"{type(self).__name__}: unknown or missing: {', '.join(wrong)}")
        vars(self).update(values)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed: settings are immutable")

    __delattr__ = __setattr__  # type: ignore[assignment]

    # Values may be mappings and lists.
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"
        )

    def model_copy(self, *, update: Mapping[str, object]) -> Self:
        """Return the same with other values."""
        return type(self)(**{**vars(self), **update})

    def model_dump(
        self, *, mode: Literal["python", "json"] = "python", exclude: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Return nested mappings; mode `json` has lists for tuples and text for dates."""
        return {
            name: _plain(value, json=mode == "json")
            for name, value in vars(self).items()
            if name not in exclude
        }

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        schema = handler.generate_schema(_judge(cls))
        return core_schema.no_info_after_validator_function(lambda model: cls(**vars(model)), schema)


def _plain(value: object, *, json: bool) -> object:
    if isinstance(value, Part):
        return value.model_dump(mode="json" if json else "python")
    if isinstance(value, dict):
        return {key: _plain(inner, json=json) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        inside = [_plain(inner, json=json) for inner in value]
        return inside if json or isinstance(value, list) else tuple(inside)
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value) if json else value


_types: dict[type[Part], dict[str, Any]] = {}


def types_of(part: type[Part]) -> dict[str, Any]:
    """Return the type of each key, without what `Annotated` adds."""
    from typing import get_type_hints

    if part not in _types:
        hints = get_type_hints(part)
        _types[part] = {name: hints[name] for name in part.entries}
    return _types[part]


def _judge(part: type[Part]) -> type[Any]:
    """Return the pydantic model that judges a part: closed, and strict (a number in quotes is not a number)."""
    from typing import get_type_hints

    from pydantic import ConfigDict, create_model
    from pydantic import Field as Judged

    hints = get_type_hints(part, include_extras=True)
    fields: dict[str, Any] = {}
    for name, entry in part.entries.items():
        default = {"default_factory": entry.factory} if entry.factory else {"default": entry.default}
        fields[name] = (hints[name], Judged(**({} if entry.required else default), **entry.limits))
    # Built within Settings and Policy, so building each by itself is waste.
    config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    model: type[Any] = create_model(part.__name__, __config__=config, **fields)
    return model
