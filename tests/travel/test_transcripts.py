"""Transcripts become runs: on one chart, finished, replayed, compared, small."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from traaviis_lab import Lab, LabError, ToldClock, gallery
from traaviis_lab.errors import JournalConflict

FOLDER = Path(__file__).parent / "transcripts"
U = {"role": "user", "content": "hello"}
A = {"role": "assistant", "content": "hi"}


def call(*tools, text=None):
    calls = [
        {"id": f"c{i}", "function": {"name": t, "arguments": "{}"}} for i, t in enumerate(tools)
    ]
    return {"role": "assistant", "content": text, "tool_calls": calls}


def answer(number=0, content="1"):
    return {"role": "tool", "tool_call_id": f"c{number}", "content": content}


@pytest.fixture(params=["memory", "disk"])
def lab(request, tmp_path):
    path = None if request.param == "memory" else tmp_path / "t.duckdb"
    with Lab(path, clock=ToldClock()) as opened:
        yield opened


def events(lab, run):
    return [f.name for f in lab.journal.read(run.id) if f.kind == "event"]


def test_four_trials_of_a_task_become_runs_on_one_chart(lab):
    runs = lab.import_transcripts(gallery.transcripts(), name="KettleShop")
    assert [run.id for run in runs] == [f"task-leaking-kettle-trial-{n}" for n in range(4)]
    assert [run.state for run in runs] == ["passed", "passed", "failed", "failed"]
    assert all(run.done for run in runs)
    assert len({run.chart.hash for run in runs}) == 1
    assert set(lab.machines()) == {"KettleShop"}
    for run in runs:
        assert run.replay().facts == run.seq
    first = runs[0].data
    assert first["calls"] == 3
    assert first["refund_item"]["answer"] == {
        "order_id": "K-1042",
        "sku": "kettle-blue",
        "refunded": 39.5,
    }
    assert first["refund_item"]["arguments"]["amount"] == 39.5
    assert first["about"] == {"task_id": "leaking-kettle", "trial": 0}
    assert first["reward"] == 1.0
    assert runs[1].data["failures"] == runs[1].data["refund_item"]["failed"] == 1
    assert runs[0].visited >= {"user", "agent", "tool_find_order", "tool_refund_item"}


def test_path_diff_why_and_changes_work_on_them(lab):
    one, _, three, _ = lab.import_transcripts(gallery.transcripts())
    difference = str(one.diff(three))
    assert "They part at seq 6" in difference
    assert "check_policy_called" in difference
    assert "tool_check_policy" in one.path().to_csv()
    assert len(one.changes("data.refund_item.answer")) >= 1
    assert "refund_item_answered" in str(one.why("data.refund_item.answer"))


def test_the_prompt_is_kept_once_for_all(lab):
    runs = lab.import_transcripts(gallery.transcripts())
    digests = {run.data["prompt"] for run in runs}
    (digest,) = digests
    assert b"Blue Kettle" in lab.journal.blob(digest)
    assert len(lab.sql("select * from blobs")) == 1


def test_facts_beside_say_only_what_is_known(lab):
    run = lab.import_transcript(FOLDER / "otel.json")
    models = lab.sql("select model, tokens_in, tokens_out, cost_usd, duration_us from model_calls")
    assert models["model"].tolist() == ["gpt-x-2026"] * 2
    assert models["tokens_in"].tolist() == [80, 120]
    assert models["cost_usd"].isna().all()
    assert models["duration_us"].tolist() == [1_000_000, 1_000_000]
    tools = lab.sql("select tool, duration_us, cause_seq from tool_calls")
    assert tools["tool"].tolist() == ["flight_status"]
    assert tools["duration_us"].tolist() == [250_000]
    facts = list(lab.journal.read(run.id))
    caused = facts[int(tools["cause_seq"][0]) - 1]
    assert caused.name == "flight_status_called"
    second = round(datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp() * 1e6)
    at = {f.name: f.at - second for f in facts if f.kind == "event"}
    assert at["flight_status_called"] == 1_500_000
    assert at["flight_status_answered"] == 2_250_000
    assert json.loads(facts[0].body)["transcript"]["times"] == "recorded"


def test_without_a_word_on_models_no_call_is_invented(lab):
    lab.import_transcripts(gallery.transcripts())
    assert len(lab.sql("select * from model_calls")) == 0
    run = lab.import_transcript([U, A], model="gpt-4o")
    (model,) = [f for f in lab.journal.read(run.id) if f.kind == "model.called"]
    assert (model.model, model.tokens_in, model.cost_usd, model.duration_us) == ("gpt-4o",) + (
        None,
    ) * 3


@pytest.mark.parametrize("at", [datetime(2026, 3, 2, 8), 1_772_438_400_000_000])
def test_without_times_it_begins_when_one_says(lab, at):
    run = lab.import_transcript([U, A], at=at)
    times = [fact.at for fact in lab.journal.read(run.id)]
    assert times[0] == 1_772_438_400_000_000
    assert times == sorted(times)
    assert times[-1] - times[0] < 100
    start = next(iter(lab.journal.read(run.id)))
    assert json.loads(start.body)["transcript"]["times"] == "import"


@pytest.mark.parametrize(
    "name",
    ["responses.json", "anthropic.json", "langgraph.json", "langsmith.json", "otel.json",
     "otel_events.json", "otel_silent.json"],
)  # fmt: skip
def test_every_format_becomes_a_run_that_replays(lab, name):
    run = lab.import_transcript(FOLDER / name)
    run.replay()
    assert run.done
    assert run.data["flight_status"]["calls"] == 1
    assert lab.verify().problems == ()


def test_odd_conversations_find_their_way(lab):
    odd = {
        "agent first": [A, U, A],
        "twice": [U, U, A, A, U],
        "spoke, then called": [U, A, call("f"), answer(), A],
        "called first": [call("f"), answer()],
        "never answered": [U, call("f"), U, A],
        "called again": [U, call("f"), call("g"), answer()],
        "all at once": [U, call("f", "g", "f", text="three"), answer(1), answer(2), answer(0), A],
        "two of three": [U, call("f", "g", "f"), answer(1), A],
        "nothing called": [U, A],
    }
    runs = lab.import_transcripts(list(odd.values()), ids=list(odd), tools=["never_used"])
    for run in runs:
        run.replay()
        assert run.state == "ended"
    assert "tool_never_used" in runs[0].chart.states
    assert runs[5].data["calls"] == 2


def test_tools_with_any_name(lab):
    names = [
        "a b",
        "a.b",
        "a-b",
        "turns",
        "in",
        "true",
        "user",
        "7up",
        "日本",
        "",
        "talk",
        "x" * 90,
    ]
    names = [name for name in names if name]
    talk = [U]
    for name in names:
        talk += [call(name), answer()]
    run = lab.import_transcript(talk)
    run.replay()
    assert run.data["calls"] == len(names)
    titles = {node.meta.get("title") for node in run.chart.states.values()}
    assert set(names) <= titles
    assert set(lab.sql("select tool from tool_calls")["tool"]) == set(names)


def test_texts_that_json_can_hold_and_utf8_cannot(lab):
    run = lab.import_transcript(
        [{"role": "user", "content": "half \ud800"}, call("f\ud800"), answer()]
    )
    assert run.data["last_user"] == "half ?"
    run.replay()


def test_an_outcome_can_be_said(lab):
    for outcome, state in [(True, "passed"), ("failed", "failed"), ("escalated", "ended")]:
        run = lab.import_transcript([U, A], outcome=outcome)
        assert run.state == state
        assert run.data["outcome"] in (outcome, "passed")
    with pytest.raises(LabError, match="7 is no outcome"):
        lab.import_transcript([U, A], outcome=7)


def test_all_of_them_or_none(lab):
    lab.import_transcript([U, A], id="b")
    before = len(lab.journal.runs())
    with pytest.raises(JournalConflict, match="another run 'b'"):
        lab.import_transcripts([[U, A], [U, A]], ids=["a", "b"])
    with pytest.raises(LabError, match="Message 1"):
        lab.import_transcripts([[U, A], [U, {"role": "x"}]], ids=["c", "d"])
    with pytest.raises(LabError, match="would be run 'e'"):
        lab.import_transcripts([[U, A], [U, A]], ids=["e", "e"])
    with pytest.raises(LabError, match="2 transcripts and 1 ids"):
        lab.import_transcripts([[U, A], [U, A]], ids=["f"])
    with pytest.raises(LabError, match="no transcript in there"):
        lab.import_transcripts([])
    with pytest.raises(LabError, match="There are 4 transcripts") as said:
        lab.import_transcript(gallery.transcripts())
    assert "import_transcripts" in said.value.hint
    with pytest.raises(LabError, match="is no time"):
        lab.import_transcript([U, A], at="soon")
    assert len(lab.journal.runs()) == before


def test_an_imported_transcript_is_a_run_like_any_other(lab, tmp_path):
    run = lab.import_transcripts(gallery.transcripts(), tenant="shop")[0]
    assert run.tenant == "shop"
    with Lab() as other:
        back = other.import_run(run.export(tmp_path / "x.gz"))
        assert back.data == run.data
        assert other.journal.blob(run.data["prompt"])
    assert run.report(tmp_path / "x.html").stat().st_size < 300_000
    assert "refund_item_called" in run.test_case(9) + run.test_case(10) + run.test_case(11)
    frame = lab.sql("select run_id from runs where tenant = 'shop' and state = 'failed'")
    assert len(frame) == 2


PEOPLE = some.sampled_from(
    [U, A, call("f"), call("g", text="look"), call("f", "g"), answer(0), answer(1)]
)


@settings(max_examples=60, deadline=None)
@given(some.lists(some.lists(PEOPLE, min_size=1, max_size=8), min_size=1, max_size=3))
def test_law_any_conversation_becomes_runs_that_replay_and_end(several):
    with Lab() as lab:
        for run in lab.import_transcripts(several):
            run.replay()
            assert run.state == "ended"


@pytest.mark.skipif("TAU_BENCH_JSON" not in os.environ, reason="TAU_BENCH_JSON names no file")
def test_a_hundred_real_runs_are_small_and_quick(tmp_path):
    with Lab(tmp_path / "tau.duckdb") as lab:
        began = time.perf_counter()
        runs = lab.import_transcripts(os.environ["TAU_BENCH_JSON"], name="AirlineAgent")
        took = time.perf_counter() - began
        assert len(runs) == 100
        assert sum(run.state == "passed" for run in runs) == 49
        for run in runs:
            run.replay()
        assert lab.verify().problems == ()
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    print(f"{size:,} bytes on disk, {took:.2f} s")
    assert size < 3_000_000


def test_a_step_is_written_out_only_where_its_event_does_not_say_it_already(lab):
    long = "a long text " * 20
    run = lab.import_transcript(
        [{"role": "user", "content": "short"}, {"role": "assistant", "content": long}]
    )
    steps = {
        f.name: json.loads(f.body)["step"] for f in lab.journal.read(run.id) if f.kind == "event"
    }
    assert steps["user_said"]["set"] == {"last_user": "short", "turns": 1}
    assert "set" not in steps["agent_said"]
    assert steps["agent_said"]["check"]
    assert run.at(3).data["last_agent"] == run.data["last_agent"] == long


def test_an_answer_that_comes_after_other_words_belongs_to_its_call(lab):
    def called(id, tool):
        return {"type": "function_call", "call_id": id, "name": tool, "arguments": '{"x": 1}'}

    def answered(id, output):
        return {"type": "function_call_output", "call_id": id, "output": output}

    asked = [U, called("a", "f"), called("b", "g"), answered("b", "2"), answered("a", "1"), A]
    run = lab.import_transcript(asked)
    assert events(lab, run) == [
        *("user_said", "f_called", "f_answered", "g_called", "g_answered"),
        *("agent_said", "ended"),
    ]
    assert run.data["f"] == {"calls": 1, "failed": 0, "arguments": {"x": 1}, "answer": 1}
    assert (run.data["g"]["answer"], run.data["calls"]) == (2, 2)
    late = lab.import_transcript([U, call("f"), A, answer(content="7"), A])
    assert (late.data["calls"], late.data["f"]["answer"]) == (1, 7)


def test_a_second_answer_to_a_call_is_of_the_same_tool(lab):
    run = lab.import_transcript([U, call("f"), answer(content="1"), answer(content="2"), A])
    assert (run.data["f"]["calls"], run.data["f"]["answer"]) == (2, 2)
    assert "tool" not in run.data


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": 5}, "5 is no name for a chart"),
        ({"name": " "}, "' ' is no name for a chart"),
        ({"tools": "abc"}, "tools='abc' is no list"),
        ({"tools": 5}, "tools=5 is no list"),
        ({"format": "langsmith"}, "This is no LangSmith run"),
    ],
)
def test_what_cannot_be_meant_is_refused(lab, wrong, said):
    with pytest.raises(LabError, match=said):
        lab.import_transcript([U, A], **wrong)
    with pytest.raises(LabError, match="ids='ab' is no list"):
        lab.import_transcripts([[U, A], [U, A]], ids="ab")
    assert len(lab.runs()) == 0


@pytest.mark.parametrize("task", ["a\nb", "x" * 200])
def test_a_task_that_makes_no_id_is_given_one(lab, task):
    run = lab.import_transcript({"messages": [U, A], "task_id": task, "trial": 1})
    assert run.id.startswith("agent-")
    assert run.data["about"]["task_id"] == task
