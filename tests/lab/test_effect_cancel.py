"""Effects that are told to end and resist: they swallow it, go on for ever, clean up, or block."""

import asyncio
import json
import threading

import pytest

from tests.lab.holding import soon
from traaviis_lab import Chart, Lab
from traaviis_lab import effects as fx
from traaviis_lab.runtime import engine

SAYS = fx.call("says")


def chart_of(tree):
    """A machine that does it, and can be told to leave."""
    return Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": "Cancelling",
            "version": "1",
            "states": {
                "work": {
                    "enter": [tree.to_spec()],
                    "on_success": [{"to": "good", "assign": {"got": "event.result"}}],
                    "on_error": [{"to": "bad", "assign": {"got": "event.kind"}}],
                    "transitions": [{"on": "leave", "to": "left"}],
                },
                "good": {},
                "bad": {},
                "left": {"transitions": [{"on": "end", "to": "over"}]},
                "over": {"final": True},
            },
            "data": {"got": None},
        }
    )


class World:
    """A lab whose functions resist in all the ways there are, and what they did."""

    def __init__(self, path=None):
        self.lab, self.done = Lab(path), []
        self.may_end = threading.Event()
        for function in (self.says, self.swallows, self.goes_on, self.cleans, self.blocks):
            self.lab.register(function, function.__name__)
        for function in (self.raises, self.undoes):
            self.lab.register(function, function.__name__)

    async def says(self):
        self.done.append("says")
        return "said"

    async def undoes(self, result=None):
        self.done.append(f"undoes {result}")

    async def swallows(self):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.done.append("swallowed")
        return "all the same"

    async def raises(self):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("I will not") from None

    async def goes_on(self):
        while not self.may_end.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                self.done.append("resisted")
        self.done.append("ended")
        return "at last"

    async def cleans(self):
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            self.done.append("cleaned")

    def blocks(self, scope):
        assert self.may_end.wait(20)
        self.done.append(f"cancelled: {scope.cancelled}")
        return "late"


@pytest.fixture
def world():
    made = World()
    with made.lab:
        yield made
        made.may_end.set()


def start(world, tree):
    return world.lab.start(chart_of(tree), id="r")


def outcomes(run, kind="call"):
    """What became of the effects of a kind: path to outcome, with the body."""
    return {
        json.loads(f.body)["path"]: (f.kind.removeprefix("effect."), json.loads(f.body))
        for f in run.lab.journal.read(run.id)
        if f.name == kind and f.kind.startswith("effect.") and f.kind != "effect.started"
    }


def ended(run):
    soon(lambda: not run.under_way and not run._live.trees)


def test_one_that_swallows_the_cancel_and_answers_has_completed_and_lost_all_the_same(world):
    run = start(world, fx.race(fx.call("swallows", into="got"), SAYS))
    soon(lambda: run.state == "good")
    assert run.data["got"] == "said"
    assert outcomes(run)["1/0/0"][0] == "completed"
    run.replay()


def test_what_completed_all_the_same_is_undone(world):
    pair = fx.with_compensation(fx.call("swallows"), fx.call("undoes", {"result": "{{ result }}"}))
    run = start(world, fx.race(pair, SAYS))
    soon(lambda: run.state == "good")
    assert world.done == ["says", "swallowed", "undoes all the same"]
    run.replay()


def test_a_failure_after_the_cancel_is_only_written_down(world):
    run = start(world, fx.race(fx.call("raises"), SAYS))
    soon(lambda: run.state == "good")
    assert outcomes(run)["1/0/0"][0] == "failed"
    run.replay()


def test_one_that_goes_on_is_waited_for_and_then_left_to_itself(world, monkeypatch):
    monkeypatch.setattr(engine, "GRACE", 0.1)
    run = start(world, fx.race(fx.call("goes_on"), SAYS))
    soon(lambda: run.state == "good")
    status, body = outcomes(run)["1/0/0"]
    assert (status, body["resisted"], body["ended"]) == ("cancelled", True, True)
    count = run.seq
    world.may_end.set()
    soon(lambda: "ended" in world.done)
    assert world.lab._thread.ask(lambda: run.seq) == count  # its answer is dropped
    run.replay()


def test_the_cleanup_of_a_cancelled_effect_is_waited_for(world):
    run = start(world, fx.race(fx.call("cleans"), SAYS))
    soon(lambda: run.state == "good")
    assert world.done == ["says", "cleaned"]
    assert outcomes(run)["1/0/0"][1]["ended"] is True


def test_a_timeout_waits_for_the_cleanup_before_it_fails(world):
    run = start(world, fx.timeout(fx.call("cleans"), 0.02))
    soon(lambda: run.state == "bad")
    assert (run.data["got"], world.done) == ("EffectTimeout", ["cleaned"])


def test_a_function_on_a_thread_ends_at_once_and_its_answer_is_dropped(world):
    run = start(world, fx.race(fx.call("blocks"), SAYS))
    soon(lambda: run.state == "good")
    assert outcomes(run)["1/0/0"][0] == "cancelled"
    world.may_end.set()
    soon(lambda: "cancelled: True" in world.done)
    assert run.state == "good"


@pytest.mark.parametrize("function", ["swallows", "raises", "goes_on", "cleans", "blocks"])
@pytest.mark.parametrize("how", ["leave", "stop"])
def test_leaving_the_state_undoes_what_was_done_whoever_resists(world, monkeypatch, function, how):
    monkeypatch.setattr(engine, "GRACE", 0.1)
    run = start(
        world, fx.saga((SAYS, fx.call("undoes", {"result": "{{ result }}"})), fx.call(function))
    )
    soon(lambda: len(run.under_way) == 2 and world.done == ["says"])
    if how == "leave":
        run.send("leave")
        assert run.state == "left"
    else:
        run.stop()
        assert run.snapshot.done
    ended(run)
    assert "undoes said" in world.done
    (root,) = outcomes(run, "saga").values()
    assert root[0] == "cancelled"
    assert run.snapshot.done == (how == "stop")
    run.replay()


def test_a_late_answer_undoes_what_stands_around_it_too(world):
    pair = (fx.retry(fx.call("swallows")), fx.call("undoes", {"result": "{{ result }}"}))
    run = start(world, fx.saga(pair, SAYS))
    soon(lambda: run.under_way)
    run.send("leave")
    ended(run)
    assert world.done == ["swallowed", "undoes all the same"]
    run.replay()


def test_a_lab_that_closes_cancels_nothing_and_writes_nothing_after_that(tmp_path):
    world = World(tmp_path / "r.duckdb")
    with world.lab:
        run = start(world, fx.saga((SAYS, fx.call("undoes")), fx.call("swallows")))
        soon(lambda: len(run.under_way) == 2 and world.done == ["says"])
        count = run.seq
    assert "undoes None" not in world.done
    with Lab(tmp_path / "r.duckdb") as lab:
        assert len(list(lab.journal.read("r"))) == count
        assert lab.verify().problems == ()


def test_a_run_that_was_let_go_writes_nothing_more_whoever_resists(world):
    run = start(world, fx.saga((SAYS, fx.call("undoes")), fx.call("swallows")))
    soon(lambda: len(run.under_way) == 2 and world.done == ["says"])
    count = run.seq
    world.lab._thread.ask(lambda: world.lab._engine.release("r"))
    soon(lambda: "swallowed" in world.done)
    world.lab._thread.wait_for(asyncio.sleep(0))
    assert len(list(world.lab.journal.read("r"))) == count
