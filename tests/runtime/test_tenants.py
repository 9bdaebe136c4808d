"""Runs of one tenant reach nothing of another's: no run, gate, failure, value or knowledge."""

import pytest

from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import CircuitOpen, EffectError, LabError
from traaviis_lab.gallery import SmartDoor

MARK = "the blue whale"


@pytest.fixture
def lab():
    with Lab() as lab:
        yield lab


def test_an_event_is_not_sent_to_another_tenants_run(lab):
    door = lab.start(SmartDoor, "door", tenant="a")
    before = door.seq
    with pytest.raises(EffectError, match="no live run 'door' that takes events of the tenant 'b'"):
        lab.run_pipeline(fx.send_event("door", "open_command"), tenant="b")
    assert (door.state, door.seq) == ("closed", before)
    lab.run_pipeline(fx.send_event("door", "open_command"), tenant="a")
    assert door.state == "opening"


def test_a_lab_may_let_one_tenant_send_to_another_and_not_back(lab):
    lab.allow_events("b", "a")
    door = lab.start(SmartDoor, "door", tenant="a")
    lab.start(SmartDoor, "gate", tenant="b")
    lab.run_pipeline(fx.send_event("door", "open_command"), tenant="b")
    assert door.state == "opening"
    with pytest.raises(EffectError):
        lab.run_pipeline(fx.send_event("gate", "open_command"), tenant="a")
    with pytest.raises(LabError, match="is no tenant"):
        lab.allow_events("b", None)


def broken():
    raise LabError(f"no mail to {MARK}")


def test_a_breaker_opens_for_the_tenant_whose_calls_failed(lab):
    lab.register(broken)
    lab.register(lambda: "sent", "works")

    def asked(function, tenant):
        effect = fx.circuit_breaker(fx.call(function), "mail", failures=1, reset=60)
        return lab.run_pipeline(effect, tenant=tenant).data["result"]

    with pytest.raises(LabError):
        asked("broken", "a")
    with pytest.raises(CircuitOpen) as mine:
        asked("works", "a")
    assert MARK in mine.value.hint
    assert asked("works", "b") == "sent"
    rows = lab.circuits().set_index("tenant")["state"]
    assert rows.to_dict() == {"a": "open", "b": "closed"}
    lab.reset_circuit("mail")
    assert set(lab.circuits()["state"]) == {"closed"}


def test_a_limit_is_not_set_or_used_up_by_others(lab):
    def waits(tenant, limit):
        effect = fx.rate_limit(fx.delay("1ms"), "api", limit, "1h")
        return lab.run_pipeline(effect, tenant=tenant, timeout=1)

    waits("a", 1)
    waits("b", 1)
    with pytest.raises(TimeoutError):
        waits("a", 1)
    assert list(lab.limits()["tenant"]) == ["a", "b"]


def test_a_value_in_a_cache_is_its_tenants(lab):
    lab.register(lambda who: f"{MARK} of {who}", "find")

    def found(tenant):
        effect = fx.cache(fx.call("find", {"who": tenant}), "k", name="c")
        return lab.run_pipeline(effect, tenant=tenant).data["result"]

    assert found("a") == f"{MARK} of a"
    assert found("b") == f"{MARK} of b"
    assert lab.clear_cache("c") == 2


def test_knowledge_that_is_kept_for_a_tenant_is_not_there_for_others(lab):
    lab.knowledge({"w.md": f"Here lives {MARK}."}, name="sea", embedder="char-tfidf")
    lab.knowledge({"d.md": "A door."}, name="doors", embedder="char-tfidf")

    def look(tenant, index="sea"):
        effect = fx.vector_search(index, "whale")
        return lab.run_pipeline(effect, tenant=tenant).data["result"]

    assert MARK in look("b")[0]["text"]
    lab.keep_knowledge("sea", "a", "c")
    assert MARK in look("a")[0]["text"]
    with pytest.raises(EffectError, match="no knowledge 'sea'") as refused:
        look("b")
    assert "Known here: doors." in refused.value.hint
    with pytest.raises(EffectError):
        lab.run_pipeline(fx.rag_pipeline("sea", "Where?", retrieve_only=True), tenant="b")
    assert look("b", "doors")
    lab.keep_knowledge("sea")
    assert MARK in look("b")[0]["text"]


def test_a_child_is_of_its_parents_tenant_and_takes_nobody_elses_id(lab):
    lab.add(SmartDoor)
    lab.start(SmartDoor, "door", tenant="a")
    with pytest.raises(EffectError, match="already, which this effect did not start"):
        lab.run_pipeline(fx.spawn_fsm("SmartDoor", id="door"), tenant="b")
    run = lab.run_pipeline(fx.spawn_fsm("SmartDoor"), tenant="b")
    assert lab.run(run.data["result"]["run"]).tenant == "b"


def test_a_machine_of_a_tenant_is_started_by_that_tenants_runs_alone(lab):
    chart = SmartDoor.chart
    lab.add_guest(chart, "a")
    run = lab.run_pipeline(fx.spawn_fsm("SmartDoor"), tenant="a")
    assert lab.run(run.data["result"]["run"]).tenant == "a"
    with pytest.raises(EffectError, match="No machine 'SmartDoor'") as refused:
        lab.run_pipeline(fx.spawn_fsm("SmartDoor"), tenant="b")
    assert "Known: none" in refused.value.hint
    assert lab.machines() == {}
