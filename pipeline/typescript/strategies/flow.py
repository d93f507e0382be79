"""Where an expression stands: its statement, whether it always runs, whether its value is used, how to leave early."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from pipeline.typescript.edits import Edit, indent_at, newline_of
from pipeline.typescript.tree import Node, Symbol

BLOCKS = frozenset(("Block", "SourceFile", "ModuleBlock", "CaseClause", "DefaultClause"))
LINKS = frozenset(
    ("PropertyAccessExpression", "ElementAccessExpression", "CallExpression", "NonNullExpression")
)
_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE)
# The share of lines with a semicolon at the end up to which a source counts as written without.
_FEW_OF = 0.02
_LAZY_OPERATORS = frozenset(("&&", "||", "??", "&&=", "||=", "??="))
_LATER_ROLES = {
    "IfStatement": ("thenStatement", "elseStatement"),
    "ForStatement": ("incrementor", "statement"),
    "ForOfStatement": ("statement",),
    "ForInStatement": ("statement",),
    "WhileStatement": ("statement",),
    "ConditionalExpression": ("whenTrue", "whenFalse"),
}


def bare(node: Node) -> Node:
    """Return the expression without parentheses, casts and `!` around it."""
    while node.kind in (
        "ParenthesizedExpression",
        "AsExpression",
        "NonNullExpression",
        "SatisfiesExpression",
    ):
        inner = node.child("expression")
        if inner is None:
            return node
        node = inner
    return node


def unwrapped(node: Node) -> Node:
    """Return the outermost parenthesis around a node, or the node."""
    while node.parent and node.parent.kind == "ParenthesizedExpression":
        node = node.parent
    return node


def root_of(node: Node) -> Node:
    """Return the first name of a chain: `a` of `a.b[0].c`."""
    while node.kind in LINKS or node.kind == "ParenthesizedExpression":
        inner = node.child("expression")
        if inner is None:
            break
        node = inner
    return node


def stable(node: Node) -> bool:
    """Whether a check of the expression narrows its next use: a name, or members of one without calls."""
    if node.kind in ("Identifier", "ThisKeyword"):
        return True
    if node.kind in ("NonNullExpression", "ParenthesizedExpression"):
        return bool((inner := node.child("expression")) and stable(inner))
    if node.kind == "PropertyAccessExpression":
        return bool((inner := node.child("expression")) and stable(inner))
    if node.kind == "ElementAccessExpression":
        key, inner = node.child("argumentExpression"), node.child("expression")
        known = key and key.kind in ("StringLiteral", "NumericLiteral", "Identifier")
        return bool(known and inner and stable(inner))
    return False


def statement_of(node: Node) -> Node | None:
    """Return the statement around a node that stands in a list of statements, None when its function has no such."""
    inner = node
    for outer in node.up():
        if outer.kind in BLOCKS and inner.role == "statements":
            return inner
        if outer.is_function or outer.kind in ("PropertyDeclaration", "ClassStaticBlockDeclaration"):
            return None
        inner = outer
    return None


def always(node: Node, statement: Node) -> bool:
    """Whether the statement evaluates the node whenever it runs."""
    inner = node
    for outer in node.up():
        if inner is statement:
            return True
        if inner.role in _LATER_ROLES.get(outer.kind, ()) or outer.is_function:
            return False
        if outer.kind == "BinaryExpression" and inner.role == "right" and operator(outer) in _LAZY_OPERATORS:
            return False
        if outer.kind in LINKS and inner.role != "expression" and _optional_chain(outer):
            return False
        if outer.kind in ("CaseBlock", "CaseClause", "CatchClause"):
            return False
        if outer.kind == "TryStatement" and inner.role != "tryBlock":
            return False
        inner = outer
    return False


def _optional_chain(node: Node | None) -> bool:
    while node is not None and node.kind in LINKS:
        if node.child("questionDotToken"):
            return True
        node = node.child("expression")
    return False


def operator(node: Node) -> str:
    """Return the operator of a binary expression."""
    token = node.child("operatorToken")
    return token.text if token else ""


def assigned(node: Node) -> bool:
    """Whether the node is what an assignment, `++` or delete changes, or is destructured into."""
    node = unwrapped(node)
    parent = node.parent
    if parent is None:
        return False
    if parent.kind == "BinaryExpression" and node.role == "left":
        return operator(parent).endswith("=") and operator(parent) not in (
            "==",
            "===",
            "!=",
            "!==",
            "<=",
            ">=",
        )
    return parent.kind in ("PrefixUnaryExpression", "PostfixUnaryExpression") and parent.text.startswith(
        ("++", "--")
    ) | parent.text.endswith(("++", "--"))


def chain_top(node: Node) -> Node:
    """Return the whole chain of accesses and calls that starts at the node: `a.b().c` for `a`."""
    node = unwrapped(node)
    while node.parent and node.parent.kind in LINKS and node.role == "expression":
        node = unwrapped(node.parent) if node.parent.kind == "NonNullExpression" else node.parent
    return node


def unused(node: Node) -> bool:
    """Whether nothing looks at the value of the expression."""
    node = unwrapped(node)
    parent = node.parent
    if parent is None:
        return False
    if parent.kind in ("ExpressionStatement", "VoidExpression"):
        return True
    if parent.kind == "AwaitExpression":
        return unused(parent)
    if parent.kind == "BinaryExpression" and operator(parent) in ("&&", "||", "??") and node.role == "right":
        return unused(parent)
    if parent.kind == "ConditionalExpression" and node.role in ("whenTrue", "whenFalse"):
        return unused(parent)
    if parent.kind == "ForStatement":
        return node.role in ("incrementor", "initializer")
    return parent.kind == "ArrowFunction" and node.role == "body" and wants_nothing(parent)


def tested(node: Node) -> bool:
    """Whether only the truth of the value counts, and false means that nothing is done."""
    node = unwrapped(node)
    parent = node.parent
    if parent is None:
        return False
    if parent.kind in ("IfStatement", "WhileStatement") and node.role == "expression":
        return parent.child("elseStatement") is None
    if parent.kind == "BinaryExpression" and operator(parent) == "&&":
        return tested(parent) or (node.role == "left" and (unused(parent) or shown(parent)))
    return False


def shown(node: Node) -> bool:
    """Whether the value is put on the page, where null and undefined show nothing."""
    node = unwrapped(node)
    parent = node.parent
    if parent and parent.kind == "BinaryExpression" and operator(parent) == "&&" and node.role == "right":
        return shown(parent)
    return bool(parent and parent.kind == "JsxExpression") or (in_markup(node) and not _handled(node))


def _handled(node: Node) -> bool:
    """Whether the node of a component's markup stands in a function: that of an event, or one that people wrote."""
    function = node.function
    return function is not None and (function.place is not None or "$event" in function.text[:20])


