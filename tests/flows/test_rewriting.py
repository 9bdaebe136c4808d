"""What is rewritten means the same, the rest keeps every byte, and a second time changes nothing."""

import json
import sys
import types
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traaviis_lab import DefinitionError, Lab, read_chart
from traaviis_lab.errors import NotInstalled
from traaviis_lab.flows.analysing import analyse_document
from traaviis_lab.flows.rewriting import migrate_document, migrate_source
from traaviis_lab.flows.yaml_text import yaml_text

SHOP = '''\
"""A shop."""
import logging
import time

import requests
from traaviis_lab import Machine, State

URL = "https://pay.example/pay"
log = logging.getLogger("shop")


class Shop(Machine):
    """Sells."""

    data = {"order": 7}

    idle = State(initial=True)
    paying = State()  # this one costs
    packing = State(
        title="Packing",
    )
    done = State(final=True)

    idle.to(paying, on="pay")
    paying.to(packing, on="paid", do=[])
    packing.to(done, on="packed")
'''


def shop(*hooks):
    return SHOP + "".join(f"\n    {line}\n" if line else "\n" for line in hooks)


def hook(name, *body, of="(data, event)"):
    return f"def {name}{of}:\n" + "\n".join(f"        {line}" for line in body)


def load(text):
    """The Machine in a source, run as its owner would."""
    module = types.ModuleType("shop_of_this_test")
    code = compile(text.replace("import requests\n", ""), "shop.py", "exec")
    exec(code, module.__dict__)
    return module.Shop.chart


def enter_of(text, state):
    chart = load(text)
    return [one.to_spec() for one in (*chart.states[state].on_enter, *chart.states[state].enter)]


@pytest.mark.parametrize(
    ("body", "specs"),
    [
        (["print('hello')"], [{"kind": "log", "message": "hello"}]),
        (['"""Say it."""', "print('a', 2, \"b\")", "return"], [{"kind": "log", "message": "a 2 b"}]),
        (["log.warning('hot')"], [{"kind": "log", "message": "hot", "level": "warning"}]),
        (["logging.critical('hot')  # noqa: LOG015"], [{"kind": "log", "message": "hot", "level": "error"}]),
        (["print(f\"order {data['order']} of {event['user']}\")"],
         [{"kind": "log", "message": "order {{ data.order }} of {{ event.user }}"}]),
        (["print('a')", "print('b')"], [{"kind": "log", "message": "a"}, {"kind": "log", "message": "b"}]),
        (["time.sleep(0.25)"], [{"kind": "delay", "for": "250ms"}]),
        (["print('a')", "time.sleep(90)"], [{"kind": "log", "message": "a"}, {"kind": "delay", "for": "90s"}]),
        (["requests.get(URL)"],
         [{"kind": "timeout", "after": "30s", "effect": {"kind": "call_api", "method": "GET", "url": "https://pay.example/pay"}}]),
        (["requests.post(URL, json={'order': data['order'], 'n': [1]}, timeout=60).raise_for_status()"],
         [{"kind": "timeout", "after": "1m", "effect": {
             "kind": "call_api", "method": "POST", "url": "https://pay.example/pay",
             "json": {"order": "{{ data.order }}", "n": [1]}, "timeout": "1m"}}]),
    ],
)  # fmt: skip
def test_a_hook_that_is_plain_to_see_becomes_effects(body, specs):
    text = shop(hook("on_enter_paying", *body))
    made = migrate_source(text, 30.0)
    assert made.left == ()
    assert [change.place for change in made.done] == ["on_enter_paying"]
    assert enter_of(made.text, "paying") == specs
    assert "def on_enter_paying" not in made.text
    assert made.text.count("paying = State(") == 1
    assert "# this one costs" in made.text
    assert migrate_source(made.text, 30.0).text == made.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (hook("on_enter_paying", "# mine", "print('a')"), "comment"),
        (hook("on_enter_paying", "print('a')", "data['x'] = 1"), "no effect that is the same"),
        (hook("on_enter_paying", "answer = requests.get(URL)"), "no effect that is the same"),
        (hook("on_enter_paying", "requests.get(data['url'])"), "no effect that is the same"),
        (hook("on_enter_paying", "requests.get(URL, verify=False)"), "no effect that is the same"),
        (hook("on_enter_paying", "requests.get(URL, headers={'Authorization': 'k'})"), "no effect"),
        (hook("on_enter_paying", "requests.get(URL)", "print('asked')"), "would not wait"),
        (hook("on_enter_paying", "print('{{ data.order }}')"), "no effect that is the same"),
        (hook("on_enter_paying", "print(f'{data!r}')"), "no effect that is the same"),
        (hook("on_enter_paying", "print('a', file=log)"), "no effect that is the same"),
        (hook("on_enter_paying", "log.info('%s', data)"), "no effect that is the same"),
        (hook("on_enter_paying", "pass"), "does nothing"),
        (hook("on_exit_paying", "time.sleep(1)"), "delays nothing"),
        (hook("on_enter_paying", "print('a')", of="(*args)"), "any arguments"),
        (hook("on_enter_nowhere", "print('a')"), "no state 'nowhere'"),
        (hook("before_nothing", "print('a')"), "no arrow takes nothing"),
        ("@cached\n    " + hook("on_enter_paying", "print('a')"), "decorator"),
        (hook("on_enter_paying", "print('a')") + "\n    twin = on_enter_paying", "by its name"),
        (
            hook("on_enter_paying", "print(1)") + "\n\n    " + hook("on_enter_paying", "print(2)"),
            "two",
        ),
    ],
)
def test_what_is_not_plain_is_left_and_said(text, why):
    made = migrate_source(shop(text), 30.0)
    assert made.text == shop(text)
    assert why in made.left[0].why
    at = made.text.splitlines()[made.left[0].line - 1]
    assert at.strip().startswith(f"def {made.left[0].place}(")


