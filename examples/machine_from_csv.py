"""A machine that colleagues keep in a spreadsheet: CSV in, a checked chart out.

Shows that a chart is only data: whatever gives the spec's dict gives a machine, and a slip in a
cell is named with its place and a cure.

    python examples/machine_from_csv.py [TABLE.csv]
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from traaviis_lab import Chart, DefinitionError, EventRefused, Lab

TABLE = Path(__file__).with_name("deliveries.csv")


def spec_of(name: str, rows: Iterable[dict[str, str]]) -> dict[str, Any]:
    """The spec of a machine whose transitions are rows `state, event, next, when`."""
    states: dict[str, dict[str, Any]] = {}
    for row in rows:
        arrow = {"on": row["event"], "to": row["next"]}
        if row["when"]:
            arrow["when"] = row["when"]
        if row["next"] == "on_the_way":
            arrow["assign"] = {"tries": "data.tries + 1"}
        states.setdefault(row["state"], {"transitions": []})["transitions"].append(arrow)
    # Where nothing leads on, it ends.
    for arrow in [arrow for state in states.values() for arrow in state["transitions"]]:
        states.setdefault(arrow["to"], {"final": True})
    return {"spec": "traaviis/1", "name": name, "data": {"tries": 0}, "states": states}


def read_table(path: Path) -> Chart:
    """The chart in a CSV file. Raises `DefinitionError` with every mistake in it."""
    with path.open(newline="", encoding="utf-8") as table:
        return Chart.from_spec(spec_of(path.stem.title(), csv.DictReader(table)))


def main(path: Path = TABLE) -> int:
    """Read the table and send a parcel on its way."""
    try:
        chart = read_table(path)
    except DefinitionError as error:
        print(error, error.hint, sep="\n", file=sys.stderr)
        return 1
    print(f"{chart.name}: {len(chart.states)} states, {len(chart.transitions)} transitions")
    with Lab() as lab:
        parcel = lab.start(chart, id="parcel_1")
        parcel.send("packed")
        try:
            parcel.send("picked_up", weight_kg=31.5)
        except EventRefused as refusal:
            print(refusal)
        parcel.send("picked_up", weight_kg=29)
        for event in ("nobody_home", "second_try", "nobody_home", "fetched"):
            parcel.send(event)
            print(f"{event:>12} -> {parcel.state}")
        print(f"done: {parcel.done}, tries: {parcel.data['tries']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
