"""Handlers by kind: whose they are, what they are handed, and what nobody performs."""

import functools
import json
import pickle
from dataclasses import dataclass, field

import pytest

from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import ApiFailed, DefinitionError, LabError, PermissionDenied
from traaviis_lab.machine.effect import VOCABULARY, repeat_of, word

from .asking import asked, error, result

THINKING = [
    fx.invoke_agent("a", "do it"),
    fx.coordinate_agents(["a", "b"], "do it"),
]


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


@pytest.mark.parametrize("effect", THINKING, ids=lambda effect: effect.kind)
def test_what_asks_agents_says_who_could_answer(lab, effect):
    told = error(lab, effect)
    assert told["kind"] == "NoHandler"
    assert told["message"] == f"Nobody here can perform {effect.kind!r}."
    assert told["hint"].startswith(f"lab.handler({effect.kind!r}, function) performs it.")


def test_a_handler_is_handed_its_effect_and_scope(lab):
    seen = {}

    @lab.handler("call_llm")
    async def answer(effect, scope):
        seen.update(key=scope.key, path=scope.path, same=scope.effect is effect, n=scope.occurrence)
        seen["engine"] = scope.engine is lab._engine
        await scope.progress(0.5, "thinking")
        return effect.prompt.upper()

    run = asked(lab, fx.call_llm("m", "hi {{ data.name }}", into="said"), {"name": "ann"}, id="r")
    assert run.data["result"] == run.data["said"] == "HI ANN"
    assert seen == {"key": "r:1/0", "path": "1/0", "same": True, "n": 1, "engine": True}
    body = lab.sql("select body from events where kind = 'effect.progress'")["body"][0]
    assert json.loads(body) == {"path": "1/0", "fraction": 0.5, "message": "thinking"}


def test_a_handler_can_stand_in_for_the_real_one(lab):
    async def nothing(effect, scope):
        return {"status": 200, "json": effect.method}

    lab.handler(fx.CallApi, nothing)
    assert result(lab, fx.call_api("GET", "https://example.com/"))["json"] == "GET"


def test_a_plugins_word_is_performed_by_its_handler(lab):
    @dataclass(frozen=True, slots=True)
    class RingBell(fx.Effect):
        """Ring a bell."""

        times: int = field(metadata=word("number", "How often."))

    class Ringer:
        async def __call__(self, effect, scope):
            return effect.times * "ring"

    try:
        lab.handler("ring_bell", Ringer())
        assert result(lab, RingBell(2)) == "ringring"
        lab.handler(RingBell, functools.partial(Ringer()))
        assert result(lab, RingBell(1)) == "ring"
    finally:
        del VOCABULARY["ring_bell"]


async def good(effect, scope):
    return None


async def greedy(effect, scope, more):
    return None


@pytest.mark.parametrize(
    ("kind", "function", "said"),
    [
        ("teleport", good, "There is no effect 'teleport'"),
        (fx.Effect, good, "There is no effect"),
        (42, good, "There is no effect 42"),
        ("log", good, "'log' are performed by the engine itself"),
        ("sequence", good, "'sequence' are performed by the engine itself"),
        ("permit", good, "'permit' are performed by the engine itself"),
        ("call", lambda effect, scope: None, "it is no async function"),
        ("call", 3, "it is no async function"),
        ("call", greedy, "missing a required argument: 'more'"),
    ],
)
def test_what_cannot_be_a_handler_is_refused(lab, kind, function, said):
    with pytest.raises(DefinitionError) as caught:
        lab.handler(kind, function)
    assert said in str(caught.value)


def test_data_is_read_where_it_is_or_is_null(lab):
    data = {"a": {"b": [1]}, "x": 1}
    assert result(lab, fx.get_data("a.b"), data) == [1]
    assert result(lab, fx.get_data("a.c"), data) is None
    run = asked(lab, fx.get_data("x", into="a.copy"), data)
    assert run.data["a"] == {"b": [1], "copy": 1}
    assert "not an object" in error(lab, fx.get_data("x", into="x.y"), data)["message"]


ONCE = {"invoke_agent", "coordinate_agents"}


def test_what_becomes_of_each_after_a_crash():
    effects = [
        *THINKING,
        fx.call("f"),
        fx.delay(1),
        fx.send_event("r", "e"),
        fx.invoke_fsm("M"),
        fx.spawn_fsm("M"),
    ]
    for effect in effects:
        usual = "at_most_once" if effect.kind in ONCE else "at_least_once"
        assert repeat_of(effect) == usual, effect.kind
    for method, usual in [
        ("GET", "at_least_once"), ("HEAD", "at_least_once"), ("OPTIONS", "at_least_once"),
        ("PUT", "at_least_once"), ("DELETE", "at_least_once"),
        ("POST", "at_most_once"), ("PATCH", "at_most_once"),
    ]:  # fmt: skip
        assert repeat_of(fx.call_api(method, "http://h/")) == usual
    assert repeat_of(fx.call_api("POST", "http://h/", repeat="at_least_once")) == "at_least_once"
    assert repeat_of(fx.call("f", repeat="human")) == "human"


def test_a_services_failure_travels_with_its_status():
    failure = ApiFailed("no", hint="h", status=503)
    again = pickle.loads(pickle.dumps(failure))
    assert again.to_json() == {"kind": "ApiFailed", "message": "no", "hint": "h", "status": 503}
    assert issubclass(PermissionDenied, PermissionError)
    assert str(PermissionDenied("not that")) == "not that"


@pytest.mark.parametrize(
    "entry",
    ["", "*", "http://h", "h/x", "a b", "h:0", "h:99999", "u@h", "*.*.h", "h:", "*.", 5, None],
)
def test_what_is_no_host_is_refused_and_none_is_allowed(lab, entry):
    with pytest.raises(LabError, match="is no host"):
        lab.allow_host("fine.example", entry)
    assert list(lab._engine.hosts) == []


@pytest.mark.parametrize(
    ("entry", "host", "allowed"),
    [
        ("h.example", "h.example:443", True),
        ("h.example", "H.EXAMPLE.:80", True),
        ("h.example", "h.example:8080", False),
        ("h.example:8080", "h.example:8080", True),
        ("h.example:8080", "h.example:80", False),
        ("h.example", "evilh.example:443", False),
        ("h.example", "a.h.example:443", False),
        ("*.h.example", "a.h.example:443", True),
        ("*.h.example", "a.b.h.example:443", True),
        ("*.h.example", "h.example:443", False),
        ("*.h.example", "evilh.example:443", False),
        ("bücher.example", "xn--bcher-kva.example:443", True),
        ("[::1]:80", "::1:80", True),
        ("h.example", "", False),
    ],
)
def test_which_hosts_an_entry_means(entry, host, allowed):
    with Lab(hosts=[entry]) as lab:
        assert lab._engine.hosts.allows(host) is allowed
