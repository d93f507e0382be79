"""Types for parameters: from JSDoc, from where the function is passed on, from its calls, from the uses in its body."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies import calls
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import stable
from pipeline.typescript.strategies.usage import by_use
from pipeline.typescript.strategies.writing import Piece, Written, write
from pipeline.typescript.tree import Node, Type
from pipeline.typescript.world import World

NAME = "parameters"
CODES = frozenset((7006, 7019))

_JSDOC = re.compile(r"^[\w$\[\]<>|, .'\"()?]+$")
_JSDOC_VAGUE = re.compile(r"\b(any|Function|Object|object)\b|\*|^\?|\.\.\.")
_FEW = 3
_LOWER = {"String": "string", "Number": "number", "Boolean": "boolean"}


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield an annotation for the parameter, the best evidence first."""
    node = world.node(one)
    parameter = node and (node if node.kind == "Parameter" else node.above("Parameter"))
    if not parameter or parameter.child("type"):
        return
    function = parameter.parent
    blind = bool(function and function.role == "arguments" and _unknown_callee(function))
    said: set[str] = set()
    for why, written in evidence(parameter, world):
        for text in _forms(parameter, written, why, world):
            if text in said:
                continue
            said.add(text)
            edits = annotate(parameter, text)
            if edits:
                vague = written.vague or blind
                yield Repair(NAME, "type-only", combined(edits, written.imports), why, vague=vague)


def evidence(parameter: Node, world: World) -> Iterator[tuple[str, Written]]:
    """Yield what a parameter can be, with the reason."""
    for why, pieces in _pieces(parameter, world):
        if written := write(pieces, parameter, world):
            yield why, written


def _pieces(parameter: Node, world: World) -> Iterator[tuple[str, tuple[Piece, ...]]]:
    name = parameter.child("name")
    if text := _documented(parameter):
        yield "its JSDoc says so", (text,)
    if found := calls.implemented(parameter):
        yield "the method that it implements has it", (found,)
    uses = [one for one in world.references(name.symbol) if one is not name] if name else []
    if parameter.child("dotDotDotToken") and (text := _handed_on(uses)):
        yield "it hands them on to this", (text,)
    yield from (("it hands them on to this component", (found,)) for found in _spread_into(uses))
    expected = tuple(calls.expected(parameter, world))
    if expected:
        yield "what its function is passed on to calls it with this", expected[:1]
    passed = calls.passed(parameter, world).pieces
    if passed:
        yield "what callers pass", passed
    for pieces in by_use(uses, world):
        yield "how its function uses it", pieces
        passed = passed or pieces
    loose = all(not isinstance(one, str) and "any" in one.flags for one in passed)
    if loose and not any(one.role == "expression" for one in uses):
        yield "nothing says what it is, and nothing looks into it", ("unknown",)


def _spread_into(uses: list[Node]) -> Iterator[Type]:
    """Yield the props of the component that the one object of another is spread into: `<Page {...props} />`."""
    for use in uses:
        spread = use.parent if use.parent and use.parent.kind == "JsxSpreadAttribute" else None
        element = spread.above("JsxOpeningElement", "JsxSelfClosingElement") if spread else None
        tag = element.child("tagName") if element else None
        for call in tag.type.calls[:1] if tag and tag.type else ():
            yield from (one.type for one in call.parameters[:1] if one.type)


def _handed_on(uses: list[Node]) -> str:
    """Return the parameters of the one function that a rest parameter is handed on to, as its last arguments."""
    for use in uses:
        call = use.above("CallExpression")
        callee = call.child("expression") if call else None
        arguments = call.all("arguments") if call else []
        whole = use.parent is not None and use.parent.kind == "SpreadElement" and use.parent in arguments
        if callee and callee.text.endswith(".apply" if use in arguments else ".call"):
            callee, arguments, whole = callee.child("expression"), arguments[1:], True
        known = callee.type if callee and stable(callee) and re.fullmatch(r"[\w$.]+", callee.text) else None
        if not callee or not whole or not known or not known.calls or "any" in known.flags:
            continue
        if len(arguments) == 1:
            return f"Parameters<typeof {callee.text}>"
        left = known.calls[0].parameters[len(arguments) - 1 :]
        if len(known.calls) == 1 and 0 < len(left) <= _FEW and not any(one.rest for one in left):
            return _last_of(callee.text, len(arguments) - 1, [one.optional for one in left])
    return ""


def _last_of(callee: str, first: int, optional: list[bool]) -> str:
    """Return the tuple of a function's parameters from an index on."""
    parts = [
        f"Parameters<typeof {callee}>[{first + at}]{'?' if may else ''}" for at, may in enumerate(optional)
    ]
    return f"[{', '.join(parts)}]"


def _forms(parameter: Node, written: Written, why: str, world: World) -> Iterator[str]:
    if parameter.child("dotDotDotToken"):
        whole = written.text.endswith("[]") or written.text.startswith(("Parameters<", "[Parameters<"))
        yield f": {written.text if whole and 'callers' not in why else written.in_array}"
        return
    if parameter.child("initializer"):
        yield f": {written.text}"
        return
    if calls.passed(parameter, world).optional and not parameter.child("questionToken"):
        yield f"?: {written.text}"
        yield f": {written.or_('undefined').text}"
    else:
        yield f": {written.text}"


def annotate(parameter: Node, text: str) -> list[Edit]:
    """Return the edits that put an annotation after a parameter's name, in parentheses if the function has none."""
    name = parameter.child("name")
    function = parameter.parent
    if not name or not function:
        return []
    edit = insert(name, text, after=True)
    if edit is None:
        return []
    bare = function.kind == "ArrowFunction" and function.tree.text[parameter.end :].lstrip().startswith("=>")
    if not bare:
        return [edit]
    opening = insert(parameter, "(")
    closing = Edit(edit.file, edit.start, edit.end, f"{edit.text})")
    return [opening, closing] if opening else []


def _documented(parameter: Node) -> str:
    name = parameter.child("name")
    for around in (parameter.parent, *(parameter.parent.up() if parameter.parent else ())):
        if around is None:
            continue
        for tag in around.jsdoc:
            if tag["tag"] == "param" and name and tag["name"] == name.text and tag["type"]:
                return _from_jsdoc(tag["type"])
        if around.kind.endswith("Statement") or around.kind in ("ClassDeclaration", "MethodDeclaration"):
            break
    return ""


def _from_jsdoc(text: str) -> str:
    text = re.sub(r"\b(String|Number|Boolean)\b", lambda found: _LOWER[found[0]], text.rstrip("="))
    text = re.sub(r"\bArray\.<", "Array<", text)
    return text if _JSDOC.match(text) and not _JSDOC_VAGUE.search(text) else ""


def _unknown_callee(function: Node) -> bool:
    call = function.parent
    callee = call.child("expression") if call else None
    return bool(callee and callee.type and "any" in callee.type.flags)