def test_a_wait_where_the_end_of_enter_is_heard_is_left():
    text = SHOP.replace("paying = State()", "paying = State(on_success=idle)")
    more = f"\n    {hook('on_enter_paying', 'time.sleep(1)')}\n"
    assert "listens for the end" in migrate_source(text + more, 30.0).left[0].why
    plain = SHOP.replace('on="packed"', 'on="done.invoke.packing"')
    assert "an arrow on `*` or `done.*`" in migrate_source(plain + more, 30.0).left[0].why
    more = more.replace("time.sleep(1)", "print('a')")
    assert migrate_source(text + more, 30.0).left == ()


def test_states_and_machines_may_be_imported_under_other_names():
    other = "import Machine as M, State as S\n"
    text = shop(hook("on_enter_paying", "print(1)"), hook("before_paid", "print(2)"))
    text = text.replace("import Machine, State\n", other).replace("(Machine)", "(M)")
    made = migrate_source(text.replace("State(", "S("), 30.0)
    assert made.left == ()
    assert 'paying = S(on_enter=fx.log("1"))' in made.text
    assert len(load(made.text).states["paying"].transitions[0].do) == 1


def test_hooks_on_events_go_to_their_arrows_in_order():
    text = SHOP.replace("do=[]", "do='FX'").replace("'FX'", "[{'kind': 'log', 'message': 'own'}]")
    text += f"\n    {hook('before_paid', 'print(1)')}\n\n    {hook('after_paid', 'print(2)')}\n"
    chart = load(migrate_source(text, 30.0).text)
    (arrow,) = chart.states["paying"].transitions
    assert [effect.message for effect in arrow.do] == ["1", "own", "2"]


