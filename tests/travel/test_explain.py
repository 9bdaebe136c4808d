"""Explain: what stands out in a run comes first, with the facts it rests on."""

import json

import pytest

from tests.travel.loans import agent
from traaviis_lab import Lab, LabError, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import RunNotFound
from traaviis_lab.gallery import SmartDoor, Timer
from traaviis_lab.travel.explaining.loops import Loop, find_loops
from traaviis_lab.travel.explaining.passage import Passing


@pytest.fixture
def clock():
    return ToldClock()


@pytest.fixture(params=["memory", "disk"])
def lab(request, tmp_path, clock):
    path = None if request.param == "memory" else tmp_path / "explained.duckdb"
    with Lab(path, clock=clock) as opened:
        yield opened


def usual_runs(lab, count=4):
    for number in range(count):
        agent(lab, f"usual{number}", "good", "accepted")
        lab.clock.advance(1)


def kinds(found):
    return [finding.kind for finding in found.findings]


def first(found, kind):
    return next(finding for finding in found.findings if finding.kind == kind)


def test_a_run_like_the_others_is_healthy_and_says_what_was_looked_at(lab):
    usual_runs(lab)
    found = agent(lab, "again", "good", "accepted").explain()
    assert found.healthy
    assert found.findings == ()
    assert str(found) == (
        "Run again of Agent, in finished at seq 7: nothing stands out\n"
        "Looked at: 7 facts, 3 moves; against 4 earlier runs of Agent."
    )


def test_without_other_runs_it_says_that_nothing_is_known_to_be_usual(lab):
    found = agent(lab, "alone", "good", "accepted").explain()
    assert found.healthy
    assert (
        "not against what is usual: there are no other runs of Agent, 3 are needed" in found.looked
    )


def test_where_it_first_left_the_usual_path_comes_first(lab):
    usual_runs(lab)
    run = agent(lab, "odd", "good", "rejected", "good", "accepted")
    found = run.explain()
    assert not found.healthy
    top = found.findings[0]
    assert top.kind == "unusual"
    assert top.title == f"Left the usual path at seq {top.facts[0]}: `rejected` in checking"
    assert "Of 4 earlier runs there, none had that; usual there: `accepted` (4)." in top.text
    (seq,) = top.facts
    fact = next(fact for fact in lab.journal.read("odd") if fact.seq == seq)
    assert (fact.kind, fact.name) == ("event", "rejected")


class Judge(Machine):
    data = {"score": 0}
    asked = State(initial=True)
    yes = State(final=True)
    no = State(final=True)
    asked.to(yes, on="scored", when="event.score >= 5")
    asked.to(no, on="scored")


def test_an_event_that_led_elsewhere_than_it_usually_does(lab):
    for number in range(5):
        lab.start(Judge, id=f"j{number}").send("scored", score=7)
        lab.clock.advance(1)
    run = lab.start(Judge, id="odd")
    run.send("scored", score=2)
    (finding,) = run.explain().findings
    assert finding.title == "Left the usual path at seq 2: `scored` led from asked to no"
    assert "Of 5 earlier runs with that event there, none came so; usual: yes (5)." in finding.text


def test_two_ways_that_are_both_usual_are_not_told(lab):
    for number in range(6):
        lab.start(Judge, id=f"j{number}").send("scored", score=number * 2)
        lab.clock.advance(1)
    run = lab.start(Judge, id="one")
    run.send("scored", score=2)
    assert run.explain().healthy


def test_it_can_be_held_against_chosen_runs(lab):
    usual_runs(lab, 2)
    run = agent(lab, "odd", "good", "rejected", "good", "accepted")
    assert "unusual" not in kinds(run.explain())
    assert first(run.explain(against="usual0"), "unusual").text.startswith("In checking")
    assert first(run.explain(against=[lab.run("usual0"), "usual1"]), "unusual")
    with pytest.raises(RunNotFound, match="No run 'nobody'"):
        run.explain(against="nobody")


def test_what_happened_later_is_compared_only_where_too_few_are_earlier(lab):
    run = agent(lab, "odd", "good", "rejected", "good", "accepted")
    lab.clock.advance(1)
    usual_runs(lab, 3)
    assert "against 3 other runs of Agent" in run.explain().looked
    assert "unusual" in kinds(run.explain())


