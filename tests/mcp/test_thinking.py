"""The tools that perform effects and ask models: each call is a run."""

import asyncio
import threading

import pytest

from tests.mcp.at_desk import at_desk


@pytest.fixture
def desk():
    found = at_desk()
    yield found
    found.close()


def test_effects_are_performed_and_answered(desk):
    desk.lab.register(lambda a, b: a + b, "add")
    effects = [
        {"kind": "call", "function": "add", "args": {"a": "{{ data.x }}", "b": 2}},
        {"kind": "log", "message": "added"},
    ]
    told = desk.ask("execute_effect_pipeline", effects=effects, data={"x": 40})
    assert (told["state"], told["result"], told["error"]) == ("done", [42, "added"], None)
    assert desk.ask("get_run", fsm_id=told["fsm_id"])["done"] is True
    assert desk.lab.run(told["fsm_id"]).tenant == "default"


def test_a_failure_is_told_with_its_hint(desk):
    def fails():
        raise ValueError("no paper")

    desk.lab.register(fails)
    told = desk.ask("execute_effect_pipeline", effects={"kind": "call", "function": "fails"})
    assert (told["state"], told["result"]) == ("failed", None)
    assert "no paper" in told["error"]["message"]


def test_what_is_no_effect_says_why(desk):
    error = desk.refused("execute_effect_pipeline", effects={"kind": "cal"})
    assert error["kind"] == "DefinitionError"
    assert "cal" in error["message"]
    error = desk.refused("execute_effect_pipeline", effects={"kind": "call", "function": "gone"})
    assert "no function 'gone' is registered here" in error["message"]
    assert "effects" in desk.refused("execute_effect_pipeline", effects="log")["message"]
    assert desk.refused("execute_effect_pipeline", effects=[{"message": "x"}])["message"]
    assert desk.ask("list_tenant_fsms")["runs"] == []


def test_long_work_answers_a_run_at_once_and_tells_how_far_it_is(desk):
    go = threading.Event()

    def slow(scope):
        scope.progress(0.5, "half way")
        assert go.wait(30)
        return "done"

    desk.lab.register(slow)
    effect = {"kind": "call", "function": "slow"}
    told = desk.ask("execute_effect_pipeline", effects=effect, wait_seconds=0)
    assert (told["done"], told["state"]) == (False, "working")
    assert told["working_on"][0]["kind"] == "call"
    assert "result" not in told
    late = desk.ask("wait_for_run", fsm_id=told["fsm_id"], seconds=0.3)
    assert late["met"] is False
    go.set()
    done = desk.ask("wait_for_run", fsm_id=told["fsm_id"], seconds=20)
    assert done["data"]["result"] == "done"


def test_a_cancelled_call_stops_the_run_and_its_effects(desk):
    began, ended = threading.Event(), threading.Event()

    async def patient():
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    desk.lab.register(patient)

    async def given_up():
        effect = {"kind": "call", "function": "patient"}
        call = asyncio.create_task(
            desk.perform("execute_effect_pipeline", effects=effect, wait_seconds=50)
        )
        assert await asyncio.to_thread(began.wait, 20)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(given_up())
    assert ended.wait(20)
    (run,) = desk.ask("list_tenant_fsms")["runs"]
    assert run["done"] is True
    assert desk.ask("get_run", fsm_id=run["fsm_id"])["stopped_by"] == "from outside"
    assert [line.outcome for line in desk.desk.record.lines][:1] == ["cancelled"]


def test_a_cancelled_wait_leaves_the_run_alone(desk):
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="d")

    async def given_up():
        call = asyncio.create_task(desk.perform("wait_for_run", fsm_id="d", seconds=50))
        await asyncio.sleep(0.3)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(given_up())
    assert desk.ask("get_fsm_state", fsm_id="d")["done"] is False


def test_a_model_is_asked_and_what_it_took_is_told(desk):
    heard = []

    def answers(request):
        heard.extend(one["content"] for one in request.messages)
        return "Blue."

    desk.lab.models.scripted("m", answers)
    desk.lab.models.default = "m/x"
    told = desk.ask("call_llm", prompt="Which colour? {{ data.secret }}", system="Be short.")
    assert (told["result"], told["done"]) == ("Blue.", True)
    assert told["spent"]["calls"] == 1
    assert heard == ["Be short.", "Which colour? {{ data.secret }}"]


def test_a_model_answers_as_a_schema_says(desk):
    desk.lab.models.scripted("m", ['{"colour": "blue"}'])
    schema = {
        "type": "object",
        "properties": {"colour": {"type": "string"}},
        "required": ["colour"],
    }
    told = desk.ask("call_llm", prompt="Which?", model="m/x", answer_schema=schema)
    assert told["result"] == {"colour": "blue"}


def test_a_model_that_is_not_there_is_an_answer_that_says_so(desk):
    told = desk.ask("call_llm", prompt="Which?", model="nobody/x")
    assert told["state"] == "failed"
    assert "nobody" in told["error"]["message"]
    assert "prompt" in desk.refused("call_llm", prompt="")["message"]
    assert "template" in desk.refused("call_llm", prompt="x", model="{{ data.m }}")["message"]
    assert "temperature" in desk.refused("call_llm", prompt="x", temperature=3)["message"]


def test_a_policy_holds_for_the_tenant_that_calls(desk):
    desk.lab.models.scripted("m", ["one", "two"])
    desk.lab.models.scripted("n", ["three"])
    desk.lab.models.allow(tenant="acme", providers=["n"])
    told = desk.ask("call_llm", prompt="x", model="m/x", tenant="acme")
    assert told["error"]["kind"] == "PermissionDenied"
    assert desk.ask("call_llm", prompt="x", model="m/x")["result"] == "one"


def test_texts_become_vectors(desk):
    told = desk.ask("embed_text", texts=["a door", "a gate", "{{ data.x }}"])
    assert len(told["vectors"]) == 3
    assert {len(one) for one in told["vectors"]} == {told["dimensions"]}
    assert told["vectors"][0] != told["vectors"][2]
    assert "texts" in desk.refused("embed_text", texts=[])["message"]
    many = desk.ask("embed_text", texts=["a door that is opened by many"] * 16)
    assert len(many["vectors"]) == 16


def test_agents_are_there_where_the_lab_has_them(desk):
    listed = {tool.name for tool in desk.desk.listed(desk.client())}
    assert not listed & {"spawn_agent", "coordinate_agents"}
    assert "no tool" in desk.refused("spawn_agent", agent="a", task="t")["message"]
    seen = []

    async def invoke(effect, scope):
        seen.append((effect.agent, effect.task, effect.max_steps, scope.run.tenant))
        return {"found": effect.task}

    async def coordinate(effect, scope):
        return {"said": [list(effect.agents), effect.mode, effect.rounds]}

    desk.lab.handler("invoke_agent", invoke)
    assert "spawn_agent" in {tool.name for tool in desk.desk.listed(desk.client())}
    told = desk.ask("spawn_agent", agent="scout", task="Look {{ data.x }}", tenant="acme")
    done = desk.ask("wait_for_run", fsm_id=told["fsm_id"], seconds=20, tenant="acme")
    assert done["data"]["result"] == {"found": "Look {{ data.x }}"}
    assert seen == [("scout", "Look {{ data.x }}", 20, "acme")]
    desk.lab.handler("coordinate_agents", coordinate)
    told = desk.ask(
        "coordinate_agents", agents=["a", "b"], task="Talk.", mode="debate", rounds=2,
        wait_seconds=20,
    )  # fmt: skip
    assert told["result"] == {"said": [["a", "b"], "debate", 2]}
