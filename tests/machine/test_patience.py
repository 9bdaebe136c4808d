"""A macrostep that takes too long is left, where somebody watches, and nothing has happened."""

import pytest

from traaviis_lab import Event, read_chart, start, step
from traaviis_lab.errors import RunawayChart
from traaviis_lab.machine.patience import PATIENCE, patient


def chart(turns=50, fields=3):
    assign = {f"f{n}": "data.n" for n in range(fields)}
    again = {"when": f"data.n < {turns}", "to": "busy", "assign": {"n": "data.n + 1", **assign}}
    return read_chart(
        {
            "spec": "traaviis/1",
            "name": "Busy",
            "data": {"n": 0},
            "initial": "calm",
            "states": {
                "calm": {"transitions": [{"on": "go", "to": "busy"}]},
                "busy": {"transitions": [again]},
            },
        }
    )


class Watch:
    """Says after so many questions that it has been too long."""

    def __init__(self, most):
        self.most, self.asked, self.begun = most, 0, 0

    def __call__(self):
        self.begun += 1
        self.asked = 0
        return self._is_over

    def _is_over(self):
        self.asked += 1
        return self.asked > self.most


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    # An engine that was made on this thread has left its watch here.
    monkeypatch.setattr(PATIENCE, "watch", None)


def test_nobody_watches_unless_somebody_does():
    made = chart()
    there = step(made, start(made).snapshot, Event("go")).snapshot
    assert there.data["n"] == 50
    assert PATIENCE.watch is None


def test_what_takes_too_long_is_left():
    made, watch = chart(), Watch(20)
    here = start(made).snapshot
    with patient(watch), pytest.raises(RunawayChart, match="'Busy' did not settle in time"):
        step(made, here, Event("go"))
    assert watch.asked == 21
    assert here.data == {"n": 0}
    assert PATIENCE.watch is None


def test_each_macrostep_has_its_own_time_and_the_same_answer():
    made, watch = chart(turns=5), Watch(40)
    here = start(made).snapshot
    alone = step(made, here, Event("go"))
    with patient(watch):
        for _ in range(3):
            assert step(made, here, Event("go")) == alone
    assert watch.begun == 3


@pytest.mark.parametrize("fields", [1, 99, 150, 500])
def test_a_transition_of_many_fields_is_watched_and_does_the_same(fields):
    assign = {f"f{n}": f"data.n + {n}" for n in range(fields)}
    made = read_chart(
        {
            "spec": "traaviis/1",
            "name": "Wide",
            "data": {"n": 1},
            "initial": "a",
            "states": {"a": {"transitions": [{"on": "go", "to": "a", "assign": assign}]}},
        }
    )
    here = start(made).snapshot
    done = step(made, here, Event("go")).snapshot
    assert done.data[f"f{fields - 1}"] == fields
    watch = Watch(fields - 1)
    with patient(watch):
        if fields > 100:
            with pytest.raises(RunawayChart):
                step(made, here, Event("go"))
        else:
            assert step(made, here, Event("go")).snapshot == done


def test_the_first_of_many_guards_is_taken():
    arrows = [{"on": "go", "to": "a", "when": f"data.n == {n}", "assign": {"hit": f"{n}"}}
              for n in range(250)]  # fmt: skip
    made = read_chart(
        {
            "spec": "traaviis/1",
            "name": "Long",
            "data": {"n": 0},
            "initial": "a",
            "states": {"a": {"transitions": arrows}},
        }
    )
    for n in (0, 99, 100, 249):
        here = start(made, {"n": n}).snapshot
        assert step(made, here, Event("go")).snapshot.data["hit"] == n
