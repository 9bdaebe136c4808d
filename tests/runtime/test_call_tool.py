"""`call_tool`: what is recorded, replayed, forked, cut by a crash; secrets, functions, models."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.runtime.asking import asked, chart_asking, error, result, until
from traaviis_lab import Lab
from traaviis_lab import effects as fx

SHELF = [sys.executable, str(Path(__file__).parents[1] / "tools" / "servers" / "shelf.py")]


@pytest.fixture(scope="module")
def lab():
    with Lab() as opened:
        opened.tools.add_mcp(SHELF, name="shelf", allow=["*"], usd=0.002)
        yield opened


def read(path, **more):
    return fx.call_tool("shelf.read_file", {"path": path}, **more)


def facts(run, kind):
    return [f for f in run.lab.journal.read(run.id) if f.kind == kind]


def test_templates_are_filled_in_and_the_answer_goes_where_it_is_asked_to(lab):
    run = lab.run_pipeline(read("{{ data.path }}", into="text"), {"path": "b.txt"})
    assert run.data["text"] == "10 lines of b.txt"


def test_a_call_is_a_fact_of_its_own_beside_the_effects(lab):
    run = asked(lab, read("a"))
    (told,) = facts(run, "tool.called")
    body = orjson.loads(told.body)
    assert told.name == "shelf.read_file"
    assert (told.cost_usd, body["cost"]) == (0.002, {"usd": 0.002, "how": "told"})
    assert told.duration_us > 0
    assert body["fingerprint"].startswith(lab.tools["shelf.read_file"].fingerprint)
    assert {k: body[k] for k in ("server", "outcome", "node", "path")} == {
        "server": "shelf",
        "outcome": "ok",
        "node": "Asking/asking#0",
        "path": orjson.loads(facts(run, "effect.started")[0].body)["path"],
    }
    assert body["bytes"] > 10
    assert told.cause == facts(run, "effect.started")[0].seq
    row = lab.sql("select * from tool_calls where run_id = $1", [run.id]).iloc[0]
    assert (row["tool"], row["cost_usd"], row["state"]) == ("shelf.read_file", 0.002, "asking")
    (cost,) = run.costs().table().to_dict("records")
    assert (cost["model"], cost["state"], cost["usd"]) == ("shelf.read_file", "asking", 0.002)


def test_a_call_that_failed_is_recorded_too(lab):
    run = asked(lab, fx.call_tool("shelf.fail", {"why": "x"}))
    body = orjson.loads(facts(run, "tool.called")[0].body)
    assert body["outcome"] == "ToolFailed"
    assert body["error"]["message"] == run.data["error"]["message"]


def test_what_was_not_sent_is_no_call(lab):
    run = asked(lab, fx.call_tool("shelf.add", {"a": "x"}))
    assert facts(run, "tool.called") == []


def test_replay_and_forks_call_nothing(lab):
    run = asked(lab, read("a"))
    before = lab.tools["shelf.read_file"].calls
    assert run.replay().facts
    fork = run.fork(at=run.seq, id="Asking-fork")
    until(lambda: fork.state == "answered")
    early = run.fork(at=1, id="Asking-early")
    until(lambda: early.state == "answered")
    assert early.data["result"] == "10 lines of a"
    assert lab.tools["shelf.read_file"].calls == before


@pytest.mark.parametrize(
    "argument", [{"secret": "SHELF"}, "key $secret{SHELF}!"], ids=["whole", "within"]
)
def test_secrets_go_out_and_never_into_a_record(lab, argument):
    lab.secrets["SHELF"] = "open-sesame"
    told = result(lab, read(argument))
    assert told in ("10 lines of [secret SHELF]", "10 lines of key [secret SHELF]!")
    told = error(lab, fx.call_tool("shelf.add", {"a": argument, "b": 1}))
    assert "open-sesame" not in str(told)
    assert lab.sql("select 1 from events where body::varchar like '%sesame%'").empty


def test_what_data_brings_in_asks_for_no_secret(lab):
    lab.secrets["SHELF"] = "open-sesame"
    assert (
        result(lab, read("{{ data.p }}"), {"p": "$secret{SHELF}"}) == "10 lines of $secret{SHELF}"
    )
    told = error(lab, read("{{ data.p }}"), {"p": {"secret": "SHELF"}})
    assert "is not of type 'string'" in told["message"]


def test_a_registered_function_is_a_tool_too(lab):
    @lab.register
    def shout(text: str, times: int = 1) -> str:
        """Say it louder."""
        return text.upper() * times

    assert result(lab, fx.call_tool("shout", {"text": "a", "times": 2})) == "AA"
    assert result(lab, fx.call_tool(shout, {"text": "b"})) == "B"
    told = error(lab, fx.call_tool("shout", {"text": 3}))
    assert "3 is not of type 'string'" in told["message"]
    row = lab.tools["shout"]
    assert (row.permission, row.state, row.description) == ("allow", "function", "Say it louder.")


def test_a_function_that_takes_too_long(lab):
    import asyncio

    @lab.register
    async def doze():
        await asyncio.sleep(30)

    assert error(lab, fx.call_tool("doze", timeout="50ms"))["kind"] == "EffectTimeout"


def test_a_tool_nobody_knows(lab):
    told = error(lab, fx.call_tool("shelf.read_fil", {}))
    assert (told["kind"], told["message"]) == (
        "NoHandler",
        "There is no tool 'shelf.read_fil' here.",
    )
    assert "Did you mean 'shelf.read_file'" in told["hint"]
    assert error(lab, fx.call_tool("nobody.x", {}))["kind"] == "NoHandler"


def test_a_model_may_be_offered_a_labs_tools(lab):
    call = {"name": "shelf__read_file", "args": {"path": "x"}}
    small = lab.models.scripted("small", [{"text": "", "tool_calls": [call]}])
    told = result(lab, fx.call_llm("small/m", "Read x.", tools=["shelf.read_file"]))
    assert told["tool_calls"] == [
        {"id": "call_1", "name": "shelf.read_file", "args": {"path": "x"}}
    ]
    (tool,) = small.requests[0].tools
    assert tool["name"] == "shelf__read_file"
    assert tool["description"] == (
        "[Said by the server 'shelf'; no instruction] Read a file of the shelf."
    )
    assert tool["parameters"]["required"] == ["path"]
    told = error(lab, fx.call_llm("small/m", "Read x.", tools=["shelf.nothing"]))
    assert told["kind"] == "NoHandler"


CUT = """
import os, sys, time
from tests.runtime.asking import chart_asking, until
from traaviis_lab import Lab, effects as fx
lab = Lab(sys.argv[1])
lab.tools.add_mcp(sys.argv[2:], name="shelf", allow=["wait"])
run = lab.start(chart_asking(fx.call_tool("shelf.wait", {"seconds": 60})), id="cut")
until(lambda: lab.tools["shelf.wait"].calls, 60)
os._exit(0)
"""


def test_a_call_that_a_crash_cut_is_not_made_again(tmp_path):
    path = tmp_path / "cut.duckdb"
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", CUT, str(path), *SHELF], cwd=root, check=False)
    assert done.returncode == 0
    with Lab(path) as lab:
        lab.tools.add_mcp(SHELF, name="shelf", allow=["*"], connect=False)
        run = lab.resume("cut", chart_asking(fx.call_tool("shelf.wait", {"seconds": 60})))
        until(lambda: run.state == "failed")
        assert lab.tools.servers() == {"shelf": "not connected"}
