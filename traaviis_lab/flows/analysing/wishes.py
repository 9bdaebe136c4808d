"""Read the effects that a Python source writes: `fx.timeout(fx.call("pay"), after="30s")`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from typing import Any

from traaviis_lab import effects as fx
from traaviis_lab.effects import VOCABULARY

from .outline import UNKNOWN, Wish, short
from .scope import Scope

_OPERATORS = {ast.RShift: "sequence", ast.BitAnd: "parallel", ast.BitOr: "race"}
_SPELLED = {"raise_event": "raise"}
_DEEPEST = 60


def wishes_in(scope: Scope, node: ast.expr | None, place: str, depth: int = 0) -> list[Wish]:
    """The effects of an expression that stands for one, or for a list of them."""
    if node is None or depth > _DEEPEST:
        return []
    if isinstance(node, ast.List | ast.Tuple):
        return [wish for item in node.elts for wish in wishes_in(scope, item, place, depth + 1)]
    if isinstance(node, ast.Starred):
        return wishes_in(scope, node.value, place, depth + 1)
    if isinstance(node, ast.Name):
        return wishes_in(scope, scope.values.get(node.id), place, depth + 1)
    wish = _wish(scope, node, place, depth)
    return [] if wish is None else [wish]


def kind_of(scope: Scope, node: ast.expr) -> str:
    """The kind of effect that a call makes (`fx.raise_event(...)`: "raise"); "" for others."""
    if not isinstance(node, ast.Call):
        return ""
    module, _, name = scope.name_of(node.func).rpartition(".")
    if module.split(".")[0] != "traaviis_lab" or "effects" not in module:
        return ""
    classes = {word.__name__: kind for kind, word in VOCABULARY.items()}
    return classes.get(name) or _SPELLED.get(name, name)


def _wish(scope: Scope, node: ast.expr, place: str, depth: int) -> Wish | None:
    if isinstance(node, ast.BinOp):
        return _joined(scope, node, place, depth)
    if isinstance(node, ast.Dict):
        return _spelled_out(scope, node, place, depth)
    kind = kind_of(scope, node)
    if not kind or not isinstance(node, ast.Call):
        return None
    words: dict[str, Any] = {}
    inner: list[Wish] = []
    for name, value in _arguments(scope, node):
        within = [_step(scope, one, place, depth + 1) for one in value]
        inner += [wish for wish in within if wish is not None]
        if not any(within):
            words[name] = scope.value_of(value[0]) if len(value) == 1 else UNKNOWN
    return _made(kind, words, inner, node, place)


def _joined(scope: Scope, node: ast.BinOp, place: str, depth: int) -> Wish | None:
    kind = _OPERATORS.get(type(node.op))
    sides = [wishes_in(scope, side, place, depth + 1) for side in (node.left, node.right)]
    if kind is None or not all(sides):
        return None
    left, right = sides
    # `a >> b >> c` is one sequence, as it is when the code runs.
    first = left[0].inner if isinstance(node.left, ast.BinOp) and left[0].kind == kind else left
    return _made(kind, {}, [*first, *right], node, place)


def _spelled_out(scope: Scope, node: ast.Dict, place: str, depth: int) -> Wish | None:
    """An effect as a mapping in the words of documents."""
    pairs = zip(node.keys, node.values, strict=True)
    items = {k.value: v for k, v in pairs if isinstance(k, ast.Constant)}
    kind = scope.value_of(items["kind"]) if "kind" in items else None
    if not isinstance(kind, str):
        return None
    words: dict[str, Any] = {}
    inner: list[Wish] = []
    for key, value in items.items():
        within = wishes_in(scope, value, place, depth + 1)
        inner += within
        if not within and key != "kind":
            words[str(key)] = scope.value_of(value)
    return _made(kind, words, inner, node, place)


def _step(scope: Scope, node: ast.expr, place: str, depth: int) -> Wish | None:
    """An effect, or the pair of effect and undo that a saga takes."""
    if isinstance(node, ast.Tuple) and len(node.elts) == 2:
        pair = wishes_in(scope, node, place, depth)
        return _made("with_compensation", {}, pair, node, place) if len(pair) == 2 else None
    found = [] if isinstance(node, ast.List) else wishes_in(scope, node, place, depth)
    return found[0] if len(found) == 1 else None


def _arguments(scope: Scope, node: ast.Call) -> Iterator[tuple[str, list[ast.expr]]]:
    """The arguments by the names of their parameters; one that takes many has them all."""
    name = scope.name_of(node.func).rpartition(".")[2]
    given = [arg.value if isinstance(arg, ast.Starred) else arg for arg in node.args]
    named = {word.arg: word.value for word in node.keywords if word.arg}
    try:
        spelled = inspect.signature(getattr(fx, name))
        bound = spelled.bind_partial(*given, **named).arguments
    except (AttributeError, TypeError, ValueError):
        bound = {**{f"{n}": arg for n, arg in enumerate(given)}, **named}
    for parameter, value in bound.items():
        yield parameter, list(value) if isinstance(value, tuple) else [value]


def _made(kind: str, words: dict[str, Any], inner: list[Wish], node: ast.expr, place: str) -> Wish:
    code = short(ast.unparse(node))
    return Wish(kind, words, tuple(inner), place, node.lineno, code, column=node.col_offset)
