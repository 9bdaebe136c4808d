"""List what can be read now, and complete names and ids: newest runs first, bounded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .address import write_address
from .resource import JSON, Resource
from .runs import newest_runs

if TYPE_CHECKING:
    from traaviis_lab.mcp.call import Call

MACHINES, RUNS = 50, 50
COMPLETIONS = 100
INDEXES = (
    Resource("fsm://machines", "machines", "Machines", "Every machine that can be started.", JSON),
    Resource("fsm://runs", "runs", "Runs", "The newest runs of this tenant.", JSON),
)


def listed(call: Call) -> list[Resource]:
    """The indexes, the machines' specs, and where the newest runs stand."""
    machines = [
        Resource(
            write_address("machines", name, "chart"), f"machine {name}", f"Spec of {name}",
            "The chart as a document; templates give its diagram too.", JSON,
        )
        for name in sorted(call.charts.of(call.tenant))[:MACHINES]
    ]  # fmt: skip
    runs = [
        Resource(
            write_address("runs", info.run, "snapshot"), f"run {info.run}",
            f"{info.run} ({info.machine})",
            "Where it stands; templates give history, journal, costs and diagram too.", JSON,
        )
        for info in newest_runs(call)[:RUNS]
    ]  # fmt: skip
    return [*INDEXES, *machines, *runs]


def complete_machine(call: Call, value: str) -> list[str]:
    """Names of machines that begin so, then those that have it in them."""
    return _fitting(sorted(call.charts.of(call.tenant)), value)


def complete_run(call: Call, value: str) -> list[str]:
    """Ids of runs that begin so, then those that have it in them; the newest first."""
    return _fitting((info.run for info in newest_runs(call)), value)


def _fitting(names: Iterable[str], value: str) -> list[str]:
    wanted = value.casefold()
    found = [name for name in names if wanted in name.casefold()]
    begin = [name for name in found if name.casefold().startswith(wanted)]
    rest = [name for name in found if not name.casefold().startswith(wanted)]
    return [*begin, *rest][:COMPLETIONS]
