"""`call`: every kind of function, every kind of answer, and what must not bring the engine down."""

import asyncio
import contextvars
import functools
import json
import threading

import pytest

from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import DefinitionError, EffectError
from traaviis_lab.runtime import interpreter, progress

from .asking import asked, chart_asking, error, result, until


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


@pytest.mark.parametrize("awaits", [False, True])
def test_a_function_may_change_what_it_is_given_and_nothing_else_changes(lab, awaits):
    def changes(here, fixed):
        here["list"].append("changed")
        fixed["of"].append("changed")
        return len(here["list"]) + len(fixed["of"])

    async def waits(here, fixed):
        return changes(here, fixed)

    lab.register(waits if awaits else changes, "changes")
    chart = chart_asking(fx.call("changes", {"here": "{{ data }}", "fixed": {"of": [1]}}))
    for _ in range(2):
        run = lab.start(chart, data={"list": [1]})
        until(lambda run=run: run.state == "answered")
        assert (run.data["result"], run.data["list"]) == (4, [1])
        run.replay()


def test_a_method_that_is_a_hook_changes_no_data(lab):
    class Box(Machine):
        data = {"list": [1]}
        shut = State(initial=True)
        open = State(final=True)
        shut.to(open, on="open")

        @staticmethod
        def on_exit_shut(data, event):
            data["list"].append(event["what"].pop())

    for _ in range(2):
        run = lab.start(Box)
        run.send("open", what=["x"])
        until(lambda run=run: list(run.effects().status) == ["completed"])
        assert run.data == {"list": [1]}
        run.replay()


class Adder:
    """An object that is called."""

    async def __call__(self, a, b=1):
        await asyncio.sleep(0)
        return a + b


async def add(a, b=1):
    return a + b


def make(a):
    return add(a)


@pytest.mark.parametrize(
    "function",
    [
        lambda a: a + 1,
        add,
        functools.partial(add, b=1),
        functools.partial(functools.partial(add), b=1),
        Adder(),
        functools.partial(Adder(), b=1),
        functools.partial(lambda a, b: a + b, b=1),
        make,
        Adder().__call__,
    ],
    ids=range(9),
)
def test_every_kind_of_function_is_called(lab, function):
    lab.register(function, "f")
    assert result(lab, fx.call("f", {"a": 1})) == 2
    told = error(lab, fx.call("f", {"x": 1}))
    assert told["kind"] == "EffectError"
    assert told["message"].startswith("call: f(")
    assert "cannot be called with (x=1)" in told["message"]


def test_builtins_are_called_by_their_names(lab):
    lab.register(sorted, "sorted")
    lab.register(max, "max")  # has no signature that Python tells
    assert "TypeError" in error(lab, fx.call("max", {"a": 1}))["message"]
    assert "missing a required argument" in error(lab, fx.call("sorted"))["message"]


def quits():
    raise SystemExit(3)


async def quits_too():
    raise KeyboardInterrupt


async def cancels_itself():
    raise asyncio.CancelledError


def stops():
    raise StopIteration(1)


def closes():
    raise GeneratorExit


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (quits, "SystemExit: 3"),
        (quits_too, "KeyboardInterrupt"),
        (cancels_itself, "it cancelled itself"),
        (stops, "StopIteration: 1"),
        (closes, "GeneratorExit"),
    ],
)
def test_a_function_that_would_end_the_process_only_fails(lab, function, said):
    lab.register(function, "f")
    assert said in error(lab, fx.call("f"))["message"]
    lab.register(lambda: "still here", "g")
    assert result(lab, fx.call("g")) == "still here"


async def generates():
    return (n for n in range(3))


def endless():
    yield 1


def holds_itself():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (generates, "generator"),
        (endless, "generator"),
        (holds_itself, "nested more than"),
        (lambda: float("nan"), "is nan"),
        (lambda: {1: 2}, "JSON knows only text keys"),
        (lambda: 2**70, "more than 64 bits"),
        (lambda: "\ud800", "surrogate"),
        (object, "result of call"),
    ],
)
def test_an_answer_that_is_no_json_is_a_failure(lab, function, said):
    lab.register(function, "f")
    told = error(lab, fx.call("f"))
    assert said in told["message"]


def test_an_answer_that_is_too_large_is_a_failure(lab, monkeypatch):
    monkeypatch.setattr(interpreter, "MOST_BYTES", 1000)
    lab.register(lambda n: "x" * n, "f")
    assert result(lab, fx.call("f", {"n": 998})) == "x" * 998
    assert "1,001 bytes" in error(lab, fx.call("f", {"n": 999}))["message"]


class Odd(Exception):
    """An error that cannot say what it is."""

    def __str__(self):
        raise ValueError("no words")


def odd():
    raise Odd


def chained():
    try:
        raise KeyError("first")
    except KeyError as first:
        try:
            raise TypeError("second") from first
        except TypeError:
            raise ValueError("third \ud800")  # noqa: B904


def hidden():
    try:
        raise KeyError("first")
    except KeyError:
        raise ValueError("x" * 5000) from None


async def grouped():
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(hidden))


