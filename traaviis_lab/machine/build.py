"""Build the chart that the engine runs from a normal form in which nothing is wrong."""

from __future__ import annotations

from typing import Any

from .callables import python_formula, python_name
from .canonical import canonical_hash
from .chart import Chart, Formula, StateNode, Timer, Transition
from .chart import Check as CheckOf
from .effect import Effect
from .linking import ROOT, Box
from .names import parse_duration
from .problems import Problems
from .reader_effects import effect_of
from .reading import Desk, one_or_more


def build_chart(desk: Desk, normal: dict[str, Any], boxes: dict[str, Box]) -> Chart:
    """The chart of a normal form; `boxes` are its states with their places in the tree."""
    layout = normal.pop("layout", {})
    spec = _public(normal)
    nodes: dict[str, StateNode] = {}
    _add_nodes(desk, boxes[ROOT], nodes)
    root = nodes.pop(ROOT)
    return Chart(
        name=normal["name"],
        version=normal["version"],
        data=normal.get("data", {}),
        root=root,
        states=nodes,
        transitions={t.id: t for node in nodes.values() for t in node.transitions},
        events=normal.get("events", {}),
        layout=layout,
        spec=spec,
        hash=canonical_hash(spec),
        portable=not desk.callables,
    )


def _public(value: Any) -> Any:
    """A copy of the normal form in which callables are told by name."""
    if isinstance(value, dict):
        return {key: _public(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_public(item) for item in value]
    return {"python": python_name(value)} if callable(value) else value


def _add_nodes(desk: Desk, box: Box, nodes: dict[str, StateNode]) -> None:
    nodes[box.id] = _node(desk, box, len(nodes))
    for child in box.children:
        _add_nodes(desk, child, nodes)


def _node(desk: Desk, box: Box, order: int) -> StateNode:
    spec = box.spec
    meta = {key: spec[key] for key in ("title", "notes") if key in spec and box.id == ROOT}
    timers = tuple(
        Timer(f"after.{box.id}.{n}", parse_duration(after["delay"]) or 0.0)
        for n, after in enumerate(spec.get("after", ()))
    )
    return StateNode(
        id=box.id,
        parent=box.parent.id if box.parent else None,
        order=order,
        kind=box.kind,
        children=tuple(child.id for child in box.children),
        initial=tuple(one_or_more(spec.get("initial", []))),
        history=spec.get("history"),
        default=tuple(one_or_more(spec.get("default", []))),
        transitions=tuple(_transitions(desk, box)),
        timers=timers,
        checks=tuple(_check(desk, check) for check in spec.get("validate", ())),
        on_enter=_effects(desk, spec.get("on_enter", ())),
        enter=_effects(desk, spec.get("enter", ())),
        exit=_effects(desk, spec.get("exit", ())),
        meta=spec.get("meta", meta),
    )


def _transitions(desk: Desk, box: Box) -> list[Transition]:
    """All arrows of a state in document order, those that wait for the engine's events last."""
    spec = box.spec
    arrows = [
        (arrow, tuple(one_or_more(arrow.get("on", [])))) for arrow in spec.get("transitions", ())
    ]
    arrows += [(arrow, (f"after.{box.id}.{n}",)) for n, arrow in enumerate(spec.get("after", ()))]
    for key, event in (("on_success", "done.invoke"), ("on_error", "error.invoke")):
        arrows += [(arrow, (f"{event}.{box.id}",)) for arrow in one_or_more(spec.get(key, []))]
    return [
        Transition(
            id=f"{box.id}#{n}",
            source=box.id,
            events=events,
            targets=tuple(one_or_more(arrow.get("to", []))),
            when=_formula(desk, arrow["when"], is_guard=True) if "when" in arrow else None,
            assign=_assign(desk, arrow.get("assign", {})),
            do=_effects(desk, arrow.get("do", ())),
            internal=arrow.get("internal", False),
        )
        for n, (arrow, events) in enumerate(arrows)
    ]


def _assign(desk: Desk, assign: dict[str, Any]) -> tuple[tuple[str, Formula], ...]:
    # Sorted: the order of a mapping may not decide which of two failures is told.
    return tuple((name, _formula(desk, assign[name])) for name in sorted(assign))


def _check(desk: Desk, check: dict[str, Any]) -> CheckOf:
    events = tuple(one_or_more(check.get("on", [])))
    return CheckOf(events, _formula(desk, check["when"], is_guard=True), check["reason"])


def _formula(desk: Desk, value: Any, *, is_guard: bool = False) -> Formula:
    if callable(value):
        return python_formula(value)
    return desk.formulas[value, is_guard]


def _effects(desk: Desk, documents: Any) -> tuple[Effect, ...]:
    made = (effect_of(Desk(Problems(), desk.python), item, ()) for item in documents)
    return tuple(effect for effect in made if effect is not None)
