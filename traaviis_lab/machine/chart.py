"""The checked, immutable statechart the engine knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from traaviis_lab.errors import DefinitionError

from .effect import Effect
from .values import Data, Event

Compute = Callable[[Data, Event, frozenset[str]], Any]
"""What guards, assignments and templates compile to: `(data, event, active) -> value`."""

Kind = Literal["atomic", "compound", "parallel", "final", "history"]


@dataclass(frozen=True, slots=True)
class Formula:
    """A guard or an assigned value: its text for people and errors, and how to compute it.

    `portable` is false where `compute` is a Python callable of the author's (text: its name).
    """

    text: str
    compute: Compute
    portable: bool = True


@dataclass(frozen=True, slots=True)
class Timer:
    """After `seconds` in its state the runtime sends `event` (`after.<state>.<n>`)."""

    event: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Check:
    """In its state an event matching `events` (() = any) needs `when`, else `reason` is told."""

    events: tuple[str, ...]
    when: Formula
    reason: str


@dataclass(frozen=True, slots=True)
class Transition:
    """An arrow. No `events`: it fires by itself. No `targets`: nothing is left or entered.

    `id` is `"<source>#<n>"`, n counting the transitions of its state in document order:
    `transitions`, then one per `after`, then `on_success`, then `on_error`.
    """

    id: str
    source: str
    events: tuple[str, ...]
    targets: tuple[str, ...]
    when: Formula | None = None
    assign: tuple[tuple[str, Formula], ...] = ()
    do: tuple[Effect, ...] = ()
    internal: bool = False


@dataclass(frozen=True, slots=True)
class StateNode:
    """A box as the engine sees it. The root has the id `""` and is never in a snapshot.

    `children` are in document order, history markers too. `initial` (compound states) and
    `default` (history states) are always written out. The top-level states' parent is `""`.
    """

    id: str
    parent: str | None
    order: int
    kind: Kind
    children: tuple[str, ...] = ()
    initial: tuple[str, ...] = ()
    history: Literal["shallow", "deep"] | None = None
    default: tuple[str, ...] = ()
    transitions: tuple[Transition, ...] = ()
    timers: tuple[Timer, ...] = ()
    checks: tuple[Check, ...] = ()
    on_enter: tuple[Effect, ...] = ()
    enter: tuple[Effect, ...] = ()
    exit: tuple[Effect, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Chart:
    """A checked statechart: what there is, and tables made once so that stepping never searches.

    `states` (without the root) and `transitions` are in document order. `spec` is the normal form
    that `hash` (sha256 over RFC 8785 canonical JSON, hex) is taken of; `layout` lies outside it.
    Two charts are equal when their hashes are.
    """

    name: str
    version: str
    data: Data
    root: StateNode
    states: Mapping[str, StateNode]
    transitions: Mapping[str, Transition]
    events: Mapping[str, Mapping[str, Any]]
    layout: Mapping[str, Any]
    spec: Mapping[str, Any]
    hash: str
    portable: bool = True
    tables: Any = field(init=False)

    def __post_init__(self) -> None:
        """Compute the tables that `step` reads."""
        from .tables import build_tables

        object.__setattr__(self, "tables", build_tables(self))

    @classmethod
    def from_spec(cls, document: Mapping[str, Any]) -> Chart:
        """The chart a document describes: plain mappings as JSON or YAML give them.

        Raises DefinitionError that lists every mistake with its place, value and cure.
        """
        from .reader import read_spec

        return read_spec(document)

    def to_spec(self) -> dict[str, Any]:
        """The chart as a document in normal form, its layout included; a copy to keep.

        Raises DefinitionError when Python callables stand in it (`portable` is false).
        """
        if not self.portable:
            raise DefinitionError(
                f"Chart {self.name!r} cannot be written down: it calls Python in "
                f"{', '.join(self.callables())}.",
                hint="Write guards and assignments as expressions: when='data.x > 1'.",
            )
        spec: dict[str, Any] = _copy(self.spec)
        return {**spec, "layout": _copy(self.layout)} if self.layout else spec

    def callables(self) -> list[str]:
        """The author's Python functions in the chart, as `module:qualname`, each once."""
        from .callables import callables_of

        return callables_of(self)

    def __eq__(self, other: object) -> bool:
        return self.hash == other.hash if isinstance(other, Chart) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.hash)

    def __repr__(self) -> str:
        states, arrows = len(self.states), len(self.transitions)
        return (
            f"<Chart {self.name} {self.version}: {states} state{'s' * (states != 1)}, "
            f"{arrows} transition{'s' * (arrows != 1)}, {self.hash[:8]}>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the document it is; Python functions in it travel by their names."""
        from .callables import picklable

        return picklable(self)


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
