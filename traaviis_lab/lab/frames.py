"""Runs and histories as pandas tables. pandas is imported when the first one is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from traaviis_lab.journal import Fact, RunInfo
from traaviis_lab.machine import Chart
from traaviis_lab.runtime import Recall

if TYPE_CHECKING:
    import pandas as pd

HISTORY = ("seq", "at", "event", "event_data", "state", "taken", "effects", "changed")
RUNS = (
    "run", "machine", "state", "done", "seq", "tenant", "started", "at", "live", "forked_from",
    "forked_at",
)  # fmt: skip


def history_frame(facts: Iterable[Fact], chart: Chart | None = None) -> pd.DataFrame:
    """A row per step: what came in, where it led, what it changed.

    With `chart` the steps are computed again and a column `data` holds the whole data after each.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    recalled = Recall(chart) if chart is not None else None
    for fact in facts:
        if recalled is not None:
            recalled.apply(fact)
        body = orjson.loads(fact.body)
        if "step" not in body:
            continue
        row = _row(fact, body)
        if recalled is not None:
            row["data"] = recalled.snapshot.data
        rows.append(row)
    columns = [*HISTORY, "data"] if recalled is not None else list(HISTORY)
    frame = pd.DataFrame(rows, columns=columns)
    frame["at"] = pd.to_datetime(frame["at"], unit="us")
    return frame


def _row(fact: Fact, body: dict[str, Any]) -> dict[str, Any]:
    step = body["step"]
    came = fact.name if fact.kind == "event" else fact.kind.removeprefix("effect.")
    return {
        "seq": fact.seq,
        "at": fact.at,
        "event": "" if fact.kind == "run.started" else came,
        "event_data": body.get("data") if fact.kind == "event" else body.get("patch", {}),
        "state": fact.state,
        "taken": step["taken"],
        "effects": [effect["kind"] for effect in step.get("effects", ())],
        "changed": step.get("set", {}),
    }


def runs_frame(runs: Iterable[RunInfo], live: Iterable[str]) -> pd.DataFrame:
    """A row per run of the journal, oldest first."""
    import pandas as pd

    here = set(live)
    rows = [{**info._asdict(), "live": info.run in here} for info in runs]
    frame = pd.DataFrame(rows, columns=list(RUNS))
    for column in ("started", "at"):
        frame[column] = pd.to_datetime(frame[column], unit="us")
    return frame
