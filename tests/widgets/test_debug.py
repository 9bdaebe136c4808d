"""The debugger looks: what it sends first, pages, news, a search, and that it keeps nothing alive."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import EventRefused, LabError, RunNotFound
from traaviis_lab.machine import Event, Machine, State
from traaviis_lab.widgets import DebugWidget
from traaviis_lab.widgets.debug import track as tracks
from traaviis_lab.widgets.debug.columns import Columns, active_states
from traaviis_lab.widgets.debug.pages import MAX_VALUE, shown
from traaviis_lab.widgets.faces import WIDGET

from .beholder import BAD, CHANGED, INSIDE, MOVED, Beholder
from .conftest import Door


class Worker(Machine, parallel=True):
    """Regions and local effects: facts of many kinds."""

    data = {"n": 0, "log": [], "note": None}
    idle = State(initial=True)
    busy = State(enter=[fx.put_data("note", "{{ data.n }}"), fx.log("busy")])
    left = State(states=[idle, busy])
    on = State(initial=True)
    off = State()
    right = State(states=[on, off])
    idle.to(busy, on="go", assign={"n": "data.n + 1", "log": "data.log + [data.n]"})
    busy.to(idle, on="back")
    on.to(off, on="flip", when="data.n < 3")
    off.to(on, on="flip")


def debugger(thing):
    widget = DebugWidget.of(thing)
    return widget, Beholder(widget.comm)


def play(run, names):
    for name in names:
        try:
            run.send(name)
        except EventRefused:
            continue


def all_pages(ask, widget, seen, track="a"):
    for page in range(-(-seen.total // seen.opened["page"])):
        assert ask(widget, "rows", track=track, page=page)["ok"]
    for page in range(-(-seen.total // seen.opened["detail"])):
        assert ask(widget, "page", track=track, page=page)["ok"]


def test_the_first_words_draw_the_whole_view(comms, run):
    run.send("open_command")
    widget, browser = debugger(run)
    seen = browser.track()
    assert widget.get_state()["mode"] == "debug"
    assert seen.opened["face"]["machine"] == "Door"
    assert "data-state" in seen.opened["face"]["svg"]
    assert (seen.opened["run"], seen.opened["live"], seen.total) == (run.id, True, 2)
    assert seen.opened["overview"] is None
    assert seen.now["takes"] == ["fully_open"]
    assert (seen.now["held"], seen.now["mailbox"], seen.now["breakpoints"]) == (None, [], [])
    assert [node["run"] for node in browser.tree] == [run.id]


def test_rows_say_what_the_facts_say(comms, lab, ask):
    run = lab.start(Worker)
    play(run, ["go", "flip", "nonsense", "back", "go"])
    run.note("looked at", by="me")
    widget, browser = debugger(run)
    assert ask(widget, "rows", page=0)["ok"]
    rows = browser.track().rows
    facts = list(lab.journal.read(run.id))
    assert [(row["kind"], row["name"]) for row in rows.values()] == [
        (fact.kind, fact.name) for fact in facts
    ]
    for fact in facts:
        row, there = rows[fact.seq], run.at(fact.seq)
        assert set(row["state"]) == there.active
        assert row["state"] == sorted(there.active, key=lambda s: run.chart.states[s].order)
        assert row["at"] == fact.at / 1000
        assert bool(row["flags"] & MOVED) == (b'"step":' in fact.body)
        assert bool(row["flags"] & INSIDE) == (fact.cause is not None)
        assert bool(row["flags"] & BAD) == (fact.kind == "event.refused")
        if fact.seq > 1:
            assert bool(row["flags"] & CHANGED) == (there.data != run.at(fact.seq - 1).data)
    go = next(row for row in rows.values() if row["name"] == "go")
    assert go["taken"] == ["idle#0"]


events = st.lists(st.sampled_from(["go", "back", "flip", "nonsense"]), max_size=40)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=events, during=events, detail=st.sampled_from([3, 7, 256]))
def test_the_data_pieced_together_is_that_of_the_run_at_every_seq(
    comms, ask, monkeypatch, before, during, detail
):
    monkeypatch.setattr(tracks, "DETAIL", detail)
    monkeypatch.setattr("traaviis_lab.widgets.debug.pages.DETAIL", detail)
    monkeypatch.setattr(tracks, "PAGE", 5)
    with Lab() as lab:
        run = lab.start(Worker)
        play(run, before)
        widget, browser = debugger(run)
        assert ask(widget, "rows", page=0)["ok"]  # words are known before the news come
        play(run, during)
        browser.until(lambda all: all.tracks["a"].total == run.seq)
        seen = browser.track()
        all_pages(ask, widget, seen)
        browser.look()
        assert sorted(seen.rows) == list(range(1, run.seq + 1))
        for seq in range(1, run.seq + 1):
            there = run.at(seq)
            assert seen.data(seq) == there.data
            assert set(seen.rows[seq]["state"]) == there.active
        widget.close()


def test_details_say_what_each_fact_brought(comms, lab, ask):
    @lab.register
    def broken():
        raise ValueError("no answer")

    class Caller(Machine):
        """Calls something that fails."""

        idle = State(initial=True)
        busy = State(enter=fx.call("broken"))
        idle.to(busy, on="go")
        busy.to(idle, on="error.invoke.busy")

    run = lab.start(Caller)
    run.send("go", why="to see")
    run.wait(lambda run: run.state == "idle" and run.seq > 3)
    with pytest.raises(EventRefused):
        run.send("kicked", hard=True)
    run.note("seen", by="me")
    widget, browser = debugger(run)
    ask(widget, "rows", page=0)
    ask(widget, "page", page=0)
    seen = browser.track()
    by_kind = {row["kind"]: seen.detail(seq) for seq, row in seen.rows.items()}
    assert {row["name"] for row in seen.rows.values() if row["flags"] & BAD} == {
        "call", "error.invoke.busy", "kicked"
    }  # fmt: skip
    went = next(seen.detail(seq) for seq, row in seen.rows.items() if row["name"] == "go")
    assert went["event"] == {"why": "to see"}
    assert [one["kind"] for one in went["effects"]] == ["call"]
    assert by_kind["effect.started"]["effects"][0]["function"] == "broken"
    assert "no answer" in by_kind["effect.failed"]["error"]["message"]
    assert by_kind["effect.failed"]["owner"] == "busy"
    assert by_kind["effect.failed"]["duration_us"] >= 0
    assert by_kind["event.refused"]["event"] == {"hard": True}
    assert "means nothing" in by_kind["event.refused"]["reason"]
    assert by_kind["note"]["note"] == {"data": {"by": "me"}}


def test_large_values_are_cut(comms, lab, ask):
    class Big(Machine):
        """Keeps what it is given."""

        data = {"box": None}
        here = State(initial=True)
        here.to(here, on="put", assign={"box": "event.value"})

    run = lab.start(Big)
    run.send("put", value=[{"text": "x" * 300, "more": ["y" * 300] * 90} for _ in range(400)])
    widget, browser = debugger(run)
    ask(widget, "page", page=0)
    box = browser.track().detail(2)["set"]["box"]
    assert len(str(box)) < 2 * MAX_VALUE
    assert "more" in str(box[-1])


@pytest.mark.parametrize("value", [1, None, "x" * 10_000, [[[[["deep"] * 70] * 70] * 70]]])
def test_what_is_shown_has_a_bound(value):
    assert len(str(shown(value))) < 2 * MAX_VALUE


def test_pages_that_are_not_there_are_refused(comms, run, ask):
    widget, _ = debugger(run)
    for command in ("rows", "page"):
        assert "has no page 7" in ask(widget, command, page=7)["error"]
        assert "must be a number" in ask(widget, command, page=-1)["error"]
        assert "must be a number" in ask(widget, command, page="0")["error"]
        assert "no track 'c'" in ask(widget, command, track="c", page=0)["error"]
        assert "no run on track 'b'" in ask(widget, command, track="b", page=0)["error"]


def test_a_long_run_is_first_an_overview(comms, lab, ask, monkeypatch):
    monkeypatch.setattr(tracks, "MANY", 50)
    run = lab.start(Worker)
    play(run, ["go", "nonsense", "back", "flip"] * 20)
    _, browser = debugger(run)
    seen = browser.track()
    buckets = seen.opened["overview"]["buckets"]
    assert sum(one["count"] for one in buckets) == run.seq
    assert [one["seq"] for one in buckets] == list(range(1, run.seq + 1))
    assert any(one["bad"] for one in buckets)
    assert not all(one["bad"] for one in buckets)
    assert set(seen.tables["states"][buckets[-1]["state"]]) == run.active


def test_memory_and_disk_answer_alike(comms, tmp_path, ask, monkeypatch):
    monkeypatch.setattr(tracks, "MANY", 20)
    found = []
    for lab in (Lab(), Lab(str(tmp_path / "x.duckdb"))):
        with lab:
            run = lab.start(Worker, id="same")
            play(run, ["go", "nonsense", "back", "flip"] * 10)
            run.note('said "Good Day"', text="Zürich")
            widget, browser = debugger(run)
            overview = browser.track().opened["overview"]
            last = run.seq
            searches = [
                ask(widget, "search", text=text, kinds=kinds, limit=limit, **place)
                for text, kinds, limit, place in (
                    ("GO", [], 200, {}),
                    ("go", [], 3, {}),
                    ("zürich", [], 200, {}),
                    ('"good day"', [], 9, {}),
                    ("n", ["note", "event.refused"], 200, {}),
                    ("", [], 200, {}),
                    ("", ["event.refused"], 1, {"after": last // 2}),
                    ("", ["event.refused"], 1, {"before": last // 2}),
                    ("", ["note"], 1, {"before": last}),
                )
            ]
            found.append((overview, [(one["seqs"], one["more"]) for one in searches]))
    assert found[0] == found[1]
    overview, searches = found[0]
    assert searches[2] == searches[3] == ([sum(b["count"] for b in overview["buckets"])], False)
    assert len(searches[1][0]) == 3
    assert searches[1][1] is True
    assert searches[5] == ([], False)
    (((after,), more), ((before,), _)) = searches[6:8]
    assert 0 < last // 2 - before < 8  # the nearest one, on both sides
    assert 0 < after - last // 2 < 8
    assert more
    assert searches[8] == ([], False)


def test_news_come_without_being_asked_for(comms, run):
    _, browser = debugger(run)
    for name in ["open_command", "fully_open", "close_command"] * 20:
        run.send(name)
    browser.until(lambda all: all.tracks["a"].total == run.seq)
    seen = browser.track()
    assert sorted(seen.rows) == list(range(1, run.seq + 1))
    browser.until(lambda all: all.tracks["a"].now["seq"] == run.seq)
    run.stop()
    browser.until(lambda all: all.tracks["a"].now["status"] == "stopped")
    assert seen.now["takes"] == []


def test_facts_that_were_not_heard_are_read(comms, run):
    widget, browser = debugger(run)
    live = widget.track("a")
    heard = list(run.lab.journal.read(run.id))
    run.send("open_command")
    run.send("fully_open")
    browser.until(lambda all: all.tracks["a"].total == 3)
    live.total, browser.tracks["a"].rows = 1, {}
    live.hear(list(run.lab.journal.read(run.id))[-1])
    live.hear(heard[0])  # and an old one changes nothing
    browser.until(lambda all: sorted(all.tracks["a"].rows) == [2, 3])


def test_everything_can_be_said_again(comms, run, ask):
    widget, browser = debugger(run)
    run.send("open_command")
    browser.until(lambda all: all.tracks["a"].now["seq"] == 2)
    old = browser.track()
    assert ask(widget, "open")["ok"]
    seen = browser.track()
    assert seen is not old
    assert (seen.total, seen.now) == (old.total, old.now)
    assert seen.tables == old.tables


def test_every_display_of_a_run_is_one_widget(comms, run, lab):
    first, again = lab.debug(run), lab.debug(run.id)
    assert first is again
    first.close()
    assert lab.debug(run) is not first
    with pytest.raises(RunNotFound):
        lab.debug("nobody")
    with pytest.raises(LabError, match="7 is no run"):
        lab.debug(7)


def test_a_saved_notebook_shows_the_chart_and_the_last_steps(comms, run):
    run.send("open_command")
    bundle, _ = DebugWidget.of(run)._repr_mimebundle_()
    assert set(bundle) == {WIDGET, "image/svg+xml", "text/plain"}
    assert "tl-active" in bundle["image/svg+xml"]
    assert bundle["text/plain"].splitlines() == [
        "<Debugger of run door_001 of Door: 2 facts>",
        "       1  (start)       closed",
        "       2  open_command  opening",
    ]


def test_looking_keeps_neither_run_nor_lab_alive(comms):
    lab = Lab()
    run = lab.start(Door)
    widget, browser = debugger(run)
    watched = weakref.ref(lab)
    del run, lab
    gc.collect()
    assert watched() is None
    browser.until(lambda all: all.tracks["a"].now["status"] == "closed")
    assert widget.boot is not None


def test_a_closed_lab_is_said_and_commands_say_so_too(comms, ask):
    lab = Lab()
    run = lab.start(Door)
    widget, browser = debugger(run)
    lab.close()
    assert "lab of this run is closed" in ask(widget, "page", page=0)["error"]
    widget.track("a").look()
    browser.until(lambda all: all.tracks["a"].now["status"] == "closed")
    assert ask(widget, "open")["ok"]
    assert WIDGET in widget._repr_mimebundle_()[0]


def test_a_closed_debugger_hears_nothing(comms, run):
    widget, _ = debugger(run)
    before = len(run.lab.dispatcher._wants)
    comm = widget.comm
    widget.close()
    assert len(run.lab.dispatcher._wants) == before - 2  # its track and its tree
    sent = len(comm.sent)
    run.send("open_command")
    widget.track("a").flush()
    assert len(comm.sent) == sent


def test_states_a_chart_does_not_have_are_named_as_they_are():
    assert active_states(Worker.chart, "idle,gone,off") == [
        "left", "idle", "right", "off", "gone"
    ]  # fmt: skip
    assert active_states(Worker.chart, "") == []


def test_columns_tell_each_word_once(lab):
    run = lab.start(Door)
    for name in ["open_command", "fully_open", "close_command"] * 5:
        run.send_event(Event(name))
    columns = Columns(Door.chart)
    facts = list(lab.journal.read(run.id))
    first, _ = columns.pack(facts[:8])
    second, buffers = columns.pack(facts[8:])
    assert first["names"] == [0, ["Door", "open_command", "fully_open", "close_command"]]
    assert second["names"] == [4, []]
    assert [len(buffer) for buffer in buffers] == [8 * n for n in (8,)] + [8, 32, 32, 32, 8]
    assert columns.tables()["taken"][0] == []


def test_a_chart_that_takes_it_no_more_still_shows_the_record(comms, lab, ask):
    class Other(Machine):
        """A door that cannot be opened fully."""

        data = {"opened": 0, "locked": False}
        closed = State(initial=True)
        opening = State()
        closed.to(opening, on="open_command")
        opening.to(closed, on="close_command")

    run = lab.start(Door, id="d")
    play(run, ["open_command", "fully_open"])
    widget, browser = debugger(run)
    widget.subject("a").seen().trail.chart = Other.chart
    widget.subject("a").seen().trail._windows.chart = Other.chart
    ask(widget, "page", page=0)
    page = browser.track().pages[0]
    assert "fully_open" in page["trouble"]
    assert [row.get("set") for row in page["rows"]][-1] == {"opened": 1}
