"""Specs from agents that try what they may not: refused before they run, or harmless when they do."""

import json
import time

import pytest

from tests.mcp.at_desk import at_desk

SECRET = "hunter2-hunter2"


@pytest.fixture
def desk():
    found = at_desk()
    found.ask("create_fsm", machine="SmartDoor", fsm_id="theirs", tenant="acme")
    yield found
    found.close()


def spec(*enter, **more):
    working = {
        "enter": list(enter),
        "on_success": {"to": "over", "assign": {"got": "event.result"}},
        "on_error": {"to": "over", "assign": {"why": "event.message"}},
    }
    states = {"working": working, "over": {"final": True}}
    made = {"spec": "traaviis/1", "name": "Evil", "data": {}, "initial": "working"}
    return {**made, "states": states, **more}


def problems(desk, *enter, **more):
    told = desk.ask("create_ai_workflow", spec=spec(*enter, **more), start=False)
    assert told["valid"] is False, told
    error = desk.refused("create_fsm", spec=spec(*enter, **more))
    assert error["kind"] == "DefinitionError"
    assert all(one["message"] in error["message"] for one in told["problems"])
    return [one["message"] for one in told["problems"]]


def ran(desk, *enter, data=None, **more):
    """What came of a spec that is taken: the data of its run when it is over."""
    told = desk.ask("create_fsm", spec=spec(*enter, **more), data=data)
    done = desk.ask("wait_for_run", fsm_id=told["fsm_id"], seconds=20)
    assert done["done"], done
    return done["data"]


@pytest.mark.parametrize("function", ["os.system", "eval", "builtins.exec", "__import__", "nope"])
def test_code_that_was_not_registered_is_not_called(desk, function):
    desk.lab.register(lambda: 1, "allowed")
    effect = {"kind": "call", "function": function, "args": {"a": "id"}}
    assert problems(desk, effect) == [f"no function {function!r} is registered here."]
    inside = {"kind": "sequence", "effects": [{"kind": "parallel", "effects": [effect]}]}
    assert problems(desk, inside) == [f"no function {function!r} is registered here."]
    data = ran(desk, {"kind": "call", "function": "{{ data.f }}"}, data={"f": function})
    assert "is registered here" in data["why"]


def test_a_class_or_an_attribute_is_no_function(desk):
    for expression in ("data.__class__", "().__class__.__bases__", "open('/etc/passwd')"):
        made = spec(name="Peek")
        made["states"]["working"] = {"transitions": [{"to": "over", "assign": {"x": expression}}]}
        told = desk.reply("create_fsm", spec=made)
        assert "root:" not in told.text
        assert told.is_error or "x" not in told.data["data"], expression


def test_kinds_that_nobody_performs_are_refused(desk):
    assert problems(desk, {"kind": "invoke_agent", "agent": "a", "task": "t"}) == [
        "nobody here performs 'invoke_agent'."
    ]
    assert "there is no effect 'shell'" in problems(desk, {"kind": "shell"})[0]
    assert problems(desk, {"kind": "permit", "of": "cache", "name": "x"})


def test_hosts_that_were_not_allowed_are_not_called(desk):
    desk.lab.allow_host("api.example.com")
    for url, host in (
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254:80"),
        ("http://localhost:8888/api", "localhost:8888"),
        ("https://api.example.com.evil.org/", "api.example.com.evil.org:443"),
        ("https://API.EXAMPLE.COM:9/", "api.example.com:9"),
    ):
        effect = {"kind": "call_api", "method": "GET", "url": url}
        assert problems(desk, effect) == [f"this lab may not call {host!r}."]
    effect = {"kind": "call_api", "method": "GET", "url": "http://{{ data.host }}/x"}
    data = ran(desk, effect, data={"host": "localhost:1"})
    assert "may not call 'localhost:1'" in data["why"]
    assert problems(
        desk, {"kind": "call_api", "method": "GET", "url": "file://localhost/etc/passwd"}
    )


def test_no_secret_is_handed_to_a_tool(desk):
    desk.lab.secrets.add("KEPT", SECRET, hosts=["api.example.com"])
    effect = {"kind": "call_tool", "tool": "files.write", "arguments": {"text": "hello"}}
    assert desk.ask("create_ai_workflow", spec=spec(effect), start=False)["valid"] is True
    for value in ({"secret": "KEPT"}, "Bearer $secret{KEPT}", {"deep": [{"secret": "KEPT"}]}):
        told = problems(desk, {**effect, "arguments": {"text": value}})
        assert told == ["the secret 'KEPT' may not be handed to a tool by a spec from outside."]
    wrapped = {"kind": "retry", "attempts": 2, "effect": {**effect, "arguments": {"t": value}}}
    assert problems(desk, wrapped) == told