def in_markup(node: Node) -> bool:
    """Whether a node stands in the markup of a Vue or Svelte component, not in one of its scripts."""
    place = node.place if node.tree.file.endswith((".vue", ".svelte")) else None
    return place is not None and not any(start <= place[0] < end for start, end in _scripts(node.tree.source))


@lru_cache(maxsize=64)
def _scripts(source: str) -> tuple[tuple[int, int], ...]:
    return tuple(found.span() for found in _SCRIPT.finditer(source))


def wants_nothing(function: Node) -> bool:
    """Whether whoever calls the function ignores what it returns."""
    context = function.context
    expected = [one.returns for member in context.members for one in member.calls] if context else []
    return bool(expected) and all(one and ("void" in one.flags or one.has("void")) for one in expected)


def home_of(node: Node) -> Node:
    """Return the function around a node, or the script."""
    return node.function or node.tree.root


def leave(node: Node, what: str, quote: str) -> str:
    """Return the statement that leaves at a node: `return;` where nothing is returned, else an error with a message.

    A function that answers, a constructor, a script and a `try` with a `catch` keep throwing, as they did.
    """
    function = node.function
    other = "'" if quote == '"' else '"'
    quote = other if quote in what and other not in what else quote
    throw = f"throw new Error({quote}{what.replace(quote, chr(92) + quote)}{quote});"
    if function is None or function.kind in ("Constructor", "GetAccessor", "SetAccessor"):
        return throw
    for outer in node.up():
        if outer is function:
            break
        if outer.role == "tryBlock" and outer.parent and outer.parent.child("catchClause"):
            return throw
    returned = [one for one in returns_of(function) if one.child("expression")]
    bare_ones = [one for one in returns_of(function) if not one.child("expression")]
    body = function.child("body")
    if body is None or body.kind != "Block":
        return throw
    return "return;" if not returned or bare_ones or wants_nothing(function) else throw


