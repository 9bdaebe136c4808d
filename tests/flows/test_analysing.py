"""Machines are read, not run, and every rule finds what it is for and nothing else."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab import DefinitionError
from traaviis_lab import effects as fx
from traaviis_lab.flows.analysing import RULES, analyse_document, analyse_source

HEAD = """\
import asyncio, logging, os, random, threading, time
import requests as rq
from openai import OpenAI
from time import sleep
from traaviis_lab import Machine, State, effects as fx
log = logging.getLogger(__name__)
client = OpenAI()
"""
LAMP = """
class Lamp(Machine):
    dark = State(initial=True)
    bright = State({state})
    dark.to(bright, on="switch"{arrow})
    bright.to(dark, on="switch")
{hook}
"""


def lamp(hook="", state="", arrow="", head=""):
    body = "".join(f"    {line}\n" for line in hook.splitlines())
    return HEAD + head + LAMP.format(hook=body, state=state, arrow=arrow)


def found(text, look=analyse_source):
    return {finding.rule for finding in look(text).findings}


def hook(line):
    return f"def on_enter_bright(data, event):\n    {line}"


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        ("pass", set()),
        ("return None", set()),
        ("total = sum(data['prices'])", set()),
        ("rq.get('https://x.example')", {"hook-io"}),
        ("rq.exceptions.Timeout()", set()),
        ("client.chat.completions.create(model='m')", {"hook-io"}),
        ("open('lamp.txt').write('on')", {"hook-io"}),
        ("__import__('pathlib').Path('x').write_text('on')", {"hook-io"}),
        ("os.system('reboot')", {"hook-io"}),
        ("os.path.join('a', 'b')", set()),
        ("import urllib.parse; urllib.parse.quote('a')", set()),
        ("import urllib.request; urllib.request.urlopen('https://x.example')", {"hook-io"}),
        ("sleep(1)", {"hook-sleep"}),
        ("time.sleep(1)", {"hook-sleep"}),
        ("print('on')", {"hook-print"}),
        ("log.info('on')", {"hook-print"}),
        ("threading.Thread(target=print).start()", {"hook-thread"}),
        ("asyncio.create_task(work())", {"hook-thread"}),
        ("ask()", {"hook-io"}),
        ("self._again()", {"hook-io"}),
        ("while True: rq.get('https://x.example')", {"hook-io", "hook-loop"}),
        ("for _ in range(9): ask()", {"hook-io", "hook-loop"}),
        ("for _ in range(9): sum([])", set()),
    ],
)
def test_what_a_hook_does_itself(line, rules):
    head = "def ask():\n    return rq.post('https://x.example')\n"
    text = lamp(hook(line) + "\ndef _again(self):\n    ask()", head=head)
    assert found(text) == rules


def test_errors_that_are_passed_over():
    kept = "try:\n        total = 1 / data['x']\n    except ZeroDivisionError:\n        {}"
    assert found(lamp(hook(kept.format("pass")))) == {"hook-swallows"}
    assert found(lamp(hook(kept.format("raise")))) == set()


def test_a_finding_says_where_what_why_and_what_to_write():
    (finding,) = analyse_source(lamp(hook("rq.get('https://x.example/on')"))).findings
    text = lamp(hook("rq.get('https://x.example/on')"))
    assert text.splitlines()[finding.line - 1].strip() == "rq.get('https://x.example/on')"
    assert (finding.machine, finding.place, finding.severity) == (
        "Lamp",
        "on_enter_bright",
        "error",
    )
    assert "rq.get('https://x.example/on')" in finding.what
    assert finding.cure == (
        'enter=fx.timeout(fx.call_api("GET", \'https://x.example/on\'), after="30s")'
    )
    assert json.dumps(finding.to_json())


GUARDS = [
    ('when="data.on"', set()),
    ("when=lambda data, event: data['on']", {"not-portable"}),
    ("when=lambda data, event: rq.get('https://x.example').ok", {"not-portable", "guard-io"}),
    ("assign={'at': lambda data, event: time.time()}", {"not-portable", "impure-decision"}),
    ("assign={'at': 'event.at'}", set()),
    ("when=may", {"not-portable", "guard-io"}),
]


@pytest.mark.parametrize(("arrow", "rules"), GUARDS)
def test_deciding_is_pure(arrow, rules):
    head = "def may(data, event):\n    return open('may').read() == 'yes'\n"
    assert found(lamp(arrow=f", {arrow}", head=head)) == rules


API = '{"kind": "call_api", "method": "%s", "url": "%s"}'
SAFE = {"kind": "timeout", "after": "9s", "effect": {"kind": "call", "function": "f"}}
EFFECTS = [
    (fx.log("x"), set()),
    (fx.delay("1h"), set()),
    (fx.call("f"), {"no-timeout", "no-on-error"}),
    (fx.timeout(fx.call("f"), "9s"), {"no-on-error"}),
    (fx.timeout(fx.retry(fx.call("f") >> fx.call("g")), "9s"), {"no-on-error", "no-compensation"}),
    (fx.call("f") | fx.delay("9s"), {"no-on-error"}),
    (fx.fallback(fx.timeout(fx.call("f"), "9s"), fx.log("no")), set()),
    (fx.call_api("GET", "https://x.example"), {"no-on-error"}),
    (fx.call_api("GET", "http://x.example"), {"no-on-error", "plain-http"}),
    (fx.call_api("GET", "http://127.0.0.1:8080/x"), {"no-on-error"}),
    (fx.call_api("GET", "https://x.example", headers={"X-Api-Key": "k1"}), {"no-on-error", "secret-in-text"}),
    (fx.call_api("GET", "https://x.example", headers={"X-Api-Key": {"secret": "K"}}), {"no-on-error"}),
    (fx.call_api("GET", "https://x.example", headers={"Accept": "text/plain"}), {"no-on-error"}),
    (fx.retry(fx.call_api("GET", "https://x.example"), 11), {"no-on-error", "many-attempts"}),
    (fx.retry(fx.retry(fx.call_api("GET", "https://x.example"), 4), 3), {"no-on-error", "many-attempts"}),
    (fx.retry(fx.call_api("GET", "https://x.example"), 10), {"no-on-error"}),
    (fx.retry(fx.call_api("GET", "https://x.example"), delay=0), {"no-on-error", "retry-without-pause"}),
    (fx.for_each("data.x", fx.call_api("GET", "https://x.example"), concurrency=0), {"no-on-error", "unbounded-fan-out"}),
    (fx.for_each("data.x", fx.call_api("GET", "https://x.example"), concurrency=4), {"no-on-error"}),
    (fx.for_each("data.x", fx.rate_limit(fx.call_api("GET", "https://x.example"), "n", 3), concurrency=0), {"no-on-error"}),
    (fx.parallel(*[fx.call_api("GET", "https://x.example")] * 11), {"no-on-error", "unbounded-fan-out"}),
    (fx.parallel(*[fx.call_api("GET", "https://x.example")] * 10), {"no-on-error"}),
    (fx.parallel(*[fx.log("x")] * 11), set()),
    (fx.call_api("POST", "https://x.example") >> fx.call_api("POST", "https://y.example"), {"no-on-error", "no-compensation"}),
    (fx.call_api("GET", "https://x.example") >> fx.call_api("POST", "https://y.example"), {"no-on-error"}),
    (fx.saga((fx.call_api("POST", "https://x.example"), fx.log("undo")), fx.call_api("POST", "https://y.example")), {"no-on-error"}),
    (fx.saga(fx.call_api("POST", "https://x.example"), fx.call_api("POST", "https://y.example")), {"no-on-error", "no-compensation"}),
]  # fmt: skip


def document(effect, **more):
    spec = {
        "spec": "traaviis/1",
        "name": "X",
        "states": {"a": {"enter": [effect.to_spec()], **more}},
    }
    return json.dumps(spec, indent=1)


@pytest.mark.parametrize(("effect", "rules"), EFFECTS, ids=range(len(EFFECTS)))
def test_what_effects_could_gain(effect, rules):
    assert found(document(effect), analyse_document) == rules
    again = document(effect, on_error={"to": "a"})
    assert found(again, analyse_document) == rules - {"no-on-error"}


PYTHON = [
    ("enter=fx.call('f')", {"no-timeout", "no-on-error"}),
    ("enter=fx.timeout(fx.call('f'), after='3s')", {"no-on-error"}),
    ("enter=fx.timeout(fx.call('f'), '3s'), on_error=dark", set()),
    ("enter=[fx.call('f') | fx.delay('3s')], on_error=dark", set()),
    ("enter=PAY, on_error=dark", {"no-timeout"}),
    ("enter={'kind': 'call', 'function': 'f'}, on_error=dark", {"no-timeout"}),
    ("exit=fx.saga((fx.call_api('POST', URL), fx.log('x')), fx.call_api('POST', URL))", set()),
    ("exit=fx.saga(fx.call_api('POST', URL), fx.call_api('POST', URL))", {"no-compensation"}),
    ("exit=fx.call_api('POST', URL) >> fx.call_api('POST', URL) >> fx.log('x')", {"no-compensation"}),
    ("exit=fx.retry(fx.call_api('GET', URL), attempts=TIMES)", {"many-attempts"}),
    ("exit=fx.for_each('data.x', fx.call_api('GET', URL), concurrency=0)", {"unbounded-fan-out"}),
    ("exit=fx.call_api('GET', URL, headers={'Authorization': 'Bearer 1'})", {"secret-in-text"}),
    ("exit=somebody_elses('x')", set()),
    ("on_error={'to': dark, 'do': fx.call('f')}", {"no-timeout"}),
]  # fmt: skip


@pytest.mark.parametrize(("state", "rules"), PYTHON)
def test_effects_in_a_class_are_read_as_they_are_written(state, rules):
    head = "URL = 'https://x.example'\nTIMES = 50\nPAY = fx.call('pay')\n"
    assert found(lamp(state=state, head=head)) == rules


def test_an_error_is_taken_around_the_state_or_by_a_wide_arrow():
    inner = json.dumps({"enter": SAFE})
    around = (
        '{"spec": "traaviis/1", "name": "X", "states": {"p": {%s "states": {"a": %s}}, "z": {}}}'
    )
    assert found(around % ("", inner), analyse_document) == {"no-on-error"}
    for on in ("error.*", "*", "error.invoke.a", "error.invoke.*"):
        arrow = f'"transitions": [{{"on": "{on}", "to": "z"}}],'
        assert found(around % (arrow, inner), analyse_document) == set()
    assert found(around % ('"transitions": [{"on": "error.invoke.b"}],', inner), analyse_document)


OTHERS = """
from statemachine import StateMachine, State
import requests, time
class Traffic(StateMachine):
    green = State(initial=True)
    red = State()
    stop = green.to(red, before="tell", cond="may")
    go = red.to(green, on="beep")
    def on_enter_red(self): time.sleep(1)
    def on_stop(self): open("x")
    def tell(self): requests.post("https://x.example")
    def may(self): return requests.get("https://x.example").ok
    def beep(self): print("beep")
    def unrelated(self): requests.get("https://x.example")
