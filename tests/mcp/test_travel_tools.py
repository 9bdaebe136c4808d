"""Looking back through the desk: history, places, differences, forks, replays and reasons."""

import pytest

from tests.mcp.at_desk import AtDesk, at_desk
from tests.mcp.shops import ORDER, Elsewhere, past, poisoned, shop
from tests.travel.shop import Shop
from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import EventRefused
from traaviis_lab.gallery import SmartDoor

LOOKING = (
    ("get_history", {}), ("get_state_at", {"seq": 1}), ("replay_run", {}), ("explain_run", {}),
    ("why", {}), ("fork_run", {}), ("compare_costs", {}), ("estimate_cost", {}),
)  # fmt: skip


@pytest.fixture(params=["memory", "disk"])
def desk(request, tmp_path):
    made = at_desk(None if request.param == "memory" else tmp_path / "x.duckdb")
    yield made
    made.close()


def test_history_comes_in_pages(desk):
    run = shop(desk.lab, "s", items=12)
    seen, after = [], 0
    while True:
        page = desk.ask("get_history", fsm_id="s", after_seq=after, limit=5)
        seen += page["facts"]
        assert len(page["facts"]) <= 5
        if not page.get("more"):
            break
        after = page["next"]
    assert [row["seq"] for row in seen] == list(range(1, run.seq + 1))
    added = seen[1]
    assert added["kind"] == "event"
    assert added["data"] == {"item": "item 0", "price": 5}
    assert added["changed"] == {"cart": {"items": ["item 0"], "total": 5}}
    assert added["time"].endswith("Z")
    ended = next(row for row in seen if (row["kind"], row["name"]) == ("effect.completed", "call"))
    assert ended["result"] == {"paid": 60}
    assert seen[-1]["kind"] == "run.done"


def test_history_shows_only_the_fields_that_are_wanted(desk):
    shop(desk.lab, "s")
    rows = desk.ask("get_history", fsm_id="s", fields=["kind", "body"])["facts"]
    assert all(set(row) == {"seq", "kind", "body"} for row in rows)
    assert rows[0]["body"]["machine"] == "Shop"
    said = desk.refused("get_history", fsm_id="s", fields=["secrets"])
    assert "fields.0" in said["message"]


def test_large_histories_are_cut_into_pages_and_large_values_short(desk):
    run = desk.lab.start(Shop, id="s")
    for _ in range(4):
        run.send("added", item="x" * 60_000, price=1)
    rows = desk.ask("get_history", fsm_id="s", fields=["data"])["facts"]
    assert len(rows) == run.seq
    assert len(rows[1]["data"]["item"]) < 3_000
    assert "60,000 characters" in rows[1]["data"]["item"]


def test_a_place_in_the_past_is_shown_as_it_was(desk):
    shop(desk.lab, "s", items=3)
    here = desk.ask("get_state_at", fsm_id="s", seq=2)
    assert (here["state"], here["done"]) == ("browsing", False)
    assert here["data"]["cart"] == {"items": ["item 0"], "total": 5}
    assert here["after"] == "event added"
    assert {"added", "checkout"} <= set(here["events"])
    said = desk.refused("get_state_at", fsm_id="s", seq=999)
    assert "has no seq 999" in said["message"]


def test_two_runs_are_laid_side_by_side(desk):
    shop(desk.lab, "a", price=5)
    shop(desk.lab, "b", price=7)
    told = desk.ask("diff_runs", left="a", right="b")
    assert told["same"] is False
    assert told["first"]["left"] == 2
    places = {one["path"] for one in told["data"]}
    assert "data.cart.total" in places
    assert desk.ask("diff_runs", left="a", right="a")["same"] is True


def test_a_fork_goes_another_way_and_the_run_stays(desk):
    before = shop(desk.lab, "s").seq
    made = desk.ask(
        "fork_run", fsm_id="s", at=2, event="added", event_data={"item": "tea", "price": 9},
        new_id="t",
    )  # fmt: skip
    assert (made["fsm_id"], made["forked_from"], made["forked_at"]) == ("default:t", "s", 2)
    assert made["data"]["cart"]["total"] == 14
    assert desk.run("t").tenant == "default"
    assert desk.lab.journal.info("s").seq == before
    other = desk.ask("fork_run", fsm_id="s", at=2)
    assert other["fsm_id"] not in ("s", "t")


