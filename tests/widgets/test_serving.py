"""The server's widget: what the browser is told of a real server and its clients, and what it may ask."""

from __future__ import annotations

import gc
import json
import threading
import weakref

import pytest

from tests.mcp.talking import NEW, OLD, Talk, eventually
from traaviis_lab import Lab
from traaviis_lab.widgets import LabWidget
from traaviis_lab.widgets.faces import WIDGET
from traaviis_lab.widgets.pump import the_pump
from traaviis_lab.widgets.serving import ServingWidget

from .conftest import Door


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    yield
    Talk.close_all()


@pytest.fixture
def served(lab, run):
    return lab.serve_mcp()


@pytest.fixture
def widget(comms, served):
    return ServingWidget.of(served)


def now(widget):
    """All that a page knows that was opened with the widget and heard every message."""
    found = dict(widget.comm.sent[0]["data"]["state"]["now"])
    for message in widget.comm.messages("serving"):
        set = message["set"]
        if not message.get("whole"):
            assert set["rev"] == found["rev"] + 1, "a message was missed"
        found |= set
    return found


def until(widget, holds):
    widget.comm.until("serving", lambda _: holds(now(widget)))
    return now(widget)


def everything_sent(comms):
    """All that ever went to a browser, as text."""
    return json.dumps([one.sent for one in comms], default=str)


def test_at_first_it_says_where_it_serves_and_that_nobody_called(widget, served):
    told = now(widget)
    assert (told["serving"], told["url"], told["guarded"]) == (True, served.url, True)
    assert told["tenant"] == served.tenant
    assert [one["name"] for one in told["sets"]] == list(served.sets)
    assert all(one["on"] for one in told["sets"])
    assert (told["calls"], told["clients"]["rows"]) == ([], [])
    assert told["questions"] == {"rows": [], "more": 0}


@pytest.mark.parametrize("era", [OLD, NEW])
def test_a_client_and_its_calls_show_as_they_come(widget, served, era):
    talk = Talk(served, era=era, name="scout")
    talk.call("send_event", fsm_id="door_001", event="open_command")
    talk.call("send_event", fsm_id="door_001", event="kicked")
    told = until(widget, lambda now: len(now["calls"]) == 2)
    refused, sent = told["calls"]
    assert (sent["tool"], sent["outcome"], sent["run"]) == ("send_event", "ok", "door_001")
    assert json.loads(sent["arguments"]) == {"fsm_id": "door_001", "event": "open_command"}
    assert refused["outcome"] != "ok"
    assert sent["took"] > 0
    (client,) = until(widget, lambda now: now["clients"]["rows"][0]["calls"] == 2)["clients"][
        "rows"
    ]
    assert (client["name"], client["version"], client["era"]) == ("scout", "1", era)
    assert told["rate"] > 0


def test_a_burst_of_calls_is_a_few_messages(widget, served):
    talk = Talk(served)
    for _ in range(150):
        talk.call("get_fsm_state", fsm_id="door_001")
    told = until(widget, lambda now: now["clients"]["rows"][0]["calls"] == 150)
    assert len(told["calls"]) == 20
    assert len(widget.comm.messages("serving")) < 75


def test_the_token_is_told_to_who_asks_and_nowhere_else(comms, served, ask, lab):
    bundle = served._repr_mimebundle_()
    widget = ServingWidget.of(served)
    Talk(served).call("get_fsm_state", fsm_id="door_001")
    until(widget, lambda now: now["calls"])
    assert ask(widget, "config", client="cursor")["ok"]
    assert served.token not in everything_sent(comms)
    assert served.token not in json.dumps(bundle)
    assert served.token not in json.dumps(widget.get_state(), default=str)
    assert ask(widget, "token")["text"] == served.token
    assert served.token not in json.dumps(widget.get_state(), default=str)
    served.stop()
    assert "stopped" in ask(widget, "token")["error"]


