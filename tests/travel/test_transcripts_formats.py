"""Each format is read into the same conversation."""

import json
from pathlib import Path

import pytest

from traaviis_lab import LabError
from traaviis_lab.travel.transcripts import read_transcript, read_transcripts, tool_names, turns_of
from traaviis_lab.travel.transcripts.messages import read_value, says_failed, when

FOLDER = Path(__file__).parent / "transcripts"
CHAT = [
    {"role": "system", "content": "You know flights."},
    {"role": "user", "content": "Is flight BA1 late?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "t1",
                "type": "function",
                "function": {"name": "flight_status", "arguments": '{"flight": "BA1"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "t1", "content": '{"late": 20}'},
    {"role": "assistant", "content": "By 20 minutes."},
]


def said(transcript):
    """The turns in short."""
    return [
        (t.kind, t.call.tool if t.call else t.text, t.answer.value if t.answer else None)
        for t in turns_of(transcript)
    ]


def read(name):
    (found,) = read_transcripts(FOLDER / name)
    return found


ASKED = ("user_said", "Is flight BA1 late?", None)
CALLED = ("called", "flight_status", None)
LATE = ("answered", "flight_status", {"late": 20})
TOLD = ("agent_said", "By 20 minutes.", None)


def test_openai_chat():
    found = read_transcript(CHAT)
    assert said(found) == [ASKED, CALLED, LATE, TOLD]
    assert found.prompt == "You know flights."
    assert turns_of(found)[1].call.arguments == {"flight": "BA1"}
    assert not found.timed


@pytest.mark.parametrize(
    "name", ["responses.json", "otel.json", "otel_events.json", "langsmith.json"]
)
def test_the_same_conversation_in_other_words(name):
    found = read(name)
    assert said(found) == [ASKED, CALLED, LATE, TOLD]
    assert turns_of(found)[1].call.arguments == {"flight": "BA1"}


def test_anthropics_blocks():
    found = read("anthropic.json")
    assert said(found) == [
        ASKED,
        ("agent_noted", "Let me look.", None),
        CALLED,
        ("answered", "flight_status", "no such flight"),
        ("agent_said", "I cannot find it.", None),
    ]
    noted, answered = turns_of(found)[1], turns_of(found)[3]
    assert answered.answer.failed
    assert (noted.message.model, noted.message.tokens_in, noted.message.tokens_out) == (
        "claude-x",
        50,
        9,
    )


def test_a_langgraph_state_with_two_calls_at_once():
    found = read("langgraph.json")
    assert said(found) == [
        ASKED, CALLED, LATE, ("called", "weather", None), ("answered", "weather", "no network"), TOLD
    ]  # fmt: skip
    turns = turns_of(found)
    assert [t.together for t in turns if t.kind == "called"] == [2, 2]
    assert [t.answer.failed for t in turns if t.answer] == [False, True]
    assert turns[1].message.model == "gpt-x"
    assert turns[3].message is None, "one answer of the model is counted once"


@pytest.mark.parametrize("name", ["otel.json", "otel_events.json", "langsmith.json"])
def test_real_times_and_tokens_come_along(name):
    found = read(name)
    assert found.timed
    second = when("2026-03-02T08:00:00Z")
    _, called, answered, told = turns_of(found)
    assert (called.message.began - second, called.at - second) == (500_000, 1_500_000)
    assert (answered.answer.began - second, answered.answer.at - second) == (2_000_000, 2_250_000)
    assert told.at - second == 4_000_000
    assert (called.message.tokens_in, called.message.tokens_out) == (80, 20)
    assert told.message.tokens_in in (120, None), "LangSmith's example does not say"
    assert found.prompt == ("" if name == "langsmith.json" else "You know flights.")
    if name == "otel.json":
        assert found.about == {"agent": "flights", "conversation": "conv-1"}
        assert told.message.model == "gpt-x-2026"


def test_spans_without_content_still_tell_who_worked_when():
    found = read("otel_silent.json")
    assert said(found) == [
        ("agent_said", "", None), CALLED, ("answered", "flight_status", None), ("agent_said", "", None)
    ]  # fmt: skip
    first, *_, last = turns_of(found)
    assert (first.message.tokens_in, first.message.tokens_out) == (80, None)
    assert (last.message.tokens_in, last.message.tokens_out) == (None, 6)


def test_a_langsmith_trace_as_flat_runs_and_without_the_outermost_messages():
    tree = json.loads((FOLDER / "langsmith.json").read_text())
    flat = [{k: v for k, v in tree.items() if k != "child_runs"}, *tree["child_runs"]]
    assert said(read_transcript(flat)) == [ASKED, CALLED, LATE, TOLD]
    bare = {**tree, "inputs": {"question": "?"}, "outputs": {"answer": "!"}}
    assert said(read_transcript(bare)) == [ASKED, CALLED, LATE, TOLD]
    assert read_transcript({**tree, "error": "boom"}).outcome == "failed"


def test_a_request_with_its_response():
    document = {
        "messages": CHAT[:-1],
        "tools": [{"type": "function", "function": {"name": "weather"}}],
        "response": {
            "model": "gpt-x",
            "usage": {"prompt_tokens": 100, "completion_tokens": 5},
            "choices": [{"message": CHAT[-1]}],
        },
    }
    found = read_transcript(document)
    assert said(found) == [ASKED, CALLED, LATE, TOLD]
    assert found.tools == ("weather",)
    last = turns_of(found)[-1].message
    assert (last.model, last.tokens_in, last.tokens_out, last.cost_usd) == ("gpt-x", 100, 5, None)


def test_calls_and_answers_find_each_other():
    two = [{"id": i, "function": {"name": "f", "arguments": "{}"}} for i in ("a", "b")]
    crossed = [
        {"role": "assistant", "tool_calls": two},
        {"role": "tool", "tool_call_id": "b", "content": "second"},
        {"role": "tool", "tool_call_id": "a", "content": "first"},
    ]
    assert said(read_transcript(crossed))[1::2] == [
        ("answered", "f", "first"),
        ("answered", "f", "second"),
    ]
    # Some agents use an id twice: the answer is the one that comes next.
    again = [
        m
        for word in ("one", "two")
        for m in (
            {"role": "assistant", "tool_calls": two[:1]},
            {"role": "tool", "tool_call_id": "a", "content": word},
        )
    ]
    assert [v for k, _, v in said(read_transcript(again)) if k == "answered"] == ["one", "two"]
    old = [
        {"role": "assistant", "function_call": {"name": "f", "arguments": "not json"}},
        {"role": "function", "name": "f", "content": "Error: bad"},
    ]
    called, answered = turns_of(read_transcript(old))
    assert called.call.arguments == "not json"
    assert answered.answer.failed


def test_a_call_without_answer_and_an_answer_without_call():
    lost = [*CHAT[:3], {"role": "user", "content": "Hello?"}]
    assert said(read_transcript(lost)) == [ASKED, CALLED, ("user_said", "Hello?", None)]
    orphan = [CHAT[1], {"role": "tool", "name": "f", "content": "1"}, CHAT[4]]
    assert said(read_transcript(orphan)) == [
        ASKED,
        ("called", "f", None),
        ("answered", "f", 1),
        TOLD,
    ]


def test_several_in_a_file(tmp_path):
    path = tmp_path / "several.jsonl"
    path.write_text("\n".join(json.dumps({"messages": CHAT, "trial": n}) for n in range(3)))
    assert [one.about for one in read_transcripts(path)] == [{"trial": n} for n in range(3)]
    path.write_text("\n".join(map(json.dumps, CHAT)))
    (one,) = read_transcripts(path)
    assert said(one) == [ASKED, CALLED, LATE, TOLD]
    assert len(read_transcripts([CHAT, CHAT])) == 2


def test_what_is_said_of_how_it_went():
    for beside, outcome, reward in [
        ({"reward": 1.0}, "passed", 1.0),
        ({"reward": 0.4}, "failed", 0.4),
        ({"score": 1}, "passed", 1.0),
        ({"passed": False}, "failed", None),
        ({"outcome": "escalated", "reward": 0.0}, "escalated", 0.0),
        ({"reward": True}, None, None),
        ({}, None, None),
    ]:
        found = read_transcript({"traj": CHAT, **beside})
        assert (found.outcome, found.reward) == (outcome, reward)


@pytest.mark.parametrize(
    ("source", "match"),
    [
        (7, "is no transcript"),
        ([], "Nobody says anything"),
        ([{"role": "system", "content": "x"}], "Nobody says anything"),
        ({"a": 1}, "no list of messages in an object with a"),
        (
            [{"role": "wizard", "content": "x"}],
            "Message 0 is of nobody known: its role is 'wizard'",
        ),
        ([CHAT[1], "hello"], "Message 1 is 'hello'"),
        ([{"role": "assistant", "tool_calls": [{"id": "x", "function": {}}]}], "has no name"),
        (
            {"run_type": "chain", "name": "x", "inputs": {}, "outputs": None},
            "no messages in run 'x'",
        ),
        ({"resourceSpans": []}, "no model call"),
    ],
)
def test_what_is_no_transcript_is_said_so_with_a_hint(source, match):
    with pytest.raises(LabError, match=match) as said:
        read_transcript(source)
    assert said.value.hint


def test_files_that_cannot_be_read(tmp_path):
    for name, data, match in [
        ("a", b"\xff\xfe\x00", "is no text"),
        ("b", b"{", "is no JSON"),
        ("c", b'{"a": 1}\n{"b', "Line 2"),
        ("d", b"[" * 100_000, "no JSON"),
    ]:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(LabError, match=match):
            read_transcripts(tmp_path / name)
    with pytest.raises(LabError, match="cannot be read"):
        read_transcripts(tmp_path)
    with pytest.raises(LabError, match="no format 'xml'"):
        read_transcripts(CHAT, "xml")


def test_values_are_read_as_json_only_where_nothing_is_lost():
    for text, value in [
        ('{"a": [1]}', {"a": [1]}), ("255.0", 255.0), ("7", 7), ("true", True), ("", ""),
        ("007", "007"), ("1e5", "1e5"), ("NaN", "NaN"), ('{"a": NaN}', '{"a": NaN}'),
        ('{"a": 123456789012345678901234567890}', '{"a": 123456789012345678901234567890}'),
        ("Error: x", "Error: x"), ("\ud800", "?"),
    ]:  # fmt: skip
        assert read_value(text) == value
        assert type(read_value(text)) is type(value)
    assert read_value({"a": {1, 2}}) == '{"a": "{1, 2}"}'


def test_when_an_answer_says_that_it_failed():
    for value in ("Error: x", "error: y", " Error z", {"error": "x"}):
        assert says_failed(value)
    for value in ("Errors are rare", {"error": None}, {"ok": 1}, 7, None, ["error"]):
        assert not says_failed(value)


def test_times():
    at = when("2026-03-02T08:00:00Z")
    seconds = at // 1_000_000
    for value in (
        "2026-03-02T08:00:00", "2026-03-02T09:00:00+01:00", seconds, float(seconds),
        seconds * 1_000, at, at * 1_000, str(at * 1_000),
    ):  # fmt: skip
        assert when(value) == at
    for value in ("soon", None, True, -1, 0, float("nan"), float("inf"), 10**30):
        assert when(value) is None


def test_names_of_tools():
    described = {"type": "function", "function": {"name": "a"}}
    assert tool_names([described, "b", {"name": "c"}, 7, {}]) == ("a", "b", "c")
