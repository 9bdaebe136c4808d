"""Machines that somebody outside wrote: run and estimated, and made known to one tenant alone."""

import pytest

from traaviis_lab import Event, Lab, read_chart
from traaviis_lab.errors import EffectError, JournalConflict, LabError
from traaviis_lab.gallery import SmartDoor, Timer
from traaviis_lab.runtime.children import MOST_GUESTS


@pytest.fixture
def lab():
    with Lab() as lab:
        yield lab


def tiny(name, field=0):
    return read_chart(
        {
            "spec": "traaviis/1",
            "name": name,
            "data": {"field": field},
            "initial": "a",
            "states": {"a": {"transitions": [{"on": "go", "to": "a"}]}},
        }
    )


def test_a_guest_runs_and_is_no_machine_of_the_lab(lab):
    run = lab.start_guest(tiny("Tiny"), tenant="a", id="t", data={"field": 5})
    assert (run.tenant, run.data) == ("a", {"field": 5})
    assert lab.machines() == {}
    assert lab.guest_machines("a") == {}
    lab.estimate_guest(tiny("Tiny"), tenant="a")
    assert lab.machines() == {}
    with pytest.raises(LabError, match="is a dict"):
        lab.estimate_guest(tiny("Tiny"), tenant="a", data=[1])


def test_a_guest_is_known_to_its_tenant_and_replaced_by_its_like(lab):
    lab.add_guest(tiny("Tiny"), "a")
    lab.add_guest(tiny("Tiny", 1), "a")
    lab.add_guest(tiny("Tiny", 2), "b")
    assert lab.guest_machines("a")["Tiny"].data == {"field": 1}
    assert lab.guest_machines("b")["Tiny"].data == {"field": 2}
    assert lab.guest_machines("c") == {}


def test_a_guest_takes_no_name_of_the_labs(lab):
    lab.add(SmartDoor)
    lab.add_guest(SmartDoor.chart, "a")
    assert lab.guest_machines("a") == {}
    with pytest.raises(LabError, match="is a machine of this lab, and another one"):
        lab.add_guest(tiny("SmartDoor"), "a")


def test_the_oldest_of_many_guests_is_forgotten(lab):
    for n in range(MOST_GUESTS + 3):
        lab.add_guest(tiny(f"T{n}"), "a")
    assert list(lab.guest_machines("a")) == [f"T{n}" for n in range(3, MOST_GUESTS + 3)]


def test_an_event_comes_only_at_the_seq_it_is_meant_for(lab):
    run = lab.start(Timer, "t")
    seq = run.seq
    lab.send_at(run, Event("start"), seq)
    with pytest.raises(JournalConflict, match=f"stands at seq {run.seq}, not at {seq}"):
        lab.send_at(run, Event("pause"), seq)
    assert run.seq > seq


def test_as_many_guests_run_as_may(lab, monkeypatch):
    monkeypatch.setattr("traaviis_lab.runtime.children.MOST_GUEST_RUNS", 2)
    first = lab.start_guest(tiny("Tiny"), tenant="a")
    lab.start_guest(tiny("Tiny"), tenant="a")
    with pytest.raises(EffectError, match="2 runs are under way already"):
        lab.start_guest(tiny("Tiny"), tenant="a")
    lab.start_guest(tiny("Tiny"), tenant="b")
    lab.start(tiny("Mine"), tenant="a")  # a person may start more
    first.stop()


def test_what_is_performed_is_known_by_its_word(lab):
    assert lab.performs("call_llm")
    assert lab.performs("sequence")
    assert lab.performs("log")
    assert not lab.performs("invoke_agent")
    assert not lab.performs("nonsense")
