"""Questions of agents in the widgets: the same everywhere, in order, gone when they are answered."""

from __future__ import annotations

import json

import pytest

from traaviis_lab.widgets import LabWidget


@pytest.fixture
def panel(comms, lab):
    return LabWidget.of(lab)


def put(lab, text="An agent (a) wants to call destroy_fsm.", **more):
    said = {"who": "a", "tool": "destroy_fsm", "tenant": "t", "run": "door_001", **more}
    return lab.approvals.ask(text, **said)


def rows(panel, count):
    def holds(all):
        return all and len(all[-1]["board"]["questions"]["rows"]) == count

    return panel.comm.until("board", holds)[-1]["board"]["questions"]["rows"]


def test_the_panel_shows_what_agents_ask_in_order(panel, lab):
    assert panel.feed.board["questions"] == {"rows": [], "more": 0}
    asked = [put(lab, f"An agent wants {n}.", arguments={"n": n}) for n in range(3)]
    told = rows(panel, 3)
    assert [row["id"] for row in told] == [one.id for one in asked]
    assert [row["text"] for row in told] == [one.text for one in asked]
    assert json.loads(told[1]["arguments"]) == {"n": 1}
    assert told[0]["at"] == int(asked[0].at * 1000)


def test_an_answer_in_the_panel_reaches_who_asked(panel, lab, ask):
    first, second, third = (put(lab) for _ in range(3))
    rows(panel, 3)
    for one, answer in ((second, "always"), (first, "once"), (third, "deny")):
        assert ask(panel, "decide", question=one.id, answer=answer)["ok"]
        assert one.answered.result(5) == answer
    rows(panel, 0)


def test_one_that_is_withdrawn_is_gone_and_takes_no_answer(panel, lab, ask):
    asked = put(lab)
    rows(panel, 1)
    lab.approvals.withdraw(asked.id)
    rows(panel, 0)
    told = ask(panel, "decide", question=asked.id, answer="once")
    assert "not asked any more" in told["error"]
    assert asked.answered.cancelled()


def test_what_is_asked_before_the_panel_is_shown_is_there(comms, lab):
    asked = put(lab)
    panel = LabWidget.of(lab)
    (row,) = comms[-1].sent[0]["data"]["state"]["board"]["questions"]["rows"]
    assert row["id"] == asked.id
    panel.close()
    put(lab)  # nobody hears it, and nothing fails


def test_a_flood_is_bounded_and_the_rest_is_counted(panel, lab, ask):
    asked = [put(lab) for _ in range(25)]
    assert rows(panel, 20)[-1]["id"] == asked[19].id
    panel.comm.until("board", lambda all: all[-1]["board"]["questions"]["more"] == 5)
    ask(panel, "decide", question=asked[0].id, answer="deny")
    panel.comm.until("board", lambda all: all[-1]["board"]["questions"]["more"] == 4)
    assert panel.feed.board["questions"]["rows"][-1]["id"] == asked[20].id


def test_long_arguments_are_cut_and_it_is_said_how_much(panel, lab):
    put(lab, "x" * 900, arguments={"text": "y" * 30_000})
    (row,) = rows(panel, 1)
    assert len(row["text"]) == 500
    assert len(row["arguments"]) < 20_100
    assert row["arguments"].endswith("characters are not shown")


def test_nothing_is_hidden_in_what_a_person_decides_on(panel, lab):
    put(lab, "An agent (a\u202eb\n) wants", who="a\u200b", arguments={"path": "\u2066tmp\u2069"})
    (row,) = rows(panel, 1)
    assert row["text"] == "An agent (a\\u202eb\\u000a) wants"
    assert row["who"] == "a\\u200b"
    assert "\\u2066tmp\\u2069" in row["arguments"]


def test_an_answer_that_is_none_changes_nothing(panel, lab, ask):
    asked = put(lab)
    assert "'yes' is no answer" in ask(panel, "decide", question=asked.id, answer="yes")["error"]
    assert lab.approvals.pending() == (asked,)
    assert ask(panel, "decide", question=7, answer="once")["ok"] is False
