"""A fact says a large value once, and reading it gives the value again."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.runtime.bodies import lean_body
from traaviis_lab.runtime.large import LARGE, said_in_full, say_once

TURN = "x" * 1_000


class Assigned(Machine):
    """Appends by an assignment."""

    data = {"messages": []}
    here = State(initial=True)
    here.to(here, on="say", assign={"messages": "data.messages + [event.text]"})


class Updated(Machine):
    """Appends by update_data."""

    data = {"messages": [], "last": ""}
    here = State(initial=True)
    here.to(
        here,
        on="say",
        assign={"last": "event.text"},
        do=fx.update_data("messages", "data.messages + [data.last]"),
    )


class Put(Machine):
    """Appends by a template in put_data, below a key of an object."""

    data = {"chat": {"messages": []}}
    here = State(initial=True)
    here.to(
        here,
        on="say",
        do=fx.put_data("chat.messages", "{{ data.chat.messages + [event.text] }}"),
    )


class Asked(Machine):
    """Hands the whole list to an effect, as a model is asked."""

    data = {"messages": []}
    here = State(initial=True)
    asking = State(enter=[fx.call("ask", {"messages": "{{ data.messages }}"}, into="answer")])
    here.to(asking, on="say", assign={"messages": "data.messages + [event.text]"})
    asking.to(here, on="done.invoke.asking", assign={"messages": "data.messages + [event.result]"})


@pytest.mark.parametrize(("machine", "factor"), [(Assigned, 2), (Updated, 5), (Put, 5), (Asked, 4)])
def test_a_growing_list_is_not_written_again_with_every_turn(tmp_path, machine, factor):
    turns = 120
    with Lab(tmp_path / "x.duckdb", durability="async") as lab:
        lab.register(lambda messages: f"{len(messages):05}" + TURN, "ask")
        run = lab.start(machine, id="r")
        for number in range(turns):
            run.send("say", text=f"{number:05}{TURN}")
            if machine is Asked:
                run.wait("here")
        data, last = run.data, run.seq
        said = data.get("chat", data)["messages"]
        assert [one[:5] for one in said[:: 2 if machine is Asked else 1]] == [
            f"{number:05}" for number in range(turns)
        ]
    log = sum(file.stat().st_size for file in (tmp_path / "x.duckdb.log").rglob("*.jsonl"))
    assert log < factor * sum(map(len, said))
    with Lab(tmp_path / "x.duckdb") as lab:
        again = lab.resume("r", machine)
        assert (again.data, again.seq) == (data, last)
        assert len(again.at(last // 2).data.get("chat", again.at(last // 2).data)["messages"])


def test_an_effect_under_way_keeps_its_large_arguments_when_the_lab_is_opened_again(tmp_path):
    got = []

    async def never(messages):
        got.append(messages)
        import asyncio

        await asyncio.Event().wait()

    with Lab(tmp_path / "x.duckdb") as lab:
        lab.register(never, "ask")
        run = lab.start(Asked, id="r", data={"messages": [TURN] * 9})
        run.send("say", text=TURN)
    with Lab(tmp_path / "x.duckdb") as lab:
        lab.register(never, "ask")
        (effect,) = lab.resume("r", Asked).under_way
        assert effect["effect"]["args"] == {"messages": [TURN] * 10}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False, width=16)
    | st.sampled_from(["", "a", TURN, TURN + "b", TURN + TURN]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=12,
)  # fmt: skip


@given(st.data(), st.dictionaries(st.sampled_from("abc"), JSON))
def test_what_is_said_once_is_read_in_full(draw, data):
    pieces = st.sampled_from([data, *data.values()]) | JSON
    body = draw.draw(st.dictionaries(st.sampled_from(["effect", "result", "patch"]), pieces))
    for key, value in list(body.items()):
        if isinstance(value, list | str):
            body[key] = value + value[:1]
    lean = orjson.loads(orjson.dumps(say_once(body, data)))
    assert orjson.dumps(said_in_full(lean, data)) == orjson.dumps(body)


def test_a_prefix_that_is_only_equal_in_python_is_another_value():
    data = {"flags": [1] * 2_000}
    body = {"patch": {"flags": [True] * 2_000 + [2]}}
    lean = orjson.loads(orjson.dumps(say_once(body, data)))
    assert said_in_full(lean, data)["patch"]["flags"][0] is True


def test_small_bodies_are_left_alone_and_a_field_called_refs_is_the_persons_own():
    assert b"refs" not in lean_body({"result": "x"}, {"a": "x"})
    refs = {"refs": [[["a"], {"data": ["b"]}]]}
    body = {"result": {**refs, "text": "y" * LARGE}}
    lean = orjson.loads(lean_body(body, {"b": "y" * LARGE}))
    assert said_in_full(lean, {"b": "y" * LARGE}) == body
