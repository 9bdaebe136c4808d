"""Read what stands at an address, by the rules of every answer: tenant, secrets, size, marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from traaviis_lab.errors import LabError
from traaviis_lab.mcp.reply import LARGEST, cleared

from .address import Address, read_address
from .machines import machine_chart, machine_mermaid, machine_svg, machines_index
from .resource import JSON, MERMAID, SVG, Content, Template
from .rows import NOTE
from .runs import (
    run_costs,
    run_history,
    run_journal,
    run_mermaid,
    run_snapshot,
    run_svg,
    runs_index,
)

if TYPE_CHECKING:
    from traaviis_lab.mcp.call import Call

LARGEST_PICTURE = 2_000_000
"""Bytes of a diagram: it is looked at, and not read by a model."""

Reader = Callable[["Call", Address], Mapping[str, Any] | str]
READERS: Mapping[tuple[str, str], tuple[Reader, str]] = {
    ("machines", ""): (machines_index, JSON),
    ("machines", "chart"): (machine_chart, JSON),
    ("machines", "diagram.svg"): (machine_svg, SVG),
    ("machines", "diagram.mmd"): (machine_mermaid, MERMAID),
    ("runs", ""): (runs_index, JSON),
    ("runs", "snapshot"): (run_snapshot, JSON),
    ("runs", "history"): (run_history, JSON),
    ("runs", "journal"): (run_journal, JSON),
    ("runs", "costs"): (run_costs, JSON),
    ("runs", "diagram.svg"): (run_svg, SVG),
    ("runs", "diagram.mmd"): (run_mermaid, MERMAID),
}

TEMPLATES = (
    Template(
        "fsm://machines/{name}/chart", "machine-chart", "A machine's spec",
        "The chart as a document in its normal form; create_fsm takes it.", JSON,
    ),
    Template(
        "fsm://machines/{name}/diagram.svg", "machine-svg", "A machine's diagram",
        "The state diagram as SVG.", SVG,
    ),
    Template(
        "fsm://machines/{name}/diagram.mmd", "machine-mermaid", "A machine's diagram in Mermaid",
        "The state diagram as Mermaid text.", MERMAID,
    ),
    Template(
        "fsm://runs{?machine,limit}", "runs", "Runs",
        "The newest runs of this tenant, of one machine if you say which.", JSON,
    ),
    Template(
        "fsm://runs/{id}/snapshot", "run-snapshot", "Where a run stands",
        "State, data, seq and the events it takes now.", JSON,
    ),
    Template(
        "fsm://runs/{id}/history{?after,limit}", "run-history", "A run's history",
        "Its steps after one, a page: event, where it led, what it changed; `next` goes on.", JSON,
    ),
    Template(
        "fsm://runs/{id}/journal{?after,limit}", "run-journal", "A run's facts",
        "A page of its journal after a seq; `next` goes on.", JSON,
    ),
    Template(
        "fsm://runs/{id}/costs", "run-costs", "What a run cost",
        "Sums by state, model and place beside what was foreseen; its last calls.", JSON,
    ),
    Template(
        "fsm://runs/{id}/diagram.svg", "run-svg", "A run's diagram",
        "The state diagram with the active states, as SVG.", SVG,
    ),
    Template(
        "fsm://runs/{id}/diagram.mmd", "run-mermaid", "A run's diagram in Mermaid",
        "The state diagram as Mermaid text.", MERMAID,
    ),
)  # fmt: skip


def read_resource(call: Call, uri: str) -> Content:
    """What stands at an address of `fsm://`. Raises `LabError` where there is nothing to read."""
    address = read_address(uri)
    reader, mime = READERS[address.room, address.view]
    answer = cleared(call.lab, reader(call, address))
    if isinstance(answer, str):
        return Content(uri, mime, _within(answer, len(answer.encode()), LARGEST_PICTURE, uri))
    told = answer if address.view == "chart" else {"untrusted": True, "note": NOTE, **answer}
    body = orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS, default=str)
    return Content(uri, mime, _within(body.decode(), len(body), LARGEST, uri))


def _within(text: str, size: int, most: int, uri: str) -> str:
    if size > most:
        raise LabError(
            f"{uri!r} has {size:,} bytes; {most:,} are sent at most.",
            hint="Ask for a smaller page (limit=), or for one value with a tool.",
        )
    return text
