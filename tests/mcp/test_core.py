"""The tools that create, end, look at and list runs."""

import re
import subprocess
import sys

import pytest

from tests.mcp.at_desk import at_desk
from traaviis_lab import Lab, Machine, State
from traaviis_lab.gallery import SmartDoor

GATE = {
    "spec": "traaviis/1",
    "name": "Gate",
    "title": "A gate that is opened by those who may.",
    "data": {"who": "", "code": 7},
    "initial": "shut",
    "states": {
        "shut": {
            "transitions": [
                {"on": "push", "to": "wide", "when": "data.code == 8"},
                {"on": "pay", "to": "wide", "assign": {"who": "event.who"}},
            ]
        },
        "wide": {"final": True},
    },
}


@pytest.fixture(params=["memory", "disk"])
def desk(request, tmp_path):
    path = tmp_path / "core.duckdb" if request.param == "disk" else None
    found = at_desk(path)
    yield found
    found.close()


def test_a_known_machine_is_started_and_shown(desk):
    told = desk.ask("create_fsm", machine="SmartDoor", fsm_id="d1", data={"tries": 2})
    assert told["fsm_id"] == "default:d1"
    assert (told["machine"], told["state"], told["seq"]) == ("SmartDoor", "closed", 1)
    assert told["data"]["tries"] == 2
    assert told["events"] == ["open_command", "lock_command", "unlock_command"]
    assert told["done"] is False
    assert desk.run("d1").tenant == "default"


@pytest.mark.parametrize("as_text", [False, True])
def test_a_spec_is_started_and_known_to_its_tenant_alone(desk, as_text):
    spec = GATE
    if as_text:
        import json

        spec = json.dumps(GATE)
    told = desk.ask("create_fsm", spec=spec, tenant="acme")
    assert re.fullmatch(r"acme:gate-\w{8}", told["fsm_id"])
    assert told["blocked"] == {"push": "guard `data.code == 8` is false"}
    assert desk.lab.machines().keys() == {"SmartDoor"}
    again = desk.ask("create_fsm", machine="Gate", tenant="acme")
    assert again["state"] == "shut"
    error = desk.refused("create_fsm", machine="Gate", tenant="other")
    assert error["message"] == "There is no machine 'Gate'."
    assert error["hint"] == "There are: SmartDoor."


def test_what_cannot_be_created_says_why(desk):
    assert "Either the name" in desk.refused("create_fsm")["message"]
    assert "Either" in desk.refused("create_fsm", machine="SmartDoor", spec=GATE)["message"]
    assert desk.refused("create_fsm", machine="Window")["hint"] == "There are: SmartDoor."
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="d1")
    assert desk.refused("create_fsm", machine="SmartDoor", fsm_id="d1")["message"] == (
        "The id 'd1' is taken."
    )
    for bad in ("~own", "", " ", "a\nb"):
        assert (
            "no id for a run"
            in desk.refused("create_fsm", machine="SmartDoor", fsm_id=bad)["message"]
        )
    told = desk.refused("create_fsm", machine="SmartDoor", dta={})
    assert "dta" in told["message"]
    assert told["hint"] == "Its arguments: machine, spec, fsm_id, data."
    broken = {**GATE, "initial": "ajar", "states": {**GATE["states"], "x": {"enter": [{}]}}}
    told = desk.refused("create_fsm", spec=broken)
    assert told["kind"] == "DefinitionError"
    assert "2 things are wrong" in told["message"]
    assert "there is no state 'ajar'" in told["message"]


def test_a_spec_does_not_take_the_name_of_a_persons_machine(desk):
    error = desk.refused("create_fsm", spec={**GATE, "name": "SmartDoor"})
    assert error["message"] == "'SmartDoor' is a machine of this lab, and another one."
    assert desk.lab.machines()["SmartDoor"] == SmartDoor.chart
    assert desk.ask("create_fsm", spec=SmartDoor.chart.to_spec())["machine"] == "SmartDoor"


def test_a_run_is_ended_only_when_a_person_says_so(desk):
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="d1")
    desk.answer = "deny"
    assert desk.refused("destroy_fsm", fsm_id="d1")["kind"] == "PermissionDenied"
    assert not desk.run("d1").done
    told = desk.destroy("d1").data
    assert told == {
        "fsm_id": "default:d1", "state": "closed", "seq": 2, "done": True, "was_done": False,
    }  # fmt: skip
    assert desk.destroy("d1").data["was_done"] is True
    assert "admin" in desk.reply("destroy_fsm", scopes=("read", "write"), fsm_id="d1").text
    assert desk.destroy("nobody").data["error"]["kind"] == "RunNotFound"


