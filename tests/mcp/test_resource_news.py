"""Watching resources: who is woken when, how often, and by whose facts."""

import time

import pytest

from tests.mcp.at_library import ODD, Note, at_library
from tests.mcp.talking import eventually
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.mcp.resources import Coalesced, write_address


@pytest.fixture(params=["memory", "disk"])
def shelf(request, tmp_path):
    with at_library(tmp_path / "door.duckdb" if request.param == "disk" else None) as found:
        yield found


@pytest.fixture
def door(shelf):
    return shelf.lab.start(SmartDoor, id=ODD)


def watched(shelf, *uris, tenant="default"):
    woken = []
    end = shelf.library.watch(shelf.client(tenant), uris, woken.append)
    return woken, end


def test_who_watches_a_run_is_woken_by_its_facts_alone(shelf, door):
    uri = write_address("runs", ODD, "snapshot")
    woken, end = watched(shelf, uri, "fsm://runs")
    other = shelf.lab.start(SmartDoor, id="other")
    assert eventually(lambda: "fsm://runs" in woken)
    assert uri not in woken
    door.send("open_command")
    assert eventually(lambda: uri in woken)
    end()
    before = len(woken)
    other.send("open_command")
    door.send("fully_open")
    time.sleep(0.3)
    assert len(woken) == before


def test_nobody_is_woken_by_another_tenants_runs(shelf, door):
    woken, end = watched(
        shelf, write_address("runs", ODD, "journal"), "fsm://runs", "fsm://machines"
    )
    changes = []
    done = shelf.library.changed(shelf.client(), lambda: changes.append(1))
    foreign = shelf.lab.start(SmartDoor, id="theirs", tenant="other")
    foreign.send("open_command")
    theirs, ended = watched(shelf, "fsm://runs", tenant="other")
    foreign.send("fully_open")
    assert eventually(lambda: theirs == ["fsm://runs"])
    assert woken == changes == []
    for one in (end, done, ended):
        one()


def test_a_storm_of_facts_is_a_few_wake_ups_and_the_last_is_after_the_last_fact(shelf):
    run = shelf.lab.start(Note, id="n")
    woken = []
    uri = "fsm://runs/n/snapshot"
    end = shelf.library.watch(shelf.client(), [uri], lambda _: woken.append(run.seq))
    began = time.monotonic()
    for number in range(300):
        run.send("write", text=f"{number}")
    took = time.monotonic() - began
    assert eventually(lambda: woken and woken[-1] == run.seq)
    assert len(woken) <= took * 10 + 3
    end()


def test_a_new_machine_and_a_new_run_are_news_of_the_lists(shelf):
    woken, end = watched(shelf, "fsm://machines", "fsm://machines/Note/chart")
    changes = []
    done = shelf.library.changed(shelf.client(), lambda: changes.append(1))
    run = shelf.lab.start(Note, id="n")
    assert eventually(lambda: len(woken) == 2 and changes)
    run.send("write", text="x")
    time.sleep(0.2)
    assert sorted(woken) == ["fsm://machines", "fsm://machines/Note/chart"]
    assert len(changes) == 1
    end()
    done()


def test_a_watcher_that_fails_harms_nobody(shelf, door):
    def fail(uri):
        raise RuntimeError("the loop is closed")

    uri = write_address("runs", ODD, "snapshot")
    end = shelf.library.watch(shelf.client(), [uri], fail)
    woken, ended = watched(shelf, uri)
    door.send("open_command")
    assert eventually(lambda: woken)
    end()
    ended()


def test_coalescing_wakes_at_once_and_then_once_for_all_that_came_meanwhile():
    woken = []
    news = Coalesced(lambda key: woken.append((key, time.monotonic())), every=0.2)
    for _ in range(50):
        news.poke("a")
    news.poke("b")
    assert [key for key, _ in woken] == ["a", "b"]
    assert eventually(lambda: len(woken) == 3)
    assert woken[2][1] - woken[0][1] >= 0.19
    news.poke("b")
    news.end()
    news.poke("c")
    time.sleep(0.3)
    assert [key for key, _ in woken][:3] == ["a", "b", "a"]
    assert "c" not in [key for key, _ in woken]
