"""Standing at any place of a run, quickly, while it grows and from several threads."""

import threading

import pytest

from tests.lab.machines import Counter
from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import Diverged, LabError, RunNotFound
from traaviis_lab.machine import Chart
from traaviis_lab.runtime.standing import KEEP_EVERY
from traaviis_lab.travel import Trail, windows


class Pairs(Machine):
    """Each event makes two facts, so that kept snapshots fall on odd places."""

    data = {"n": 0, "seen": 0}
    on = State(initial=True)
    on.to(None, on="count", assign={"n": "data.n + 1"}, do=fx.put_data("seen", "{{ data.n }}"))


class Reads:
    """A journal that counts what is read from it."""

    def __init__(self, journal):
        self.journal = journal
        self.read_facts = 0
        self.asked = 0

    def __getattr__(self, name):
        return getattr(self.journal, name)

    def info(self, run):
        self.asked += 1
        return self.journal.info(run)

    def read(self, run, **which):
        self.asked += 1
        for fact in self.journal.read(run, **which):
            self.read_facts += 1
            yield fact


@pytest.fixture(params=["memory", "disk"])
def lab(request, tmp_path):
    path = None if request.param == "memory" else tmp_path / "t.duckdb"
    with Lab(path, durability="async") as opened:
        yield opened


def counted(lab, machine, count, event="count", **data):
    run = lab.start(machine)
    for _ in range(count):
        run.send(event, **data)
    return run


@pytest.mark.parametrize("machine", [Counter, Pairs])
def test_every_place_of_a_run_with_kept_snapshots(lab, machine):
    run = counted(lab, machine, 1_300, by=1)
    trail = Trail(lab.journal, run.id, run.chart)
    facts = run.seq // 1_300
    for seq in [run.seq, 2, 1_000, 1_001, 999, 1_002, 1_003, 17, 16, 1, run.seq - 1]:
        there = trail.at(seq)
        assert there.seq == seq
        assert there.snapshot.data["n"] == (seq + facts - 2) // facts


def test_places_are_right_also_where_no_snapshot_was_kept(lab):
    run = counted(lab, Counter, 2_500, by=2)

    class Unkept(Reads):
        def near(self, run, seq):
            return None

    trail = Trail(Unkept(lab.journal), run.id, run.chart)
    for seq in [2_400, 1_000, 1_001, 2_001, 3, 2_000]:
        assert trail.at(seq).snapshot.data["n"] == 2 * (seq - 1)


def test_a_place_is_read_once_and_places_beside_it_not_again(lab):
    run = counted(lab, Counter, 2_200, by=1)
    journal = Reads(lab.journal)
    trail = Trail(journal, run.id, run.chart)
    first = 2 * KEEP_EVERY
    trail.at(first + 250)
    assert journal.read_facts <= KEEP_EVERY
    trail.at(first + 200)
    trail.at(first + 450)
    asked, facts = journal.asked, journal.read_facts
    assert facts <= KEEP_EVERY
    for seq in range(first + 1, first + KEEP_EVERY, 7):
        assert trail.at(seq).snapshot.data["n"] == seq - 1
    assert (journal.asked, journal.read_facts) == (asked, facts)


