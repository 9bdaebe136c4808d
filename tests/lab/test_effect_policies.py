"""Sagas that were cut in the middle, by what each effect says is to become of it then."""

import threading

import pytest

from tests.lab.holding import soon
from tests.lab.planned import check_facts, facts_of
from traaviis_lab import Chart, Lab
from traaviis_lab import effects as fx

CUT = "1/0/1/0"
"""The path of the effect that was under way."""


def chart_of(repeat, leaves=()):
    saga = fx.saga(
        (fx.call("pay"), fx.call("refund")),
        (fx.call("cut", repeat=repeat), fx.call("mend", {"result": "{{ result }}"})),
        fx.call("{{ data.last }}"),
    )
    return Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": "Cut",
            "version": "1",
            "data": {"last": "ship"},
            "states": {
                "work": {
                    "enter": [saga.to_spec()],
                    "on_success": [{"to": "good", "assign": {"got": "event.result"}}],
                    "on_error": [{"to": "bad", "assign": {"unsure": "has(event.unsure)"}}],
                    "transitions": [{"on": "leave", "to": "left"}],
                },
                "good": {},
                "bad": {},
                "left": {},
            },
        }
    )


class World:
    """One life of a lab, and what its functions were called for."""

    def __init__(self, path, waits=False):
        self.lab, self.done, self.waits = Lab(path), [], waits
        self.gate = threading.Event()
        for name in ("pay", "refund", "cut", "ship", "broken", "mend"):
            self.lab.register(self._function(name), name)

    def _function(self, name):
        def does(result=None):
            self.done.append(name if result is None else f"{name} {result}")
            if name == "cut" and self.waits:
                assert self.gate.wait(20)
            if name == "broken":
                raise ValueError(name)
            return name

        return does


@pytest.fixture
def lives(tmp_path):
    """Start a saga, cut it in the middle, and open the lab anew."""
    worlds = []

    def begin(repeat, last="ship"):
        first = World(tmp_path / "c.duckdb", waits=True)
        worlds.append(first)
        with first.lab:
            first.lab.start(chart_of(repeat), id="r", data={"last": last})
            soon(lambda: "cut" in first.done)
        return again()

    def again():
        worlds.append(World(tmp_path / "c.duckdb"))
        return worlds[-1], worlds[-1].lab.resume("r")

    yield begin, again
    for world in worlds:
        world.gate.set()
        world.lab.close()


def whole(run):
    """It has ended as it should, and the record says so."""
    soon(lambda: not run.under_way)
    check_facts_of_lives(run)
    run.replay()


def check_facts_of_lives(run):
    facts = facts_of(run)
    check_facts(facts)
    assert not [f for f in facts if f.name == "trouble"]


def test_at_least_once_it_is_repeated_and_the_saga_goes_on(lives):
    world, run = lives[0]("at_least_once")
    soon(lambda: run.state == "good")
    assert world.done == ["cut", "ship"]
    whole(run)


def test_at_most_once_it_has_failed_and_what_was_done_before_is_undone(lives):
    world, run = lives[0]("at_most_once")
    soon(lambda: run.state == "bad")
    assert run.data["unsure"] is True
    assert world.done == ["refund"]
    whole(run)


@pytest.mark.parametrize(
    ("answer", "state", "done"),
    [
        ("repeat", "good", ["cut", "ship"]),
        ("fail", "bad", ["refund"]),
        ("result", "good", ["ship"]),
    ],
)
def test_a_person_says_what_becomes_of_a_step_of_a_saga(lives, answer, state, done):
    world, run = lives[0]("human")
    assert run.questions().path.tolist() == [CUT]
    assert world.done == []
    run.answer(CUT, answer, "by hand" if answer == "result" else None)
    soon(lambda: run.state == state)
    assert world.done == done
    assert run._live.asked == {}
    if answer == "result":
        assert run.data["got"] == ["pay", "by hand", "ship"]
    whole(run)


def test_what_a_person_said_it_answered_is_undone_with_that(lives):
    world, run = lives[0]("human", last="broken")
    run.answer(CUT, "result", "by hand")
    soon(lambda: run.state == "bad")
    assert world.done == ["broken", "mend by hand", "refund"]
    whole(run)


def test_a_question_outlives_the_next_crash_and_ends_with_its_state(lives):
    world, run = lives[0]("human")
    world.lab.close()
    world, run = lives[1]()
    assert run.questions().path.tolist() == [CUT]
    run.send("leave")
    soon(lambda: not run.under_way)
    assert world.done == ["refund"]
    assert run._live.asked == {}
    assert len(run.questions()) == 0
    whole(run)
