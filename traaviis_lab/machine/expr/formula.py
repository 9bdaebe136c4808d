"""Compile the text of an expression to a Formula, and say what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from traaviis_lab.machine.chart import Compute, Formula

from . import nodes as n
from .check import ANY, check
from .compile import build
from .leaving import may_leave_json
from .logic import cure
from .parser import parse
from .paths import read_paths
from .source import Source
from .values import TYPES, kind, show, to_json
from .work import Evaluate

NAMES: Final = ("data", "event", "result", "state")


def compile_expression(
    text: str,
    *,
    where: str = "",
    expected: str | None = None,
    names: Sequence[str] = NAMES,
) -> Formula:
    """The expression as a Formula whose `compute(data, event, active)` gives a JSON value.

    `expected` is a type's name ("bool", "string", "list", ...; None: any) that the result must
    have; `where` goes in front of errors (`closed#0, when`); `names` are the names known.
    DefinitionError when the text cannot work, ExpressionError later when the data cannot.
    """
    if not _is_text(text):
        problem = f"An expression is a text, not {show(text)}."
        raise Source("", where).refuse(problem, 0, "Put it in quotes.")
    source = Source(text, where)
    return Formula(text, finish(source, parse(source), expected, names))


def _is_text(text: object) -> bool:
    """Documents hold what they like where an expression should be."""
    return isinstance(text, str)


def paths(text: str) -> frozenset[str]:
    """The fields an expression reads: `paths("!data.locked")` is `{"data.locked"}`."""
    return read_paths(parse(Source(text)))


def finish(
    source: Source, node: n.Node, expected: str | None = None, names: Sequence[str] = NAMES
) -> Compute:
    """Check a tree, compile it, and see to it that what comes out is JSON of the right type."""
    types = check(source, node, names)
    found = types[id(node)]
    if expected is not None and expected not in TYPES:
        raise ValueError(f"expected={expected!r} is no type; types are {', '.join(TYPES)}")
    if expected is not None and found not in (ANY, expected):
        problem = f"This gives a value of type {found} where {expected} is needed."
        raise source.refuse(problem, node.pos, _cure(expected))
    compute = build(source, node)
    if expected not in ("bool", "int", "string") and may_leave_json(node, types):
        compute = _into_json(source, compute)
    if expected is not None and found == ANY:
        compute = _only(source, compute, expected)
    return compute


def _cure(expected: str) -> str:
    return "Compare it with something: data.count > 0." if expected == "bool" else ""


def _into_json(source: Source, compute: Evaluate) -> Compute:
    """Let plain scalars pass; all else is looked at."""

    def computed(data: Any, event: Any, active: Any) -> Any:
        value = compute(data, event, active)
        if type(value) is int or type(value) is str:
            return value
        if type(value) is float and value - value == 0.0:
            return value
        return to_json(source, value)

    return computed


def _only(source: Source, compute: Evaluate, expected: str) -> Compute:
    """Refuse a result of another type than was asked for."""
    return _only_bool(source, compute) if expected == "bool" else _of(source, compute, expected)


def _only_bool(source: Source, compute: Evaluate) -> Compute:
    def computed(data: Any, event: Any, active: Any) -> Any:
        value = compute(data, event, active)
        if value is True or value is False:
            return value
        raise source.fail(f"This is {show(value)} where bool is needed.", cure(value))

    return computed


def _of(source: Source, compute: Evaluate, expected: str) -> Compute:
    def computed(data: Any, event: Any, active: Any) -> Any:
        value = compute(data, event, active)
        if kind(value) != expected:
            raise source.fail(f"This is {show(value)} where {expected} is needed.")
        return value

    return computed
