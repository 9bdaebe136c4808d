"""Why: each answer names the facts that matter, and says what would have to differ."""

import json

import pytest

from tests.travel.loans import Loan, agent, loan
from traaviis_lab import EventRefused, Lab, LabError, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.gallery import SecuritySystem, SmartDoor, Timer


@pytest.fixture
def lab():
    with Lab(clock=ToldClock()) as opened:
        yield opened


def texts(why):
    return [link.text for link in why.links]


def link(why, start):
    return next(one for one in why.links if one.text.startswith(start))


def test_a_value_leads_back_through_guard_effect_and_event_to_what_was_given(lab):
    why = loan(lab, limit=650).why("data.decision")
    assert why.value == "no"
    assert why.title == 'data.decision is "no" at seq 7, because:'
    assert link(why, 'data.decision = "no"').seq == 6
    assert link(why, "deciding#0 comes first").text.endswith(
        "did not hold (data.limit was 650, data.score was 600)"
    )
    assert link(why, "data.limit").text == "data.limit = 650, given at the start"
    assert link(why, "data.score").text == "data.score = 600, effect call score answered 600"
    assert link(why, "entering scoring asked").value["args"] == {"income": 1200}
    assert "collecting#0 was taken on `told` from outside" in link(why, "collecting#0").text
    assert why.facts == {1, 2, 3, 4, 5, 6}


def test_what_would_have_to_differ_is_said_with_the_value_that_was_there(lab):
    (other,) = loan(lab).why("data.decision").otherwise
    assert str(other) == (
        "seq 6  deciding#1 → rejected: comes later; "
        "it needs data.score < data.limit (data.limit was 600, data.score was 600)"
    )
    why = loan(lab, "poor", income=1000).why("data.decision")
    assert [(o.seq, o.transition, o.targets, o.verdict) for o in why.otherwise] == [
        (6, "deciding#0", ("approved",), "was false")
    ]
    assert why.otherwise[0].needs.startswith("data.score >= data.limit (")


def test_what_and_seq_come_in_either_order_and_seq_may_be_left_out(lab):
    run = loan(lab)
    assert str(run.why("data.income", 2)) == str(run.why(2, "data.income"))
    assert run.why("data.income", 1).value == 0
    assert run.why("income").what == "data.income"
    assert run.why().what == run.why(7).what == "state"


def test_a_nested_value_and_one_that_is_not_there(lab):
    lab.register(lambda income: income, "score")
    run = lab.start(Loan, id="n")
    run.send("named", name="Ada")
    why = run.why("data.who.name")
    assert why.value == "Ada"
    assert why.facts == {1, 2}
    missing = run.why("data.who.age")
    assert missing.value is None
    assert "is not there at seq 2" in missing.title


def test_a_counter_is_told_in_one_line_however_often_it_changed(lab):
    run = lab.start(Timer, data={"seconds": 3000})
    run.send("start")
    for _ in range(40):
        run.send("tick", elapsed=1)
    why = run.why("data.remaining")
    counted = link(why, "data.remaining was 2961 before")
    assert counted.text.endswith("changed 39 times, first at seq 3, last at seq 41")
    assert link(why, "data.seconds").text == "data.seconds = 3000, given at the start"
    again = link(why, "running#0 left and entered running 39 times before")
    assert again.seq == 41
    assert len(why.links) < 12


def test_a_state_leads_back_to_the_transition_that_entered_it(lab):
    door = lab.start(SmartDoor)
    door.send("open_command", user_id="u1")
    door.send("fully_open")
    why = door.why("state")
    assert why.title == "The run is in open at seq 5, because:"
    root = why.links[why.roots[0]]
    assert root.text == "opening#0 was taken on `fully_open` from outside: opening → open"
    assert door.why("open").roots == why.roots
    gone = door.why("closed")
    assert gone.value is False
    assert "it was left" in gone.title
    assert link(gone, "closed#0").seq == 2
    assert "has not been there" in door.why("jammed").title


