"""The effects of a run as rows: what facts make of them, how few are sent, what a notebook keeps."""

from __future__ import annotations

import threading

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.journal import Fact
from traaviis_lab.widgets import RunWidget, run_face
from traaviis_lab.widgets.debug.columns import ABOUT_EFFECTS, Columns
from traaviis_lab.widgets.lane import Book, changed_rows, still_lines, under_picture, window
from traaviis_lab.widgets.lane.book import KEEP_LEAVES, KEEP_ROOTS
from traaviis_lab.widgets.lane.window import MAX_ROWS


def fact(seq, kind, path, name="call", **body):
    text = orjson.dumps({"path": path, "owner": "busy", **body})
    return Fact("r", seq, 1_000_000 * seq, "t", kind, name, None, text, "busy", name)


def book_of(*facts):
    book = Book()
    for seq, (kind, path, body) in enumerate(facts, 1):
        one = fact(seq, kind, path, **body)
        book.take(one, orjson.loads(one.body))
    return book


def call(path, **more):
    return ("effect.started", path, {"effect": {"kind": "call", "function": "f"}, **more})


def rows_of(book):
    return {path: row["status"] for path, row in window(book)["rows"].items()}


def test_facts_become_rows():
    book = book_of(
        ("effect.started", "1/0", {"name": "parallel", "effect": {"kind": "parallel"}}),
        call("1/0/0"),
        call("1/0/1"),
        ("effect.progress", "1/0/0", {"fraction": 0.5, "message": "half"}),
        ("effect.completed", "1/0/1", {"result": {"ok": True}}),
        ("effect.failed", "1/0/0", {"error": {"kind": "Busy", "message": "later", "hint": "x"}}),
    )
    rows = window(book)["rows"]
    assert list(rows) == ["1/0", "1/0/0", "1/0/1"]
    half, done = rows["1/0/0"], rows["1/0/1"]
    assert (half["fraction"], half["message"], half["status"]) == (0.5, "half", "failed")
    assert half["error"] == {"kind": "Busy", "message": "later", "hint": "x"}
    assert (done["result"], done["seq"], done["began"], done["ended"]) == (
        {"ok": True},
        5,
        3e3,
        5e3,
    )


def test_what_is_performed_within_a_step_is_a_row_only_in_a_tree():
    local = {"effect": {"kind": "log", "message": "hi"}, "result": "hi"}
    book = book_of(
        ("effect.completed", "1/0", local),
        ("effect.started", "2/0", {"effect": {"kind": "sequence"}}),
        ("effect.completed", "2/0/0", local),
        ("effect.completed", "9/0/0", local),
    )
    assert rows_of(book) == {"2/0": "running", "2/0/0": "done"}


def test_one_that_asks_is_answered_and_started_again():
    asks = book_of(call("1/0"), ("human.asked", "1/0", {"question": "Again?"}))
    row = window(asks)["rows"]["1/0"]
    assert (row["status"], row["question"], row["starts"]) == ("asks", "Again?", 1)
    again = book_of(call("1/0"), ("human.asked", "1/0", {}), call("1/0", occurrence=2))
    assert window(again)["rows"]["1/0"]["starts"] == 2
    assert rows_of(again) == {"1/0": "running"}


def test_what_began_before_is_known_from_what_is_under_way():
    book = book_of(call("1/0/7"), ("effect.completed", "1/0/7", {}))
    assert book.unnamed() == ["1/0"]
    spec = {"kind": "for_each", "items": "data.all", "effect": {"kind": "call", "function": "f"}}
    began = {"owner": "busy", "began": 0}
    under_way = [
        {"path": "1/0/3", "kind": "call", "effect": {"kind": "call"}, **began, "asks": True},
        {"path": "1/0", "kind": "for_each", "effect": spec, **began},
    ]
    book.know(under_way)
    assert rows_of(book) == {"1/0": "running", "1/0/3": "asks", "1/0/7": "done"}
    assert window(book)["rows"]["1/0"]["spec"]["items"] == "data.all"
    assert book.unnamed() == []


