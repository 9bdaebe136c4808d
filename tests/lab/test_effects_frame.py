"""`run.effects()` and `run.questions()`: a row per effect, of live runs and of recordings."""

import json
import threading

import pandas as pd
import pytest

from tests.lab.holding import soon
from traaviis_lab import Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.journal import Fact, MemoryJournal
from traaviis_lab.travel import Trail
from traaviis_lab.travel.performed import COLUMNS, QUESTIONS, effects_frame, performed
from traaviis_lab.views.spec_words import spec_words


class Asking(Machine):
    """Asks for something, and logs."""

    data = {"text": "", "answer": None}

    idle = State(initial=True)
    busy = State(enter=fx.call("echo", {"text": "{{ data.text }}"}, into="answer"))

    idle.to(busy, on="ask", assign={"text": "event.text"}, do=fx.log("asked"))
    busy.to(idle, on="done.invoke.busy")
    busy.to(idle, on="stop")


@pytest.fixture
def asking(lab):
    gate = threading.Event()
    gate.set()

    def echo(text):
        assert gate.wait(20)
        if text == "no":
            raise ValueError("it said no")
        return text

    lab.register(echo)
    run = lab.start(Asking, id="r")
    yield run, gate
    gate.set()


def test_a_run_that_asked_nothing_has_an_empty_table(asking):
    run, _ = asking
    frame = run.effects()
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 0
    assert frame.began.dtype.kind == "M"
    assert tuple(run.questions().columns) == QUESTIONS


def test_a_row_per_effect_in_the_order_they_began(asking):
    run, _ = asking
    run.send("ask", text="hi")
    soon(lambda: run.state == "idle")
    frame = run.effects()
    assert frame.effect.tolist() == ["log", "call"]
    assert frame.label.tolist() == ["log", "call echo"]
    assert frame.path.tolist() == frame.root.tolist() == ["2/0", "2/1"]
    assert frame.depth.tolist() == [0, 0]
    assert frame.owner.tolist() == ["", "busy"]
    assert frame.status.tolist() == ["completed", "completed"]
    assert frame.starts.tolist() == [0, 1]
    assert frame.seq.tolist() == [3, 4]
    assert frame.end_seq.tolist() == [3, 5]
    assert frame.result.tolist() == ["asked", "hi"]
    assert frame.spec[1] == {
        "kind": "call", "function": "echo", "args": {"text": "hi"}, "into": "answer"
    }  # fmt: skip
    assert frame.took.dtype == "float64"
    assert frame.began[0] <= frame.began[1]


def test_a_recording_and_the_view_say_the_same(asking):
    run, _ = asking
    run.send("ask", text="hi")
    soon(lambda: run.state == "idle")
    run.send("ask", text="no")
    soon(lambda: run.effects().status.tolist()[-1] == "failed")
    live = run.effects()
    assert live.error.tolist()[-1]["kind"] == "EffectError"
    pd.testing.assert_frame_equal(live, run.lab.recording("r").effects())
    same = ["path", "root", "depth", "effect", "owner", "status", "seq", "end_seq", "starts"]
    view = run.lab.sql("select * from effects order by seq")
    for name in same:
        assert view[name].tolist() == live[name].tolist(), name
    assert [json.loads(text) for text in view.spec] == live.spec.tolist()


def test_what_is_under_way_has_no_end_and_what_is_left_is_cancelled(asking):
    run, gate = asking
    gate.clear()
    run.send("ask", text="hi")
    row = run.effects().iloc[-1]
    assert (row.status, row.starts) == ("started", 1)
    assert pd.isna(row.end_seq)
    assert pd.isna(row.took)
    assert row.path == run.under_way[0]["path"]
    run.send("stop")
    assert run.effects().status.tolist() == ["completed", "cancelled"]


def test_large_values_are_in_full(asking):
    run, _ = asking
    text = "long " * 2_000
    run.send("ask", text=text)
    soon(lambda: run.state == "idle")
    last = run.effects().iloc[-1]
    assert last.spec["args"] == {"text": text}
    assert last.result == text


def test_a_fork_shows_what_it_took_over(asking):
    run, gate = asking
    gate.clear()
    run.send("ask", text="hi")
    fork = run.fork(at=run.seq, live=True)
    assert fork.effects().status.tolist() == ["started"]
    assert fork.effects().label.tolist() == ["call echo"]
    gate.set()
    soon(lambda: fork.state == "idle")
    last = fork.effects().iloc[-1]
    assert (last.path, last.status, last.result) == ("^2/1", "completed", "hi")


class Fetching(Machine):
    """Tries again, beside something that waits."""

    data = {"got": None}

    idle = State(initial=True)
    busy = State(
        enter=fx.retry(fx.call("flaky"), attempts=3, delay=0, into="got") & fx.delay("1h"),
    )
    idle.to(busy, on="go")
    busy.to(idle, on="stop")


