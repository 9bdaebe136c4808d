"""Which expressions could give what JSON has no word for, and so must be looked at when done."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf

from . import nodes as n
from .values import TYPES, Uint


def may_leave_json(node: n.Node, types: Mapping[int, str]) -> bool:
    """Whether the result might be no JSON value: an infinite double, bytes, a type, a Uint."""
    if types[id(node)] in ("bool", "int", "string", "null_type"):
        return False
    return any(_is_foreign(part, types) for part in n.walk(node))


def _is_foreign(node: n.Node, types: Mapping[int, str]) -> bool:
    match node:
        case n.Constant(value):
            return isinstance(value, bytes | Uint) or (type(value) is float and isinf(value))
        case n.Name(name):
            return name in TYPES
        case n.Binary():
            return types[id(node)] in ("any", "double", "uint")
        case n.Call(function):
            return function in ("uint", "bytes", "double", "type")
        case n.MapOf(entries):
            return not all(
                isinstance(key, n.Constant) and isinstance(key.value, str) for key, _ in entries
            )
        case _:
            return False
