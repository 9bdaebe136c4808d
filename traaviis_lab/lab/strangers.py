"""Tell a name that nobody here knows and that was probably meant otherwise, before it is silent."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from traaviis_lab.cost.budget import Budget
from traaviis_lab.errors import LabError
from traaviis_lab.machine import Chart
from traaviis_lab.machine.names import did_you_mean
from traaviis_lab.runtime import chart_of

if TYPE_CHECKING:
    from traaviis_lab.runtime import Engine

ALIKE = 0.8
_DIGITS = str.maketrans("", "", "0123456789")
_NEWEST = "select run_id from runs where machine = $machine order by started desc limit 1"


def strangers(engine: Engine, budget: Budget) -> Iterator[str]:
    """A sentence for each name in a budget that is unknown and much like one that is known.

    A name that is like none may be that of a later machine or tenant, and is left in peace.
    """
    for what, name, here in (
        ("machine", budget.machine, set(engine.machines)),
        ("tenant", budget.tenant, set[str]()),
    ):
        if not name or name in here:
            continue
        recorded = engine.journal.sql(f"select distinct {what} as name from runs")["name"]
        if meant := meant_by(name, {*here, *recorded}):
            yield f"no {what} {name!r} is known here. Did you mean {meant!r}?"
    if budget.state and budget.machine not in engine.machines:
        chart = _newest(engine, budget.machine)
        if chart is not None and budget.state not in chart.states:
            yield (
                f"the newest {budget.machine} in this journal has no state {budget.state!r}. "
                f"{did_you_mean(budget.state, chart.states)}"
            )


def meant_by(name: str, known: Collection[str]) -> str:
    """The known name that is much like this one; "" if this is known, or like none.

    Names that differ in a number only, as `shop-17` and `shop-18` do, are different on purpose.
    """
    if name in known:
        return ""
    folded = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), folded, 1, ALIKE)
    if not near:
        return ""
    by_number = near[0] != name.lower() and _said(near[0]) == _said(name.lower())
    return "" if by_number else folded[near[0]]


def _said(name: str) -> str:
    return name.translate(_DIGITS)


def _newest(engine: Engine, machine: str) -> Chart | None:
    """The chart of the newest run of a machine; None where there is none, or none can be read."""
    found = engine.journal.sql(_NEWEST, {"machine": machine})["run_id"]
    if found.empty:
        return None
    try:
        return chart_of(engine.journal, str(found[0]))
    except LabError:
        return None