def test_secrets_are_used_only_where_a_person_keeps_them_for_hosts(desk):
    desk.lab.secrets["OPEN"] = SECRET
    desk.lab.secrets.add("KEPT", SECRET + "!", hosts=["api.example.com"])
    desk.lab.allow_host("api.example.com")
    url = "https://api.example.com/"

    def call(**fields):
        return {"kind": "call_api", "method": "POST", "url": url, **fields}

    told = "the secret 'OPEN' is not one that a spec from outside may use."
    for effect in (
        call(headers={"X": {"secret": "OPEN"}}),
        call(headers={"X": "Bearer $secret{OPEN}"}),
        call(params={"q": "$secret{OPEN}"}),
        call(body="$secret{OPEN}"),
        call(json={"a": [{"b": {"secret": "OPEN"}}]}),
        {**call(), "url": url + "$secret{OPEN}"},
    ):
        assert problems(desk, effect) == [told]
    assert problems(desk, call(headers={"X": {"secret": "TRAAVIIS"}}))
    assert problems(desk, call(reveals=["body"]))
    good = desk.ask(
        "create_ai_workflow", start=False, spec=spec(call(headers={"X": {"secret": "KEPT"}}))
    )
    assert good["valid"] is True


def test_a_secret_is_no_word_anywhere_else(desk):
    desk.lab.secrets["OPEN"] = SECRET
    for effect in (
        {"kind": "log", "message": "$secret{OPEN}"},
        {"kind": "put_data", "key": "x", "value": {"a": {"secret": "OPEN"}}},
        {"kind": "put_data", "key": "x", "value": "{{ secrets.OPEN }}"},
    ):
        reply = desk.reply("create_fsm", spec=spec(effect, {"kind": "delay", "for": "1ms"}))
        assert SECRET not in reply.text
        if not reply.is_error:
            done = desk.reply("wait_for_run", fsm_id=reply.data["fsm_id"], seconds=20)
            assert SECRET not in done.text
    facts = desk.lab.sql("select body from events")
    assert not facts["body"].str.contains(SECRET).any()


def test_events_and_children_of_other_tenants_are_out_of_reach(desk):
    before = desk.run("theirs", "acme").seq
    effect = {"kind": "send_event", "to": "theirs", "event": "open_command"}
    why = ran(desk, effect)["why"]
    assert "there is no live run 'theirs' that takes events of the tenant 'default'" in why
    never = ran(desk, {**effect, "to": "nobodys"})["why"]
    assert never.replace("nobodys", "theirs") == why
    assert desk.run("theirs", "acme").seq == before
    assert desk.run("theirs", "acme").state == "closed"
    desk.ask("create_fsm", spec={**spec(name="Theirs")}, tenant="acme")
    for kind in ("invoke_fsm", "spawn_fsm"):
        assert problems(desk, {"kind": kind, "machine": "Theirs"}) == [
            "there is no machine 'Theirs'."
        ]
        effect = {"kind": kind, "machine": "{{ data.m }}"}
        why = ran(desk, effect, data={"m": "Theirs"})["why"]
        assert "No machine 'Theirs' is known" in why
    assert desk.run("theirs", "acme").seq == before


def test_what_one_tenant_keeps_another_does_not_find(desk):
    desk.lab.register(lambda who: f"value of {who}", "find")

    def cached(tenant, who):
        inner = {"kind": "call", "function": "find", "args": {"who": who}}
        effect = {"kind": "cache", "name": "c", "key": "k", "ttl": "1h", "effect": inner}
        told = desk.ask("execute_effect_pipeline", tenant=tenant, effects=effect)
        return told["result"]

    assert cached("acme", "acme") == "value of acme"
    assert cached("acme", "again") == "value of acme"
    assert cached("default", "default") == "value of default"


def test_charts_too_large_or_too_deep_are_refused(desk):
    many = {f"s{n}": {} for n in range(2_001)}
    assert problems(desk, states=many, initial="s0") == ["there are 2,001 states."]
    deep = {"final": True}
    for n in range(40):
        deep = {"initial": f"d{n}", "states": {f"d{n}": deep}}
    told = problems(desk, states={"top": deep}, initial="top")
    assert "deep" in told[0]
    text = "spec: traaviis/1\nname: Long\n# " + "x" * 200_001
    assert "200,000 are the most" in desk.refused("create_fsm", spec=text)["message"]
    heap = spec(data={"x": [[0] * 1_000] * 101})
    assert "more than 100,000 values" in desk.refused("create_fsm", spec=heap)["message"]
    nested = x = []
    for _ in range(300):
        x.append([])
        x = x[0]
    assert desk.reply("create_fsm", spec=spec(data={"x": nested})).is_error
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n"
        for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    )
    began = time.monotonic()
    assert desk.reply("create_fsm", spec=bomb).is_error
    assert time.monotonic() - began < 20


