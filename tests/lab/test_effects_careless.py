"""Wrong calls around effects: each is told with the value, the place and the cure; nothing starts."""

import pytest

from tests.lab.holding import soon
from tests.servers.http import LocalServer
from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import DefinitionError, EffectError, LabError, NoHandler, PermissionDenied

A = fx.call("a")


@pytest.mark.parametrize(
    ("make", "told", "cure"),
    [
        (lambda: fx.call(3), "3 has no name", "lab.register(function"),
        (lambda: fx.call(lambda: 1), "has no name", 'fx.call("its_name")'),
        (lambda: fx.call(""), "'' has no name", "fx.call"),
        (lambda: fx.call("a", ["b"]), "args is a list of 1", "fx.call(..., args=...)"),
        (lambda: fx.invoke_fsm("M", [1]), "data is a list of 1", "fx.invoke_fsm"),
        (lambda: fx.call_api("GET", "http://a.b", headers=["a"]), "headers is a list", "headers="),
        (lambda: fx.sequence([A, A]), "a list of 2 is no effect", "fx.sequence(a, b)"),
        (lambda: fx.retry(A, on=[OSError, None]), "on is null", "on="),
        (lambda: fx.for_each([1, 2], A), "for_each: items is a list of 2", 'is "[1, 2]"'),
        (lambda: fx.batch(None, A), "batch: items is null", '"data.numbers"'),
        (lambda: fx.when(True, A), "when: when is true", '"data.count > 0"'),
        (lambda: fx.saga((A, A, A)), "not a list of 3", "fx.saga("),
        (lambda: fx.saga({"effect": A, "undoo": A}), "has no 'undoo'", "effect, undo"),
    ],
)
def test_what_cannot_be_an_effect_is_told_where_it_is_written(make, told, cure):
    with pytest.raises(DefinitionError) as caught:
        make()
    assert told in caught.value.message
    assert cure in caught.value.hint


def test_classes_of_errors_runs_and_mappings_stand_for_what_they_mean(lab):
    assert fx.retry(A, on=OSError) == fx.retry(A, on="OSError")
    assert fx.circuit_breaker(A, "x", on=[OSError, 503]).on == ("OSError", 503)
    assert fx.saga({"effect": A, "undo": A}, {"effect": A}) == fx.saga((A, A), A)
    run = lab.run_pipeline(fx.log("here"))
    assert fx.send_event(run, "ring").to == run.id


@pytest.mark.parametrize(
    ("effect", "told"),
    [
        (fx.delay("{{ data.nope }}"), "no field 'nope'"),
        (fx.delay("{{ data.text }}"), "'abc' is no duration"),
        (fx.call("a", {"x": "{{ data.nope }}"}), "no field 'nope'"),
        (fx.merge_data([1]), "a list of 1 is no mapping"),
    ],
)
def test_a_pipeline_whose_effect_cannot_be_filled_in_fails_and_does_not_wait(lab, effect, told):
    with pytest.raises(LabError, match=told):
        lab.run_pipeline(effect, {"text": "abc"})


def test_what_cannot_be_filled_in_says_which_effect_and_field_it_is(lab):
    lab.register(lambda **given: given, "echo")
    no = "{{ data.nope }}"
    for effect, place in (
        (fx.call("echo", {"x": {"y": [no]}}), r"call\.args\.x\.y\[0\]: There is no field"),
        (fx.log(f"it is {no}"), r"log\.message: There is no field"),
        (fx.cache(fx.call("echo"), key=[no]), r"cache\.key\[0\]: There is no field"),
    ):
        with pytest.raises(LabError, match=place):
            lab.run_pipeline(fx.call("echo") >> effect)


def test_a_place_that_cannot_be_put_into_is_told_whole(lab):
    with pytest.raises(EffectError, match="put 'a.b.c.d', since 'a.b' is 1"):
        lab.run_pipeline(fx.sequence(fx.put_data("a.b.c.d", 2)), {"a": {"b": 1}})


