"""Effects can be run without a machine, and are a run like any other."""

import signal
import threading

import pytest

from tests.lab.holding import soon
from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import (
    DefinitionError,
    EffectError,
    EffectTimeout,
    JournalConflict,
    LabError,
    NoHandler,
    PermissionDenied,
    RetriesSpent,
)


def add(a, b):
    """The sum."""
    return a + b


def broken():
    """Fails."""
    raise ValueError("no luck")


@pytest.fixture
def ready(lab):
    lab.register(add)
    lab.register(broken)
    return lab


def test_an_effect_answers_and_the_run_is_done(ready):
    run = ready.run_pipeline(
        fx.call("add", {"a": "{{ data.x }}", "b": 2}, into="y"), {"x": 4}, id="p", tenant="me"
    )
    assert (run.id, run.tenant, run.state, run.done) == ("p", "me", "done", True)
    assert run.data == {"result": 6, "error": None, "x": 4, "y": 6}
    assert run.replay().facts == run.seq
    assert ready.recording("p").effects().path.tolist() == ["1/0"]


def test_a_document_is_an_effect_too(ready):
    assert ready.run_pipeline({"kind": "log", "message": "hi"}).data["result"] == "hi"


def test_a_list_is_a_sequence(ready):
    wishes = [fx.call("add", {"a": 1, "b": 2}), {"kind": "log", "message": "hi"}]
    assert ready.run_pipeline(wishes).data["result"] == [3, "hi"]
    assert ready.run_pipeline([]).data["result"] == []


def test_a_failure_is_raised_as_what_it_was(ready):
    with pytest.raises(NoHandler, match="nobody") as caught:
        ready.run_pipeline(fx.call("nobody"), id="p")
    assert "lab.run('p').effects()" in caught.value.hint
    with pytest.raises(EffectError, match="no luck"):
        ready.run_pipeline(fx.call("broken"))


def test_a_failure_is_in_the_data_where_it_is_not_to_be_raised(ready):
    run = ready.run_pipeline(fx.call("broken"), check=False)
    assert (run.state, run.data["result"]) == ("failed", None)
    assert "no luck" in run.data["error"]["message"]


def test_data_called_error_is_no_failure(ready):
    run = ready.run_pipeline(fx.log("{{ data.error }}"), {"error": "of old"})
    assert (run.state, run.data["result"]) == ("done", "of old")


def test_what_takes_too_long_is_stopped(ready):
    with pytest.raises(EffectTimeout, match="'slow' is still in 'working'") as caught:
        ready.run_pipeline(fx.delay("1h"), timeout=0.01, id="slow")
    assert isinstance(caught.value, TimeoutError)
    assert ready.run("slow").done
    assert ready.run("slow").effects().status.tolist() == ["cancelled"]


def interrupted():
    # A real signal: `_thread.interrupt_main` wakes nobody who waits for a lock.
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def test_an_interrupted_cell_stops_the_run(ready):
    # This may come while the cell waits for the start or for the end: both are tried.
    for run in ("p", "q", "r"):
        end = ready.events(lambda _: interrupted(), kind="effect.started")
        with pytest.raises(KeyboardInterrupt):
            ready.run_pipeline(fx.delay("1h"), id=run)
        end()
        assert ready.run(run).done
        assert ready.run(run).under_way == ()


def test_what_was_done_is_undone_when_a_run_is_stopped(ready):
    undone = []
    ready.register(lambda: undone.append(1), "undo")
    saga = fx.saga((fx.log("done"), fx.call("undo")), fx.delay("1h"))
    with pytest.raises(EffectTimeout):
        ready.run_pipeline(saga, timeout=0.05)
    soon(lambda: undone)


def test_errors_that_are_no_effects_failure_keep_their_kind_too(ready):
    with pytest.raises(PermissionDenied, match="nowhere"):
        ready.run_pipeline(fx.call_api("GET", "http://nowhere.example/"))
    with pytest.raises(RetriesSpent, match="no luck") as caught:
        ready.run_pipeline(fx.retry(fx.call("broken"), attempts=2, delay=0))
    assert "because of ValueError: no luck" in caught.value.__notes__


def test_a_run_that_is_stopped_elsewhere_has_not_ended_well(ready):
    end = ready.events(lambda _: ready.run("p").stop(), kind="effect.started")
    with pytest.raises(EffectError, match="stopped before its end"):
        ready.run_pipeline(fx.delay("1h"), id="p")
    end()


@pytest.mark.parametrize("wrong", [None, 3, "log", [3], {"kind": "logg"}, [{"kind": "call"}]])
def test_what_is_no_effect_starts_nothing(ready, wrong):
    with pytest.raises(DefinitionError):
        ready.run_pipeline(wrong)
    assert len(ready.runs()) == 0


def test_an_id_is_used_once_and_data_is_a_mapping(ready):
    ready.run_pipeline(fx.log("hi"), id="p")
    with pytest.raises(JournalConflict):
        ready.run_pipeline(fx.log("hi"), id="p")
    with pytest.raises(LabError, match="is a dict"):
        ready.run_pipeline(fx.log("hi"), [1])


def test_it_takes_no_machines_name(ready):
    class Pipeline(Machine):
        """Somebody's own."""

        idle = State(initial=True)

    ready.start(Pipeline)
    ready.run_pipeline(fx.log("hi"))
    assert ready.machines() == {"Pipeline": Pipeline.chart}


def test_it_goes_on_another_day(tmp_path):
    path = tmp_path / "p.duckdb"
    with Lab(path) as lab:
        lab.run_pipeline(fx.log("hi"), id="p")
    with Lab(path) as lab:
        assert lab.resume("p").data["result"] == "hi"