def test_the_end_of_the_run_ends_what_is_under_way():
    book = book_of(call("1/0"), call("2/0"), ("effect.completed", "2/0", {}))
    book.end(9_000_000)
    assert rows_of(book) == {"1/0": "cancelled", "2/0": "done"}


def test_a_thousand_at_once_are_two_hundred_rows_and_counts():
    starts = [call(f"1/0/{at}") for at in range(1_000)]
    ends = [("effect.completed", f"1/0/{at}", {"result": at}) for at in range(900)]
    book = book_of(("effect.started", "1/0", {"effect": {"kind": "for_each"}}), *starts, *ends)
    shown = window(book)
    assert len(shown["rows"]) == MAX_ROWS
    assert list(shown["rows"].values())[1]["status"] == "running"
    statuses = [row["status"] for row in shown["rows"].values()]
    assert statuses.count("running") == 101  # all of them, and the root
    assert statuses.count("done") + shown["cut"]["1/0"]["done"] == 900
    assert len(book.roots["1/0"].leaves) == 100 + KEEP_LEAVES


def test_large_words_are_cut_so_that_a_message_stays_small():
    deep = value = {}
    for _ in range(30):
        value["in"] = value = {"text": "x" * 900}
    error = {"kind": "E", "message": "m" * 9_000, "chain": [{"kind": "E", "message": "c"}] * 99}
    children = [{"kind": "call", "function": "f", "args": deep} for _ in range(200)]
    spec = {"kind": "parallel", "effects": children}
    book = book_of(
        ("effect.started", "1/0", {"effect": spec}),
        ("effect.started", "1/0/0", {"effect": children[0]}),
        ("effect.completed", "1/0/0", {"result": [deep] * 100}),
        ("effect.failed", "1/0", {"error": error}),
    )
    rows = window(book)["rows"]
    assert all(len(orjson.dumps(row)) < 16_000 for row in rows.values())
    assert rows["1/0"]["spec"]["count"] == 200
    assert len(rows["1/0"]["error"]["chain"]) == 5


def test_effects_that_are_over_are_let_go():
    facts = []
    for at in range(50):
        facts += [call(f"{at}/0"), ("effect.completed", f"{at}/0", {})]
    book = book_of(call("99/0"), *facts)
    assert len(rows_of(book)) == KEEP_ROOTS + 1
    assert next(iter(rows_of(book))) == "99/0"
    assert "49/0" in rows_of(book)


steps = st.tuples(
    st.sampled_from(["effect.started", "effect.completed", "effect.failed", "effect.cancelled",
                     "effect.progress", "human.asked", "human.answered"]),
    st.sampled_from(["1/0", "1/1", "2/0"]).flatmap(
        lambda root: st.sampled_from(["", "/0", "/1", "/1/0", "/into"]).map(lambda way: root + way)
    ),
)  # fmt: skip


@given(st.lists(steps, max_size=30), st.integers(0, 30))
def test_patches_make_one_window_out_of_the_other(facts, middle):
    spec = {"effect": {"kind": "call"}, "fraction": 0.1, "message": "", "error": {}}
    book = Book()
    before = window(book)
    for seq, (kind, path) in enumerate(facts, 1):
        one = fact(seq, kind, path, **spec)
        book.take(one, orjson.loads(one.body))
        if seq == middle:
            before = window(book)
    after = window(book)
    patch = changed_rows(before, after)
    rows = dict(before["rows"])
    if patch is not None:
        rows |= patch["set"]
        for path in patch["del"]:
            del rows[path]
    assert rows == after["rows"]
    assert patch is None or patch["cut"] == after["cut"]


class Work(Machine):
    """Fetches two things at once, one of them twice."""

    idle = State(initial=True)
    busy = State(
        enter=fx.parallel(
            fx.retry(fx.call("flaky"), attempts=3, delay=0.01, jitter=0.0), fx.call("steady")
        )
    )
    idle.to(busy, on="go")


@pytest.fixture
def worked(lab):
    tries = []

    @lab.register
    def flaky():
        tries.append(1)
        if len(tries) < 2:
            raise ValueError("not <yet>")
        return 7

    @lab.register
    def steady():
        return 1

    run = lab.start(Work, id="worker")
    run.send("go")
    return run.wait(lambda run: not run.under_way, timeout=20)


