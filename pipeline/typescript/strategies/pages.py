"""Pages of Next: their props are what the page's own function for its data returns."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.strategies.naming import Names
from pipeline.typescript.strategies.parameters import annotate
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "page-props"
CODES = frozenset((7006, 7031))
_OF = {
    "getStaticProps": "InferGetStaticPropsType",
    "getServerSideProps": "InferGetServerSidePropsType",
}


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `InferGetStaticPropsType<typeof getStaticProps>` for the props of a page's default export."""
    node = world.node(one)
    parameter = node and (node if node.kind == "Parameter" else node.above("Parameter"))
    function = parameter.parent if parameter else None
    if not parameter or not function or parameter.child("type") or not _is_page(function):
        return
    if function.all("parameters")[0] is not parameter:
        return
    for name, type_ in _OF.items():
        if (source := _exported(name, function)) and not _loose(source):
            imports = Names(parameter, world).package(type_, "next")
            edits = annotate(parameter, f": {type_}<typeof {name}>")
            if edits and imports is not None:
                why = f"{name} of the page returns its props"
                yield Repair(NAME, "type-only", combined(edits, imports), why)


def _is_page(function: Node) -> bool:
    words = [one.kind for one in function.all("modifiers")]
    return function.kind == "FunctionDeclaration" and "ExportKeyword" in words and "DefaultKeyword" in words


def _exported(name: str, at: Node) -> Node | None:
    """Return the exported function or variable of the script that has a name."""
    for one in at.tree.root.walk():
        own = one.child("name") if one.kind in ("FunctionDeclaration", "VariableDeclaration") else None
        if own and own.text == name:
            holder = (
                one if one.kind == "FunctionDeclaration" else one.above("VariableStatement", "FirstStatement")
            )
            words = holder.all("modifiers") if holder and holder.parent is at.tree.root else []
            return one if any(word.kind == "ExportKeyword" for word in words) else None
    return None


def _loose(source: Node) -> bool:
    """Whether it is declared to return any props at all: `GetStaticProps` without a type argument."""
    written = source.child("type")
    return written is not None and source.kind == "VariableDeclaration" and not written.all("typeArguments")
