"""A run as it is written down: read, replayed, never driven."""

import pytest

from traaviis_lab import EventRefused, Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import DefinitionError, LabError, RunNotFound
from traaviis_lab.lab import Recording

from .conftest import Door


def double(data, event):
    return data["n"] * 2


class Doubler(Machine):
    """Doubles, in Python."""

    data = {"n": 1}
    on = State(initial=True)
    on.to(None, on="again", assign={"n": double})


def opened_door(lab, id="d"):
    run = lab.start(Door, id=id, data={"locked": True}, tenant="building")
    run.send("open_command", user_id="u1")
    run.send("fully_open")
    return run


def test_a_recording_says_what_the_run_says(lab):
    run = opened_door(lab)
    with pytest.raises(EventRefused):
        run.send("kicked")
    there = lab.recording("d")
    for name in (
        *("id", "chart", "tenant", "seq", "state", "active", "data", "done", "snapshot", "events"),
        "visited",
    ):
        assert getattr(there, name) == getattr(run, name), name
    assert there.at(2) == run.at(2)
    assert there.history().equals(run.history())
    assert there.replay() == run.replay()
    assert there.last.taken == ("opening#0",)
    assert repr(there) == "<Recording d of Door: open at seq 4>"
    assert there.lab is lab
    for name in ("send", "stop", "note"):
        assert not hasattr(there, name)


def test_a_recording_goes_on_with_its_run(lab, clock):
    run = lab.start(Door, id="d")
    there = lab.recording("d")
    assert (there.seq, there.state) == (1, "closed")
    run.send("open_command")
    assert (there.seq, there.state, there.events) == (2, "opening", ("fully_open",))
    run.stop()
    assert (there.done, there.events) == (True, ())
    assert repr(there).endswith("seq 3, done>")


def test_its_data_is_a_copy(lab):
    opened_door(lab)
    there = lab.recording("d")
    there.data["opened"] = 7
    assert there.data["opened"] == 1


def test_a_run_of_another_day(tmp_path):
    with Lab(tmp_path / "r.duckdb") as lab:
        opened_door(lab)
    with Lab(tmp_path / "r.duckdb") as lab:
        there = lab.recording("d")
        assert (there.state, there.data["opened"]) == ("open", 1)
        assert there.replay().steps == 3
        assert lab.live() == {}
        with pytest.raises(RunNotFound) as caught:
            lab.run("d")
        assert "lab.recording('d')" in caught.value.hint


def test_a_chart_with_python_has_to_be_passed(tmp_path):
    with Lab(tmp_path / "r.duckdb") as lab:
        lab.start(Doubler, id="p").send("again")
        assert lab.recording("p").data == {"n": 2}, "this lab knows the machine"
    with Lab(tmp_path / "r.duckdb") as lab:
        with pytest.raises(DefinitionError, match="from the journal alone") as caught:
            lab.recording("p")
        assert caught.value.hint == "Pass the class it ran on: lab.recording('p', chart=Doubler)."
        assert caught.value.message.count("from the journal alone") == 1
        assert lab.recording("p", chart=Doubler).data == {"n": 2}


def test_nobody_and_no_machine(lab):
    with pytest.raises(RunNotFound, match="No run 'x'"):
        lab.recording("x")
    with pytest.raises(RunNotFound, match="No run 'x'"):
        lab.recording("x", chart=Door)
    opened_door(lab)
    with pytest.raises(DefinitionError, match="not a machine"):
        lab.recording("d", chart="Door")


def test_what_a_notebook_shows_is_a_picture_and_no_widget(lab, monkeypatch):
    from traaviis_lab.widgets import faces

    opened_door(lab)
    monkeypatch.setattr(faces, "has_kernel", lambda: True)
    bundle = lab.recording("d")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/svg+xml"}
    assert isinstance(lab.recording("d"), Recording)


# Many runs at once


def changed_door():
    """A door that must not be locked before it opens."""

    class Door(Machine):
        data = {"opened": 0, "locked": False}
        closed = State(initial=True)
        opening = State()
        open = State()
        closing = State()
        closed.to(opening, on="open_command", when="!data.locked")
        opening.to(open, on="fully_open", assign={"opened": "data.opened + 1"})
        open.to(closing, on="close_command", when="!data.locked", do=fx.log("closing"))
        closing.to(opening, on="obstacle")
        closing.to(closed, on="fully_closed")
        closing.after("30s", opening)

    return Door


@pytest.fixture
def runs(lab, clock):
    """Two doors that were locked when they opened, one that was not, and a machine of Python."""
    for id in ("locked-1", "locked-2"):
        opened_door(lab, id)
        clock.advance(1)
    free = lab.start(Door, id="free")
    free.send("open_command")
    free.stop()
    clock.advance(1)
    lab.start(Doubler, id="other").send("again")
    return lab


