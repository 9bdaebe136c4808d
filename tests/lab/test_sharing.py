"""What effects share, over the runs of a lab: in real runs, cancelled, held, resumed, replayed."""

import random

import pytest

from traaviis_lab import Lab, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import CircuitOpen, EffectError


class Worker(Machine):
    """Works for ten seconds, if it is let."""

    idle = State(initial=True)
    working = State(enter=[fx.bulkhead(fx.delay("10s"), "desk", 1)])
    done = State(final=True)

    idle.to(working, on="work")
    working.to(idle, on="leave")
    working.to(done, on="done.invoke.working")


@pytest.fixture
def clock():
    return ToldClock()


@pytest.fixture
def lab(clock):
    with Lab(clock=clock) as opened:
        yield opened


def desk(lab):
    row = lab.limits().to_dict("records")[0]
    return row["in_use"], row["waiting"]


def working(lab, *names):
    runs = [lab.start(Worker, id=name) for name in names]
    for run in runs:
        run.send("work")
    return runs


def settle(lab, clock):
    clock.advance(0)
    lab.journal.flush()
    clock.advance(0)


def test_a_circuit_opens_for_all_runs_and_closes_after_a_probe(lab, clock):
    asked, broken = [], [True]

    def pay():
        asked.append(1)
        if broken:
            raise ValueError("no answer")
        return "paid"

    lab.register(pay)
    wish = fx.circuit_breaker(fx.call("pay"), "pay", failures=2, reset="10s", on="ValueError")
    for kind in (EffectError, EffectError, CircuitOpen):
        with pytest.raises(kind):
            lab.run_pipeline(wish)
    assert len(asked) == 2
    broken.clear()
    clock.advance(10)
    assert list(lab.circuits()["state"]) == ["half_open"]
    run = lab.run_pipeline(wish)
    assert run.data["result"] == "paid"
    permit = run.effects().query("effect == 'permit'").iloc[0]
    assert permit["result"] == {"state": "half_open"}
    assert list(lab.circuits()["state"]) == ["closed"]


def test_a_hit_of_a_cache_is_recorded_as_such_and_replayed_without_it(lab):
    asked = []

    def price(of):
        asked.append(of)
        return {"of": of, "price": len(asked)}

    lab.register(price)
    wish = fx.cache(fx.call("price", {"of": "{{ data.of }}"}), key=["price", "{{ data.of }}"])
    first, _, again = (lab.run_pipeline(wish, data={"of": of}) for of in ("a", "b", "a"))
    assert asked == ["a", "b"]
    assert again.data["result"] == first.data["result"] == {"of": "a", "price": 1}
    told = again.effects().query("effect == 'permit'").iloc[0]["result"]
    assert told == {"hit": True, "value": {"of": "a", "price": 1}, "age": 0.0}
    lab.clear_cache()
    assert again.replay().facts == again.seq
    assert asked == ["a", "b"]
    assert lab.run_pipeline(wish, data={"of": "a"}, tenant="other").data["result"]["price"] == 3


def test_runs_wait_for_each_other_and_one_that_leaves_lets_the_next_one_in(lab, clock):
    first, second, third = working(lab, "one", "two", "three")
    assert desk(lab) == (1, 2)
    clock.advance(10)
    settle(lab, clock)
    assert (first.state, desk(lab)) == ("done", (1, 1))
    second.send("leave")
    settle(lab, clock)
    assert desk(lab) == (1, 0)
    clock.advance(10)
    settle(lab, clock)
    assert (third.state, desk(lab)) == ("done", (0, 0))


def test_one_that_leaves_while_it_waits_steps_out_of_the_line(lab, clock):
    _, second, third = working(lab, "one", "two", "three")
    second.send("leave")
    settle(lab, clock)
    assert desk(lab) == (1, 1)
    clock.advance(10)
    settle(lab, clock)
    clock.advance(10)
    settle(lab, clock)
    assert (third.state, desk(lab)) == ("done", (0, 0))


def test_a_place_that_was_given_to_a_run_that_is_held_and_leaves_is_given_back(lab, clock):
    first, second = working(lab, "one", "two")
    second.pause()
    second.send("leave")  # the first of its mailbox
    first.send("leave")  # and then its permit comes, the second
    settle(lab, clock)
    assert desk(lab) == (1, 0)
    second.resume()
    settle(lab, clock)
    assert (second.state, desk(lab)) == ("idle", (0, 0))


def test_a_run_that_is_resumed_has_its_place_still(tmp_path):
    clock = ToldClock()
    path = tmp_path / "desk.duckdb"
    with Lab(path, clock=clock) as lab:
        working(lab, "one")
        settle(lab, clock)
        assert desk(lab) == (1, 0)
    with Lab(path, clock=clock) as lab:
        run = lab.resume("one", Worker)
        assert desk(lab) == (1, 0)
        (other,) = working(lab, "two")
        settle(lab, clock)
        assert desk(lab) == (1, 1)
        clock.advance(10)
        settle(lab, clock)
        assert (run.state, other.state, desk(lab)) == ("done", "working", (1, 0))


GUARDED = fx.circuit_breaker(
    fx.bulkhead(
        fx.cache(fx.race(fx.delay("{{ data.long }}"), fx.delay("7s")), key="{{ data.key }}", ttl=3),
        "stress",
        3,
    ),
    "stress",
)


class Restless(Machine):
    """Asks for what is guarded three times over, and leaves it as it likes."""

    data = {"long": 1, "key": 0}
    idle = State(initial=True)
    working = State(enter=[fx.timeout(GUARDED, "9s"), fx.parallel(GUARDED, GUARDED, settle=True)])

    idle.to(working, on="go", assign={"long": "event.long", "key": "event.key"})
    working.to(idle, on="go")
    working.to(idle, on="done.invoke.working")
    working.to(idle, on="error.invoke.working")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_runs_do_nothing_is_left_behind(lab, clock, seed):
    chance = random.Random(seed)
    runs = [lab.start(Restless, id=f"run{n}") for n in range(8)]
    for _ in range(60):
        run = chance.choice(runs)
        what = chance.random()
        if what < 0.6:
            run.send("go", long=chance.choice([0, 1, 5]), key=chance.choice([1, 2]))
        elif what < 0.75:
            run.pause()
        elif what < 0.9:
            run.resume()
        else:
            clock.advance(chance.choice([0.5, 2, 10]))
        assert all(row["in_use"] <= 3 for row in lab.limits().to_dict("records"))
    for run in runs:
        run.resume()
        if run.state == "working":
            run.send("go", long=1, key=1)
    settle(lab, clock)
    clock.advance(60)
    settle(lab, clock)
    assert {run.state for run in runs} == {"idle"}
    assert desk(lab) == (0, 0)
    assert list(lab.circuits()["under_way"]) == [0]
    assert lab.caches()[["fetching", "waiting"]].to_numpy().tolist() == [[0, 0]]
    assert lab._engine.shared._inside == {}