def test_a_saved_notebook_has_a_list_of_effects(worked):
    still = run_face(worked)
    first, *lines = still["text/plain"].splitlines()
    assert first == repr(worked)
    assert [line.split(",")[0] for line in lines] == [
        "✓ parallel of 2 done",
        "  ✗ call flaky failed: call: ValueError: not <yet>",
        "  ✓ delay 10ms done",
        "  ✓ call flaky done",
        "  ✓ call steady done",
    ]
    assert "call flaky failed: call: ValueError: not &lt;yet&gt;" in still["image/svg+xml"]
    assert still["image/svg+xml"].endswith("</svg>")


def test_a_run_without_effects_is_shown_as_ever(run):
    assert run_face(run)["text/plain"] == repr(run)
    assert "tl-effects" not in run_face(run)["image/svg+xml"]
    assert under_picture("<svg>no size</svg>", ["✓ call"]) == "<svg>no size</svg>"


def test_a_root_that_began_long_ago_is_named_in_a_saved_notebook(lab, monkeypatch, worked):
    monkeypatch.setattr("traaviis_lab.widgets.lane.still.TAIL", 4)
    lines = still_lines(lab.journal, "worker", worked.seq)
    assert lines[0].startswith("✓ parallel of 2 done")


class Asking(Machine):
    """Pays, and nobody knows afterwards whether it did."""

    idle = State(initial=True)
    busy = State(enter=fx.call("pay", repeat="human", into="paid"))
    idle.to(busy, on="go")


def statuses(messages):
    lanes = [one["patch"]["effects"] for one in messages if "effects" in one["patch"]]
    return [row["status"] for lane in lanes for row in lane["set"].values()]


@pytest.mark.parametrize(("answer", "status"), [("repeat", "done"), ("fail", "failed")])
def test_the_browser_answers_an_effect_that_asks(comms, ask, tmp_path, answer, status):
    cut = threading.Event()
    with Lab(tmp_path / "pay.duckdb") as lab:
        lab.register(lambda: cut.wait(20), name="pay")
        lab.start(Asking, id="payer").send("go")
    cut.set()
    with Lab(tmp_path / "pay.duckdb") as lab:
        lab.register(lambda: 5, name="pay")
        run = lab.resume("payer", Asking)
        widget = RunWidget.of(run)
        (row,) = widget.feed.now["effects"]["rows"].values()
        assert (row["status"], row["path"]) == ("asks", "2/0")
        reply = ask(widget, "answer", run=run.id, path="2/0", answer=answer)
        assert reply["ok"], reply
        patches = widget.comm.until("patch", lambda all: status in statuses(all))
        assert statuses(patches)[-1] == status
        refused = ask(widget, "answer", run=run.id, path="2/0", answer=answer)
        assert "asks nothing" in refused["error"]


def test_the_debugger_is_told_the_place_of_every_fact_about_an_effect(lab, worked):
    facts = list(lab.journal.read("worker"))
    about = [one for one in facts if one.kind.startswith(ABOUT_EFFECTS)]
    paths = Columns(worked.chart).paths(facts)
    assert paths == [orjson.loads(one.body)["path"] for one in about]
    assert {"2/0", "2/0/0/0", "2/0/0/1", "2/0/0/2", "2/0/1"} == set(paths)
    odd = fact(9, "effect.held", "x")._replace(body=b'{"seq":7,"path":"2/0/1"}')
    assert Columns(worked.chart).paths([odd, odd._replace(body=b"{}")]) == ["2/0/1", ""]


def test_a_recording_shows_its_effects_too(lab, worked):
    lines = run_face(lab.recording("worker"))["text/plain"].splitlines()
    assert lines[1].startswith("✓ parallel of 2 done")


def test_what_is_alike_is_one_line_in_a_saved_notebook():
    from traaviis_lab.widgets.lane.still import _lines

    book = book_of(
        ("effect.started", "1/0", {"name": "for_each", "effect": {"kind": "for_each"}}),
        *[call(f"1/0/{at}") for at in range(300)],
    )
    assert _lines(window(book)) == [
        "▸ for each running",
        "  ▸ call f running (9 like this)",
        "… and 291 more",
    ]