def test_the_migrated_machine_runs_as_before():
    hooks = [
        hook("on_enter_paying", "print(f\"pay {data['order']}\")"),
        hook("before_paid", "print('paid')"),
    ]
    made = migrate_source(shop(*hooks), 30.0)
    assert made.left == ()
    with Lab() as lab:
        run = lab.start(load(made.text), id="s")
        for event in ("pay", "paid", "packed"):
            run.send(event)
        said = lab.sql("select body from events where kind = 'effect.completed' order by seq")
        messages = [json.loads(body)["effect"]["message"] for body in said["body"]]
    assert run.state == "done"
    assert messages == ["pay 7", "paid"]


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("from traaviis_lab import Machine, State", "from traaviis_lab import Machine, State, effects as fx"),
        ("from traaviis_lab import (\n    Machine,\n    State,\n)", "    State,\n    effects as fx,\n)"),
        ("from traaviis_lab import Machine, State, effects", "effects.log("),
        ("from traaviis_lab import effects as e, Machine, State", "e.log("),
        ("from traaviis_lab.machine.dsl import Machine, State", "from traaviis_lab import effects as fx"),
        ("from traaviis_lab import Machine, State\nfx = 1", "effects as lab_effects"),
    ],
)  # fmt: skip
def test_effects_are_imported_where_they_are_not(line, there):
    text = shop(hook("on_enter_paying", "print('a')"))
    made = migrate_source(text.replace("from traaviis_lab import Machine, State", line), 30.0).text
    assert there in made
    assert enter_of(made, "paying") == [{"kind": "log", "message": "a"}]


def test_effects_get_limits_where_they_stand():
    text = SHOP.replace("Machine, State", "Machine, State, effects as fx")
    text = text.replace("do=[]", "do=fx.call('f') >> fx.retry(fx.call('ö'), attempts=2)")
    text = text.replace("State()", "State(enter=[fx.invoke_fsm('Child'), PAY])")
    text = text.replace("class Shop", "PAY = fx.call('pay')\n\n\nclass Shop")
    made = migrate_source(text, 300.0)
    assert (
        "do=fx.timeout(fx.call('f'), after=\"5m\") >> "
        "fx.retry(fx.timeout(fx.call('ö'), after=\"5m\"), attempts=2)"
    ) in made.text
    assert [left.why.rpartition(": ")[2] for left in made.left] == [
        "choose its limit yourself",
        "it is written elsewhere, and may be used in several places",
    ]
    assert migrate_source(made.text, 300.0).text == made.text
    assert migrate_source(text, None).text == text
    assert load(made.text)


@pytest.mark.parametrize("change", [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t])
def test_line_ends_and_marks_of_a_source_stay(change):
    text = shop(hook("on_enter_packing", "print('ü')"))
    made = migrate_source(change(text), 30.0)
    assert made.text == change(migrate_source(text, 30.0).text)
    assert made.done


def test_a_class_of_another_library_is_left():
    text = "import statemachine\nclass T(statemachine.StateMachine):\n    def on_enter_a(self):\n        print(1)\n"
    made = migrate_source(text, 30.0)
    assert made.text == text
    assert "no Machine of traaviis_lab" in made.left[0].why


def test_without_libcst_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "libcst", None)
    with pytest.raises(NotInstalled) as caught:
        migrate_source(shop(hook("on_enter_paying", "print('a')")), 30.0)
    assert "traaviis-lab[migrate]" in caught.value.hint
    assert migrate_source(SHOP, 30.0).text == SHOP


hooks = st.lists(
    st.builds(
        hook,
        st.sampled_from(
            ["on_enter_paying", "on_exit_paying", "before_pay", "after_paid", "on_enter_packing"]
        ),
        st.sampled_from(
            [
                "print('a')",
                "time.sleep(2)",
                "requests.get(URL)",
                "x = 1",
                "print(1)  # why",
                "'''Doc.'''",
            ]
        ),
        st.sampled_from(["pass", "print('b')", "log.error('c')", "return"]),
    ),
    unique_by=lambda text: text.split("(")[0],
    max_size=5,
)


@given(hooks)
@settings(max_examples=40, deadline=None)
def test_law_a_second_migration_of_a_source_changes_nothing(written):
    made = migrate_source(shop(*written), 30.0)
    assert migrate_source(made.text, 30.0).text == made.text
    assert len(made.done) + len(made.left) == len(written)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        load(made.text)


# Documents

