"""Charts after the W3C's own tests for SCXML come to rest where they should."""

from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from traaviis_lab.errors import EventRefused
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.macrostep import start, start_by_algorithm, step, step_by_algorithm
from traaviis_lab.machine.values import Event

CASES = YAML(typ="safe").load(Path(__file__).with_name("w3c.yaml").read_text())
ENDS = {"pass": {"final": True}, "fail": {"final": True}}


@pytest.mark.parametrize("ready", [True, False], ids=["ready", "algorithm"])
@pytest.mark.parametrize("case", CASES, ids=[str(case["test"]) for case in CASES])
def test_it_passes(case, ready):
    begin, go = (start, step) if ready else (start_by_algorithm, step_by_algorithm)
    top = {key: case[key] for key in ("initial", "data") if key in case}
    chart = Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": f"W3C {case['test']}",
            "version": "1",
            **top,
            "states": {**case["states"], **ENDS},
        }
    )
    here = begin(chart)
    left = Counter(s for move in here.moves for s in move.exited)
    for name in case.get("send", ()):
        with suppress(EventRefused):
            here = go(chart, here.snapshot, Event(name))
            left.update(s for move in here.moves for s in move.exited)
    assert here.snapshot.active == {"pass"}, case["says"]
    assert here.snapshot.done
    assert {state: left[state] for state in case.get("left", {})} == case.get("left", {})
