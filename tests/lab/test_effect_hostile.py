"""Documents and data that want more than they may: nothing is done but what was allowed."""

import math
import threading
from dataclasses import dataclass

import pytest

from tests.lab.holding import soon
from tests.servers.http import LocalServer
from traaviis_lab import Chart, DefinitionError, Lab
from traaviis_lab import effects as fx
from traaviis_lab.machine.effect import VOCABULARY, Effect

CALL = {"kind": "call", "function": "echo"}
EVIL = "{{ data.secret }} {{ ("
DATA = {"secret": "S3", "evil": EVIL, "evils": [EVIL, "{{", ["{{ data.secret }}"]], "got": None}


def nested(deep):
    wish = CALL
    for _ in range(deep):
        wish = {"kind": "sequence", "effects": [wish]}
    return wish


def around():
    """A list that holds itself."""
    wishes = [CALL]
    wishes.append({"kind": "parallel", "effects": wishes})
    return {"kind": "sequence", "effects": wishes}


def one(kind, **fields):
    return {"kind": kind, "effect": CALL, **fields}


REFUSED = {
    "permits": {"kind": "permit", "of": "cache", "name": "x"},
    "permits below": {"kind": "race", "effects": [{"kind": "permit", "of": "cache", "name": "x"}]},
    "hidden": {"kind": "sequence", "effects": [CALL], "given": {"name": "x", "data": {}}},
    "hidden below": {"kind": "sequence", "effects": [one("retry", given={"data": {"a": 1}})]},
    "base": {"kind": "composition"},
    "deep": nested(40),
    "around": around(),
    "no time": one("timeout", after=math.nan),
    "for ever": one("timeout", after=1e300),
    "backwards": one("retry", delay=-1),
    "less than once": one("retry", attempts=0),
    "too often": one("retry", attempts=10**6),
    "half": one("retry", attempts=1.5),
    "asked of data": one("retry", attempts="{{ data.n }}"),
    "a share too large": one("retry", jitter=2),
    "no number": one("rate_limit", name="x", limit=1, per=0),
    "too few": {"kind": "parallel", "effects": [CALL], "concurrency": -1},
    "a number too large": {"kind": "parallel", "effects": [CALL], "concurrency": 10**30},
    "a name from data": one("bulkhead", name="{{ data.x }}", limit=1),
    "no name": one("cache", name=" ", key="x"),
    "nobody runs": {"kind": "race", "effects": []},
    "a step of more": {"kind": "saga", "steps": [{"effect": CALL, "undo": CALL, "do": CALL}]},
    "only undone": {"kind": "saga", "steps": [{"undo": CALL}]},
    "a text": {"kind": "sequence", "effects": "abc"},
    "nothing": {"kind": "sequence", "effects": [None]},
    "python": one("when", when="__import__('os').system('true')"),
    "files": one("for_each", items="open('/etc/passwd')"),
    "no item here": {"kind": "sequence", "effects": [{"kind": "log", "message": "{{ item }}"}]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_document_may_not_ask_for_is_refused_when_it_is_read(name):
    with pytest.raises(DefinitionError):
        fx.read_effect(REFUSED[name])
    for place in ("enter", "exit"):
        with pytest.raises(DefinitionError):
            Chart.from_spec({"spec": "traaviis/1", "name": "H", "version": "1",
                             "states": {"s": {place: [REFUSED[name]]}}})  # fmt: skip


@pytest.mark.parametrize("name", ["Sequence", "Permit", "WithCompensation"])
def test_no_plugin_takes_the_word_of_a_composed_effect(name):
    before = dict(VOCABULARY)
    with pytest.raises(DefinitionError, match="closed"):
        type(name, (Effect,), {})
    assert before == VOCABULARY


def test_no_plugin_says_how_effects_are_put_together():
    with pytest.raises(DefinitionError, match="closed"):
        type("Loop", (Effect,), {"composed": True})
    with pytest.raises(DefinitionError, match="closed"):

        @dataclass(frozen=True)
        class Whirl(fx.Sequence):
            pass

    assert not {"loop", "whirl"} & set(VOCABULARY)


def chart_of(*wishes, place="enter", **data):
    """A machine that asks for these, and says how that went."""
    wishes = [wish if isinstance(wish, dict) else wish.to_spec() for wish in wishes]
    arrow = {"on": "go", "to": "work", "do": wishes if place == "do" else []}
    idle = {"transitions": [arrow], "exit": wishes if place == "exit" else []}
    return Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": "Hostile",
            "version": "1",
            "data": {**DATA, **data},
            "states": {
                "idle": idle,
                "work": {
                    "enter": wishes if place == "enter" else [],
                    "on_success": [{"to": "good", "assign": {"got": "event.result"}}],
                    "on_error": [{"to": "bad", "assign": {"got": "event.kind"}}],
                    "transitions": [
                        {"on": "error.effect.*", "to": "bad", "assign": {"got": "event.kind"}}
                    ],
                },
                "good": {},
                "bad": {},
            },
        }
    )