def test_regions_that_run_side_by_side_each_have_their_reason(lab):
    house = lab.start(SecuritySystem)
    house.send("arm", mode="home")
    why = house.why()
    assert len(why.roots) == len(house.state) == len(why.value)
    assert link(why, "disarmed#0 was taken on `arm`")
    assert house.why("data.mode").value == "home"


def test_a_timer_is_a_cause(lab):
    door = lab.start(SmartDoor)
    for event in ("open_command", "fully_open", "close_command"):
        door.send(event)
    lab.clock.advance(31)
    why = door.why("opening")
    assert link(why, "the timer of 30s in closing ran out").kind == "timer"
    assert link(why, "open#0 was taken on `close_command`")
    assert why.facts <= set(range(1, door.seq + 1))


def test_a_failed_effect_is_a_cause_with_its_message(lab):
    why = agent(lab, "a", "bad").why("data.tries")
    failed = link(why, "effect call tool failed")
    assert failed.text.endswith("ValueError: no such tool")
    assert link(why, 'data.q = "bad"').text == 'data.q = "bad", taken from event.q, by planning#0'


def test_an_event_that_was_refused_says_what_its_guard_lacks_and_why_that_is(lab):
    run = agent(lab, "a", "bad", "bad", "give_up")
    why = run.why("give_up")
    assert why.title == f"Event `give_up` is not taken in planning at seq {run.seq}, because:"
    assert link(why, "planning#1 needs").text == "planning#1 needs data.tries >= 5 (it was 2)"
    assert why.otherwise[0].needs == "data.tries >= 5 (it was 2)"
    assert link(why, "data.tries = 2").seq < run.seq
    assert run.why("planning#1").otherwise == why.otherwise


def test_a_check_that_vetoes_an_event_is_named(lab):
    door = lab.start(SmartDoor, data={"locked": True})
    with pytest.raises(EventRefused):
        door.send("open_command")
    why = door.why("open_command")
    assert "The door is locked. It needs data.locked = false (it was true)" in str(why)
    assert link(why, "data.locked").text == "data.locked = true, given at the start"


def test_an_event_that_nobody_listens_for_here_says_who_does(lab):
    door = lab.start(SmartDoor)
    assert door.why("obstacle").title.endswith("no active state listens for it. These do: closing.")
    assert "is taken in closed" in door.why("open_command").title
    door.send("open_command")
    assert "made the run take closed#0" in door.why("open_command").title


def test_a_transition_tells_when_it_was_taken_or_passed_over(lab):
    run = loan(lab, limit=900)
    assert "was taken last at seq 6" in run.why("deciding#1").title
    over = run.why("deciding#0")
    assert "was not taken; it was looked at last at seq 6" in over.title
    assert over.otherwise[0].needs.startswith("data.score >= data.limit")


class Inside(Machine):
    """Raises an event, finishes an inner state, puts data: all in one step."""

    data = {"n": 1, "seen": 0, "cart": {}}
    idle = State(initial=True)
    one = State(initial=True)
    over = State(final=True)
    work = State(states=[one, over])
    end = State()
    idle.to(
        None,
        on="put",
        do=[fx.put_data("cart.total", "{{ data.n }}"), fx.update_data("seen", "data.n * 7")],
    )
    idle.to(
        work, on="go", assign={"n": "data.n + 1"}, do=fx.raise_event("jump", {"by": "{{ data.n }}"})
    )
    one.to(over, on="jump", assign={"n": "data.n + event.by"})
    work.to(end, on="done.state.work")


def test_events_from_inside_lead_to_who_raised_them(lab):
    run = lab.start(Inside)
    run.send("go")
    assert run.data["n"] == 4
    why = run.why("state")
    assert link(why, "event `done.state.work`: work had reached its end").kind == "raised"
    raised = link(why, "event `jump` was raised by idle#1")
    assert raised.text.endswith('with {"by": 2}')
    assert link(why, "idle#1 was taken on `go` from outside")
    values = [one.text for one in run.why("data.n").links if one.kind == "value"]
    assert values[0].startswith(
        "data.n = 4, computed as `data.n + event.by` (data.n was 2, event.by was 2)"
    )
    assert values[1].startswith("data.n = 2, computed as `data.n + 1` (data.n was 1)")


