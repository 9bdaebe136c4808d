"""Why and explain of what stands in a composed effect: its place, what failed before, its data."""

import pytest

from traaviis_lab import Lab
from traaviis_lab import effects as fx


@pytest.fixture
def lab():
    with Lab() as opened:
        opened.register(lambda x=0: x + 1, "up")
        tries = []

        @opened.register
        def flaky():
            tries.append(1)
            if len(tries) < 3:
                raise ConnectionError(f"try {len(tries)}")
            return "at last"

        @opened.register
        def broken():
            raise ValueError("no luck")

        yield opened


def links(run, what):
    """The nearest cause first, each with what lies behind it."""
    return [line.strip().split("  ", 1)[1] for line in str(run.why(what)).splitlines()[1:]]


def test_a_value_of_a_later_attempt_tells_of_those_that_failed(lab):
    flaky = fx.retry(fx.call("flaky", into="x"), attempts=4, delay="1ms")
    run = lab.run_pipeline(fx.parallel(fx.log("hi"), flaky), {"other": 1})
    assert links(run, "data.x") == [
        'data.x = "at last", effect call flaky answered "at last"',
        "performed as attempt 3 of a retry, in part 2 of a parallel",
        "effect call flaky failed: call: ConnectionError: try 2",
        "performed as attempt 2 of a retry, in part 2 of a parallel",
        "effect call flaky failed: call: ConnectionError: try 1",
        "performed as attempt 1 of a retry, in part 2 of a parallel",
        "entering working asked for effect parallel of 2",
        "the run started in working",
    ]


@pytest.mark.parametrize(
    ("effect", "what", "told"),
    [
        (
            fx.call("up", {"x": "{{ data.a }}"}) >> fx.call("up", {"x": "{{ result }}"}, into="y"),
            "data.y",
            ["performed as step 2 of a sequence", "effect call up answered 6",
             "data.a = 5, given at the start"],
        ),
        (
            fx.fallback(fx.call("broken"), fx.call("up", into="y")),
            "data.y",
            ["performed as choice 2 of a fallback", "effect call broken failed: call: ValueError: "
             "no luck"],
        ),
        (
            fx.saga((fx.call("up"), fx.call("up", {"x": "{{ result }}"}, into="y")),
                    fx.call("broken")),
            "data.y",
            ["performed as an undoing, in step 1 of a saga", "effect call broken failed: call: "
             "ValueError: no luck", "performed as step 2 of a saga"],
        ),
        (
            fx.timeout(fx.sequence(fx.call("up"), into="y"), "5s"),
            "data.y",
            ["performed as the result of a sequence, in a timeout", "effect call up answered 1"],
        ),
        (
            fx.saga(fx.call("up", {"x": "{{ data.a }}"}), fx.call("broken")),
            "state",
            ["effect saga failed: call: ValueError: no luck",
             "effect call broken failed: call: ValueError: no luck",
             "performed as step 2 of a saga"],
        ),
    ],
)  # fmt: skip
def test_a_leaf_says_where_it_stands_and_what_it_followed(lab, effect, what, told):
    run = lab.run_pipeline(effect, {"a": 5}, check=False)
    found = links(run, what)
    assert [line for line in found if line in told] == told


def test_what_went_well_before_is_no_cause_where_it_was_not_read(lab):
    run = lab.run_pipeline(fx.call("up") >> fx.put_data("z", "{{ data.a }}"), {"a": 5})
    found = links(run, "data.z")
    assert "data.a = 5, given at the start" in found
    assert not any("answered" in line for line in found)


def test_a_failure_that_a_retry_overcame_weighs_less_than_one_that_came_through(lab):
    flaky = fx.retry(fx.call("flaky"), attempts=4, delay="1ms")
    found = lab.run_pipeline(fx.sequence(flaky, fx.log("hi"))).explain()
    assert all("succeeded all the same" in one.text for one in found.findings)
    run = lab.run_pipeline(fx.call("broken"), check=False)
    assert run.explain().findings[0].weight > max(one.weight for one in found.findings)
