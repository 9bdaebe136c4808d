"""Count the work of one evaluation, so that none can run away.

It is counted in expressions with macros, and in long ones with many signs and functions whose
cost depends on the data; all others cannot take long. In a counted expression the closures are
handed a scope where others get the active states: a list of the active states, the work left,
and the macros' variables by slot. All other closures only pass it on. It is new for every
evaluation, hence safe to use from many threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .limits import MAX_WORK
from .source import Source

Evaluate = Callable[[Any, Any, Any], Any]
"""What nodes compile to: `(data, event, active or scope) -> value`."""

ACTIVE: Final = 0
LEFT: Final = 1
FIRST_SLOT: Final = 2

_CONTAINERS: Final = frozenset({list, dict})
_HEAVY: Final = frozenset({str, list, dict, bytes, tuple})


def spend(source: Source, scope: Any, steps: int) -> None:
    """Take steps from what is left; an ExpressionError when nothing is."""
    scope[LEFT] -= steps
    if scope[LEFT] < 0:
        raise source.fail(
            f"This expression would take more than {MAX_WORK:,} steps.",
            "Steps are items visited times the size of the macro's body: shorten either.",
        )


def spend_on(source: Source, scope: Any, value: Any) -> None:
    """Pay for a value that becomes part of the result, by all that lies in it."""
    if type(value) not in _CONTAINERS:
        return
    stack = [value]
    while stack:
        inner = stack.pop()
        spend(source, scope, len(inner) + 1)
        parts = inner.values() if type(inner) is dict else inner
        stack.extend(part for part in parts if type(part) in _CONTAINERS)


def scoped(compute: Evaluate, slots: int) -> Evaluate:
    """The root of a counted expression: makes the scope the others share."""
    empty = [None] * slots

    def root(data: Any, event: Any, active: Any) -> Any:
        return compute(data, event, [active, MAX_WORK, *empty])

    return root


def metered(
    source: Source, value_of: Callable[..., Any], operands: tuple[Evaluate, ...]
) -> Evaluate:
    """A function whose operands are paid for: an item is a step, and so are 32 characters."""

    def call(data: Any, event: Any, scope: Any) -> Any:
        values = [operand(data, event, scope) for operand in operands]
        for value in values:
            if type(value) in _HEAVY:
                light = type(value) is str or type(value) is bytes
                spend(source, scope, len(value) >> 5 if light else len(value))
        return value_of(source, *values)

    return call
