"""What the parser makes of an expression: a small frozen tree. `pos` is the caret's offset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, assert_never

Arithmetic: TypeAlias = Literal["+", "-", "*", "/", "%"]
Ordering: TypeAlias = Literal["<", "<=", ">", ">="]
MacroKind: TypeAlias = Literal["all", "exists", "exists_one", "filter", "map"]


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal that is no list and no map."""

    value: Any
    pos: int


@dataclass(frozen=True, slots=True)
class Name:
    """`data`, a macro's variable, or the name of a type."""

    name: str
    pos: int


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`."""

    operand: Node
    field: str
    pos: int


@dataclass(frozen=True, slots=True)
class Has:
    """`has(operand.field)`."""

    operand: Node
    field: str
    pos: int


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[key]`."""

    operand: Node
    key: Node
    pos: int


@dataclass(frozen=True, slots=True)
class Call:
    """`function(args)`, or `args[0].function(args[1:])` when it is written as a method."""

    function: str
    args: tuple[Node, ...]
    method: bool
    pos: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`!x` or `-x`."""

    sign: Literal["!", "-"]
    operand: Node
    pos: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and a sign that needs both of them."""

    sign: str
    left: Node
    right: Node
    pos: int


@dataclass(frozen=True, slots=True)
class Logic:
    """A whole chain of `&&` or of `||`."""

    sign: Literal["&&", "||"]
    terms: tuple[Node, ...]
    pos: int


@dataclass(frozen=True, slots=True)
class Ternary:
    """`test ? yes : no`."""

    test: Node
    yes: Node
    no: Node
    pos: int


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    items: tuple[Node, ...]
    pos: int


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{a: b}`."""

    entries: tuple[tuple[Node, Node], ...]
    pos: int


@dataclass(frozen=True, slots=True)
class Macro:
    """`target.kind(variable, body)`; `keep` is the filter of a `map` with three arguments."""

    kind: MacroKind
    target: Node
    variable: str
    keep: Node | None
    body: Node
    pos: int


Node: TypeAlias = (
    Constant | Name | Select | Has | Index | Call | Unary | Binary | Logic | Ternary
    | ListOf | MapOf | Macro
)  # fmt: skip


def children(node: Node) -> tuple[Node, ...]:  # noqa: C901, PLR0911, PLR0912 - one case per node
    """The nodes right below one, in the order they are written."""
    match node:
        case Constant() | Name():
            return ()
        case Select(operand) | Has(operand):
            return (operand,)
        case Index(operand, key):
            return (operand, key)
        case Call(_, args):
            return args
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Logic(_, terms):
            return terms
        case Ternary(test, yes, no):
            return (test, yes, no)
        case ListOf(items):
            return items
        case MapOf(entries):
            return tuple(part for entry in entries for part in entry)
        case Macro(_, target, _, keep, body):
            return (target, body) if keep is None else (target, keep, body)
        case _:
            assert_never(node)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, parents first."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))