def looping(assign, when="data.n < 900"):
    arrows = [{"when": when, "to": "working", "assign": {"n": "data.n + 1", **assign}}]
    return spec(
        name="Loop", data={"n": 0, "x": [1, 1]},
        states={"working": {"transitions": [*arrows, {"on": "go", "to": "over"}]},
                "over": {"final": True}},
    )  # fmt: skip


def test_charts_that_run_away_or_grow_without_end_do_not_begin(desk):
    error = desk.refused("create_fsm", spec=looping({}, when="true"))
    assert error["kind"] == "RunawayChart"
    for assign in (
        {"x": "[data.x, data.x]"},
        {"x": "{'a': data.x, 'b': data.x}"},
        {"x": "data.x + [data.x] + [data.x]"},
    ):
        began = time.monotonic()
        error = desk.refused("create_fsm", spec=looping(assign))
        assert time.monotonic() - began < 10
        assert "bytes of data" in error["message"], assign
    assert desk.ask("list_tenant_fsms")["runs"] == []
    assert desk.ask("get_fsm_state", tenant="acme", fsm_id="theirs")["state"] == "closed"


def test_charts_that_compute_for_ever_are_left(desk, monkeypatch):
    monkeypatch.setattr("traaviis_lab.runtime.stopwatch.MOST_SECONDS", 0.3)
    heavy = "range.map(i, range.map(j, i + j).size()).size()".replace("range", "data.many")
    made = looping({"y": heavy})
    made["data"]["many"] = list(range(700))
    began = time.monotonic()
    error = desk.refused("create_fsm", spec=made)
    assert time.monotonic() - began < 20
    assert error["kind"] == "RunawayChart"
    assert "did not settle in time" in error["message"]
    later = looping({"y": heavy}, when="data.n > 0 && data.n < 900")
    later["data"]["many"] = list(range(700))
    arrow = {"on": "begin", "to": "working", "assign": {"n": "1"}}
    later["states"]["working"]["transitions"].append(arrow)
    run = desk.ask("create_fsm", spec=later)
    told = desk.ask("validate_transition", fsm_id=run["fsm_id"], event="begin")
    assert (told["would"], "in time" in told["why"]) == (False, True)
    assert desk.refused("send_event", fsm_id=run["fsm_id"], event="begin")["kind"] == "RunawayChart"
    assert desk.ask("get_fsm_state", fsm_id=run["fsm_id"], fields=["n"])["data"] == {"n": 0}


def test_what_would_grow_without_end_is_not_shown_either(desk):
    arrow = looping({"x": "[data.x, data.x]"})["states"]["working"]["transitions"][0]
    states = {
        "working": {"transitions": [{"on": "go", "to": "growing"}]},
        "growing": {"transitions": [{**arrow, "to": "growing"}]},
    }
    made = spec(name="Later", data={"n": 0, "x": [1]}, states=states)
    run = desk.ask("create_fsm", spec=made)
    told = desk.reply("validate_transition", fsm_id=run["fsm_id"], event="go")
    assert len(told.text) < 250_000
    error = desk.refused("send_event", fsm_id=run["fsm_id"], event="go")
    assert "bytes of data" in error["message"]
    assert desk.ask("get_fsm_state", fsm_id=run["fsm_id"])["state"] == "working"


def test_runs_without_end_are_counted(desk, monkeypatch):
    from traaviis_lab.runtime import children

    monkeypatch.setattr(children, "MOST_GUEST_RUNS", 40)
    waits = {
        "spec": "traaviis/1", "name": "Hydra", "initial": "a",
        "states": {"a": {
            "enter": [{"kind": "spawn_fsm", "machine": "Hydra"}] * 3,
            "transitions": [{"on": "error.execution", "to": "a"}],
        }},
    }  # fmt: skip
    desk.ask("create_fsm", spec=waits)
    deadline = time.monotonic() + 20
    while len(desk.lab.live()) < 41 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    assert len(desk.lab.live()) == 41  # with the door of the other tenant
    assert "40 runs are under way" in desk.refused("create_fsm", spec=spec(name="More"))["message"]
    assert desk.ask("create_fsm", machine="SmartDoor", tenant="acme")["state"] == "closed"


def test_endless_waiting_holds_nobody_up(desk):
    run = desk.ask("create_fsm", spec=spec({"kind": "delay", "for": "10000h"}, name="Sleep"))
    assert desk.ask("send_event", tenant="acme", fsm_id="theirs", event="open_command")
    assert desk.destroy(run["fsm_id"]).data["done"] is True
    told = desk.reply("create_fsm", spec=spec({"kind": "delay", "for": "1e300h"}, name="Never"))
    json.dumps(told.data)


def test_texts_of_agents_are_data_and_no_templates_of_the_engine(desk):
    trick = "{{ data.__class__ }} {{ secrets }} {{ env.HOME }}"
    told = desk.ask("create_fsm", machine="SmartDoor", data={"last_user": trick})
    assert told["data"]["last_user"] == trick