def test_effects_that_stay_inside_lead_to_what_they_were_filled_from(lab):
    run = lab.start(Inside, data={"n": 6})
    run.send("put")
    total = run.why("data.cart.total")
    assert total.value == 6
    assert link(total, "data.cart.total = 6, written by effect put_data")
    assert link(total, "data.n = 6, given at the start")
    seen = run.why("data.seen")
    assert seen.value == 42
    assert link(seen, "data.n = 6, given at the start")


def double(data, event):
    return data["n"] * 2


class InPython(Machine):
    data = {"n": 2}
    on = State(initial=True)
    off = State()
    on.to(None, on="double", assign={"n": double})
    on.to(off, on="stop", when=lambda data, event: data["n"] > 100)


def test_python_is_named_and_said_to_be_unknown(lab):
    run = lab.start(InPython)
    run.send("double")
    why = run.why("data.n")
    assert "computed by `double` (Python)" in why.links[0].text
    assert any(one.kind == "unknown" for one in why.links)
    with pytest.raises(EventRefused):
        run.send("stop")
    assert "(Python) to be true" in str(run.why("stop"))


def test_what_nobody_knows_is_refused_with_a_suggestion(lab):
    door = lab.start(SmartDoor)
    with pytest.raises(
        LabError, match="neither data, a state, an event nor a transition"
    ) as caught:
        door.why("clsed")
    assert "closed" in caught.value.hint
    with pytest.raises(LabError, match="has no seq 99"):
        door.why(99, "state")
    with pytest.raises(LabError, match="is nothing to ask for"):
        door.why("")


def test_too_many_causes_are_cut_and_counted(lab):
    from traaviis_lab.travel.reasoning.reasons import why

    run = loan(lab)
    short = why(run.trail, "data.decision", most=3)
    assert len(short.links) == 3
    assert short.left > 0
    assert f"and {short.left} more cause" in str(short)


def test_all_the_ways_to_look_at_it(lab):
    why = loan(lab, limit=650).why("data.decision")
    said = json.loads(json.dumps(why.to_json()))
    assert said["text"] == str(why) == repr(why)
    assert said["facts"] == sorted(why.facts)
    assert said["tree"][0]["because"][0]["kind"] == "transition"
    assert said["otherwise"][0]["transition"] == "deciding#0"
    frame = why.to_frame()
    assert list(frame.columns) == ["depth", "run", "seq", "kind", "text", "value"]
    assert len(frame) == len(why.links)
    page = why._repr_html_()
    assert "<details" in page
    assert "<script" not in page


def test_html_escapes_what_people_wrote(lab):
    run = lab.start(Loan, id="<b>")
    run.send("named", name="<img src=x>`")
    page = run.why("data.who.name")._repr_html_()
    assert "<img" not in page
    assert "&lt;img" in page


def test_what_was_never_set_is_as_the_machine_has_it(lab):
    door = lab.start(SmartDoor)
    door.send("open_command")
    (only,) = door.why("data.locked").links
    assert (only.seq, only.kind) == (1, "default")
    assert only.text == "data.locked = false, as the machine has it from the beginning"


class Chat(Machine):
    data = {"messages": []}
    on = State(initial=True)
    on.to(None, on="said", assign={"messages": "data.messages + [event.text]"})


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_a_list_that_grows_is_one_line_and_its_value_is_cut_where_it_is_sent(where, tmp_path):
    with Lab(None if where == "memory" else tmp_path / "chat.duckdb") as lab:
        run = lab.start(Chat)
        for number in range(30):
            run.send("said", text=f"{number} " + "x" * 1_000)
        why = run.why("data.messages")
        assert why.value == run.data["messages"]
        assert "changed 29 times, first at seq 2, last at seq 30" in str(why)
        assert max(run.why("data.messages.7").facts) == 9, "when it was appended"
        assert len(json.dumps(why.to_json())) < 20_000
        assert all(len(line) < 400 for line in str(why).splitlines())
