"""Read the machine that a call names or brings along, and say all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import DefinitionError, LabError
from traaviis_lab.flows import find_problems, read_chart
from traaviis_lab.machine.problems import Problem, Problems

if TYPE_CHECKING:
    from traaviis_lab.machine import Chart
    from traaviis_lab.mcp.call import Call

Spec = str | dict[str, Any]
LONGEST = 200_000
"""Characters of a spec in YAML that are read; one second's work."""
MOST_VALUES = 100_000


def chart_of(call: Call, machine: str | None, spec: Spec | None) -> Chart:
    """The machine of this name, or the one of a spec; kept with the call, since it is read once.

    Raises `LabError` naming the machines there are, `DefinitionError` with every mistake.
    """
    if (machine is None) == (spec is None):
        raise LabError(
            "Either the name of a machine is needed or a spec, and not both.",
            hint=f"Machines: {', '.join(sorted(call.charts.of(call.tenant))) or 'none'}.",
        )
    if "chart" not in call.kept:
        call.kept["chart"] = (
            call.charts.find(call.tenant, machine) if machine is not None else _read(call, spec)
        )
    chart: Chart = call.kept["chart"]
    return chart


def problems_of(call: Call, spec: Spec) -> list[Problem]:
    """Every mistake in a spec; with none, all that this lab would not allow."""
    _check_size(spec)
    found = find_problems(spec)
    return found or call.lab.guest_problems(read_chart(spec), call.tenant)


def _read(call: Call, spec: Any) -> Chart:
    _check_size(spec)
    chart = read_chart(spec)
    refuse(chart.name, call.lab.guest_problems(chart, call.tenant))
    return chart


def refuse(name: str, found: list[Problem]) -> None:
    """Raise one `DefinitionError` that lists all of these, if there are any."""
    if found:
        pile = Problems()
        for one in found:
            pile.add(one.path, one.message, one.cure)
        raise pile.to_error(f"Chart {name!r}")


def _check_size(spec: Any) -> None:
    if isinstance(spec, str) and len(spec) > LONGEST:
        raise DefinitionError(
            f"The spec has {len(spec):,} characters; {LONGEST:,} are the most that are read.",
            hint="Send it as an object, or make several machines of it.",
        )
    if isinstance(spec, Mapping) and _count(spec) > MOST_VALUES:
        raise DefinitionError(
            f"The spec holds more than {MOST_VALUES:,} values.",
            hint="Make several machines of it.",
        )


def _count(spec: Any) -> int:
    seen, stack = 0, [spec]
    while stack and seen <= MOST_VALUES:
        one = stack.pop()
        seen += 1
        if isinstance(one, Mapping):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
    return seen