def test_a_state_is_shown_as_far_as_is_asked(desk):
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="d1", data={"note": "x" * 30_000})
    whole = desk.ask("get_fsm_state", fsm_id="d1")
    assert whole["data"]["note"].endswith("... (30,000 characters)")
    part = desk.ask("get_fsm_state", fsm_id="d1", fields=["locked", "nothing"])
    assert part["data"] == {"locked": False}
    assert "live" not in part
    assert "held" not in part
    desk.run("d1").pause()
    assert desk.ask("get_fsm_state", fsm_id="d1")["held"]


def test_what_waits_and_works_is_shown(desk):
    spec = {
        "spec": "traaviis/1",
        "name": "Slow",
        "initial": "busy",
        "states": {
            "busy": {
                "enter": [{"kind": "delay", "for": "1h"}],
                "after": {"delay": "2h", "to": "over"},
                "on_success": {"to": "over"},
            },
            "over": {"final": True},
        },
    }
    told = desk.ask("create_fsm", spec=spec)
    (one,) = told["working_on"]
    assert (one["kind"], one["state"]) == ("delay", "busy")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["since"])
    assert next(iter(told["timers"].values())) > one["since"]


def _of(*names):
    return [f"default:{name}" for name in names]


def test_runs_are_listed_page_by_page(desk):
    for n in range(5):
        desk.ask("create_fsm", machine="SmartDoor", fsm_id=f"d{n}")
    desk.ask("create_fsm", spec=GATE, fsm_id="g")
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="theirs", tenant="acme")
    desk.ask("send_event", fsm_id="d1", event="open_command")
    desk.ask("send_event", fsm_id="g", event="pay", data={"who": "me"})
    first = desk.ask("list_tenant_fsms", limit=4)
    assert [one["fsm_id"] for one in first["runs"]] == _of("g", "d4", "d3", "d2")
    assert (first["more"], first["next"]) == (True, "default:d2")
    rest = desk.ask("list_tenant_fsms", limit=4, after="default:d2")
    assert [one["fsm_id"] for one in rest["runs"]] == _of("d1", "d0")
    assert "more" not in rest
    assert [r["fsm_id"] for r in desk.ask("list_tenant_fsms", state="opening")["runs"]] == _of("d1")
    assert [r["fsm_id"] for r in desk.ask("list_tenant_fsms", done=True)["runs"]] == _of("g")
    assert [r["fsm_id"] for r in desk.ask("list_tenant_fsms", machine="Gate")["runs"]] == _of("g")
    old = desk.ask("list_tenant_fsms", order="oldest", limit=1)["runs"]
    assert [one["fsm_id"] for one in old] == _of("d0")
    assert desk.refused("list_tenant_fsms", after="theirs")["hint"] == "Begin anew."
    assert "limit" in desk.refused("list_tenant_fsms", limit=0)["message"]
    theirs = desk.ask("list_tenant_fsms", tenant="acme")["runs"]
    assert [one["fsm_id"] for one in theirs] == ["acme:theirs"]


def test_metrics_count_one_run_or_all_of_a_tenant(desk):
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="d1")
    desk.ask("send_event", fsm_id="d1", event="open_command")
    desk.refused("send_event", fsm_id="d1", event="nonsense")
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="theirs", tenant="acme")
    desk.ask("send_event", fsm_id="theirs", event="open_command", tenant="acme")
    one = desk.ask("get_fsm_metrics", fsm_id="d1")
    assert (one["events"], one["refused"], one["facts"]) == (1, 1, 4)
    assert one["effects"][0]["effect"] == "log"
    assert one["effects"][0]["completed"] == 1
    assert {row["state"]: row["stays"] for row in one["states"]} == {"closed": 1, "opening": 1}
    assert one["usd"] == 0
    whole = desk.ask("get_fsm_metrics")
    assert (whole["runs"], whole["done"], whole["events"], whole["facts"]) == (1, 0, 1, 4)
    assert desk.ask("get_fsm_metrics", tenant="nobody")["facts"] == 0


def test_metrics_count_tokens_and_money_and_what_has_no_price(desk):
    desk.lab.models.scripted("m", ["one", "two"])
    desk.ask("call_llm", prompt="Say one.", model="m/x")
    told = desk.ask("get_fsm_metrics")
    assert told["models"][0]["model"] == "m/x"
    assert told["models"][0]["calls"] == 1
    assert told["tokens_in"] > 0
    assert (told["usd"], told["unpriced"]) == (0.0, 0)


def test_the_server_tells_of_itself_and_of_this_tenant(desk):
    desk.ask("create_fsm", machine="SmartDoor", tenant="acme")
    told = desk.ask("get_server_stats")
    assert (told["tenant"], told["runs"], told["live"], told["machines"]) == ("default", 0, 0, 1)
    assert told["scopes"] == ["admin", "debug", "read", "write"]
    assert desk.ask("get_server_stats", tenant="acme")["live"] == 1
    path = desk.lab.path
    assert path is None or path not in str(told)


