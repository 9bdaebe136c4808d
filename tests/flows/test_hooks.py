"""Hooks: where their effects end up, what they leave alone, and how their mistakes are told."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.machine.charts import tries
from traaviis_lab import DefinitionError, Event, Lab, Machine, State, read_chart, start, step
from traaviis_lab import effects as fx
from traaviis_lab.flows import after, before, find_problems, on_enter, on_exit
from traaviis_lab.machine.matching import is_pattern, matches
from traaviis_lab.machine.mixing.listening import cut

SHOP = """
spec: traaviis/1
name: Shop
data: {paid: 0}
hooks: HOOKS
states:
  cart:
    exit: {kind: log, message: own exit}
    transitions:
      - {on: pay, to: paying, do: {kind: log, message: own do}}
      - {on: [drop, leave], to: gone}
  paying:
    enter: {kind: log, message: own enter}
    transitions: [{on: "*", to: gone}]
  gone: {final: true}
"""


def shop(hooks):
    return read_chart(SHOP.replace("HOOKS", hooks))


def log(text):
    return f"{{kind: log, message: {text}}}"


def lines(here):
    return [effect.message for effect in here.effects]


def test_hooks_come_before_and_after_what_is_there():
    chart = shop(
        f"[{{on_exit: cart, do: {log('x')}}}, {{before: pay, do: {log('b')}}},"
        f" {{after: pay, do: {log('a')}}}, {{on_enter: '*', do: {log('in $state')}}}]"
    )
    here = start(chart)
    assert lines(here) == ["in cart"]
    here = step(chart, here.snapshot, Event("pay"))
    assert lines(here) == ["own exit", "x", "b", "own do", "a", "in paying", "own enter"]
    assert here.owners == ("", "", "", "", "", "", "paying")


def test_several_hooks_come_in_their_order():
    hooks = ", ".join(f"{{after: pay, do: {log(n)}}}" for n in ("one", "two"))
    chart = shop(f"[{hooks}]")
    here = step(chart, start(chart).snapshot, Event("pay"))
    assert lines(here) == ["own exit", "own do", "one", "two", "own enter"]


def test_a_hook_on_one_event_leaves_the_others_of_the_arrow_alone():
    chart = shop(f"[{{before: drop, do: {log('dropped')}}}, {{before: cancel, do: {log('c')}}}]")
    cart = start(chart).snapshot
    assert lines(step(chart, cart, Event("drop"))) == ["own exit", "dropped"]
    assert lines(step(chart, cart, Event("leave"))) == ["own exit"]
    paying = step(chart, cart, Event("pay")).snapshot
    assert lines(step(chart, paying, Event("cancel"))) == ["c"]
    assert lines(step(chart, paying, Event("else"))) == []


def test_the_names_are_filled_in():
    chart = shop(
        "{before: [pay, drop], do: {kind: log, message: '$event in $state costs $5 $$events'},"
        " assign: {last: '$event'}}"
    )
    here = step(chart, start(chart).snapshot, Event("drop"))
    assert lines(here) == ["own exit", "drop in cart costs $5 $$events"]
    assert here.snapshot.data["last"] == "drop"


@pytest.mark.parametrize("name", ['o"clock', "it's", "back\\slash", "höher"])
def test_an_event_in_an_assignment_is_a_text_whatever_it_is_called(name):
    chart = read_chart(
        {
            "spec": "traaviis/1",
            "name": "Odd",
            "hooks": {"after": "*", "assign": {"last": "$event"}},
            "states": {"a": {"transitions": {"on": name}}},
        }
    )
    assert step(chart, start(chart).snapshot, Event(name)).snapshot.data["last"] == name


def test_a_chart_with_hooks_is_the_plain_chart_they_make():
    written = shop(f"{{on_enter: paying, do: {log('x')}}}")
    plain = SHOP.replace("hooks: HOOKS\n", "").replace(
        "    enter: {", "    on_enter: {kind: log, message: x}\n    enter: {"
    )
    assert written == read_chart(plain)
    assert read_chart(written.to_spec()) == written
    assert "hooks" not in written.to_spec()


FETCH = """
spec: traaviis/1
name: Fetch
hooks: {on_enter: "*", do: [{kind: log, message: in $state}, {kind: put_data, key: x, value: 1}]}
states:
  fetching:
    enter: [{kind: put_data, key: got, value: 7}]
    on_success: {to: done, assign: {result: event.result}}
  done: {on_success: {to: bad}}
  bad: {}
