"""Holding runs through the desk: breakpoints, steps, going on."""

import pytest

from tests.mcp.at_desk import at_desk
from tests.mcp.shops import ORDER, shop
from tests.travel.shop import Shop
from traaviis_lab.gallery import SmartDoor


@pytest.fixture(params=["memory", "disk"])
def desk(request, tmp_path):
    made = at_desk(None if request.param == "memory" else tmp_path / "x.duckdb")
    yield made
    made.close()


def test_a_breakpoint_holds_before_the_turn_and_says_what_it_would_do(desk):
    run = desk.lab.start(SmartDoor, id="d")
    made = desk.ask("set_breakpoint", fsm_id="d", state="opening")
    assert (made["breakpoint"], made["held"]) == ("b1", None)
    run.send("open_command")
    told = desk.ask("set_breakpoint", fsm_id="d", action="list")
    held = told["held"]
    assert held["breakpoint"] == "b1"
    assert held["event"]["name"] == "open_command"
    assert held["preview"]["to"] == ["opening"]
    assert [one["name"] for one in held["waits"]] == ["open_command"]
    assert told["breakpoints"][0]["hits"] == 1
    assert run.state == "closed"


def test_a_step_takes_what_waits_and_the_run_stays_held(desk):
    run = desk.lab.start(SmartDoor, id="d")
    assert desk.ask("set_breakpoint", fsm_id="d", action="pause")["held"]["by"] == "pause"
    for name in ("open_command", "fully_open"):
        run.send(name)
    told = desk.ask("step", fsm_id="d")
    assert told["state"] == "opening"
    assert told["taken"]
    assert [one["name"] for one in told["held"]["waits"]] == ["fully_open"]
    told = desk.ask("resume", fsm_id="d")
    assert (told["state"], told["held"]) == ("open", None)
    assert desk.ask("resume", fsm_id="d")["held"] is None


def test_microsteps_are_gone_through_one_by_one(desk):
    run = desk.lab.start(Shop, id="s")
    desk.lab.register(lambda amount: amount, "charge")
    run.send("added", item="tea", price=3)
    desk.ask("set_breakpoint", fsm_id="s", action="pause")
    run.send("checkout")
    moves = 0
    while (told := desk.ask("step", fsm_id="s", by="microstep"))["state"] == "browsing":
        moves += 1
        assert told["held"]["micro"] == moves
    assert told["state"] == "paying"


def test_a_step_by_effect_goes_on_until_one_is_asked_for_or_ends(desk):
    desk.lab.register(lambda amount: {"paid": amount}, "charge")
    run = desk.lab.start(Shop, id="s")
    desk.ask("set_breakpoint", fsm_id="s", action="pause")
    for number in range(3):
        run.send("added", item=str(number), price=1)
    run.send("checkout")
    told = desk.ask("step", fsm_id="s", by="effect")
    assert told["data"]["cart"]["total"] == 3
    assert told["held"]["event"]["name"] == "checkout"


def test_breakpoints_are_listed_switched_and_removed(desk):
    run = desk.lab.start(SmartDoor, id="d")
    desk.ask("set_breakpoint", fsm_id="d", event="open_command", hit=2)
    desk.ask("set_breakpoint", fsm_id="d", state="open", on="exit", once=True)
    told = desk.ask("set_breakpoint", fsm_id="d", action="disable", breakpoint="b1")
    assert [(one["id"], one["enabled"]) for one in told["breakpoints"]] == [
        ("b1", False),
        ("b2", True),
    ]
    desk.ask("set_breakpoint", fsm_id="d", action="enable", breakpoint="b1")
    told = desk.ask("set_breakpoint", fsm_id="d", action="remove", breakpoint="b1")
    assert [one["id"] for one in told["breakpoints"]] == ["b2"]
    assert [one.id for one in run.breakpoints] == ["b2"]
    said = desk.refused("set_breakpoint", fsm_id="d", action="remove", breakpoint="b9")
    assert "no breakpoint 'b9'" in said["message"]
    assert "b2" in said["hint"]
    assert "None" in desk.refused("set_breakpoint", fsm_id="d", action="enable")["message"]


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"state": "nowhere"}, "nowhere"),
        ({"event": "nonsense"}, "nonsense"),
        ({"when": "data.("}, "data.("),
        ({"when": "__import__('os')"}, "__import__"),
        ({}, "breakpoint"),
        ({"hit": 0}, "hit"),
        ({"action": "explode"}, "action"),
    ],
    ids=str,
)
def test_a_breakpoint_that_cannot_be_is_refused(desk, wrong, word):
    run = desk.lab.start(SmartDoor, id="d")
    said = desk.refused("set_breakpoint", fsm_id="d", **wrong)
    assert word in said["message"] + said["hint"]
    assert run.breakpoints == ()


def test_there_is_nothing_to_step_in_a_run_that_is_not_held_or_over(desk):
    desk.lab.start(SmartDoor, id="d")
    assert "is not held" in desk.refused("step", fsm_id="d")["message"]
    desk.ask("set_breakpoint", fsm_id="d", action="pause")
    assert "Nothing waits" in desk.refused("step", fsm_id="d")["message"]
    shop(desk.lab, "over")
    assert desk.ask("resume", fsm_id="over")["done"] is True
    assert "is not held" in desk.refused("step", fsm_id="over")["message"]
    said = desk.refused("set_breakpoint", fsm_id="over", action="pause")
    assert "over" in said["message"] or "done" in said["message"]


def test_what_the_run_refuses_is_said_and_it_stays_held(desk):
    run = desk.lab.start(SmartDoor, id="d")
    desk.ask("set_breakpoint", fsm_id="d", action="pause")
    run.send("open_command")
    run.send("open_command")
    desk.ask("step", fsm_id="d")
    assert desk.refused("step", fsm_id="d")["kind"] == "EventRefused"
    assert run.held is not None


@pytest.mark.parametrize("tool", ["set_breakpoint", "step", "resume"])
def test_a_run_of_another_tenant_is_not_held(desk, tool):
    run = desk.lab.start(SmartDoor, id="theirs", tenant="other")
    said = desk.refused(tool, "acme", fsm_id="theirs")
    assert said["kind"] == "RunNotFound"
    assert run.breakpoints == ()
    reply = desk.reply(tool, "other", ("read", "write"), fsm_id="theirs")
    assert reply.data["error"]["kind"] == "PermissionDenied"


def test_orders_in_what_waits_come_back_between_marks(desk):
    run = desk.lab.start(Shop, id="s")
    desk.ask("set_breakpoint", fsm_id="s", action="pause")
    run.send("added", item=ORDER, price=1)
    for tool, more in (("set_breakpoint", {"action": "list"}), ("step", {}), ("resume", {})):
        reply = desk.reply(tool, fsm_id="s", **more)
        mark = reply.text.split()[5]
        before, _, inside = reply.text.partition(f"<journal-{mark}>")
        assert ORDER not in before
        assert ORDER in inside