PLAIN = """\
# A shop that asks.
spec: traaviis/1
name: Shop
states:
  a:
    enter:
      - kind: call   # the slow one
        function: 'charge'
        args:
          text: |
            two

              lines
      # the quick one
      - {kind: log, message: "x"}
    transitions:
    - on: go
      to: b
      do: {kind: parallel, effects: [{kind: call, function: f}, {kind: delay, for: 2s}]}
  b:
    exit:
      kind: call
      function: g
"""


def test_a_document_keeps_all_but_its_effects():
    made = migrate_document(PLAIN, 30.0)
    before, after = PLAIN.splitlines(), made.text.splitlines()
    kept = {line.strip().removeprefix("- ") for line in after}
    assert [line.strip() for line in before if line.strip().removeprefix("- ") not in kept] == [
        "do: {kind: parallel, effects: [{kind: call, function: f}, {kind: delay, for: 2s}]}"
    ]
    enter = read_chart(made.text).states["a"].enter[0].to_spec()
    old = read_chart(PLAIN).states["a"].enter[0].to_spec()
    assert enter == {"kind": "timeout", "after": "30s", "effect": old}
    assert [change.line for change in made.done] == [7, 19, 21]
    assert "no-timeout" not in {finding.rule for finding in analyse_document(made.text).findings}


@pytest.mark.parametrize("change", [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t])
def test_line_ends_and_marks_of_a_document_stay(change):
    made = migrate_document(change(PLAIN), 30.0)
    assert made.text == change(migrate_document(PLAIN, 30.0).text)


def test_what_is_written_once_and_used_twice_is_left():
    text = PLAIN.replace("exit:\n", "exit: &e\n") + "    enter: *e\n"
    made = migrate_document(text, 30.0)
    assert len(made.left) == 2
    assert {left.why.rpartition(": ")[2] for left in made.left} == {
        "it is written once and used in several places"
    }


def test_long_ones_and_unknown_ones_are_left():
    text = PLAIN.replace("kind: call\n      function: g", "kind: invoke_fsm\n      machine: g")
    (left,) = migrate_document(text, 30.0).left
    assert "choose its limit yourself" in left.why


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: 1", "states: {a: {enter: [1, {kind: 3}]}}"])
def test_a_document_that_is_no_chart_is_left(text):
    assert migrate_document(text, 30.0).text == text


def test_no_limit_no_change():
    assert migrate_document(PLAIN, None).text == PLAIN


def test_a_text_that_is_no_document():
    with pytest.raises(DefinitionError, match="no YAML"):
        migrate_document("a: [", 30.0)


leaves = st.sampled_from(
    [
        {"kind": "call", "function": "f"},
        {
            "kind": "call",
            "function": "g: # x",
            "args": {"t": "two\nlines\n", "n": [1, {"kind": "call"}]},
        },
        {"kind": "log", "message": "m"},
        {"kind": "delay", "for": "2s"},
        {"kind": "invoke_fsm", "machine": "m"},
    ]
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda e: {"kind": "retry", "effect": e}, inner),
        st.builds(lambda e: {"kind": "timeout", "after": "1m", "effect": e}, inner),
        st.builds(
            lambda e: {"kind": "sequence", "effects": e}, st.lists(inner, min_size=1, max_size=3)
        ),
        st.builds(
            lambda a, b: {"kind": "saga", "steps": [{"effect": a, "undo": b}, a]}, inner, inner
        ),
    ),
    max_leaves=6,
)
styles = st.sampled_from([json.dumps, yaml_text, lambda value: json.dumps(value, indent=2)])


@given(st.lists(trees, min_size=1, max_size=3), styles)
@settings(max_examples=60, deadline=None)
def test_law_every_document_reads_on_has_its_limits_and_settles(effects, style):
    spec = {
        "spec": "traaviis/1",
        "name": "X",
        "states": {"a": {"enter": effects, "exit": effects[0]}},
    }
    made = migrate_document(style(spec), 30.0)
    assert read_chart(made.text).states["a"]
    assert migrate_document(made.text, 30.0).text == made.text
    open_ones = [f for f in analyse_document(made.text).findings if f.rule == "no-timeout"]
    assert all("invoke_fsm" in finding.what for finding in open_ones)
    assert len(open_ones) == len(made.left)