"""


def test_hooks_change_neither_when_a_state_has_succeeded_nor_with_what():
    with Lab() as lab:
        run = lab.start(read_chart(FETCH))
        assert run.state == "done"
        assert run.data == {"got": 7, "x": 1, "result": 7}


def test_a_hook_that_fails_does_not_fail_its_state():
    text = FETCH.replace("value: 1}", "value: 1}, {kind: put_data, key: got.y, value: 1}")
    with Lab() as lab:
        run = lab.start(
            read_chart(text.replace("bad: {}", "bad: {}\n  worse: {}")), data={"got": 1}
        )
        assert run.state == "done"
        failed = lab.sql("select name from events where kind = 'effect.failed'")
        assert list(failed["name"]) == ["put_data", "put_data"]


@pytest.mark.parametrize(
    ("hooks", "place", "said"),
    [
        (f"{{on_enter: payng, do: {log('x')}}}", "hooks[0].on_enter", "Did you mean 'paying'?"),
        (f"[{{on_exit: [cart, z], do: {log('x')}}}]", "hooks[0].on_exit[1]", "no state 'z'"),
        (f"{{before: bay, do: {log('x')}}}", "hooks[0].before", "Did you mean 'pay'?"),
        (f"{{do: {log('x')}}}", "hooks", "does not say where"),
        (f"{{before: pay, after: pay, do: {log('x')}}}", "hooks", "says before and after"),
        ("{before: pay}", "hooks", "does nothing"),
        ("{on_enter: cart, assign: {a: 1}}", "hooks.assign", "assigns nothing"),
        ("{before: pay, do: {kind: lg}}", "hooks.do.kind", "no effect 'lg'"),
        ("{before: pay, do: {kind: log, message: '{{ dta }}'}}", "hooks.do.message", "dta"),
        ("[before]", "hooks[0]", "a hook is a mapping"),
        (f"{{befor: pay, do: {log('x')}}}", "hooks.befor", "Did you mean 'before'?"),
        (
            "[{before: pay, assign: {p: 1}}, {after: pay, assign: {p: 2}}]",
            "hooks[1].assign.p",
            "'p' too",
        ),
    ],
)
def test_mistakes_are_told_with_place_and_cure(hooks, place, said):
    found = find_problems(SHOP.replace("HOOKS", hooks).replace('"*", to', "paid, to"))
    assert [problem.place for problem in found if said in f"{problem.message} {problem.cure}"] == [
        place
    ]
    assert all(problem.line == 5 for problem in found)


def test_a_mistake_beside_hooks_is_told_where_the_author_wrote_it():
    text = SHOP.replace("HOOKS", f"{{before: drop, do: {log('x')}}}").replace(
        "to: gone}]", "to: gon}]"
    )
    text = text.replace("leave], to: gone", "leave], to: gno")
    found = {problem.place: problem.line for problem in find_problems(text)}
    assert found == {"states.cart.transitions[1].to": 11, "states.paying.transitions[0].to": 14}


# Classes


def is_rich(data, event):
    return data["rich"]


class Order(Machine):
    data = {"rich": True, "seen": []}
    seen = []

    cart = State(initial=True)
    paying = State()
    done = State(final=True)

    hooks = [on_enter([paying, done], fx.log("at $state")), before("pay.card", fx.log("paying"))]
    cart.to(paying, on="pay.card", when=is_rich)
    paying.to(done, on="paid")

    def on_enter_paying(data, event):  # noqa: N805
        Order.seen.append(("on_enter_paying", data["rich"], event))

    @staticmethod
    async def after_pay_card(event):
        Order.seen.append(("after_pay_card", event))

    def on_exit_paying():
        Order.seen.append("on_exit_paying")
        return {"what it answers": "is only recorded"}


class Gift(Order):
    hooks = [on_exit("cart", fx.log("a gift")), after("paid", fx.log("thanks"))]

    def on_enter_paying(data):  # noqa: N805
        Order.seen.append("the derived one")


def until(condition):
    from time import monotonic, sleep

    end = monotonic() + 20
    while not condition():
        assert monotonic() < end
        sleep(0.005)


@pytest.mark.parametrize("known", [True, False])
def test_methods_are_hooks_that_the_lab_calls(known):
    Order.seen.clear()
    with Lab() as lab:
        run = lab.start(Order if known else Order.chart)
        run.send("pay.card", amount=3)
        run.send("paid")
        until(
            lambda: (
                len(
                    lab.sql(
                        "select 1 from events where kind like 'effect.%ed' and kind != 'effect.started' and name = 'call'"
                    )
                )
                == 3
            )
        )
        failed = lab.sql("select body from events where kind = 'effect.failed'")
        assert len(failed) == (0 if known else 3)
        assert "data" in run.data or run.data == {"rich": True, "seen": []}
    expected = [
        ("on_enter_paying", True, {"amount": 3}), ("after_pay_card", {"amount": 3}), "on_exit_paying",
    ]  # fmt: skip
    assert sorted(map(str, Order.seen)) == (sorted(map(str, expected)) if known else [])


def test_a_derived_class_has_the_hooks_of_its_base_and_its_own():
    assert sorted(Gift._functions) == [
        "Gift.after_pay_card", "Gift.on_enter_paying", "Gift.on_exit_paying",
    ]  # fmt: skip
    here = step(Gift.chart, start(Gift.chart).snapshot, Event("pay.card"))
    assert [getattr(effect, "message", effect.kind) for effect in here.effects] == [
        "a gift", "paying", "call", "at paying", "call",
    ]  # fmt: skip
    assert pickle.loads(pickle.dumps(Gift.chart)) == Gift.chart


def made(**words):
    here = State(initial=True)
    there = State()
    here.to(there, on="go")
    return type("Made", (Machine,), {"here": here, "there": there, **words})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            {"on_enter_ther": lambda: 0},
            "Made.on_enter_ther: `on_enter_ther`: there is no state 'ther'.",
        ),
        (
            {"before_went": lambda: 0},
            "there is no event 'went'. Events: go. A function that is no hook",
        ),
        ({"before_go": lambda self, data: 0}, "`before_go` cannot be called with data and event"),
        (
            {"hooks": [on_enter("ther", fx.log("x"))]},
            "Made.hooks[0].on_enter: there is no state 'ther'",
        ),
        ({"hooks": ["log"]}, "Made.hooks[0]: 'log' is none of the hooks."),
        (
            {"hooks": State()},
            "Made.hooks: `hooks` of a Machine is no state. Call the attribute hooks_state",
        ),
        ({"components": State()}, "`components` of a Machine is no state"),
        ({"components": [3]}, "Made.components[0]: 3 is none of the components."),
        ({"hooks": [before("go", fx.log("x"), "log")]}, "Made.hooks[0].do[1]: 'log' is no effect"),
    ],
)
def test_mistakes_in_a_class_are_told_in_its_words(words, said):
    with pytest.raises(DefinitionError) as error:
        made(**words)
    assert said in str(error.value)


def test_a_guard_that_sounds_like_a_hook_is_a_guard():
    def before_noon(data, event):
        return True

    here = State(initial=True)
    here.to(None, on="go", when=before_noon)
    assert type("M", (Machine,), {"here": here, "before_noon": staticmethod(before_noon)}).chart


NAMES = ("a", "a.b", "a.b.c", "x", "*", "a.*", "a.b.*")
names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)


@tries(300)
@given(names, st.lists(names, max_size=3), st.booleans())
def test_the_parts_of_an_arrow_meet_each_event_as_the_arrow_did(listened, patterns, apart):
    parts = cut(listened, patterns, apart)
    for event in ("a", "a.b", "a.b.c", "a.z", "a.b.z", "x", "other"):
        first = [meant for part, meant in parts if any(matches(p, event) for p in part)][:1]
        hears = any(matches(p, event) for p in listened)
        hooks = tuple(
            n for n, group in enumerate(patterns) if any(matches(p, event) for p in group)
        )
        assert first == ([hooks] if hears else []), (parts, event)
    assert all(not is_pattern(p) or p in NAMES for part, _ in parts for p in part)
