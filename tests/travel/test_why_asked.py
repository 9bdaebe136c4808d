"""Why: what is asked for is what is answered, however it is written; nothing false is said."""

import numpy as np
import pytest

from traaviis_lab import Chart, Lab, LabError, Machine, State, ToldClock


class Shop(Machine):
    """A cart that grows, and a way out with three arrows for one event."""

    data = {"cart": {"items": []}, "n": 0, "odd name": 1, "p": True, "q": True, "r": False}

    a = State(initial=True)
    b = State()
    c = State()
    a.to(None, on="add", assign={"cart": '{"items": data.cart.items + [event.x]}', "n": "data.n+1"})
    a.to(b, on="go", when="data.p")
    a.to(c, on="go", when="data.q")
    a.to(b, on="go")
    a.to(c, on="go", when="data.r")


REGIONS = {
    "spec": "traaviis/1",
    "name": "Regions",
    "states": {
        "both": {
            "parallel": True,
            "states": {
                "left": {
                    "initial": "l1",
                    "states": {"l1": {"transitions": [{"on": "x", "to": "l2"}]}, "l2": {}},
                },
                "right": {
                    "initial": "r1",
                    "states": {"r1": {"transitions": [{"on": "x", "to": "r2"}]}, "r2": {}},
                },
            },
        }
    },
}


@pytest.fixture
def lab():
    with Lab(clock=ToldClock()) as opened:
        yield opened


@pytest.fixture
def shop(lab):
    run = lab.start(Shop, id="shop")
    run.send("add", x={"price": 3})
    run.send("add", x={"price": 7})
    return run


def test_a_seq_out_of_a_table_is_a_seq(shop):
    seq = shop.history().query("event == 'add'")["seq"].iloc[0]
    assert isinstance(seq, np.integer)
    assert shop.why("data.n", seq).value == shop.why(seq, "data.n").value == 1
    assert shop.why(seq).seq == 2
    assert type(shop.why("data.n", seq).seq) is int


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        (("data.n", 2.0), "It goes from 1 to 3."),
        (("data.n", True), "It goes from 1 to 3."),
        (("data.n", "data.cart"), "What, and if you like the seq"),
        ((1, 2), "What, and if you like the seq"),
        (("data..n",), "Write it like data.total"),
    ],
)
def test_a_question_that_is_none_is_refused(shop, asked, hint):
    with pytest.raises(LabError) as error:
        shop.why(*asked)
    assert hint in error.value.hint


@pytest.mark.parametrize(
    "path", ["data.cart.items[0].price", "cart.items[0].price", "data.cart.items.0.price"]
)
def test_items_of_lists_are_asked_for_as_changes_writes_them(shop, path):
    why = shop.why(path)
    assert (why.what, why.value) == ("data.cart.items[0].price", 3)
    assert why.links[why.roots[0]].seq == 2
    assert "Nothing ever put it there" not in str(why)


def test_odd_names_can_be_asked_for(shop):
    assert shop.why('data["odd name"]').value == 1
    assert shop.why("odd name").what == 'data["odd name"]'


def test_a_value_that_never_was_comes_with_the_nearest_that_is(shop):
    assert str(shop.why("data.cart.item")).endswith("Did you mean 'data.cart.items'?")


def test_an_event_is_taken_where_a_later_arrow_takes_it(lab):
    run = lab.start(Shop, data={"p": False})
    assert str(run.why("go")) == "Event `go` is taken in a at seq 1."


def test_what_would_have_to_differ_reckons_with_the_arrows_between(shop):
    shop.send("go")
    assert [(o.transition, o.needs) for o in shop.why("b").otherwise] == [
        ("a#2", "data.p = false (it was true)"),
        ("a#3", "data.p = false (it was true) and data.q = false (it was true)"),
    ]  # a#4 stands behind one without a guard: nothing in the run would make it come


def test_only_the_transition_that_led_out_of_a_state_is_why_it_was_left(lab):
    run = lab.start(Chart.from_spec(REGIONS))
    run.send("x")
    for state, arrow in (("l1", "l1#0"), ("r1", "r1#0")):
        why = run.why(state)
        assert [why.links[place].text for place in why.roots] == [
            f"{arrow} was taken on `x` from outside: {state} → {state[0]}2"
        ]


def test_an_item_of_a_long_list_is_found_without_working_all_out_many_times(lab):
    run = lab.start(Shop)
    for number in range(1_200):
        run.send("add", x=number)
    steps = 0
    recall = type(run.trail.at(1))
    apply = recall.apply

    def counted(self, fact):
        nonlocal steps
        steps += 1
        return apply(self, fact)

    recall.apply = counted
    try:
        assert run.why("data.cart.items[3]").links[0].seq == 5
    finally:
        recall.apply = apply
    assert steps < 4 * run.seq


def test_signs_that_only_look_like_numbers_are_names(shop):
    for path in ("data.cart.items.²", "data.cart.items." + "9" * 5_000):
        assert "is not there at seq 3" in shop.why(path).title


def test_a_history_leads_back_to_where_the_run_was_before(lab):
    spec = {
        "spec": "traaviis/1",
        "name": "Back",
        "initial": "work",
        "states": {
            "work": {
                "initial": "one",
                "states": {
                    "one": {"transitions": [{"on": "next", "to": "two"}]},
                    "two": {},
                    "h": {"history": "shallow"},
                },
                "transitions": [{"on": "pause", "to": "off"}],
            },
            "off": {"transitions": [{"on": "resume", "to": "h"}]},
        },
    }
    run = lab.start(Chart.from_spec(spec))
    for event in ("pause", "resume"):
        run.send(event)
    assert "h led back to one, which was left here" in str(run.why("one"))
    for event in ("next", "pause", "resume"):
        run.send(event)
    why = run.why("two")
    (back,) = (link for link in why.links if link.text == "h led back to two, which was left here")
    assert back.seq == 5
    assert [why.links[place].seq for place in back.because] == [4]
    assert "h led back" not in str(run.why("work").links[0])
