"""`?? value` where the code did the same with null or undefined as with the value: sums, comparisons, conversions."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import subject
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.flow import LINKS, assigned, bare, operator, quote_of
from pipeline.typescript.tree import NOTHING, Node
from pipeline.typescript.world import World

NAME = "same-default"
CODES = frozenset((2345, 2322, 2769, 2531, 2532, 18047, 18048, 18049, 2362, 2363, 2538))
_TIGHT = frozenset(("PrefixUnaryExpression", "AwaitExpression", "AsExpression", "SpreadElement"))
_ARITHMETIC = frozenset(("-", "*", "/", "%", "**", "<", ">", "<=", ">=", "+"))
# What each function of the language makes of null, and of undefined: written as the argument that gives the same.
_CLEAR = ("undefined", "undefined")
# In sums and dates, undefined is a mistake that goes on as NaN: not written down, but left to who knows what is meant.
_SUM = ("0", None)
_CALLS: dict[str, tuple[str | None, str | None]] = {
    "parseInt": ("''", "''"),
    "parseFloat": ("''", "''"),
    "Number.parseInt": ("''", "''"),
    "Number.parseFloat": ("''", "''"),
    "JSON.parse": ("'null'", None),
    "isNaN": _SUM,
    "isFinite": _SUM,
    "Date": _SUM,
    "clearTimeout": _CLEAR,
    "clearInterval": _CLEAR,
    "window.clearTimeout": _CLEAR,
    "window.clearInterval": _CLEAR,
    "cancelAnimationFrame": ("0", "0"),
    "window.cancelAnimationFrame": ("0", "0"),
    "setTimeout": ("0", "0"),
    "setInterval": ("0", "0"),
}


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the default that changes nothing."""
    node = subject(one, world)
    if node is None or node.place is None or assigned(node):
        return
    pair = _operand(node) or _argument(node) or _attribute(node) or _key(node)
    if pair is None:
        return
    missing = {flag for part in (node.type.members if node.type else ()) for flag in part.flags & NOTHING}
    options = [value for flag, value in zip(("null", "undefined"), pair, strict=True) if flag in missing]
    if len(set(options)) != 1 or options[0] is None or "void" in missing:
        return
    quote = quote_of(node.tree.source)
    value = options[0].replace("'", quote)
    why = f"{value} gives what {' and '.join(sorted(missing))} gave"
    simple = node.kind in LINKS or node.kind in ("Identifier", "ParenthesizedExpression")
    text = node.text if simple else f"({node.text})"
    bracket = binds_tighter(node)
    cast = _cast_of(node)
    if cast:
        text = f"({text} as {cast})"
    if simple and not bracket and not cast:
        edit = insert(node, f" ?? {value}", after=True)
    else:
        edit = replace(node, f"({text} ?? {value})" if bracket else f"{text} ?? {value}")
    if edit:
        yield Repair(NAME, "guard", (edit,), why, "none: the result is the same")


def binds_tighter(node: Node) -> bool:
    """Whether what is around the expression would take only a part of `x ?? y`."""
    parent = node.parent
    if parent is None:
        return False
    if parent.kind == "BinaryExpression":
        return (
            node.role == "left"
            or not operator(parent).endswith("=")
            or operator(parent) in ("==", "===", "<=", ">=")
        )
    return (parent.kind in LINKS and node.role == "expression") or parent.kind in _TIGHT


def _operand(node: Node) -> tuple[str | None, str | None] | None:
    """Null counts as 0 in arithmetic and comparisons; with numbers only."""
    parent = node.parent
    if parent is None or parent.kind != "BinaryExpression" or operator(parent) not in _ARITHMETIC:
        return None
    other = parent.child("right" if node.role == "left" else "left")
    return _SUM if _numeric(node) and other is not None and _numeric(other) else None


def _numeric(node: Node) -> bool:
    members = node.type.members if node.type else ()
    return bool(members) and all(
        "number" in one.flags or bool(one.flags & {"null", "undefined"}) for one in members
    )


def _argument(node: Node) -> tuple[str | None, str | None] | None:
    call = node.parent
    if call is None or node.role != "arguments" or call.kind not in ("CallExpression", "NewExpression"):
        return None
    callee = call.child("expression")
    name = callee.text if callee else ""
    if name.startswith("Math.") and _numeric(node):
        return _SUM
    known = _CALLS.get(name)
    index = [each.index for each in call.all("arguments")].index(node.index)
    wanted = 1 if name.startswith("set") else 0
    single = name != "Date" or (call.kind == "NewExpression" and len(call.all("arguments")) == 1)
    own = callee is not None and bare(callee).symbol is not None and bare(callee).symbol.own  # type: ignore[union-attr]
    return known if known and index == wanted and single and not own else None


def _attribute(node: Node) -> tuple[str | None, str | None] | None:
    """An attribute of a plain element is left out for null as for undefined."""
    holder = node.parent.parent if node.parent and node.parent.kind == "JsxExpression" else None
    element = holder.above("JsxOpeningElement", "JsxSelfClosingElement") if holder else None
    tag = element.child("tagName") if element else None
    plain = (
        holder is not None and holder.kind == "JsxAttribute" and tag is not None and tag.text[:1].islower()
    )
    return ("undefined", None) if plain else None


def _key(node: Node) -> tuple[str | None, str | None] | None:
    """`map[undefined]` reads the key "undefined"."""
    if node.role != "argumentExpression":
        return None
    return ("'null'", None) if _numeric(node) else ("'null'", "'undefined'")


def _cast_of(node: Node) -> str | None:
    """An entry of a form is a string or a file; what is parsed or compared is the string."""
    kind = node.type.text if node.type else ""
    return "string | null" if kind == "FormDataEntryValue | null" else None