@pytest.mark.parametrize(
    "client", ["claude-code", "claude-desktop", "vscode", "cursor", "inspector"]
)
@pytest.mark.parametrize("bridge", [False, True])
def test_what_to_paste_is_whole_only_for_the_clipboard(widget, served, ask, client, bridge):
    shown = ask(widget, "config", client=client, bridge=bridge)
    copied = ask(widget, "config", client=client, bridge=bridge, whole=True)
    assert copied["text"] == served.client_config(client, bridge=bridge)
    assert served.token not in shown["text"]
    assert shown["text"] == copied["text"].replace(served.token, "•" * 12)


def test_an_unknown_client_is_said_to_be_one(widget, ask):
    assert "netscape" in ask(widget, "config", client="netscape")["error"]


def test_a_set_is_switched_off_for_agents_and_on_again(widget, served, ask):
    talk = Talk(served)
    assert "get_history" in talk.names()
    assert ask(widget, "switch", set="debug", on=False)["ok"]
    assert "get_history" not in talk.names()
    told = until(widget, lambda now: {"name": "debug", "on": False} in now["sets"])
    assert {"name": "core", "on": True} in told["sets"]
    assert ask(widget, "switch", set="debug", on=True)["ok"]
    assert "get_history" in talk.names()
    assert "magic" in ask(widget, "switch", set="magic", on=True)["error"]


def test_it_is_stopped_and_serves_the_same_way_again(comms, lab, run, ask):
    first = lab.serve_mcp(scopes=["read"], tenant=lab.tenant)
    widget = ServingWidget.of(first)
    assert ask(widget, "switch", set="debug", on=False)["ok"]
    assert ask(widget, "stop")["ok"]
    assert not until(widget, lambda now: not now["serving"])["serving"]
    with pytest.raises(ConnectionRefusedError):
        Talk(first).open()
    assert ask(widget, "start")["ok"]
    second = lab.serve_mcp()
    assert second is not first
    told = until(widget, lambda now: now["serving"])
    assert told["url"] == second.url
    assert {"name": "debug", "on": False} in told["sets"]
    names = Talk(second).names()
    assert "get_fsm_state" in names
    assert not names & {"create_fsm", "get_history", "destroy_fsm"}
    assert second.token != first.token


def test_a_cell_that_is_run_again_after_a_stop_shows_the_new_server_everywhere(comms, lab, run):
    first = lab.serve_mcp()
    widget = ServingWidget.of(first)
    first.stop()
    second = lab.serve_mcp()
    assert ServingWidget.of(second) is widget
    assert until(widget, lambda now: now["url"] == second.url)["serving"]
    Talk(second).call("get_fsm_state", fsm_id="door_001")
    assert until(widget, lambda now: now["calls"])["calls"][0]["tool"] == "get_fsm_state"


def test_a_closed_lab_serves_nobody_and_says_so(widget, lab, ask):
    lab.close()
    until(widget, lambda now: not now["serving"])
    assert "closed" in ask(widget, "start")["error"]


def test_what_agents_write_is_shown_as_it_is_and_bounded(widget, served):
    name = "evil\u202e<b>" + "x" * 70
    talk = Talk(served, name=name)
    talk.call("get_fsm_state", fsm_id="<img src=x>\u200b" + "y" * 3_000)
    told = until(widget, lambda now: now["calls"])
    assert "\u202e" not in json.dumps(told, ensure_ascii=False)
    assert "\u200b" not in told["calls"][0]["arguments"]
    assert "\\u200b" in told["calls"][0]["arguments"]
    assert len(told["calls"][0]["arguments"]) < 2_200
    assert len(told["clients"]["rows"][0]["name"]) <= 80


def test_many_clients_are_bounded_and_counted(widget, served):
    for number in range(45):
        Talk(served, era=NEW, name=f"agent {number}").call("get_fsm_state", fsm_id="door_001")
    told = until(widget, lambda now: now["clients"]["more"] == 5)
    assert told["clients"]["rows"][0]["name"] == "agent 44"