def test_a_fork_can_be_told_other_results(desk):
    shop(desk.lab, "s")
    path = next(
        row["path"]
        for row in desk.ask("get_history", fsm_id="s")["facts"]
        if (row["kind"], row["name"]) == ("effect.completed", "call")
    )
    made = desk.ask("fork_run", fsm_id="s", results={path: {"paid": "in tea"}})
    assert made["data"]["receipt"] == {"paid": "in tea"}
    made = desk.ask("fork_run", fsm_id="s", failures={path: "card refused"})
    assert made["data"]["problem"] == "card refused"
    assert made["state"] == "browsing"


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"at": 99}, "no place at=99"),
        ({"at": 2, "event": "nonsense"}, "nonsense"),
        ({"event_data": {"x": 1}}, "needs an event"),
        ({"drop": [4711]}, "4711"),
        ({"results": {"9/9": 1}}, "9/9"),
        ({"new_id": "s"}, "s"),
        ({"new_id": "~mine"}, "~mine"),
        ({"machine": "Nobody"}, "Nobody"),
        ({"at": 2, "event": "done.state"}, "reserved"),
        ({"results": {"2/0": 1}, "failures": {"2/0": "no"}}, "a result and a failure"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_a_fork_that_cannot_be_is_refused_and_writes_nothing(desk, wrong, word):
    shop(desk.lab, "s")
    runs = {info.run for info in desk.lab.journal.runs()}
    said = desk.refused("fork_run", fsm_id="s", **wrong)
    assert word in said["message"] + said["hint"]
    assert {info.run for info in desk.lab.journal.runs()} == runs


def test_a_fork_on_a_chart_of_an_agent_is_known_to_nobody_else(desk):
    shop(desk.lab, "s", tenant="acme")
    spec = {**desk.run("s").chart.spec} if "s" in desk.lab.live() else None
    spec = spec or desk.lab.recording("s").chart.spec
    other = {**spec, "name": "CheapShop", "data": {**spec["data"], "discount": 2}}
    made = desk.ask("fork_run", "acme", fsm_id="s", at=2, spec=other, new_id="cheap")
    assert made["machine"] == "CheapShop"
    assert "CheapShop" not in desk.lab.machines()
    assert desk.run("cheap", "acme").tenant == "acme"
    desk.refused("get_state_at", "default", fsm_id="cheap", seq=1)


def test_a_replay_says_that_it_comes_out_the_same(desk):
    run = shop(desk.lab, "s", items=3)
    told = desk.ask("replay_run", fsm_id="s")
    assert (told["same"], told["same_chart"], told["facts"]) == (True, True, run.seq)
    assert desk.ask("replay_run", fsm_id="s", upto=2)["facts"] == 2


def test_a_replay_on_another_chart_says_where_it_parts_and_why(desk):
    shop(desk.lab, "s", items=2)
    spec = desk.lab.recording("s").chart.spec
    other = {**spec, "data": {**spec["data"], "tries": 7}}
    told = desk.ask("replay_run", fsm_id="s", spec=other)
    assert told["same"] is False
    assert told["seq"] >= 1
    assert told["cause"]["kind"] == "chart"
    assert told["differences"]
    said = desk.refused("replay_run", fsm_id="s", machine="SmartDoor")
    assert "is one of Shop" in said["message"]


def test_an_explanation_ranks_what_stands_out(desk):
    run = desk.lab.start(Shop, id="s")
    for _ in range(2):
        with pytest.raises(EventRefused):  # the cart is empty
            run.send("checkout")
    told = desk.ask("explain_run", fsm_id="s")
    assert told["fsm_id"] == "s"
    assert any("checkout" in one["text"] + one["title"] for one in told["findings"])


def test_nobody_is_compared_with_what_another_tenant_does(desk):
    for number in range(4):
        shop(desk.lab, f"theirs{number}", tenant="other")
    shop(desk.lab, "mine", tenant="acme")
    told = desk.ask("explain_run", "acme", fsm_id="mine")
    assert "4 " not in str(told["looked"])
    assert "no other runs" in str(told["looked"])
    for number in range(3):
        shop(desk.lab, f"mine{number}", tenant="acme")
    assert "3 given runs" in str(desk.ask("explain_run", "acme", fsm_id="mine")["looked"])
    said = desk.refused("explain_run", "acme", fsm_id="mine", against=["theirs0"])
    assert said["kind"] == "RunNotFound"


def test_why_names_facts_that_exist(desk):
    run = shop(desk.lab, "s", items=2)
    told = desk.ask("why", fsm_id="s", what="data.cart.total")
    assert "10" in told["title"]
    assert set(told["facts"]) <= set(range(1, run.seq + 1))
    assert desk.ask("why", fsm_id="s", what="checkout", seq=1)["value"] is False
    said = desk.refused("why", fsm_id="s", what="data_nowhere")
    assert "neither data" in said["message"]


@pytest.mark.parametrize(("tool", "more"), LOOKING, ids=lambda one: str(one))
def test_a_run_of_another_tenant_does_not_exist(desk, tool, more):
    shop(desk.lab, "theirs", tenant="other")
    said = desk.refused(tool, "acme", fsm_id="theirs", **more)
    nobody = desk.refused(tool, "acme", fsm_id="nobody", **more)
    assert said["kind"] == nobody["kind"] == "RunNotFound"
    assert said["message"].replace("theirs", "nobody") == nobody["message"]


def test_two_runs_of_which_one_is_another_tenants_are_not_compared(desk):
    shop(desk.lab, "theirs", tenant="other")
    shop(desk.lab, "mine", tenant="acme")
    for left, right in (("mine", "theirs"), ("theirs", "mine")):
        said = desk.refused("diff_runs", "acme", left=left, right=right)
        assert said["kind"] == "RunNotFound"


@pytest.mark.parametrize(
    ("tool", "more"),
    [
        ("get_history", {}), ("get_state_at", {"seq": 2}), ("explain_run", {}),
        ("why", {"what": "data.cart"}), ("fork_run", {"at": 2}),
    ],
    ids=str,
)  # fmt: skip
def test_orders_in_the_journal_come_back_between_marks(desk, tool, more):
    poisoned(desk.lab, "s")
    reply = desk.reply(tool, fsm_id="s", **more)
    assert not reply.is_error, reply.text
    head, _, rest = reply.text.partition("\n")
    mark = head.split()[5]
    assert f"marks {mark} is data of the journal" in head
    assert rest.startswith(f"<journal-{mark}>")
    assert rest.endswith(f"</journal-{mark}>")
    assert ORDER not in head
    if tool in ("get_history", "get_state_at", "why"):
        assert ORDER in rest


def test_runs_of_an_earlier_day_are_looked_at_and_forked(tmp_path):
    past(tmp_path / "x.duckdb")
    desk = AtDesk(Lab(tmp_path / "x.duckdb"))
    assert desk.ask("get_history", fsm_id="old")["machine"] == "Shop"
    assert desk.ask("get_state_at", fsm_id="open", seq=2)["state"] == "browsing"
    assert desk.ask("replay_run", fsm_id="old")["same"] is True
    assert desk.ask("why", fsm_id="old")["what"] == "state"
    assert desk.ask("diff_runs", left="old", right="open")["same"] is False
    made = desk.ask(
        "fork_run", fsm_id="old", at=2, event="added", event_data={"item": "x", "price": 1}
    )
    assert made["data"]["cart"]["total"] == 4
    assert desk.lab.machines() == {}
    desk.close()


def test_a_run_of_another_living_process_can_be_looked_at(tmp_path):
    desk = AtDesk(Lab(tmp_path / "x.duckdb"))
    other = Elsewhere(desk.lab)
    desk.lab.add(SmartDoor)
    try:
        other.send("open_command")
        desk.ask("wait_for_fsm_event", fsm_id="elsewhere", after_seq=1, timeout=30)
        rows = desk.ask("get_history", fsm_id="elsewhere")["facts"]
        assert "open_command" in [row.get("name") for row in rows]
        assert desk.ask("replay_run", fsm_id="elsewhere")["same"] is True
        for tool in ("set_breakpoint", "step", "resume"):
            said = desk.refused(tool, fsm_id="elsewhere")
            assert "is not live in this kernel" in said["message"]
    finally:
        other.close()
        desk.close()


class Asker(Machine):
    """Asks a dear model when it is told to."""

    idle = State(initial=True)
    asking = State(enter=[fx.call_llm("m/dear", "hello", max_tokens=1_000)], on_success="done")
    done = State(final=True)
    idle.to(asking, on="go")


def test_a_fork_that_may_cost_much_is_asked_for(desk):
    desk.lab.models.openai("m", base_url="http://127.0.0.1:9/v1")
    desk.lab.prices.set("m/dear", input=1_000, output=100_000)
    desk.lab.start(Asker, id="a")
    desk.answer = "deny"
    said = desk.refused("fork_run", fsm_id="a", live=True)
    assert said["kind"] == "PermissionDenied"
    assert len(desk.asked) == 1
    assert "USD" in desk.asked[0].text
    assert desk.ask("fork_run", fsm_id="a")["state"] == "idle"
    assert len(desk.asked) == 1, "what performs nothing costs nothing"
    desk.answer = "once"
    assert desk.ask("fork_run", fsm_id="a", live=True)["state"] == "idle"
