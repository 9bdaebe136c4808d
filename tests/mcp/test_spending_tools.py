"""What runs will cost and did cost, through the desk."""

import pytest

from tests.lab.spending import Triage, called, foreseen
from tests.mcp.at_desk import at_desk
from tests.mcp.shops import ORDER
from traaviis_lab import Machine, State
from traaviis_lab import effects as fx


class Answering(Machine):
    """Asks one model, once."""

    data = {"question": "why"}
    asking = State(
        initial=True, enter=[fx.call_llm("far/large", "{{ data.question }}", into="said")],
        on_success="done",
    )  # fmt: skip
    done = State(final=True)


class Waiting(Machine):
    """Waits, and then asks."""

    idle = State(initial=True)
    asking = State(enter=[fx.call_llm("far/large", "hello")], on_success="done")
    done = State(final=True)
    idle.to(asking, on="go")


@pytest.fixture(params=["memory", "disk"])
def desk(request, tmp_path):
    made = at_desk(None if request.param == "memory" else tmp_path / "x.duckdb")
    made.lab.models.scripted("far", ["because"])
    made.lab.prices.set("far/large", input=1000, output=5000)
    for machine in (Answering, Waiting):
        made.lab.add(machine)
    yield made
    made.close()


def test_an_estimate_of_a_machine_says_what_and_where(desk):
    told = desk.ask("estimate_cost", machine="Answering")
    assert (told["machine"], told["calls"]) == ("Answering", 1)
    assert told["usd"] > 0
    assert told["usd"] <= told["usd_p90"]
    place = next(one for one in told["places"] if one.get("model"))
    assert (place["state"], place["model"], place["reached"]) == ("asking", "far/large", 1)
    assert desk.lab.journal.runs() == []


def test_an_estimate_is_of_a_spec_too_and_depends_on_the_data(desk):
    spec = {**Answering.chart.spec, "name": "Mine"}
    short = desk.ask("estimate_cost", spec=spec)
    long = desk.ask("estimate_cost", spec=spec, data={"question": "why " * 500})
    assert long["tokens_in"] > short["tokens_in"] + 400
    assert "Mine" not in desk.lab.machines()


def test_an_estimate_of_a_run_is_of_what_is_to_come_and_writes_nothing(desk):
    run = desk.lab.start(Waiting, id="w")
    seq = run.seq
    told = desk.ask("estimate_cost", fsm_id="w")
    assert told["fsm_id"] == "w"
    assert told["usd"] > 0
    assert run.seq == seq


def test_estimates_learn_from_the_tenants_own_runs_alone(desk):
    for number in range(4):
        desk.lab.start(Waiting, id=f"w{number}", tenant="other").send("go")
    for machine in ("Waiting",):
        assert desk.ask("estimate_cost", "acme", machine=machine)["from_runs"] == 0
        assert desk.ask("estimate_cost", "other", machine=machine)["from_runs"] == 4
    desk.lab.start(Waiting, id="mine", tenant="acme")
    assert desk.ask("estimate_cost", "acme", fsm_id="mine")["from_runs"] <= 1


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({}, "needed"),
        ({"machine": "Nobody"}, "Nobody"),
        ({"machine": "Answering", "fsm_id": "x"}, "not of both"),
        ({"machine": "Answering", "data": "x"}, "data"),
        ({"spec": {"states": 4}}, "states"),
        ({"fsm_id": "nobody"}, "no run"),
    ],
    ids=str,
)
def test_an_estimate_of_nothing_is_refused(desk, wrong, word):
    assert word in desk.refused("estimate_cost", **wrong)["message"]


def triage(desk, id, tenant="default"):
    run = desk.lab.start(Triage, id, tenant=tenant)
    called(run, "classify", "a/small", 300, 10, 0.0001, foreseen(300, 10, 0.0001))
    run.send("classified")
    called(run, "answer", "a/large", 1500, 500, 0.01, foreseen(1500, 250, 0.005))
    run.send("answered")
    called(run, "check", "b/tuned", 700, 20, None)
    return run


def test_what_came_stands_beside_what_was_foreseen(desk):
    triage(desk, "t1")
    told = desk.ask("compare_costs", fsm_id="t1")
    rows = {row["state"]: row for row in told["rows"]}
    assert list(rows) == ["classify", "answer", "check"]
    assert rows["answer"]["usd"] == 0.01
    assert rows["answer"]["estimate"]["usd"] == 0.005
    assert rows["answer"]["error"]["usd"] == -0.5
    assert rows["check"]["usd"] is None
    assert rows["check"]["unpriced"] == 1
    assert told["total"]["calls"] == 3
    assert told["dearest"][0]["seq"] == rows_of(desk, "t1")[0]
    models = desk.ask("compare_costs", fsm_id="t1", by="model")["rows"]
    assert {row["model"] for row in models} == {"a/small", "a/large", "b/tuned"}
    for by in ("machine", "run"):
        assert len(desk.ask("compare_costs", fsm_id="t1", by=by)["rows"]) == 1


def rows_of(desk, run):
    found = desk.lab.sql(
        "select seq from model_calls where run_id = ? order by cost_usd desc nulls last", [run]
    )
    return list(found["seq"])


def test_costs_of_many_runs_are_those_of_the_tenant(desk):
    for number in range(3):
        triage(desk, f"mine{number}", "acme")
    triage(desk, "theirs", "other")
    told = desk.ask("compare_costs", "acme", by="run")
    assert {row["run"] for row in told["rows"]} == {"mine0", "mine1", "mine2"}
    assert told["total"]["calls"] == 9
    assert desk.ask("compare_costs", "acme", by="machine")["rows"][0]["machine"] == "Triage"
    states = desk.ask("compare_costs", "acme", machine="Triage")["rows"]
    assert {row["state"].rpartition(".")[2] for row in states} == {"classify", "answer", "check"}
    assert desk.ask("compare_costs", "nobody")["runs"] == 0
    assert desk.refused("compare_costs", "acme", fsm_id="theirs")["kind"] == "RunNotFound"


def test_orders_in_names_of_models_come_back_between_marks(desk):
    run = desk.lab.start(Triage, "t1")
    called(run, "classify", ORDER, 300, 10, 0.0001)
    reply = desk.reply("compare_costs", fsm_id="t1", by="model")
    mark = reply.text.split()[5]
    before, _, inside = reply.text.partition(f"<journal-{mark}>")
    assert ORDER not in before
    assert ORDER in inside