def returns_of(function: Node) -> list[Node]:
    """Return the return statements of the function itself."""
    return [one for one in function.walk() if one.kind == "ReturnStatement" and one.function is function]


def before(statement: Node, text: str) -> Edit | None:
    """Return the edit that puts a line before a statement, indented as it is."""
    place = statement.tree.place(statement.start, statement.start + 1)
    if place is None:
        return None
    source = statement.tree.source
    start = place[0]
    line = source.rfind("\n", 0, start) + 1
    if source[line:start].strip():  # on a line with others
        return Edit(statement.tree.file, start, start, f"{text} ")
    gap = newline_of(source) + indent_at(source, start)
    return Edit(statement.tree.file, start, start, _ended(text, source, start) + gap)


def _ended(text: str, source: str, at: int) -> str:
    """Return a statement's text without semicolons, when the source has none and what follows does not need one."""
    lines = [line for line in source.splitlines() if line.strip()]
    ended = sum(line.rstrip().endswith(";") for line in lines)
    if ended > _FEW_OF * len(lines) or source[at : at + 1] in tuple("([`+-/"):
        return text
    return re.sub(r";(?=\r?\n|$)", "", text)


def after(statement: Node, text: str) -> Edit | None:
    """Return the edit that puts a line after a statement, indented as it is."""
    place = statement.tree.place(statement.end - 1, statement.end)
    first = statement.tree.place(statement.start, statement.start + 1)
    if place is None or first is None:
        return None
    source = statement.tree.source
    return Edit(
        statement.tree.file, place[1], place[1], newline_of(source) + indent_at(source, first[0]) + text
    )


def inside(tree_node: Node, position: int, text: str) -> Edit | None:
    """Return the edit that inserts at a position of the script, before the character there."""
    place = tree_node.tree.place(position, position + 1)
    return Edit(tree_node.tree.file, place[0], place[0], text) if place else None


def quote_of(text: str) -> str:
    """Return the quotation mark that a text uses more."""
    return "'" if text.count("'") > text.count('"') else '"'


def is_const(symbol: Symbol | None, declared: list[Node]) -> bool:
    """Whether a name is declared once with const, so that closures keep what a check before them found."""
    return bool(symbol) and len(declared) == 1 and _const_list(declared[0])


def _const_list(node: Node) -> bool:
    holder = node.above("VariableDeclarationList") if node.kind != "VariableDeclarationList" else node
    return bool(holder and holder.text.startswith("const"))


def link(node: Node) -> Edit | None:
    """Return the edit that makes the access or call after a node optional: `a.b` becomes `a?.b`."""
    inner = unwrapped(node)
    parent = inner.parent
    if parent is None or inner.role != "expression" or parent.child("questionDotToken"):
        return None
    text = parent.tree.text
    if parent.kind == "PropertyAccessExpression":
        dot = text.find(".", inner.end)
        name = parent.child("name")
        return inside(parent, dot, "?") if name and 0 <= dot < name.start else None
    mark = {"ElementAccessExpression": "[", "CallExpression": "("}.get(parent.kind)
    if mark is None or parent.child("typeArguments"):
        return None
    at = text.find(mark, inner.end)
    return inside(parent, at, "?.") if 0 <= at < parent.end else None


def outward(node: Node) -> Iterator[Node]:
    """Yield the functions around a node and the script, the nearest first."""
    for one in node.up():
        if one.is_function:
            yield one
    yield node.tree.root