def test_failures_are_grouped_with_their_message_and_what_followed(lab):
    run = agent(lab, "bad", "bad", "bad", "good", "accepted")
    finding = first(run.explain(), "error")
    assert finding.title == "Effect call tool failed twice in calling"
    assert "ValueError: no such tool" in finding.text
    assert "`error.invoke.calling` took the run to planning." in finding.text
    names = {f.seq: f.kind for f in lab.journal.read("bad")}
    assert {names[seq] for seq in finding.facts} == {"effect.failed", "event"}


class Unheard(Machine):
    data = {"answer": 0}
    calling = State(initial=True, enter=fx.call("tool", {"q": "bad"}))


def test_a_failure_that_nobody_listens_for_leaves_the_run_stuck(lab):
    lab.register(lambda q: 1 / 0, "tool")
    run = lab.start(Unheard, id="u")
    run.wait(lambda r: r.seq >= 4, timeout=10)
    found = run.explain()
    assert kinds(found)[0] == "stuck"
    assert "No event, timer or effect can lead out of here." in found.findings[0].text
    assert "No transition listens for `error.invoke.calling`" in first(found, "error").text


class Broken(Machine):
    data = {"n": 1, "by": 0}
    on = State(initial=True)
    on.to(None, on="divide", assign={"n": "data.n / data.by"})


def test_errors_raised_inside_are_told_with_where_and_message(lab):
    run = lab.start(Broken)
    run.send("divide")
    finding = first(run.explain(), "error")
    assert finding.title == "on#0 could not be computed, once"
    assert "divi" in finding.text.lower()
    assert finding.facts == (2,)


def test_refused_events_are_grouped_and_weigh_more_at_the_end(lab):
    run = agent(lab, "r", "give_up", "give_up", "good", "accepted", "nonsense")
    found = [f for f in run.explain().findings if f.kind == "refused"]
    assert [f.title for f in found] == [
        "Event `give_up` was refused twice in planning",
        "Event `nonsense` was refused once in finished",
    ]
    assert [f.facts for f in found] == [(2, 3), (run.seq,)]
    assert "guard `data.tries >= 5` of planning#1 is false" in found[0].text
    assert found[1].weight < 0.3, "an event after the end says little"
    last = first(agent(lab, "l", "give_up").explain(), "refused")
    assert last.title.endswith("and that is the last that happened")
    assert last.weight > found[0].weight


def test_going_round_without_gain_is_a_loop(lab):
    run = agent(lab, "l", *["good", "rejected"] * 4)
    finding = first(run.explain(), "loop")
    assert finding.title.startswith("Went round 4 times: planning (`planned`) → calling")
    assert "Nothing in the data changed meanwhile." in finding.text
    assert len(finding.facts) == 12


def test_retrying_with_a_counter_is_a_loop_of_less_weight(lab):
    finding = first(agent(lab, "l", *["bad"] * 4).explain(), "loop")
    assert "All that changed is a count: data.tries." in finding.text
    assert (
        finding.weight < first(agent(lab, "m", *["good", "rejected"] * 4).explain(), "loop").weight
    )


def test_a_countdown_is_no_loop_and_a_usual_loop_is_not_told(lab):
    run = lab.start(Timer)
    run.send("start")
    for _ in range(30):
        run.send("tick", elapsed=1)
    assert run.explain().healthy
    for number in range(4):
        agent(lab, f"l{number}", *["good", "rejected"] * 5)
        lab.clock.advance(1)
    assert "loop" not in kinds(agent(lab, "l", *["good", "rejected"] * 4).explain())


def test_a_state_visited_far_more_often_than_usual(lab):
    usual_runs(lab)
    run = agent(lab, "v", "good", "rejected", "bad", "bad", "good", "accepted")
    finding = next(f for f in run.explain().findings if f.title == "Was in planning 4 times")
    assert finding.text == "In 4 earlier runs it was 1 at most."
    assert len(finding.facts) == 4


def passings(text):
    return [Passing(n, n, name, "s", "s", b"{}") for n, name in enumerate(text, 1)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("abc", []),
        ("aa", []),
        ("aaa", [Loop(0, 2, 1)]),
        ("xababab", [Loop(1, 6, 2)]),
        ("abababa", [Loop(0, 6, 2)]),
        ("aaabcabcabc", [Loop(2, 10, 3)]),
        ("abab", []),
    ],
)
def test_loops_are_rows_of_moves_that_come_three_times(text, found):
    assert find_loops(passings(text)) == found


