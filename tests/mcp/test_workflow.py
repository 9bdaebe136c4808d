"""The tools that start workflows, show them and wait for them."""

import asyncio
import time

import pytest

from tests.mcp.at_desk import at_desk, soon
from traaviis_lab.gallery import SmartDoor

from .test_core import GATE

ASKING = {
    "spec": "traaviis/1",
    "name": "Asking",
    "data": {"question": "Why?"},
    "initial": "thinking",
    "states": {
        "thinking": {
            "enter": [{"kind": "call_llm", "model": "m/x", "prompt": "{{ data.question }}"}],
            "on_success": {"to": "answered", "assign": {"answer": "event.result"}},
            "on_error": {"to": "failed", "assign": {"why": "event.message"}},
        },
        "answered": {"final": True},
        "failed": {"final": True},
    },
}


@pytest.fixture(params=["memory", "disk"])
def desk(request, tmp_path):
    path = tmp_path / "flow.duckdb" if request.param == "disk" else None
    found = at_desk(path)
    yield found
    found.close()


def far(desk, **price):
    """A model far away, which is never reached here."""
    desk.lab.models.openai("m", base_url="http://127.0.0.1:9/v1")
    if price:
        desk.lab.prices.set("m/x", **price)


def test_a_workflow_is_checked_estimated_and_started(desk):
    desk.lab.models.scripted("m", ["Because."])
    told = desk.ask("create_ai_workflow", spec=ASKING, data={"question": "How?"}, fsm_id="w")
    assert told["valid"] is True
    assert (told["machine"], told["states"]) == ("Asking", ["thinking", "answered", "failed"])
    assert told["estimate"]["calls"] == 1
    assert told["estimate"]["usd"] == 0
    assert told["run"]["fsm_id"] == "default:w"
    done = desk.ask("wait_for_run", fsm_id="w", seconds=20)
    assert (done["met"], done["done"], done["state"]) == (True, True, "answered")
    assert done["data"]["answer"] == "Because."
    assert done["spent"]["calls"] == 1
    assert desk.ask("get_run", fsm_id="w") == {k: v for k, v in done.items() if k != "met"}
    assert "Asking" not in desk.lab.machines()
    written = desk.lab.sql("select machine from estimates where run_id = 'default:w'")
    assert list(written["machine"]) == ["Asking"]


def test_all_mistakes_are_told_at_once(desk):
    spec = {
        **ASKING,
        "initial": "nowhere",
        "states": {
            "thinking": {"enter": [{"kind": "call_lm"}], "transitions": [{"on": "x", "to": "y"}]}
        },
    }
    told = desk.ask("create_ai_workflow", spec=spec)
    assert told["valid"] is False
    assert {one["path"] for one in told["problems"]} == {
        "initial", "states.thinking.enter[0].kind", "states.thinking.transitions[0].to",
    }  # fmt: skip
    assert all(one["message"] for one in told["problems"])
    told = desk.ask("create_ai_workflow", spec="name: [x\n  y")
    assert told["problems"][0]["message"]
    yaml = "spec: traaviis/1\nname: Y\ninitial: a\nstates:\n  a:\n    enter: [{kind: nope}]\n"
    assert desk.ask("create_ai_workflow", spec=yaml)["problems"][0]["line"] == 6
    assert desk.ask("list_tenant_fsms")["runs"] == []


def test_a_template_or_a_known_machine_is_started_by_name(desk):
    assert desk.ask("create_ai_workflow", template="Timer")["run"]["state"] == "idle"
    assert desk.ask("create_ai_workflow", template="SmartDoor")["run"]["state"] == "closed"
    error = desk.refused("create_ai_workflow", template="Rocket")
    assert error["hint"] == "There are: SecuritySystem, SmartDoor, Timer."
    assert "Either" in desk.refused("create_ai_workflow")["message"]
    assert "Either" in desk.refused("create_ai_workflow", template="Timer", spec=GATE)["message"]
    told = desk.ask("create_ai_workflow", spec=GATE, start=False)
    assert "run" not in told
    assert desk.ask("create_fsm", machine="Gate")["state"] == "shut"


def test_a_person_is_asked_where_it_may_cost_too_much(desk):
    far(desk, input=1000, output=100_000)
    desk.answer = "deny"
    for tool, how in (
        ("create_ai_workflow", {"spec": ASKING}),
        ("create_fsm", {"spec": ASKING}),
        ("call_llm", {"prompt": "Why?", "model": "m/x"}),
        ("execute_effect_pipeline", {"effects": ASKING["states"]["thinking"]["enter"]}),
    ):
        if tool == "execute_effect_pipeline":
            how["data"] = {"question": "Why?"}
        desk.asked.clear()
        assert desk.refused(tool, **how)["kind"] == "PermissionDenied", tool
        assert "USD or so" in desk.asked[0].text
    assert desk.ask("list_tenant_fsms")["runs"] == []
    desk.asked.clear()
    desk.ask("create_ai_workflow", spec=ASKING, start=False)
    assert desk.asked == []