class Model:
    def on_exit_red(self): requests.get("https://x.example")
class Test:
    def before_all(self): requests.get("https://x.example")
"""


def test_hooks_of_other_libraries():
    analysis = analyse_source(OTHERS)
    assert analysis.machines == ("Traffic", "Model")
    assert {(one.place, one.rule) for one in analysis.findings} == {
        ("on_enter_red", "hook-sleep"),
        ("on_stop", "hook-io"),
        ("tell", "hook-io"),
        ("may", "guard-io"),
        ("beep", "hook-print"),
        ("on_exit_red", "hook-io"),
    }


def test_nothing_is_run_or_imported():
    text = "import no.such.module\nraise SystemExit('run')\n" + lamp(hook("1 / 0"))
    assert analyse_source(text).machines == ("Lamp",)


@pytest.mark.parametrize("text", ["", "x = 1", "class A: pass", "# nothing"])
def test_a_source_without_machines(text):
    assert analyse_source(text).machines == ()


@pytest.mark.parametrize(
    "text", ["", "- 1\n- 2", "a: 1", "states: 3", "12", "states: {a: 1, b: [x]}"]
)
def test_a_document_that_is_no_chart(text):
    assert analyse_document(text).findings == ()


LAUGHS = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 31))


@pytest.mark.parametrize(
    ("look", "text", "why"),
    [
        (analyse_source, "class A(:\n", "Line 1: this is no Python"),
        (analyse_source, "a = 1\x00", "no Python"),
        (analyse_source, "x = " + "(" * 5000 + ")" * 5000, "no Python|too deep"),
        (analyse_source, "x = " + "-" * 30_000 + "1", "too deep"),
        (analyse_source, "#" * 1_000_001, "1,000,001 characters"),
        (analyse_document, "a: [", "no YAML"),
        (analyse_document, "a: " + "[" * 500 + "]" * 500, "deep"),
        (analyse_document, "a: !!python/object:os.system x", "tag"),
        (analyse_document, "#" * 1_000_001, "1,000,001 characters"),
        (analyse_document, "a0: &a0 [1, 2]\n" + LAUGHS + "states: {s: {enter: *a30}}", "too large"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(look, text, why):
    with pytest.raises(DefinitionError, match=why):
        look(text)


def test_of_a_mistake_in_json_json_is_told():
    with pytest.raises(DefinitionError, match="Line 2: this is no JSON: Expecting value") as caught:
        analyse_document('{"spec": "traaviis/1",\n "states": [}')
    assert "commas" in caught.value.hint
    with pytest.raises(DefinitionError, match="this is no YAML"):
        analyse_document("{spec: traaviis/1, states: ")


def test_states_may_be_imported_under_another_name():
    text = lamp(state='enter=fx.call("f")')
    other = text.replace("Machine, State,", "Machine as M, State as S,")
    other = other.replace("State(", "S(").replace("(Machine)", "(M)")
    assert analyse_source(other).findings == analyse_source(text).findings != ()


def test_json_with_tabs_is_read_too():
    text = document(fx.call("f")).replace("\n ", "\n\t")
    assert found(text, analyse_document) == {"no-timeout", "no-on-error"}


wild = st.recursive(
    st.sampled_from(["x", 1, None, True, "call", "retry"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["kind", "effect", "effects", "steps", "enter", "states", "on", "attempts"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(wild)
def test_no_document_is_too_odd_to_be_looked_at(value):
    analyse_document(
        json.dumps({"states": {"a": value, "b": {"enter": value, "transitions": value}}})
    )


def test_the_page_lists_every_rule():
    page = (Path(__file__).parents[2] / "docs" / "migrate.md").read_text()
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    told = {name: (severity, what, why) for name, severity, what, why in rows}
    assert told == {name: tuple(rule) for name, rule in RULES.items()}
