"""Python functions where a chart has expressions: how they are called, named and pickled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .chart import Chart, Formula
from .values import Data, Event

if TYPE_CHECKING:
    from .chart import StateNode, Transition


class PythonCall:
    """An author's `function(data, event)` under the one calling convention of formulas."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[[Data, Event], Any]) -> None:
        self.function = function

    def __call__(self, data: Data, event: Event, active: frozenset[str]) -> Any:
        """Call it; the active states are not handed on."""
        return self.function(data, event)


class Both:
    """An author's guard that holds only together with an expression, as a component asks.

    Pickled, it is the function by its name and the expression.
    """

    def __init__(self, function: Callable[[Data, Event], Any], when: str) -> None:
        from .expr import compile_expression

        self.function = function
        self.when = when
        self.also = compile_expression(when, expected="bool").compute
        self.__module__ = getattr(function, "__module__", None) or "?"
        name = getattr(function, "__qualname__", type(function).__qualname__)
        self.__qualname__ = f"{name} && ({when})"

    def __call__(self, data: Data, event: Event, active: frozenset[str] = frozenset()) -> bool:
        """Whether both hold."""
        return bool(self.function(data, event)) and bool(self.also(data, event, active))

    def __reduce__(self) -> tuple[Any, ...]:
        return Both, (self.function, self.when)


class _BothCall(PythonCall):
    """`Both`, with the active states that its expression may ask for."""

    __slots__ = ()

    def __call__(self, data: Data, event: Event, active: frozenset[str]) -> Any:
        both: Any = self.function
        return both(data, event, active)


def python_formula(function: Callable[[Data, Event], Any]) -> Formula:
    """A formula that calls the author's function; people see it by its qualified name."""
    text = python_name(function).partition(":")[2]
    call = _BothCall if isinstance(function, Both) else PythonCall
    return Formula(text, call(function), portable=False)


def python_name(function: Callable[..., Any]) -> str:
    """Where a function of the author's lives: `module:qualname`."""
    module = getattr(function, "__module__", None) or "?"
    return f"{module}:{getattr(function, '__qualname__', type(function).__qualname__)}"


def callables_of(chart: Chart) -> list[str]:
    """The names of the author's functions in a chart, in document order, each once."""
    found = (
        python_name(formula.compute.function)
        for node in chart.states.values()
        for formula in _formulas(node)
        if isinstance(formula.compute, PythonCall)
    )
    return list(dict.fromkeys(found))


def _formulas(node: StateNode) -> Iterator[Formula]:
    for transition in node.transitions:
        if transition.when is not None:
            yield transition.when
        yield from (formula for _, formula in transition.assign)
    yield from (check.when for check in node.checks)


# A pickled chart is its document with the functions themselves in it: pickle carries those by name.


def picklable(chart: Chart) -> tuple[Any, ...]:
    """What `__reduce__` answers."""
    return revive_chart, (_with_functions(chart, chart.spec, ""), chart.layout)


def revive_chart(document: Mapping[str, Any], layout: Mapping[str, Any]) -> Chart:
    """The chart that was pickled."""
    from .reader import read_spec

    return read_spec({**document, "layout": layout}, python=True)


def _with_functions(chart: Chart, spec: Mapping[str, Any], state: str) -> dict[str, Any]:
    """A copy of a state's spec with the functions where their names stand."""
    own = dict(spec)
    if "states" in spec:
        own["states"] = {
            name: _with_functions(chart, child, name) for name, child in spec["states"].items()
        }
    if not state:
        return own
    arrows = iter(chart.states[state].transitions)
    for key in ("transitions", "after", "on_success", "on_error"):
        if key in spec:
            listed = spec[key] if isinstance(spec[key], list) else [spec[key]]
            own[key] = [_arrow(arrow, next(arrows)) for arrow in listed]
    if "validate" in spec:
        checks = zip(spec["validate"], chart.states[state].checks, strict=True)
        own["validate"] = [{**check, "when": _back(node.when)} for check, node in checks]
    return own


def _arrow(spec: Mapping[str, Any], transition: Transition) -> dict[str, Any]:
    own = dict(spec)
    if transition.when is not None:
        own["when"] = _back(transition.when)
    if transition.assign:
        own["assign"] = {name: _back(formula) for name, formula in transition.assign}
    return own


def _back(formula: Formula) -> Any:
    """What stood in the document."""
    compute = formula.compute
    return compute.function if isinstance(compute, PythonCall) else formula.text