def test_what_there_is_to_build_with(desk):
    def fetch(url: str) -> str:
        """Fetch a page."""

    desk.lab.register(fetch)
    desk.lab.allow_host("api.example.com")
    desk.lab.models.scripted("m", ["one"])
    desk.lab.models.alias("fast", "m/x")
    names = desk.ask("get_available_modules")
    assert names["machines"] == ["SmartDoor"]
    assert names["templates"] == ["SecuritySystem", "SmartDoor", "Timer"]
    assert names["hosts"] == ["api.example.com"]
    assert names["functions"] == ["fetch"]
    assert "call_llm" in names["effects"]
    assert "invoke_agent" not in names["effects"]
    assert "permit" not in names["effects"]
    assert desk.ask("get_available_modules", what="functions") == {
        "functions": {"fetch": "Fetch a page."}
    }
    models = desk.ask("get_available_modules", what="models")["models"]
    assert models == {"m": {"models": "m/...", "source": "scripted", "aliases": ["fast"]}}
    one = desk.ask("get_available_modules", what="effects", name="call_api")["effects"]
    assert "url" in one["call_api"]["fields"]
    assert "reveals" not in one["call_api"]["fields"]
    error = desk.refused("get_available_modules", what="machines", name="Gate")
    assert error["hint"] == "There are: SmartDoor."
    desk.ask("create_fsm", spec=GATE)
    mine = desk.ask("get_available_modules", what="machines", name="Gate")["machines"]["Gate"]
    assert (mine["made_by"], mine["events"]) == ("agent", ["push", "pay"])


@pytest.mark.parametrize("tool", ["get_fsm_state", "get_fsm_metrics", "get_run", "destroy_fsm"])
def test_another_tenants_run_does_not_exist(desk, tool):
    desk.ask("create_fsm", machine="SmartDoor", fsm_id="theirs", tenant="acme")
    desk.answer = "once"
    error = desk.refused(tool, fsm_id="theirs")
    never = desk.refused(tool, fsm_id="never")
    assert error["message"].replace("theirs", "never") == never["message"]
    assert error["hint"] == never["hint"]
    assert not desk.run("theirs", "acme").done


class Sluice(Machine):
    low = State(initial=True)
    high = State()
    low.to(high, on="fill", when=lambda data, event: True)


def test_a_run_of_another_process_is_read_and_not_driven(tmp_path):
    path = tmp_path / "shared.duckdb"
    code = (
        "import sys\nfrom traaviis_lab import Lab\nfrom traaviis_lab.gallery import SmartDoor\n"
        "from tests.mcp.test_core import Sluice\n"
        "lab = Lab(sys.argv[1])\nlab.start(SmartDoor, 'far').send('open_command')\n"
        "lab.start(Sluice, 'sluice')\n"
        "print('ready', flush=True)\nsys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert other.stdout.readline() == "ready\n"
        desk = at_desk(path)
        told = desk.ask("get_fsm_state", fsm_id="far")
        assert (told["state"], told["live"]) == ("opening", False)
        assert desk.ask("validate_transition", fsm_id="far", event="fully_open")["would"]
        listed = {one["fsm_id"]: one["live"] for one in desk.ask("list_tenant_fsms")["runs"]}
        assert listed == {"far": False, "sluice": False}
        for error in (
            desk.refused("send_event", fsm_id="far", event="fully_open"),
            desk.destroy("far").data["error"],
        ):
            assert error["message"].startswith("Run 'far' is not live in this kernel; it is in 'op")
            assert "get_fsm_state reads it" in error["hint"]
        python = desk.ask("get_fsm_state", fsm_id="sluice")
        assert (python["state"], python["data"]) == ("low", None)
        assert python["why_no_data"]
        late = desk.ask("wait_for_run", fsm_id="far", seconds=0.1)
        assert (late["met"], late["state"]) == (False, "opening")
        desk.close()
    finally:
        other.communicate("", timeout=30)


def test_a_run_that_is_over_is_read_on_another_day(tmp_path):
    path = tmp_path / "days.duckdb"
    with Lab(path) as lab:
        lab.start(SmartDoor, "old").stop()
    desk = at_desk(path)
    told = desk.ask("get_fsm_state", fsm_id="old")
    assert (told["done"], told["live"], told["events"]) == (True, False, [])
    error = desk.refused("send_event", fsm_id="old", event="open_command")
    assert error["message"].startswith("Run 'old' is over")
    assert desk.destroy("old").data["was_done"] is True
    desk.close()
