"""The costs widget: what it tells the browser first, as calls come, and in files."""

from __future__ import annotations

import gc
import re
import time
import weakref

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from tests.lab.spending import Triage, called, foreseen, planned
from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.widgets import LabWidget
from traaviis_lab.widgets.costs import CostsWidget
from traaviis_lab.widgets.faces import WIDGET
from traaviis_lab.widgets.pump import the_pump


@pytest.fixture
def run(lab):
    return lab.start(Triage, "t1", tenant="acme")


def shown(thing):
    """The widget that a cell would show."""
    bundle = thing._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", WIDGET}
    return CostsWidget.of(thing)


def newest(widget, holds):
    return widget.comm.until("costs", lambda all: bool(all) and holds(all[-1]["now"]))[-1]["now"]


def test_before_any_call_it_is_empty_and_says_that_the_run_goes_on(comms, run):
    widget = shown(run.costs())
    assert widget.face["machine"] == "Triage"
    assert widget.face["many"] is False
    assert 'data-state="classify"' in widget.face["svg"]
    assert widget.feed.now["status"] == "running"
    assert widget.feed.now["total"]["calls"] == 0
    assert widget.feed.now["states"] == []


def test_calls_show_as_they_come_and_each_is_counted_once(comms, run):
    called(run, "classify", "a/x", 10, 1, 0.5)
    widget = shown(run.costs())
    assert widget.feed.now["total"]["usd"] == 0.5
    for _ in range(5):
        called(run, "answer", "a/y", 100, 10, 0.25, foreseen(100, 10, 0.25))
    now = newest(widget, lambda now: now["total"]["calls"] == 6)
    assert now["total"]["usd"] == 1.75
    assert [row["state"] for row in now["states"]] == ["classify", "answer"]
    assert now["line"]["usd"] == [0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
    assert now["calls"][0]["usd"] == 0.5
    assert now["calls"][1]["estimate"] == {"usd": 0.25, "tokens": 110, "seconds": 1.0}


def test_what_came_after_the_numbers_were_made_is_there_too(comms, run):
    costs = run.costs()
    called(run, "classify", "a/x", 10, 1, 0.5)
    assert len(costs.calls) == 0
    assert shown(costs).feed.now["total"]["calls"] == 1


def test_an_estimate_and_the_end_show_too(comms, run):
    widget = shown(run.costs())
    planned(run, classify=(300, 10, 0.5))
    now = newest(widget, lambda now: now["states"])
    assert now["states"][0]["estimate"]["usd"] == 0.5
    for event in ("classified", "answered", "good"):
        run.send(event)
    assert newest(widget, lambda now: now["status"] == "done")["seq"] == run.seq


def test_other_facts_are_no_reason_to_send_anything(comms, run):
    widget = shown(run.costs())
    run.send("classified")
    run.note("hello")
    lab_settled(run)
    assert widget.comm.messages("costs") == []


def test_budgets_that_are_about_the_run_show_with_what_is_used(comms, lab, run):
    lab.budget(usd=5)
    lab.budget(run="t1", tokens=1000, hard=False)
    lab.budget(tenant="other", usd=1)
    limits = shown(run.costs()).feed.now["limits"]
    assert [(one["unit"], one["limit"], one["hard"], one["own"]) for one in limits] == [
        ("usd", 5, True, False),
        ("tokens", 1000, False, True),
    ]
    many = shown(lab.costs()).feed.now["limits"]
    assert [one["limit"] for one in many] == [5, 1]


def test_the_file_holds_all_calls(comms, run, ask):
    for number in range(60):
        called(run, "classify", "a/x", number, 1, 0.5)
    widget = shown(run.costs())
    assert ask(widget, "csv")["ok"]
    [message] = widget.comm.until("file")
    assert (message["name"], message["mime"]) == ("costs-t1.csv", "text/csv")
    sent = next(one for one in widget.comm.sent if one["buffers"])
    assert bytes(sent["buffers"][0]).decode() == run.costs().to_csv()
    assert bytes(sent["buffers"][0]).count(b"\n") == 61


def test_an_unknown_command_and_a_closed_lab_are_said(comms, lab, run, ask):
    widget = shown(run.costs())
    assert ask(widget, "dance")["error"] == "Command 'dance' is not known here."
    lab.close()
    assert ask(widget, "csv")["error"] == "The lab of this run is closed."
    assert ask(widget, "open")["ok"]


class Asking(Machine):
    asking = State(initial=True, enter=fx.call_llm("s/m", "hi", max_tokens=5), on_success="asked")
    asked = State()
    asked.to(asking, on="again")


def test_the_last_calls_before_the_lab_is_closed_show_too(comms, lab):
    lab.models.scripted("s", lambda request: "yes")
    lab.prices.set("s/m", input=0, output=1_000_000)
    lab.budget(usd=50)
    run = lab.start(Asking, "a1").wait("asked")
    one, many = shown(run.costs()), shown(lab.costs())
    for _ in range(3):  # more often than they are sent
        run.send("again")
        run.wait("asked")
    lab.close()
    for widget in (one, many):
        now = newest(widget, lambda now: now["total"]["calls"] == 4)
        assert now["total"]["usd"] == 4
        assert [limit["spent"] for limit in now["limits"]] == [4]
    assert the_pump().settle()


def test_a_run_that_starts_others_says_that_they_are_not_counted(comms, lab, run):
    class Above(Machine):
        only = State(initial=True, enter=fx.invoke_fsm("Triage"))

    lab.add(Triage)
    assert shown(lab.start(Above).costs()).face["title"] == "Above, without the runs that it starts"
    assert shown(run.costs()).face["title"] == "A support desk."


def test_a_recording_is_shown_as_one(comms, tmp_path):
    with Lab(tmp_path / "j.duckdb") as lab:
        called(lab.start(Triage, "t1"), "classify", "a/x", 10, 1, 0.5)
    with Lab(tmp_path / "j.duckdb") as lab:
        now = shown(lab.costs("t1")).feed.now
        assert (now["status"], now["total"]["usd"]) == ("recorded", 0.5)


def test_many_runs_are_asked_anew_when_calls_come(comms, lab, run):
    called(run, "classify", "a/x", 10, 1, 0.5)
    widget = shown(lab.costs())
    assert widget.feed.now["count"] == 1
    other = lab.start(Triage, "t2", tenant="globex")
    for _ in range(20):
        called(other, "answer", "a/y", 100, 10, 0.25)
    now = newest(widget, lambda now: now["total"]["calls"] == 21)
    assert [row["tenant"] for row in now["tenants"]] == ["globex", "acme"]
    assert [row["run"] for row in now["runs"]] == ["t2", "t1"]
    assert sum(now["spread"]["usd"]["counts"]) == 2
    assert len(widget.comm.messages("costs")) < 10


def test_many_runs_keep_to_their_condition(comms, lab, run, ask):
    widget = shown(lab.costs(where="tenant = 'acme'"))
    called(lab.start(Triage, "t2", tenant="globex"), "answer", "a/y", 100, 10, 0.25)
    called(run, "classify", "a/x", 10, 1, 0.5)
    assert newest(widget, lambda now: now["count"] > 0)["count"] == 1
    assert ask(widget, "csv")["ok"]


def test_looking_keeps_neither_the_lab_nor_the_run_alive(comms):
    lab = Lab()
    run = lab.start(Triage, "t1")
    widgets = [shown(run.costs()), shown(lab.costs())]
    gone = weakref.ref(lab)
    lab.close()
    del lab, run
    gc.collect()
    assert gone() is None
    assert widgets[0].feed.now["status"] == "running"


def test_ten_thousand_calls_open_within_a_second_and_grow_without_reading_again(comms, run):
    for _ in range(10_000):
        called(run, "classify", "a/x", 1500, 400, 0.001, foreseen(1500, 400, 0.001))
    run.costs()  # the index has them
    began = time.process_time()
    widget = CostsWidget.of(run.costs())
    took = time.process_time() - began
    assert len(widget.feed.now["line"]["at"]) <= 601
    assert took < 2.0  # it is read twice here: once for the numbers, once for the feed
    began = time.process_time()
    called(run, "classify", "a/x", 1500, 400, 0.001)
    newest(widget, lambda now: now["total"]["calls"] == 10_001)
    assert time.process_time() - began < 0.5


def test_a_saved_notebook_shows_the_table_without_a_kernel():
    code = """
from tests.lab.spending import Triage, called
from traaviis_lab import Lab
lab = Lab()
run = lab.start(Triage, "t1")
called(run, "classify", "a/x", 10, 1, 0.5)
called(run, "answer", "b/y", 10, 1, None)
run.costs()
"""
    cells = [nbformat.v4.new_code_cell(text) for text in (code, "lab.costs()")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", store_widget_state=False).execute()
    for cell in notebook.cells:
        assert set(cell.outputs[-1].data) == {"text/plain", "text/html", WIDGET}
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "Loading widget" not in page
    assert "$0.50" in page
    assert "unknown" in page


def lab_settled(run):
    run.lab.sql("select 1")
    assert the_pump().settle()


def test_the_form_estimates_before_a_run_is_started(comms, lab, ask):
    class Desk(Machine):
        data = {"ticket": "it rains in"}
        asking = State(
            initial=True,
            enter=fx.call_llm("desk/x", prompt="Answer: {{ data.ticket }}", max_tokens=40),
            on_success="done",
        )
        done = State(final=True)

    lab.models.scripted("desk", lambda request: "We come at once.")
    lab.prices.set("desk/x", input=10, output=1000)
    lab.add(Desk)
    lab.add(Triage)
    widget = LabWidget.of(lab)
    told = ask(widget, "estimate", machine="Desk", tenant="", data={"ticket": "it rains"})
    assert told["ok"]
    assert re.search(r"^About \$0.\d+, nine times out of ten below .*; \d+ tokens; ", told["text"])
    assert ask(widget, "estimate", machine="Triage", tenant="", data={})["text"] == (
        "No model is asked on the way."
    )
    assert not ask(widget, "estimate", machine="Nothing", tenant="", data={})["ok"]
    assert lab.journal.runs() == []