def several():
    raise ExceptionGroup(
        "two", [ValueError("a"), ExceptionGroup("in", [EffectError("b", hint="h")])]
    )


def kinds(told):
    return [one["kind"] for one in told.get("chain", ())]


def test_errors_keep_their_chain_and_groups_are_unwrapped(lab):
    for function in (odd, chained, hidden, grouped, several):
        lab.register(function)
    told = error(lab, fx.call("chained"))
    assert told["message"] == "call: ValueError: third ?"
    assert kinds(told) == ["ValueError", "TypeError", "KeyError"]
    assert told["chain"][1:] == [
        {"kind": "TypeError", "message": "second"},
        {"kind": "KeyError", "message": "'first'"},
    ]
    told = error(lab, fx.call("hidden"))
    assert kinds(told) == ["ValueError"]
    assert len(told["message"]) <= 2000
    assert kinds(error(lab, fx.call("grouped"))) == ["ValueError"]
    told = error(lab, fx.call("several"))
    assert told["message"] == "call: ValueError: a"
    assert told["also"] == [{"kind": "EffectError", "message": "b"}]
    assert "could not be made: ValueError" in error(lab, fx.call("odd"))["message"]


def test_functions_run_beside_the_loop_and_know_nothing_of_its_context(lab):
    mine = contextvars.ContextVar("mine", default="none")
    mine.set("a cell's")
    lab.register(lambda: [mine.get(), threading.current_thread().name], "where")
    context, thread = result(lab, fx.call("where"))
    assert context == "none"
    assert thread.startswith("traaviis-call")


def test_an_argument_named_scope_is_the_engines(lab):
    lab.register(lambda scope: [scope.key, scope.run_id, scope.cancelled], "f")
    run = asked(lab, fx.call("f"), id="r1")
    assert run.data["result"] == ["r1:1/0", "r1", False]
    with pytest.raises(DefinitionError, match="'scope' of 'f' cannot be given"):
        fx.call("f", {"scope": 1})
    told = error(lab, fx.Call("f", "{{ data.args }}"), {"args": {"scope": {}}})
    assert "'scope'" in told["message"]


def news(lab, run):
    rows = lab.sql(
        "select body from events where kind = 'effect.progress' and run_id = ? order by seq",
        [run.id],
    )
    told = [json.loads(body) for body in rows["body"]]
    return [(one["fraction"], one["message"]) for one in told]


def test_news_are_written_a_few_times_a_second_and_the_last_always(lab, monkeypatch):
    monkeypatch.setattr(progress, "GAP", 3600.0)

    def work(scope):
        for n in range(1000):
            scope.progress(n / 1000, f"item {n}")
        scope.progress(None, "nearly")

    async def work_too(scope):
        for n in range(1000):
            scope.progress(n / 1000)
            await asyncio.sleep(0)
        scope.progress(1)

    for function in (work, work_too):
        lab.register(function)
        told = news(lab, asked(lab, fx.call(function)))
        assert len(told) <= 2
    assert told[-1] == (1.0, "")
    told = news(lab, asked(lab, fx.call("work")))
    assert told[-1] == (None, "nearly")


def test_news_belong_to_their_effect_and_move_nothing(lab):
    lab.register(lambda scope: scope.progress(0.5, "half"), "f")
    run = asked(lab, fx.call("f"), id="n")
    rows = lab.sql(
        "select kind, name, effect, cause_seq from events where run_id = 'n' order by seq"
    )
    assert rows.values.tolist()[1:3] == [
        ["effect.started", "call", "call", 1],
        ["effect.progress", "call", "call", 2],
    ]
    assert run.replay().snapshot == run.snapshot


@pytest.mark.parametrize("fraction", [1.1, -0.1, float("nan"), True, "half"])
def test_what_is_no_fraction_is_told_to_who_says_it(lab, fraction):
    def work(scope):
        try:
            scope.progress(fraction)
        except EffectError as wrong:
            return str(wrong)

    lab.register(work)
    assert "this is no fraction" in result(lab, fx.call("work"))


def test_news_after_the_end_are_left_out_and_a_long_function_learns_of_it(lab):
    gone, seen = threading.Event(), []

    def work(scope):
        scope.progress(0.1, "began")
        assert gone.wait(10)
        until(lambda: scope.cancelled)
        scope.progress(0.9, "too late")
        seen.append(scope.cancelled)

    lab.register(work)
    run = lab.start(chart_asking(fx.call("work")))
    until(lambda: news(lab, run))
    run.send("leave")
    gone.set()
    until(lambda: seen)
    assert seen == [True]
    assert news(lab, run) == [(0.1, "began")]


def test_a_message_that_is_no_text_to_keep_is_kept_as_well_as_can_be(lab):
    lab.register(lambda scope: scope.progress(0.5, "a\ud800" + "x" * 9999), "f")
    ((_, message),) = news(lab, asked(lab, fx.call("f")))
    assert (message[:2], len(message)) == ("a?", 500)


def test_a_registered_thing_needs_a_name(lab):
    with pytest.raises(DefinitionError, match="has no name"):
        lab.register(functools.partial(add))
    with pytest.raises(DefinitionError, match="cannot be called"):
        lab.register(3)
