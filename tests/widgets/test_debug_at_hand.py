"""A small run comes whole with the debugger, so that nothing has to be asked for."""

from __future__ import annotations

from traaviis_lab.widgets import DebugWidget
from traaviis_lab.widgets.debug import track as tracks

from .beholder import Beholder


def looked_at(run):
    widget = DebugWidget.of(run)
    return widget, Beholder(widget.comm)


def test_a_small_run_is_seen_without_asking_also_when_its_lab_is_closed(comms, lab, run):
    run.send("open_command")
    _, browser = looked_at(run)
    lab.close()
    seen = browser.tracks["a"]
    assert sorted(seen.rows) == list(range(1, seen.total + 1))
    assert seen.rows[2]["state"] == ["opening"]
    assert seen.data(2) == {"opened": 0, "locked": False}


def test_large_details_are_left_to_be_asked_for(comms, run, monkeypatch):
    monkeypatch.setattr(tracks, "MAX_AT_HAND", 10)
    _, browser = looked_at(run)
    assert (browser.tracks["a"].rows, browser.tracks["a"].pages) == ({}, {})