def test_a_run_that_waits_says_for_what_and_what_is_blocked(lab):
    door = lab.start(SmartDoor, data={"locked": True})
    (finding,) = door.explain().findings
    assert finding.title == "Is not done: waits in closed since seq 1"
    assert "It takes: `unlock_command`." in finding.text
    needs = (
        "Blocked: `open_command`: The door is locked. It needs data.locked = false (it was true)."
    )
    assert needs in finding.text
    assert finding.weight < 0.3


def test_timers_and_effects_under_way_are_what_it_waits_for(lab):
    door = lab.start(SmartDoor)
    for event in ("open_command", "fully_open", "close_command"):
        door.send(event)
    assert "Timer `after.closing.0`: due 30 s later." in door.explain().findings[-1].text

    class Slow(Machine):
        on = State(initial=True, enter=fx.delay("1h"))

    run = lab.start(Slow)
    (finding,) = run.explain().findings
    assert "Under way since seq 2: effect delay." in finding.text
    assert finding.facts == (1, 2)


def test_a_stopped_run_says_so(lab):
    run = lab.start(SmartDoor)
    run.stop()
    (finding,) = run.explain().findings
    assert (finding.kind, finding.facts) == ("stopped", (2,))


def test_a_stay_far_longer_than_usual_is_slow(lab, clock):
    for number in range(4):
        run = agent(lab, f"s{number}", "good")
        clock.advance(2)
        run.send("accepted")
    run = agent(lab, "late", "good")
    clock.advance(100)
    run.send("accepted")
    finding = first(run.explain(), "slow")
    assert finding.title == "Long in checking"
    assert finding.text == "Stayed in checking 1.67 min; 2 s is usual in 4 earlier runs."


def test_all_the_ways_to_look_at_it(lab):
    found = agent(lab, "<b>", *["bad"] * 3).explain()
    said = json.loads(json.dumps(found.to_json()))
    assert said["text"] == str(found) == repr(found)
    assert set(said["findings"][0]) == {"title", "text", "weight", "facts", "kind"}
    frame = found.to_frame()
    assert list(frame.columns) == ["weight", "kind", "title", "text", "facts"]
    page = found._repr_html_()
    assert "<b>" not in page.replace("<p><b>", "")
    assert "<script" not in page


def test_a_run_held_at_a_breakpoint_says_by_which_and_what_waits(lab):
    door = lab.start(SmartDoor)
    door.breakpoint("open")
    for event in ("open_command", "fully_open", "close_command"):
        door.send(event)
    finding = first(door.explain(), "held")
    assert finding.title.startswith("Is held by breakpoint b1 since seq")
    assert "fully_open would enter open" in finding.text
    assert "Events and outcomes that wait: 2." in finding.text
    held = [f.seq for f in lab.journal.read(door.id) if f.kind in ("event.held", "debug")][1:]
    assert list(finding.facts) == held
    door.resume()
    assert "held" not in kinds(door.explain())
    assert "was held from seq" in str(door.why())


class Late(Machine):
    """Gives up after a while, or goes on."""

    waiting = State(initial=True)
    on = State()
    waiting.to(on, on="go")
    waiting.after("1s", on)


def test_what_left_the_mailbox_of_a_held_run_waits_no_more():
    clock = ToldClock()
    with Lab(clock=clock) as lab:
        run = lab.start(Late)
        run.pause()
        run.send("go")
        clock.advance(2)
        finding = first(run.explain(), "held")
        assert "Events and outcomes that wait: 2." in finding.text
        run.step()  # its state is left: the timer that waits is forgotten
        finding = first(run.explain(), "held")
        assert run.held.mailbox == ()
        assert "Events and outcomes that wait: 0." in finding.text
        assert finding.text.startswith("Stepped over go.")
        assert [f.seq for f in lab.journal.read(run.id) if f.name == "go"][-1:] == [*finding.facts]


def test_what_is_no_run_cannot_be_compared_with(lab):
    run = lab.start(SmartDoor, id="door")
    for wrong in (5, [5], ["door", None]):
        with pytest.raises(LabError, match="is no run"):
            run.explain(against=wrong)
    assert str(run.explain(against=run)) == str(run.explain(against=["door"]))


def test_one_of_a_thing_is_one_of_it(lab):
    assert "1 fact, 0 moves;" in lab.start(SmartDoor).explain().looked[0] + ";"
