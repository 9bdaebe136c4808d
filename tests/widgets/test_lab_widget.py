"""The control panel: counts and rows that follow the facts, and what it does for people."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab import Lab
from traaviis_lab.journal import Fact, RunInfo
from traaviis_lab.widgets import LabWidget, chart_face, lab_face
from traaviis_lab.widgets.board import Board, Look

from .conftest import Door


def fact(run, seq, kind="event", state="closed", name="x"):
    return Fact(run, seq, seq * 1000, "t", kind, name, None, b'{"machine":"Door"}', state)


facts = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(["event", "run.done"]),
        st.sampled_from(["on", "off"]),
    ),
    max_size=30,
)


@given(facts)
def test_counts_are_those_of_the_rows_whatever_happens(moves):
    board, seqs = Board(), dict.fromkeys("abc", 0)
    for run, kind, state in moves:
        seqs[run] += 1
        board.take(fact(run, seqs[run], "run.started" if seqs[run] == 1 else kind, state))
    sums = board.sums()
    rows = board.window(Look(limit=99))["rows"]
    assert sums["total"] == len(rows) == sum(group["count"] for group in sums["groups"])
    assert sums["running"] == sum(row["status"] == "running" for row in rows)
    for group in sums["groups"]:
        like = [r for r in rows if (r["machine"], r["state"]) == (group["machine"], group["state"])]
        assert group["count"] == len(like) > 0


def test_what_was_loaded_and_what_is_heard_go_together_in_any_order():
    board = Board()
    board.take(fact("a", 1, "run.started"))
    board.take(fact("a", 2, state="open"))
    board.load([RunInfo("a", "t", "Door", "h", "closed", 1, 0, 0, False)], {"a"})
    assert board.rows["a"].state == "open"
    board.load([RunInfo("b", "t", "Door", "h", "open", 5, 0, 0, True)], {})
    board.take(fact("b", 5))
    assert (board.rows["b"].state, board.rows["b"].status) == ("open", "done")


def test_a_fork_is_counted_under_its_machine():
    board = Board()
    board.take(fact("f", 1, "run.forked", "open", name="Door"))
    board.take(fact("f", 2, "debug", "open", name="paused"))
    assert board.sums()["groups"] == [{"machine": "Door", "state": "open", "count": 1}]
    assert board.rows["f"].status == "running"


def test_a_window_is_filtered_cut_and_never_beyond_the_end():
    board = Board()
    for i in range(100):
        board.take(fact(f"run_{i:02}", 1, "run.started", "on" if i % 2 else "off"))
    assert board.window(Look(limit=10))["rows"][0]["id"] == "run_99"
    found = board.window(Look(limit=10, text="run_1", state="on", machine="Door"))
    assert (found["matches"], len(found["rows"])) == (5, 5)
    assert board.window(Look(offset=500, limit=10))["offset"] == 90
    assert board.window(Look(text="nothing"))["rows"] == []


def test_the_panel_shows_what_a_view_looks_at_and_follows(comms, lab, run, ask):
    panel = LabWidget.of(lab)
    assert comms[-1].sent[0]["data"]["state"]["board"]["total"] == 1
    assert ask(panel, "look", view="v", offset=0, limit=12)["ok"]
    rows = panel.comm.until("rows")
    assert rows[-1]["rows"]["rows"][0]["state"] == "closed"
    run.send("open_command")
    panel.comm.until("rows", lambda all: all[-1]["rows"]["rows"][0]["state"] == "opening")
    panel.comm.until(
        "board", lambda all: all and all[-1]["board"]["groups"][0]["state"] == "opening"
    )
    assert ask(panel, "leave", view="v")["ok"]


def test_runs_are_started_opened_sent_to_and_stopped(comms, lab, ask):
    lab.add(Door)
    panel = LabWidget.of(lab)
    assert panel.feed.board["machines"]["Door"]["data"] == {"opened": 0, "locked": False}
    more = {"machine": "Door", "run": "d9", "tenant": "x", "data": {"opened": 5}}
    assert ask(panel, "start", **more)["run"] == "d9"
    run = lab.run("d9")
    assert (run.tenant, run.data["opened"]) == ("x", 5)
    assert ask(panel, "open", run="d9")["ok"]
    assert panel.comm.until("run")[-1]["face"]["run"] == "d9"
    assert ask(panel, "send", run="d9", event="open_command", data={})["ok"]
    panel.comm.until(
        "patch", lambda all: any(one["patch"]["set"].get("state") == "opening" for one in all)
    )
    assert ask(panel, "close", run="d9")["ok"]
    assert ask(panel, "stop", run="d9")["ok"]
    assert run.done


def test_a_run_of_another_day_is_asleep_until_it_is_resumed(comms, tmp_path, ask):
    with Lab(tmp_path / "a.duckdb") as first:
        first.start(Door, id="d1").send("open_command")
    with Lab(tmp_path / "a.duckdb") as lab:
        panel = LabWidget.of(lab)
        assert ask(panel, "look", view="v")["ok"]
        assert panel.comm.until("rows")[-1]["rows"]["rows"][0]["status"] == "asleep"
        assert "resume" in ask(panel, "open", run="d1")["hint"]
        assert ask(panel, "resume", run="d1")["ok"]
        panel.comm.until("rows", lambda all: all[-1]["rows"]["rows"][0]["status"] == "running")
        assert ask(panel, "open", run="d1")["ok"]
        panel.close()


def test_what_cannot_be_done_is_said(comms, lab, run, ask):
    panel = LabWidget.of(lab)
    assert "knows no machine" in ask(panel, "start", machine="Nope")["error"]
    assert "door_001" in ask(panel, "start", machine="Door", run="door_001", data={})["error"]
    assert ask(panel, "open", run="nobody")["ok"] is False
    lab.close()
    assert "closed" in ask(panel, "start", machine="Door")["error"]


def test_a_machine_that_becomes_known_appears_with_the_next_display(comms, lab):
    panel = LabWidget.of(lab)
    lab.add(Door)
    assert LabWidget.of(lab) is panel
    panel.comm.until("board", lambda all: all and "Door" in all[-1]["board"]["machines"])


def test_without_a_kernel_there_is_text_and_a_table(lab, run):
    bundle = lab_face(lab)
    assert set(bundle) == {"text/plain", "text/html"}
    assert "<td>Door</td><td>closed</td>" in bundle["text/html"]
    lab.close()
    assert set(lab_face(lab)) == {"text/plain"}


def test_a_chart_has_a_picture():
    bundle = chart_face(Door.chart)
    assert bundle["text/plain"] == "<Chart Door: 3 states, 3 transitions>"
    assert bundle["image/svg+xml"].startswith("<svg")
