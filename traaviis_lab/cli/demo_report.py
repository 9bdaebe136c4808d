"""What the demo leaves behind: an HTML report of its runs, and a notebook to go on from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from traaviis_lab.lab import Run
    from traaviis_lab.views import ReportRun

    from .play import Tally


def write_report(path: Path, runs: Mapping[str, Run], tallies: Mapping[str, Tally]) -> Path:
    """Write a page with diagram, timeline and journal of each run; needs nothing from outside."""
    from traaviis_lab.views import to_html

    lines = sum(tally.lines for tally in tallies.values())
    page = to_html(
        [report_run(run, tallies[name]) for name, run in runs.items()],
        title="Three machines, three sensor logs",
        note=f"{lines} lines of sensor logs, as they came: with bounces, repeats and gaps.",
    )
    path.write_text(page, encoding="utf-8")
    return path


def report_run(run: Run, tally: Tally) -> ReportRun:
    """A run as the report shows it, read back from the journal."""
    from traaviis_lab.runtime import Recall
    from traaviis_lab.views import ReportRun

    recall = Recall(run.chart)
    steps: list[dict[str, Any]] = []
    facts: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for fact in run.lab.journal.read(run.id):
        recall.apply(fact)
        body = json.loads(fact.body)
        head = {"seq": fact.seq, "at": fact.at, "kind": fact.kind, "name": fact.name}
        facts.append({**head, "body": fact.body.decode()})
        if "step" in body:
            steps.append(
                {**head, **_step(fact.kind, fact.name, body), "data": recall.snapshot.data}
            )
        elif fact.kind == "event.refused":
            refused.append({**head, "reason": body["reason"], "data": body["data"]})
    about = {"Lines": tally.lines, "Came late": tally.late, "Malformed": tally.malformed}
    return ReportRun(run.id, run.chart, steps, facts, refused, about)


def write_notebook(path: Path, runs: Mapping[str, Run]) -> None:
    """Write a notebook that opens the demo's journal; one that is there already stays."""
    if path.exists():
        return
    names = [run.id for run in runs.values()]
    cells = [
        "# The demo's journal\n\nAll that the three machines did. Run each cell with Shift-Enter.",
        'from traaviis_lab import Lab\n\nlab = Lab("demo.duckdb")\nlab',
        f"door = lab.resume({names[0]!r})\ndoor",
        "door.history().tail(10)",
        'lab.sql("select run_id, kind, name, count(*) as facts from events group by all")',
        "lab.verify()",
        "lab.close()",
    ]
    path.write_text(json.dumps(_notebook(cells), indent=1) + "\n", encoding="utf-8")


def _step(kind: str, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    step = body["step"]
    return {
        "event": {"run.started": "", "event": name}.get(kind, kind),
        "event_data": body.get("data") if kind == "event" else body.get("patch"),
        "state": step["state"],
        "taken": step["taken"],
        "effects": step.get("effects", []),
    }


def _notebook(cells: list[str]) -> dict[str, Any]:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": [_cell(number, text) for number, text in enumerate(cells)],
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(number: int, text: str) -> dict[str, Any]:
    common = {"id": f"demo-{number}", "metadata": {}, "source": text}
    if text.startswith("#"):
        return {"cell_type": "markdown", **common}
    return {"cell_type": "code", "execution_count": None, "outputs": [], **common}
