"""`invoke_fsm`, `spawn_fsm`, `send_event`: machines that start, await and stop machines."""

import json

import pytest

from traaviis_lab import Lab, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.runtime.children import DEEPEST
from traaviis_lab.runtime.ids import LONGEST, child_id

from .asking import asked, chart_asking, error, result, until


class Child(Machine):
    """Waits to be told, or for its time to come."""

    data = {"n": 0, "by": 1}
    waiting = State(initial=True)
    finished = State(final=True)
    waiting.to(finished, on="finish", assign={"n": "data.n + data.by"})
    waiting.after("10s", finished)


class Quick(Machine):
    """Is done as soon as it begins."""

    data = {"x": 1}
    only = State(initial=True, final=True)


@pytest.fixture
def clock():
    return ToldClock()


@pytest.fixture(params=["memory", "disk"])
def lab(request, tmp_path, clock):
    with Lab(None if request.param == "memory" else tmp_path / "x.duckdb", clock=clock) as opened:
        opened.add(Child)
        opened.add(Quick)
        yield opened


def parent_of(lab, id):
    (body,) = lab.sql("select body from events where run_id = ? and seq = 1", [id])["body"]
    return json.loads(body)["parent"]


def test_a_childs_end_is_the_result(lab):
    effect = fx.invoke_fsm(Child, {"by": "{{ data.by }}"}, into="child")
    run = lab.start(chart_asking(effect), id="p", data={"by": 5}, tenant="t1")
    until(lambda: "p.1-0" in lab.live())
    child = lab.run("p.1-0")
    assert (child.tenant, parent_of(lab, child.id)) == ("t1", {"run": "p", "path": "1/0"})
    child.send("finish")
    until(lambda: run.state == "answered")
    told = {"run": "p.1-0", "state": "finished", "data": {"n": 5, "by": 5}}
    assert run.data["result"] == told == run.data["child"]
    assert child.replay().snapshot == child.snapshot


def test_a_child_that_is_done_at_once_answers_at_once(lab):
    assert result(lab, fx.invoke_fsm("Quick"))["data"] == {"x": 1}


def test_a_child_is_stopped_with_its_parents_wish(lab):
    run = lab.start(chart_asking(fx.invoke_fsm(Child)), id="p")
    until(lambda: "p.1-0" in lab.live())
    run.send("leave")
    child = lab.run("p.1-0")
    until(lambda: child.done)
    assert child.state == "waiting"
    run = lab.start(chart_asking(fx.invoke_fsm(Child)), id="q")
    until(lambda: "q.1-0" in lab.live())
    run.stop()
    until(lambda: lab.run("q.1-0").done)


def test_a_child_that_somebody_else_stops_is_a_failure(lab):
    run = lab.start(chart_asking(fx.invoke_fsm(Child)), id="p")
    until(lambda: "p.1-0" in lab.live())
    lab.run("p.1-0").stop()
    until(lambda: run.state == "failed")
    assert "The child 'p.1-0' (Child) was stopped from outside" in run.data["error"]["message"]


def test_a_spawned_machine_outlives_the_state_that_asked(lab):
    run = asked(lab, fx.spawn_fsm(Child, id="mine"), id="p")
    assert run.data["result"] == {"run": "mine", "state": "waiting"}
    run.stop()
    child = lab.run("mine")
    assert not child.done
    child.send("finish")
    assert child.done


def test_an_id_that_is_another_runs_is_refused(lab):
    lab.start(Child, id="mine")
    told = error(lab, fx.invoke_fsm(Child, id="mine"))
    assert "There is a run 'mine' already, which this effect did not start" in told["message"]
    assert not lab.run("mine").done
    assert "no id for a run" in error(lab, fx.invoke_fsm(Child, id="a\nb"))["message"]


def test_only_machines_the_lab_knows_are_started(lab):
    told = error(lab, fx.spawn_fsm("SmartDoor"))
    assert told["message"] == "No machine 'SmartDoor' is known to this lab."
    assert "Child, Quick" in told["hint"]


def test_data_that_is_no_json_or_no_mapping_starts_nothing(lab):
    told = error(lab, fx.invoke_fsm(Child, "{{ data.x }}"), {"x": 5})
    assert "data is 5" in told["message"]
    assert len(lab.live()) == 1


def test_machines_do_not_start_machines_without_end(lab):
    lab.add(chart_asking(fx.invoke_fsm("Endless"), "Endless"))
    lab.start(lab.machines()["Endless"], id="top")
    # All but the last wait for a child that never ends.
    until(lambda: any(run.state == "failed" for run in lab.live().values()), 20)
    assert len(lab.live()) == DEEPEST + 1
    (last,) = (run for run in lab.live().values() if run.state == "failed")
    assert f"more than {DEEPEST} machines deep" in last.data["error"]["message"]


def test_the_names_of_deep_children_stay_short_and_differ(lab):
    deep = "p"
    names = set()
    for n in range(200):
        deep = child_id(deep, f"{n}/0")
        names.add(deep)
        assert len(deep) <= LONGEST
    assert len(names) == 200


def test_a_child_goes_on_after_a_restart_where_it_stood(tmp_path, clock):
    path = tmp_path / "x.duckdb"
    chart = chart_asking(fx.invoke_fsm(Child))
    with Lab(path, clock=clock) as lab:
        lab.add(Child)
        lab.start(chart, id="p")
        lab.start(chart, id="q")
        until(lambda: {"p.1-0", "q.1-0"} <= set(lab.live()))
        lab.run("q.1-0").send("finish")
    with Lab(path, clock=clock) as lab:
        lab.add(Child)
        assert set(lab.live()) == set()
        run = lab.resume("p", chart)
        until(lambda: "p.1-0" in lab.live())
        assert run.state == "asking"
        child = lab.run("p.1-0")
        assert not child.done
        child.send("finish")
        until(lambda: run.state == "answered")
        again = lab.resume("q", chart)
        until(lambda: again.state == "answered")
        kinds = lab.sql("select run_id, kind from events where kind = 'run.started'")
        assert sorted(kinds["run_id"]) == ["p", "p.1-0", "q", "q.1-0"]
        assert lab.verify().problems == ()


def test_a_child_let_go_is_a_failure_and_can_be_resumed(lab):
    run = lab.start(chart_asking(fx.invoke_fsm(Child)), id="p")
    until(lambda: "p.1-0" in lab.live())
    lab._thread.ask(lambda: lab._engine.release("p.1-0"))
    until(lambda: run.state == "failed")
    assert "was let go" in run.data["error"]["message"]
    assert not lab.resume("p.1-0").done


def test_an_event_is_acknowledged_with_where_it_led(lab):
    lab.start(Child, id="c")
    assert result(lab, fx.send_event("c", "finish")) == {"run": "c", "seq": 3, "state": "finished"}
    told = error(lab, fx.send_event("c", "finish"))
    assert "run 'c' refused" in told["message"]
    assert [one["kind"] for one in told["chain"]] == ["EventRefused"]
    assert "no live run 'nobody'" in error(lab, fx.send_event("nobody", "x"))["message"]