class World:
    """A lab with a few functions, and what they were called with."""

    def __init__(self, path=None):
        self.lab, self.seen = Lab(path), []
        self.gate = threading.Event()
        for function in (self.echo, self.evil, self.boom, self.waits):
            self.lab.register(function, function.__name__)

    def echo(self, **given):
        self.seen.append(given)
        return given

    def evil(self):
        return {"text": EVIL, EVIL: [EVIL]}

    def boom(self, **given):
        raise ValueError(EVIL)

    def waits(self, **given):
        self.seen.append(given)
        assert self.gate.wait(20)

    def run(self, *wishes, until=("good", "bad"), **more):
        run = self.lab.start(chart_of(*wishes, **more), id="r")
        run.send("go")
        soon(lambda: run.state in until)
        return run


@pytest.fixture
def world():
    made = World()
    with made.lab:
        yield made
        made.gate.set()


INJECTED = {
    "result": (fx.call("evil") >> fx.call("echo", {"a": "{{ result.text }}"}), {"a": EVIL}),
    "within a text": (
        fx.call("evil") >> fx.call("echo", {"a": "x {{ result.text }}"}), {"a": f"x {EVIL}"},
    ),
    "twice": (
        fx.call("evil")
        >> fx.put_data("got", "{{ result.text }}")
        >> fx.call("echo", {"a": "{{ data.got }}"}),
        {"a": EVIL},
    ),
    "item": (fx.for_each("data.evils", fx.call("echo", {"a": "{{ item }}"})), {"a": EVIL}),
    "error": (
        fx.fallback(fx.call("boom"), fx.call("echo", {"a": "{{ error.message }}"})),
        {"a": f"call: ValueError: {EVIL}"},
    ),
    "undo": (
        fx.saga((fx.call("evil"), fx.call("echo", {"a": "{{ result.text }}"})), fx.call("boom")),
        {"a": EVIL},
    ),
    "key": (
        fx.cache(fx.call("evil"), "{{ data.evil }}") >> fx.call("echo", {"a": "{{ result.text }}"}),
        {"a": EVIL},
    ),
    "into": (
        fx.sequence(fx.sequence(fx.call("evil"), into="got"), fx.call("echo", {"a": "{{ data.evil }}"})),
        {"a": EVIL},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", INJECTED)
def test_what_data_and_results_say_stays_text(world, name):
    tree, seen = INJECTED[name]
    run = world.run(tree)
    assert world.seen[0] == seen
    text = b"".join(f.body for f in world.lab.journal.read("r") if f.seq > 1)
    assert b"S3" not in text
    run.replay()
    assert run.fork(at=1, until="end").state == run.state


def test_what_a_result_said_stays_text_when_its_effect_is_repeated(tmp_path):
    tree = fx.call("evil") >> fx.call("waits", {"a": "{{ result.text }}"})
    world = World(tmp_path / "h.duckdb")
    with world.lab:
        world.run(tree, until=("work",))
        soon(lambda: world.seen)
    again = World(tmp_path / "h.duckdb")
    again.gate.set()
    world.gate.set()
    with again.lab:
        run = again.lab.resume("r")
        soon(lambda: run.state == "good")
        assert again.seen == [{"a": EVIL}]


@pytest.mark.parametrize("name", ["__import__", "eval", "os.system", "World.echo", "nobody"])
def test_only_what_was_registered_is_called(world, name):
    for tree in (fx.sequence(fx.call(name)), fx.call("{{ data.name }}")):
        run = world.lab.start(chart_of(tree, name=name))
        run.send("go")
        soon(lambda run=run: run.state == "bad")
        assert run.data["got"] == "NoHandler"


HOSTS = [
    "http://evil.example@{host}/echo",
    "http://{host}@evil.example/echo",
    "http://2130706433:{port}/echo",
    "http://0x7f000001:{port}/echo",
    "http://127.1:{port}/echo",
    "http://①②⑦.0.0.1:{port}/echo",
    "http://localhost:{port}/echo",
    "http://{host}.evil.example/echo",
    "http://evil.example#{host}/echo",
    "http://evil.example\\@{host}/echo",
    "file:" + "//{host}/etc/passwd",
    "//{host}/echo",
]


@pytest.mark.parametrize("url", HOSTS)
def test_only_hosts_that_were_allowed_are_called(world, url):
    with LocalServer() as server:
        world.lab.allow_host("allowed.example")
        port = server.host.rpartition(":")[2]
        address = url.format(host=server.host, port=port)
        run = world.run(fx.sequence(fx.call_api("GET", "{{ data.url }}")), url=address)
        assert run.state == "bad"
        assert server.requests == []


def test_a_redirect_leads_nowhere(world):
    with LocalServer() as server:
        world.lab.allow_host(server.host)
        run = world.run(fx.sequence(fx.call_api("GET", server.url + "/moved")))
        assert run.state == "bad"
        assert [one["action"] for one in server.requests] == ["moved"]


def test_data_asks_for_no_secret_not_even_after_a_crash(tmp_path):
    said = "$secret{KEY}"
    asks = {"headers": {"X-Own": "$secret{KEY}"}, "repeat": "at_least_once"}
    asked = fx.call_api("POST", "{{ data.url }}", json={"a": "{{ data.said }}"}, **asks)
    tree = fx.call("evil") >> asked
    with LocalServer() as server:
        for opened in range(2):
            world = World(tmp_path / "h.duckdb")
            with world.lab:
                world.lab.secrets.add("KEY", "hush-hush-hush", hosts=[server.host])
                world.lab.allow_host(server.host)
                if opened:
                    server.slow("echo", 0)
                    run = world.lab.resume("r")
                    soon(lambda run=run: run.state in ("good", "bad"))
                else:
                    server.slow("echo", 20)
                    world.run(tree, until=("work",), url=server.url + "/echo", said=said)
                    soon(lambda: server.requests)
        assert len(server.requests) == 2
        for one in server.requests:
            assert one["headers"]["x-own"] == "hush-hush-hush"
            assert one["json"] == {"a": said}


@pytest.mark.parametrize("place", ["enter", "exit", "do"])
def test_composed_effects_stand_wherever_effects_stand(world, place):
    tree = fx.saga((fx.call("echo", {"a": 1}), fx.call("echo", {"a": 2})), fx.call("boom"))
    run = world.run(tree, place=place)
    assert (run.state, run.data["got"]) == ("bad", "EffectError")
    assert world.seen == [{"a": 1}, {"a": 2}]
    run.replay()


@pytest.mark.parametrize("field", ["__class__", "a.b", " ", "got", "{{ data.secret }}", "ä"])
def test_into_puts_into_the_field_of_that_very_name_or_is_refused(world, field):
    try:
        tree = fx.sequence(fx.sequence(fx.call("echo", {"a": 1}), into=field), into="got")
        chart_of(tree)
    except DefinitionError:
        return
    run = world.run(tree)
    assert run.state == "good"
    assert field == "got" or run.data[field] == [{"a": 1}]
    run.replay()


def test_of_two_that_put_into_the_same_field_the_last_to_end_is_seen(world):
    tree = fx.sequence(fx.call("echo", {"a": 1}, into="x"), fx.call("echo", {"a": 2}, into="x"))
    assert world.run(tree & fx.put_data("x", 3)).data["x"] == {"a": 2}


def test_a_long_list_is_gone_through(world):
    tree = fx.for_each("data.many", fx.log("{{ item }}"), concurrency=0)
    run = world.run(tree, many=list(range(10_000)))
    assert run.state == "good"
    assert run.data["got"][-1] == 9_999


def test_a_long_row_of_what_ends_at_once_is_no_deep_recursion(world):
    never = fx.when("false", fx.call("echo"))
    wrong = fx.log("{{ data.none.x }}")
    pair = fx.with_compensation(fx.log("x"), wrong)
    row = fx.sequence(
        *[never] * 1_500, fx.fallback(*[wrong] * 1_500, never), *[pair] * 1_500, wrong
    )
    assert world.run(row).state == "bad"