def test_a_composed_effect_is_its_root_and_its_leaves(lab):
    tries = []

    def flaky():
        tries.append(1)
        if len(tries) < 2:
            raise ConnectionError("not yet")
        return "x" * 9_000

    lab.register(flaky)
    run = lab.start(Fetching, id="r")
    run.send("go")
    soon(lambda: run.data["got"])
    assert [one["path"] for one in run.under_way] == ["2/0", "2/0/1"]
    fork = run.fork(live=True)
    run.send("stop")
    frame = run.effects().set_index("path")
    assert frame.index[0] == "2/0"
    assert set(frame.index[1:]) == {"2/0/0/0", "2/0/0/1", "2/0/0/2", "2/0/0/into", "2/0/1"}
    assert set(frame.root) == {"2/0"}
    assert frame.label["2/0"] == "parallel of 2"
    assert frame.status["2/0"] == frame.status["2/0/1"] == "cancelled"
    assert frame.status["2/0/0/0"] == "failed"
    assert frame.error["2/0/0/0"]["chain"] == [{"kind": "ConnectionError", "message": "not yet"}]
    assert frame.result["2/0/0/2"] == "x" * 9_000
    assert frame.label["2/0/0/into"] == "merge data got"
    assert frame.took.notna().all()
    took_over = fork.effects()
    assert took_over.path.tolist() == ["^2/0", "^2/0/1"]
    assert took_over.label.tolist() == ["parallel of 2", "delay 1h"]
    fork.stop()
    assert fork.effects().status.tolist() == ["cancelled", "cancelled"]


def trail_of(*facts):
    """A trail of made-up facts: pairs of kind and body."""
    journal = MemoryJournal()
    made = [
        Fact("r", n + 1, 1_000_000 * n, "t", kind, word, None, json.dumps(body).encode(), "s",
             word if kind.startswith("effect.") else "")
        for n, (kind, word, body) in enumerate(facts)
    ]  # fmt: skip
    journal.append(made)
    return Trail(journal, "r", None)


RETRY = {"kind": "retry", "effect": {"kind": "call", "function": "f"}}
CALL = RETRY["effect"]


def began(path, spec, **more):
    """An effect started."""
    return "effect.started", spec["kind"], {"path": path, "owner": "s", "effect": spec, **more}


def ended(how, path, kind, **body):
    """An effect ended."""
    return f"effect.{how}", kind, {"path": path, "owner": "s", **body}


def test_leaves_stand_below_their_root():
    error = {"kind": "EffectError", "message": "no", "hint": ""}
    frame = effects_frame(
        performed(
            trail_of(
                began("1/0", RETRY),
                began("1/0/0", CALL),
                ended("progress", "1/0/0", "call", fraction=0.25, message="reading"),
                ended("progress", "1/0/0", "call", fraction=0.5),
                ended("failed", "1/0/0", "call", error=error),
                began("1/0/1", {"kind": "delay", "for": "1s"}),
                ended("completed", "1/0/1", "delay", result=None),
                began("1/0/10", CALL),
                ended("completed", "1/0/10", "call", result=1),
                ended("completed", "1/0", "retry", result=1),
            )
        )
    ).set_index("path")
    assert frame.index.tolist() == ["1/0", "1/0/0", "1/0/1", "1/0/10"]
    assert frame.depth.tolist() == [0, 1, 1, 1]
    assert set(frame.root) == {"1/0"}
    assert frame.status.tolist() == ["completed", "failed", "completed", "completed"]
    assert frame.label.tolist() == ["retry: call f", "call f", "delay 1s", "call f"]
    assert frame.progress["1/0/0"] == 0.5
    assert frame.message["1/0/0"] == "reading"
    assert frame.error["1/0/0"] == error
    assert frame.took["1/0/0"] == 3.0
    assert frame.began["1/0/1"] == pd.Timestamp(5, unit="s")


def test_an_effect_that_was_cut_off_asks_until_it_is_answered():
    asked = ("human.asked", "", {"path": "1/0", "owner": "s", "question": "again?"})
    other = ("human.asked", "", {"question": "of something else"})
    story = [began("1/0", CALL), asked, other]
    (row,) = performed(trail_of(*story))
    assert (row.status, row.question.seq, row.starts) == ("asked", 2, 1)
    story.append(("human.answered", "", {"path": "1/0", "answer": "repeat"}))
    story.append(began("1/0", CALL, occurrence=2))
    (row,) = performed(trail_of(*story))
    assert (row.status, row.question, row.starts) == ("started", None, 2)


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        (fx.call("fetch", {"a": 1}), "call fetch"),
        (fx.log("hello"), "log"),
        (fx.delay(1.5), "delay 1500ms"),
        (fx.delay("250ms"), "delay 250ms"),
        (fx.put_data("total", 1), "put data total"),
        (fx.merge_data({"a": 1, "b": 2}), "merge data a, b"),
        (fx.raise_event("ring"), "raise ring"),
        (fx.send_event("other", "ring"), "send event ring"),
        (fx.sequence(fx.log("a"), fx.log("b")), "sequence of 2"),
        (fx.log("a") & fx.log("b") & fx.log("c"), "parallel of 3"),
        (fx.saga((fx.call("pay"), fx.call("refund"))), "saga of 1"),
        (fx.bulkhead(fx.call("f"), "db", 3), "bulkhead db: call f"),
        (fx.retry(fx.timeout(fx.call("f"), 3)), "retry: timeout: call f"),
        (fx.for_each("data.urls", fx.call("f")), "for each: call f"),
        (fx.call("f" * 90), "call " + "f" * 54 + "…"),
        (fx.Permit("rate_limit", "api"), "permit rate limit api"),
    ],
)
def test_a_label_says_what_it_is(effect, words):
    assert spec_words(effect.to_spec()) == words


def test_a_label_of_what_is_not_known_in_full():
    assert spec_words(None, "call_api") == "call api"
    assert (
        spec_words({"kind": "odd", "effect": {"kind": "odd", "effects": "{{ x }}"}}) == "odd: odd"
    )