def test_an_event_raised_alone_ends_its_pipeline(lab):
    assert lab.run_pipeline(fx.raise_event("nobody")).state == "done"


@pytest.mark.parametrize("wrong", ["5s", 0, -1, True])
def test_a_wait_that_is_none_is_refused_before_anything_starts(lab, wrong):
    with pytest.raises(LabError, match="timeout is"):
        lab.run_pipeline(fx.log("here"), timeout=wrong)
    assert not lab.live()


def test_a_tenant_that_is_no_text_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(LabError, match="3 is no tenant"):
        Lab(tenant=3)
    with Lab(tmp_path / "t.duckdb") as lab:
        with pytest.raises(LabError, match="3 is no tenant"):
            lab.run_pipeline(fx.log("here"), tenant=3)
        with pytest.raises(LabError, match="3 is no tenant"):
            lab.import_transcript([{"role": "user", "content": "hello"}], tenant=3)
        assert lab.runs().empty


def test_hosts_that_are_none_are_refused(lab):
    with pytest.raises(DefinitionError, match="3 is no list of hosts"):
        Lab(hosts=3)
    with Lab(hosts="one.example") as one, pytest.raises(PermissionDenied, match="one.example"):
        one.run_pipeline(fx.call_api("GET", "http://other.example/"))


def test_a_function_without_a_name_is_not_registered(lab):
    with pytest.raises(DefinitionError, match="has no name"):
        lab.register(lambda: 1)


def test_a_function_that_is_not_there_says_how_to_register_it_and_what_is_near(lab):
    lab.register(len, "count_all")
    with pytest.raises(NoHandler) as caught:
        lab.run_pipeline(fx.call("count_al"))
    assert "lab.register(count_al)" in caught.value.hint
    assert "Did you mean 'count_all'?" in caught.value.hint
    with pytest.raises(NoHandler) as caught:
        lab.run_pipeline(fx.call("Door.on_exit_open"))
    assert "lab.register(function, 'Door.on_exit_open')" in caught.value.hint


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"headers": {"A\nB": "x"}}, r"the header 'A\\nB' cannot be sent"),
        ({"headers": {"A": "x\r\nB: c"}}, "the header 'A' cannot be sent"),
        ({"headers": {"A": "grüße"}}, "the header 'A' cannot be sent"),
        ({"params": {"a": {"b": 1}}}, "the parameter 'a' is a mapping of 1"),
        ({"params": {"a": [[1]]}}, "the parameter 'a' is"),
    ],
)
def test_what_cannot_stand_in_a_request_is_not_sent(lab, more, told):
    with LocalServer() as server:
        lab.allow_host(server.host)
        with pytest.raises(EffectError, match=told):
            lab.run_pipeline(fx.call_api("GET", f"{server.url}/echo", **more))
        assert server.requests == []


def test_a_fork_is_given_the_further_attempt_that_only_it_makes(lab):
    lab.register(lambda: "at last", "a")
    run = lab.run_pipeline(fx.retry(A, attempts=3, delay="1ms"), id="parent")
    run.fork(results={"1/0/0": EffectError("dead")})
    lab.clock.advance(1)
    soon(lambda: "trouble" in set(lab.sql("select name from events").name))
    note = lab.sql("select body from events where name = 'trouble'").body[0]
    assert "results={'+^1/0/2': value}" in str(note)
    given = run.fork(results={"1/0/0": EffectError("dead"), "+^1/0/2": "given"})
    lab.clock.advance(1)
    assert given.wait(timeout=10).data["result"] == "given"


def test_effects_put_into_one_another_without_end_are_refused_where_they_are_made():
    effect = fx.call("f")
    for _ in range(32):
        effect = fx.retry(effect)
    assert fx.read_effect(effect.to_spec()) == effect
    with pytest.raises(DefinitionError, match="retry: effects are nested more than 32 deep"):
        fx.retry(effect)
    with pytest.raises(DefinitionError, match="parallel: effects are nested more than 32 deep"):
        _ = effect & fx.log("x")
