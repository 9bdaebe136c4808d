"""Tell from a fact as it is written whether it is worth looking into. Nothing is worked out."""

from __future__ import annotations

from typing import Any

import orjson

from traaviis_lab.journal import Fact
from traaviis_lab.machine.chart import Chart

_STEP = b'"step":'


class Writers:
    """Who may write a field of the data: tells the facts that did from those that cannot have."""

    def __init__(self, chart: Chart, field: str) -> None:
        self.field = field
        self.formulas = {
            arrow.id: formula
            for arrow in chart.transitions.values()
            for name, formula in arrow.assign
            if name == field
        }
        self._needles = [orjson.dumps(name) for name in (field, *self.formulas)]

    def body(self, fact: Fact) -> dict[str, Any] | None:
        """The body of a fact that may have written the field; None for any other."""
        text, began = fact.body, fact.kind == "run.started"
        if not began and (_STEP not in text or not any(n in text for n in self._needles)):
            return None
        body: dict[str, Any] = orjson.loads(text)
        step = body.get("step")
        if not isinstance(step, dict):
            return None
        wrote = (
            began
            or "refs" in body
            or self.field in step.get("set", ())
            or self.field in (body.get("patch") or ())
            or not self.formulas.keys().isdisjoint(step.get("taken", ()))
        )
        return body if wrote else None


class Movers:
    """Who may enter or leave a state: tells the facts that did from those that cannot have."""

    def __init__(self, chart: Chart, state: str) -> None:
        tables = chart.tables
        self.inside = tables.inside[state] | {state}
        self.near = {state, *tables.ancestors[state], *self.inside}
        self.arrows = {
            arrow.id
            for arrow in chart.transitions.values()
            if arrow.targets  # one without stays where it is
            and (arrow.source in self.inside or not self._far(arrow.targets, tables.nodes))
        }
        self._needles = [orjson.dumps(name) for name in self.arrows]
        self._active: dict[str, bool] = {}

    def _far(self, targets: tuple[str, ...], nodes: Any) -> bool:
        """Whether a transition to `targets` leaves the state alone; history may lead anywhere."""
        return all(nodes[t].kind != "history" and t not in self.near for t in targets)

    def active(self, fact: Fact | None) -> bool:
        """Whether the state was active after a fact."""
        text = fact.state if fact is not None else ""
        found = self._active.get(text)
        if found is None:
            found = self._active[text] = not self.inside.isdisjoint(text.split(","))
        return found

    def taken(self, fact: Fact, before: Fact | None) -> list[str] | None:
        """The transitions of a step that may have entered or left the state; None for any other."""
        text = fact.body
        if _STEP not in text:
            return None
        changed = self.active(fact) != self.active(before)
        if not changed and not any(needle in text for needle in self._needles):
            return None
        step = orjson.loads(text).get("step")
        if not isinstance(step, dict):
            return None
        taken: list[str] = step.get("taken") or []
        return taken if changed or not self.arrows.isdisjoint(taken) else None
