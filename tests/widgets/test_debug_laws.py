"""Laws of what the debugger is sent, on charts nobody drew: the browser knows what Python knows."""

from __future__ import annotations

from array import array
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from tests.machine.charts import chart_specs, event_strings, tries
from tests.travel.random_runs import play
from traaviis_lab.errors import LabError
from traaviis_lab.widgets.debug import pages
from traaviis_lab.widgets.debug.columns import CHANGED, MOVED, Columns
from traaviis_lab.widgets.debug.pages import detail_page, shown


def folded(trail, total, size):
    """The data after every fact, as the browser lays it together from pages."""
    found = []
    with patch.object(pages, "DETAIL", size):
        for page in range(-(-total // size)):
            told = detail_page(trail, page, total)
            assert "trouble" not in told
            assert (told["first"], len(told["rows"])) == (
                page * size + 1,
                min(size, total - page * size),
            )
            data = dict(told["base"])
            for row in told["rows"]:
                data = {k: v for k, v in data.items() if k not in row.get("del", ())}
                data |= row.get("set", {})
                found.append(data)
    return found


def law(run, size):
    trail, total = run.trail, run.seq
    facts = list(run.lab.journal.read(run.id))
    columns = Columns(run.chart)
    _, buffers = columns.pack(facts)
    words = columns.tables()
    states, flags = array("I", buffers[3]), array("B", buffers[5])
    before = None
    for seq, data in enumerate(folded(trail, total, size), start=1):
        there = trail.at(seq).snapshot
        assert data == {key: shown(value) for key, value in there.data.items()}
        assert set(words["states"][states[seq - 1]]) == there.active
        assert bool(flags[seq - 1] & MOVED) == (b'"step":' in facts[seq - 1].body)
        if before is not None and there.data != before:
            assert flags[seq - 1] & CHANGED
        before = there.data


@tries(40)
@given(spec=chart_specs(), events=event_strings(), size=st.integers(1, 9), place=st.integers(1, 40))
def test_pages_and_columns_tell_the_run_as_it_was_and_its_forks_too(spec, events, size, place):
    run = play(spec, events)
    if run is None:
        return
    law(run, size)
    try:
        fork = run.fork(at=1 + place % run.seq, until="end")
    except LabError:  # a place inside a turn, say
        return
    law(fork, size)
