"""When a person is asked: for little that is much in all, and not again after `never`."""

import pytest

from tests.mcp.at_desk import at_desk
from tests.mcp.test_workflow import far
from traaviis_lab.mcp.tabs import Tabs


@pytest.fixture
def desk():
    found = at_desk()
    yield found
    found.close()


ASKING = {"kind": "call_llm", "model": "m/x", "prompt": "hi", "max_tokens": 100}  # 0.02 USD
ASKS = {"effects": ASKING, "wait_seconds": 5}


def test_many_cheap_calls_are_asked_about_as_one_dear_one_is(desk):
    far(desk, input=0.01, output=200)
    desk.answer = "once"
    for _ in range(2):
        desk.ask("execute_effect_pipeline", **ASKS)
    assert desk.asked == []
    desk.ask("execute_effect_pipeline", **ASKS)
    assert "with what nobody was asked about before" in desk.asked[0].text
    assert "0.06 USD" in desk.asked[0].text
    for _ in range(2):  # somebody said yes: it begins anew
        desk.ask("execute_effect_pipeline", **ASKS)
    assert len(desk.asked) == 1
    desk.answer = "deny"
    for _ in range(2):
        assert desk.refused("execute_effect_pipeline", **ASKS)["kind"] == "PermissionDenied"
    assert not desk.reply("execute_effect_pipeline", "acme", **ASKS).is_error


def test_a_call_that_came_to_nothing_is_not_on_the_tab(desk):
    far(desk, input=0.01, output=200)
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="taken")
    spec = {
        "spec": "traaviis/1", "name": "Asking", "initial": "s",
        "states": {"s": {"enter": [ASKING]}},
    }  # fmt: skip
    for _ in range(10):
        assert "taken" in desk.refused("create_fsm", spec=spec, fsm_id="taken")["message"]
    assert desk.asked == []


def test_a_tab_is_taken_whole_or_not():
    tabs = Tabs()
    assert tabs.take("g", 0.04, 0.05) is None
    assert tabs.take("g", 0.02, 0.05) == pytest.approx(0.06)
    assert tabs.take("other", 0.05, 0.05) is None
    tabs.give_back("g", 0.04)
    assert tabs.take("g", 0.02, 0.05) is None
    tabs.clear("g")
    assert tabs.take("g", 0.05, 0.05) is None


def test_after_never_nobody_is_asked_for_this_tool_and_this_token(desk):
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="d")
    desk.answer = "never"
    for _ in range(3):
        told = desk.refused("destroy_fsm", fsm_id="d")
    assert told["message"] == (
        "destroy_fsm was not asked about: a person has said never to this token."
    )
    assert len(desk.asked) == 1
    desk.answer = "once"
    desk.ask("create_fsm", "acme", machine="SmartDoor", fsm_id="d")
    assert desk.reply("destroy_fsm", "acme", fsm_id="d").data["done"] is True
