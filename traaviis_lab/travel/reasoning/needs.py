"""What would have to differ for a guard to say something else, in words."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from traaviis_lab.errors import LabError
from traaviis_lab.machine import Event
from traaviis_lab.machine.chart import Compute, Formula
from traaviis_lab.machine.expr import nodes as n
from traaviis_lab.machine.expr.formula import finish
from traaviis_lab.machine.expr.parser import parse
from traaviis_lab.machine.expr.paths import read_paths, spell
from traaviis_lab.machine.expr.source import Source
from traaviis_lab.machine.values import Data
from traaviis_lab.travel.places import ABSENT

from .pages import value_at
from .written import show, write

_OPPOSITE: Final = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRROR: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_WORDS: Final = {"==": "=", "!=": "other than"}


class Stand(NamedTuple):
    """What a guard was computed from."""

    data: Data
    event: Event
    active: frozenset[str]

    def value(self, path: str) -> Any:
        """What a path of an expression (`data.x`, `event.y`) held; `ABSENT` where nothing was."""
        root, *rest = path.split(".")
        return value_at(dict(self.data if root == "data" else self.event.data), tuple(rest))


def reads(formula: Formula) -> tuple[str, ...] | None:
    """The paths a formula reads, sorted; None where it is Python, which nobody can look into."""
    return _reads(formula.text) if formula.portable else None


@lru_cache(maxsize=4096)
def _reads(text: str) -> tuple[str, ...]:
    return tuple(sorted(read_paths(parse(Source(text)))))


def values_read(formula: Formula, stand: Stand) -> dict[str, Any]:
    """The paths a formula reads with what they held; {} for Python."""
    return {path: stand.value(path) for path in reads(formula) or ()}


def needs(formula: Formula, want: bool, stand: Stand) -> str:
    """What would have to hold for the formula to be `want`; "" if it is.

    `data.score >= 600 (it was 540) and data.locked = false (it was true)`.
    """
    if not formula.portable:
        return f"`{formula.text}` (Python) to be {_word(want)}"
    return _Reader(formula.text, stand).needs(parse(Source(formula.text)), want)


class _Reader:
    def __init__(self, text: str, stand: Stand) -> None:
        self.text, self.stand = text, stand

    def needs(self, node: n.Node, want: bool) -> str:
        if self.compute(node) is want:
            return ""
        match node:
            case n.Unary("!", operand):
                return self.needs(operand, not want)
            case n.Logic(sign, terms):
                return self.chain((sign == "&&") is want, terms, want)
            case n.Binary(sign, left, right) if sign in _OPPOSITE:
                return self.compare(sign if want else _OPPOSITE[sign], left, right)
            case n.Binary("in", n.Constant(str() as state), n.Name("state")):
                return f"{state} to be {'active' if want else 'inactive'}"
            case n.Has(operand, field) if spell(node):
                return f"{write(operand)}.{field} to be {'there' if want else 'absent'}"
            case n.Select() | n.Index() if spell(node):
                return f"{spell(node)} = {_word(want)} {self.was(node)}"
        return f"`{write(node)}` to be {_word(want)}{self.values(node)}"

    def chain(self, every: bool, terms: tuple[n.Node, ...], want: bool) -> str:
        parts = [part for term in terms if (part := self.needs(term, want))]
        if every:
            return " and ".join(f"({p})" if " or " in p else p for p in parts)
        return " or ".join(f"({p})" if " and " in p else p for p in parts)

    def compare(self, sign: str, left: n.Node, right: n.Node) -> str:
        if isinstance(left, n.Constant):
            left, right, sign = right, left, _MIRROR[sign]
        text = f"{write(left)} {_WORDS.get(sign, sign)} {write(right)}"
        if spell(left) and isinstance(right, n.Constant):
            return f"{text} {self.was(left)}"
        return text + self.values(left, right)

    def was(self, node: n.Node) -> str:
        value = self.stand.value(spell(node))
        return "(it was not there)" if value is ABSENT else f"(it was {show(value)})"

    def values(self, *nodes: n.Node) -> str:
        found = sorted({path for node in nodes for path in read_paths(node)})
        return told({path: self.stand.value(path) for path in found})

    def compute(self, node: n.Node) -> Any:
        try:
            return _part(self.text, node)(*self.stand)
        except Exception:
            return None


@lru_cache(maxsize=4096)
def _compiled(written: str) -> Compute | None:
    source = Source(written)
    try:
        return finish(source, parse(source))
    except LabError:
        return None


def _part(text: str, node: n.Node) -> Callable[..., Any]:
    """What computes a part of an expression; parts are known by how they are written."""
    found = _compiled(write(node))
    if found is None:
        raise LabError(f"A part of {text!r} cannot be computed alone.")
    return found


def told(values: dict[str, Any]) -> str:
    """` (data.a was 1, event.b was not there)`; "" where nothing was read."""
    if not values:
        return ""
    parts = (f"{p} was {'not there' if v is ABSENT else show(v)}" for p, v in values.items())
    return f" ({', '.join(parts)})"


def _word(value: bool) -> str:
    return "true" if value else "false"