def test_a_run_that_grows_is_followed(lab):
    run = lab.start(Counter)
    for count in range(1, 60):
        run.send("count", by=1)
        assert run.at(run.seq) == run.snapshot
        assert run.at(1).data == {"n": 0}
        assert run.at(count // 2 + 1).data == {"n": count // 2}
        with pytest.raises(LabError, match=f"has no seq {run.seq + 1}"):
            run.at(run.seq + 1)


@pytest.mark.parametrize("seq", [0, -1, True, "2", 2.0, None])
def test_what_is_no_place_is_refused(lab, seq):
    run = counted(lab, Counter, 3, by=1)
    with pytest.raises(LabError, match="has no seq") as caught:
        run.at(seq)
    assert caught.value.hint == "It goes from 1 to 4."


def test_a_number_out_of_a_table_is_a_place(lab):
    run = counted(lab, Counter, 3, by=1)
    last = run.history()["seq"].iloc[-1]
    assert type(last) is not int
    assert run.at(last) == run.snapshot
    assert run.replay(upto=last).snapshot == run.snapshot


def test_what_one_does_to_an_answer_changes_no_other(lab):
    run = lab.start(Keeper)
    run.send("keep", items=[{"a": 1}])
    run.at(2).data["items"][0]["a"] = 2
    run.at(2).data["items"].append(3)
    here = run.trail.at(1)
    for fact in lab.journal.read(run.id, after=1):
        here.apply(fact)
    assert run.at(2).data == {"items": [{"a": 1}]}
    assert run.at(1).data == {"items": []}


class Keeper(Machine):
    """Keeps what it is given."""

    data = {"items": []}
    on = State(initial=True)
    on.to(None, on="keep", assign={"items": "event.items"})


def test_what_is_remembered_has_a_limit(lab, monkeypatch):
    run = counted(lab, Keeper, 300, "keep", items=["x" * 100])
    monkeypatch.setattr(windows, "KEEP_EVERY", 20)
    monkeypatch.setattr(windows, "MOST_WINDOWS", 4)
    trail = Trail(lab.journal, run.id, run.chart)
    for seq in [*range(1, 300, 11), *range(290, 1, -13)]:
        assert len(trail.at(seq).snapshot.data["items"]) == (seq > 1)
        assert len(trail._windows._windows) <= 4
        assert sorted(trail._windows._windows) == trail._windows._starts
    monkeypatch.setattr(windows, "MOST_BYTES", 4_000)
    for seq in range(1, 300, 40):
        trail.at(seq)
    assert sum(w.size for w in trail._windows._windows.values()) <= 2 * 20 * 200


class Swollen(Machine):
    """Small events that make large data."""

    data = {"block": "x" * 5_000, "items": []}
    on = State(initial=True)
    on.to(None, on="keep", assign={"items": "[data.block + event.tag]"})


def test_large_data_counts_for_that_limit(lab, monkeypatch):
    run = lab.start(Swollen)
    for number in range(200):
        run.send("keep", tag=str(number))
    monkeypatch.setattr(windows, "KEEP_EVERY", 64)
    monkeypatch.setattr(windows, "MOST_BYTES", 30_000)
    trail = Trail(lab.journal, run.id, run.chart)
    for seq in [*range(2, 200, 7), *range(198, 2, -9)]:
        assert trail.at(seq).snapshot.data["items"] == ["x" * 5_000 + str(seq - 2)]
    sizes = [sum(len(fact.body) for fact in w.facts) for w in trail._windows._windows.values()]
    assert sum(sizes) < 20_000, "the facts alone would leave room for more"
    assert len(sizes) == 1


def test_what_did_not_change_is_not_counted_again():
    messages = [{"text": "x" * 1_000} for _ in range(100)]
    data = {"messages": messages, "n": 1}
    assert windows._grown(data, data) == 0
    more = {"messages": [*messages, {"text": "y" * 1_000}], "n": 2}
    assert 1_000 < windows._grown(data, more) < 3_000
    assert windows._grown({}, data) > 100_000


def test_many_threads_may_look_at_once(lab):
    run = counted(lab, Counter, 1_500, by=1)
    wrong = []

    def look(first):
        for seq in range(first, 1_500, 13):
            if run.at(seq).data["n"] != seq - 1:
                wrong.append(seq)

    threads = [threading.Thread(target=look, args=(n,)) for n in range(1, 9)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong


def test_a_place_before_the_parting_can_be_stood_at_on_another_chart(lab):
    run = lab.start(Counter)
    for _ in range(5):
        run.send("count", by=1)
    run.send("count", by=100)
    spec = Counter.chart.to_spec()
    spec["states"]["on"]["transitions"][0]["when"] = "event.by < 50"
    trail = Trail(lab.journal, run.id, Chart.from_spec(spec))
    for _ in range(2):  # the second look reads ahead, and must not trip over what it reads
        assert trail.at(4).snapshot.data["n"] == 3
    with pytest.raises(Diverged, match="at seq 7"):
        trail.at(7)
    assert trail.at(6).snapshot.data["n"] == 5


def test_walking_may_start_anywhere(lab):
    run = counted(lab, Counter, 40, by=1)
    moments = list(run.trail.walk(after=20, upto=25))
    assert [m.fact.seq for m in moments] == [21, 22, 23, 24, 25]
    assert [m.before.data["n"] for m in moments] == [19, 20, 21, 22, 23]
    assert [m.after.data["n"] for m in moments] == [20, 21, 22, 23, 24]
    assert run.trail.at(20).snapshot.data["n"] == 19


def test_a_run_that_is_not_there(lab):
    with pytest.raises(RunNotFound):
        Trail(lab.journal, "nobody", Counter.chart)