def test_an_agents_question_shows_and_is_answered(widget, served, ask, run):
    said = {}
    asking = threading.Thread(
        target=lambda: said.update(Talk(served).call("destroy_fsm", fsm_id="door_001"))
    )
    asking.start()
    (row,) = until(widget, lambda now: now["questions"]["rows"])["questions"]["rows"]
    assert (row["tool"], row["who"], row["run"]) == ("destroy_fsm", "tester", "door_001")
    assert row["text"].startswith("An agent (tester) wants to")
    assert json.loads(row["arguments"]) == {"fsm_id": "door_001"}
    assert not run.done
    assert ask(widget, "decide", question=row["id"], answer="once")["ok"]
    asking.join(10)
    assert run.done
    assert said["done"] is True
    until(widget, lambda now: not now["questions"]["rows"])
    assert "No question" in ask(widget, "decide", question=row["id"], answer="once")["error"]


def test_a_no_is_told_to_the_agent_and_nothing_is_done(widget, served, ask, run):
    said = {}
    asking = threading.Thread(
        target=lambda: said.update(Talk(served).call("destroy_fsm", fsm_id="door_001"))
    )
    asking.start()
    (row,) = until(widget, lambda now: now["questions"]["rows"])["questions"]["rows"]
    assert "no answer" in ask(widget, "decide", question=row["id"], answer="maybe")["error"]
    assert ask(widget, "decide", question=row["id"], answer="deny")["ok"]
    asking.join(10)
    assert said["error"]["kind"] == "PermissionDenied"
    assert not run.done


def test_looking_on_keeps_neither_server_nor_lab(comms, tmp_path):
    def once():
        lab = Lab()
        lab.start(Door, id="d")
        server = lab.serve_mcp()
        ServingWidget.of(server)
        lab.close()
        return weakref.ref(lab), weakref.ref(server)

    refs = once()
    assert eventually(lambda: gc.collect() is not None and not any(ref() for ref in refs))


def test_without_widgets_there_is_text_that_says_the_same_every_time(comms, lab, run):
    bundles = []
    for _ in range(2):
        server = lab.serve_mcp()
        Talk(server).call("get_fsm_state", fsm_id="door_001")
        bundles.append(server._repr_mimebundle_())
        server.stop()
    for bundle in bundles:
        assert set(bundle) == {"text/plain", "text/html", WIDGET}
        said = bundle["text/plain"] + bundle["text/html"]
        assert "serving" in said
        assert "core" in said
        assert not any(word in said for word in ("127.0.0.1", "Bearer"))
    assert bundles[0]["text/html"] == bundles[1]["text/html"]
    assert bundles[0]["text/plain"] == bundles[1]["text/plain"]


def test_a_stopped_server_says_so_without_a_kernel(comms, served):
    served.stop()
    assert "stopped" in served._repr_mimebundle_()["text/plain"]
    assert "stopped" in served._repr_mimebundle_()["text/html"]


def test_calls_of_agents_are_no_runs_of_the_panel(comms, lab, run, served):
    panel = LabWidget.of(lab)
    Talk(served).call("get_fsm_state", fsm_id="door_001")
    run.send("open_command")
    panel.comm.until(
        "board", lambda all: any(one["board"]["groups"][0]["state"] == "opening" for one in all)
    )
    assert panel.feed.board["total"] == 1


def test_a_closed_widget_hears_nothing_more(comms, served):
    widget = ServingWidget.of(served)
    widget.close()
    assert the_pump().settle()
    again = ServingWidget.of(served)
    assert again is not widget
    Talk(served).call("get_fsm_state", fsm_id="door_001")
    until(again, lambda now: now["calls"])
    assert again.feed.now["calls"]
    assert not widget.feed.now["calls"]