def test_a_person_is_asked_where_the_price_is_not_known(desk):
    far(desk)
    desk.answer = "deny"
    assert desk.refused("create_ai_workflow", spec=ASKING)["kind"] == "PermissionDenied"
    assert "not known (no price of m/x)" in desk.asked[0].text
    parent = {
        "spec": "traaviis/1",
        "name": "Parent",
        "initial": "a",
        "states": {"a": {"enter": [{"kind": "spawn_fsm", "machine": "Asking"}]}},
    }
    desk.ask("create_ai_workflow", spec=ASKING, start=False)  # makes it known
    assert desk.refused("create_fsm", spec=parent)["kind"] == "PermissionDenied"


def test_nobody_is_asked_for_what_is_cheap_or_answered_here(desk):
    desk.answer = "deny"
    desk.lab.models.scripted("m", ["One.", "Two."])
    desk.ask("create_ai_workflow", spec=ASKING)
    desk.ask("call_llm", prompt="Why?", model="m/x")
    desk.lab.models.remove("m")
    far(desk, input=0.01, output=0.01)
    desk.ask("create_ai_workflow", spec=ASKING)
    assert desk.asked == []


def test_a_hard_budget_holds_although_a_person_said_yes(desk):
    far(desk, input=1000, output=100_000)
    desk.answer = "once"
    desk.lab.budget(usd=0.0001, tenant="default")
    told = desk.ask("create_ai_workflow", spec=ASKING, fsm_id="w")
    assert told["run"]["fsm_id"] == "default:w"
    done = desk.ask("wait_for_run", fsm_id="w", seconds=20)
    assert done["done"]
    assert done["spent"]["calls"] == 0
    assert "budget" in str(done).lower()


def test_waiting_ends_with_the_state_the_end_or_the_time(desk):
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="d")
    run = desk.run("d")
    soon(lambda: run.send("open_command"))
    told = desk.ask("wait_for_run", fsm_id="d", state="opening", seconds=20)
    assert (told["met"], told["state"]) == (True, "opening")
    told = desk.ask("wait_for_run", fsm_id="d", state="closed", seconds=0.1)
    assert (told["met"], told["state"]) == (False, "opening")
    soon(run.stop)
    told = desk.ask("wait_for_run", fsm_id="d", state="closed", seconds=20)
    assert (told["met"], told["done"]) == (False, True)
    assert told["stopped_by"] == "from outside"
    assert desk.ask("wait_for_run", fsm_id="d", seconds=20)["met"] is True
    dones = [done for done, _, _ in desk.news]
    assert "default:d is in opening" in {message for _, _, message in desk.news}
    assert dones
    error = desk.refused("wait_for_run", fsm_id="d", state="ajar")
    assert error["message"] == "SmartDoor has no state 'ajar'."
    assert "seconds" in desk.refused("wait_for_run", fsm_id="d", seconds=61)["message"]
    assert desk.refused("wait_for_run", tenant="acme", fsm_id="d")["kind"] == "RunNotFound"


def test_many_wait_without_holding_up_the_loop(desk):
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="d")

    async def all_at_once():
        waits = [
            asyncio.create_task(desk.perform("wait_for_run", fsm_id="d", seconds=30))
            for _ in range(40)
        ]
        await asyncio.sleep(0.3)
        began = time.monotonic()
        reply = await desk.perform("get_fsm_state", fsm_id="d")
        took = time.monotonic() - began
        await asyncio.to_thread(desk.run("d").stop)
        return reply, took, await asyncio.gather(*waits)

    reply, took, waited = asyncio.run(all_at_once())
    assert reply.data["state"] == "closed"
    assert took < 2
    assert all(one.data["met"] for one in waited)


def test_estimates_learn_from_runs_of_the_own_tenant_alone(desk):
    desk.lab.models.scripted("m", ["One."] * 9)
    for _ in range(2):
        told = desk.ask("create_ai_workflow", spec=ASKING, tenant="acme")
        desk.ask("wait_for_run", tenant="acme", fsm_id=told["run"]["fsm_id"], seconds=20)
    mine = desk.ask("create_ai_workflow", spec=ASKING, tenant="acme", start=False)
    theirs = desk.ask("create_ai_workflow", spec=ASKING, tenant="other", start=False)
    assert mine["estimate"]["from_runs"] == 2
    assert theirs["estimate"]["from_runs"] == 0


def test_a_guest_that_is_resumed_stays_its_tenants(tmp_path):
    path = tmp_path / "resumed.duckdb"
    first = at_desk(path)
    first.ask("create_fsm", spec=GATE, fsm_id="g", tenant="acme")
    first.ask("create_fsm", machine="SmartDoor", fsm_id="d", tenant="acme")
    first.close()
    again = at_desk(path)
    again.lab.resume("acme:g")
    again.lab.resume("acme:d")
    assert again.lab.machines() == {"SmartDoor": SmartDoor.chart}
    assert again.ask("create_fsm", machine="Gate", tenant="acme")["state"] == "shut"
    assert again.refused("create_fsm", machine="Gate")["hint"] == "There are: SmartDoor."
    again.close()