def test_all_runs_come_out_as_recorded(runs):
    found = runs.replay_all()
    assert [row.run for row in found.rows] == ["locked-1", "locked-2", "free", "other"]
    assert found.ok
    assert found.failed == ()
    frame = found.to_frame()
    assert frame.columns.tolist() == [
        "run", "machine", "facts", "steps", "ok", "seq", "cause", "expected", "actual", "seconds",
    ]  # fmt: skip
    assert frame["steps"].tolist() == [3, 3, 2, 2]
    assert repr(found).startswith("<ReplayAll: 4 runs came out as recorded, 0 did not")


def test_old_runs_on_new_code(runs):
    found = runs.replay_all(changed_door())
    assert not found.ok
    assert [(row.run, row.ok, row.seq) for row in found.rows] == [
        ("locked-1", False, 2),
        ("locked-2", False, 2),
        ("free", True, None),
    ]
    assert found.left_out == {"Doubler": 1}
    assert found.failed[0].cause == (
        "The chart has changed: `when` of closed#0 is new: !data.locked."
    )
    assert found.failed[0].error.seq == 2
    assert found.to_frame()["ok"].tolist() == [False, False, True]
    assert found.to_frame()["seq"].dropna().tolist() == [2, 2]
    for text in (repr(found), found._repr_html_()):
        assert "closed#0" in text
        assert "Doubler 1" in text
    told = found.to_json()
    assert (told["ok"], told["left_out"]) == (False, {"Doubler": 1})
    assert told["runs"][0]["error"]["differences"]


def test_only_some_runs(runs):
    door = changed_door()
    assert [row.run for row in runs.replay_all(door, "done").rows] == ["free"]
    where = "machine = 'Door' and not done -- the rest"
    assert [row.run for row in runs.replay_all(where=where).rows] == ["locked-1", "locked-2"]
    assert [row.run for row in runs.replay_all(runs=["other", "free"]).rows] == ["free", "other"]
    assert [row.run for row in runs.replay_all(runs="free").rows] == ["free"]
    assert runs.replay_all(where="false").rows == ()
    assert runs.replay_all(where="false").ok


def test_a_wrong_condition_and_a_run_that_is_not_there(runs):
    from traaviis_lab.errors import JournalError

    with pytest.raises(JournalError, match="is no condition on the view `runs`") as caught:
        runs.replay_all(where="machin = 'Door'")
    assert "machine" in caught.value.hint
    for wrong in ("machine =", "1=1); drop table events; --"):
        with pytest.raises(JournalError, match="is no condition"):
            runs.replay_all(where=wrong)
    with pytest.raises(RunNotFound, match="No run 'x'"):
        runs.replay_all(runs=["free", "x"])


def test_progress_is_told_in_facts(runs):
    told = []
    found = runs.replay_all(Door, progress=lambda done, total: told.append((done, total)))
    facts = [row.facts for row in found.rows]
    assert told == [(sum(facts[: n + 1]), sum(facts)) for n in range(len(facts))]


def test_a_run_whose_chart_is_not_here_is_not_passed_over(tmp_path):
    with Lab(tmp_path / "r.duckdb") as lab:
        lab.start(Doubler, id="p").send("again")
    with Lab(tmp_path / "r.duckdb") as lab:
        found = lab.replay_all()
        assert not found.ok
        assert "from the journal alone" in found.failed[0].cause
        assert lab.replay_all(Doubler).ok


def test_runs_are_chosen_by_themselves_too_and_nothing_else(runs):
    there = runs.recording("free")
    assert [row.run for row in runs.replay_all(runs=there).rows] == ["free"]
    assert [row.run for row in runs.replay_all(runs=[there, "other"]).rows] == ["free", "other"]
    assert len(runs.replay_all(where="  ").rows) == 4
    for wrong in (5, [5]):
        with pytest.raises(LabError, match="5 is no run"):
            runs.replay_all(runs=wrong)
    with pytest.raises(LabError, match="5 is no condition"):
        runs.replay_all(where=5)


def test_a_table_without_rows_has_the_same_types(runs):
    empty = runs.replay_all(where="false").to_frame().dtypes
    full = runs.replay_all().to_frame().dtypes
    for name in ("facts", "steps", "ok", "seq", "seconds"):
        assert empty[name] == full[name], name
    assert str(runs.replay_all(runs="locked-1")).endswith(" ms)")
    assert "1 run came out" in str(runs.replay_all(runs="locked-1"))


def test_the_chart_of_another_machine_is_refused(lab):
    opened_door(lab)
    with pytest.raises(DefinitionError, match="Run 'd' is one of Door, not of Doubler") as caught:
        lab.recording("d", chart=Doubler)
    assert caught.value.hint == "Pass chart=Door."
