"""Write a part of an expression, or a value, down again for people."""

from __future__ import annotations

import json
from typing import Any, Final, assert_never

from traaviis_lab.machine.expr import nodes as n
from traaviis_lab.views.text import shorten

_POWER: Final = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_UNARY, _ATOM = 6, 7
WIDTH = 60
LARGE = 2_000


def show(value: Any, width: int = WIDTH) -> str:
    """A JSON value on one line, cut where it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return shorten(text, width)


def brief(value: Any) -> Any:
    """The value, or the beginning of its text where it is too large to be sent about."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = show(value, LARGE + 1)
    return text if len(text) > LARGE else value


def write(node: n.Node) -> str:
    """The text of a tree, with no more parentheses than it needs."""
    return _write(node)[0]


def _inside(node: n.Node, power: int) -> str:
    text, mine = _write(node)
    return text if mine >= power else f"({text})"


def _write(node: n.Node) -> tuple[str, int]:  # noqa: C901, PLR0911, PLR0912 - a case per node
    match node:
        case n.Constant(value):
            return show(value, 200), _ATOM
        case n.Name(name):
            return name, _ATOM
        case n.Select(operand, field):
            return f"{_inside(operand, _ATOM)}.{field}", _ATOM
        case n.Has(operand, field):
            return f"has({_inside(operand, _ATOM)}.{field})", _ATOM
        case n.Index(operand, key):
            return f"{_inside(operand, _ATOM)}[{write(key)}]", _ATOM
        case n.Call(function, args, method):
            return _call(function, args, method), _ATOM
        case n.Unary(sign, operand):
            return f"{sign}{_inside(operand, _UNARY)}", _UNARY
        case n.Binary(sign, left, right):
            power = _POWER[sign]
            return f"{_inside(left, power)} {sign} {_inside(right, power + 1)}", power
        case n.Logic(sign, terms):
            power = _POWER[sign]
            return f" {sign} ".join(_inside(term, power + 1) for term in terms), power
        case n.Ternary(test, yes, no):
            return f"{_inside(test, 1)} ? {_inside(yes, 1)} : {write(no)}", 0
        case n.ListOf(items):
            return f"[{', '.join(write(item) for item in items)}]", _ATOM
        case n.MapOf(entries):
            return f"{{{', '.join(f'{write(k)}: {write(v)}' for k, v in entries)}}}", _ATOM
        case n.Macro(kind, target, variable, keep, body):
            parts = [variable, *([] if keep is None else [write(keep)]), write(body)]
            return f"{_inside(target, _ATOM)}.{kind}({', '.join(parts)})", _ATOM
        case _:
            assert_never(node)


def _call(function: str, args: tuple[n.Node, ...], method: bool) -> str:
    if method:
        rest = ", ".join(write(arg) for arg in args[1:])
        return f"{_inside(args[0], _ATOM)}.{function}({rest})"
    return f"{function}({', '.join(write(arg) for arg in args)})"
