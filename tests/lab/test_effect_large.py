"""Large results of composed effects are said once in the record, and mean the same afterwards."""

import pytest

from tests.lab.planned import Planned, chart_of, check_recall, facts_of
from traaviis_lab import effects as fx

BIG = [{"text": "x" * 600, "number": number} for number in range(12)]
TREES = {
    "twice": fx.call("big") & fx.call("big"),
    "into": fx.sequence(fx.call("big", into="got"), fx.call("big"), into="got"),
    "of the data": fx.for_each("data.xs", fx.get_data("text")) >> fx.call("echo", {"a": "{{ result }}"}),
    "inner": fx.sequence(fx.sequence(fx.call("big"), into="got"), fx.call("echo", {"a": "{{ data.got }}"})),
    "undo": fx.saga(
        (fx.call("big"), fx.call("echo", {"a": "{{ result }}"})), fx.call("fails")
    ),
    "settled": fx.parallel(fx.call("big"), fx.call("fails"), fx.call("big"), settle=True, into="got"),
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
def test_a_record_of_large_results_is_replayed_forked_and_resumed(name, monkeypatch):
    with Planned() as planned:
        planned.watch(monkeypatch)

        async def big():
            return BIG

        async def echo(a):
            return a

        async def fails():
            raise ValueError("no")

        for function in (big, echo, fails):
            planned.lab.register(function)
        run = planned.lab.start(chart_of(TREES[name], fx.sequence()), id="r")
        run.send("go")
        planned.finish(run)
        assert run.state == "idle"
        assert any(b'"refs"' in fact.body for fact in facts_of(run)) or name in (
            "of the data",
            "undo",
        )
        check_recall(planned, run)
        run.replay()
        for at in range(1, run.seq):
            fork = run.fork(at=at, until="end")
            assert (fork.state, fork.data) == (run.state, run.data)
        fork = run.fork(at=1)
        fork.send("go")
        planned.settle()
        assert fork.data == run.data
