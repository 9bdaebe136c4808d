"""A run goes to a file and comes back whole; a file that is not whole is refused whole."""

import hashlib
import json

import pytest

from traaviis_lab import Chart, Lab, LabError, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import DefinitionError, JournalConflict
from traaviis_lab.gallery import SmartDoor

from .portable import facts_of, lines_of, played


@pytest.fixture(params=["memory", "disk"])
def labs(request, tmp_path):
    """One lab to export from and one to import into."""
    paths = (
        [None, None]
        if request.param == "memory"
        else [tmp_path / "a.duckdb", tmp_path / "b.duckdb"]
    )
    with Lab(paths[0], clock=ToldClock()) as here, Lab(paths[1], clock=ToldClock()) as there:
        yield here, there


@pytest.fixture
def lab():
    with Lab(clock=ToldClock()) as opened:
        yield opened


@pytest.fixture
def other():
    with Lab(clock=ToldClock()) as opened:
        yield opened


def test_a_run_comes_back_byte_for_byte_with_its_chain(labs, tmp_path):
    here, there = labs
    run = played(here, tenant="house")
    path = run.export(tmp_path / "d1.run.jsonl.gz")
    back = there.import_run(path)
    assert facts_of(there, "d1") == facts_of(here, "d1")
    assert there.verify().problems == ()
    assert (back.id, back.state, back.data, back.tenant) == ("d1", run.state, run.data, "house")
    back.replay()
    assert back.history()["event"].tolist() == run.history()["event"].tolist()
    assert back.export(tmp_path / "again.run.jsonl.gz").read_bytes() == path.read_bytes()


def test_an_imported_run_can_be_gone_on_with(labs, tmp_path):
    here, there = labs
    played(here).export(tmp_path / "x.gz")
    there.import_run(tmp_path / "x.gz")
    there.resume("d1").send("open_command")
    assert there.run("d1").state == "opening"
    # The journal it came from has less of it now, and says so of itself only.
    assert there.import_run(tmp_path / "x.gz").seq > here.run("d1").seq


def test_the_same_run_gives_the_same_bytes_and_says_what_it_is(lab, tmp_path):
    run = played(lab)
    one, two = run.export(tmp_path / "1.gz"), run.export(tmp_path / "2.gz")
    assert one.read_bytes() == two.read_bytes()
    plain = run.export(tmp_path / "plain.jsonl")
    assert plain.read_bytes() == b"".join(lines_of(one))
    head, *_, end = map(json.loads, lines_of(one))
    facts = facts_of(lab, "d1")
    assert head["format"] == "traaviis-run/1"
    assert (head["run"], head["machine"], head["facts"]) == ("d1", "SmartDoor", len(facts))
    assert head["chart"] == SmartDoor.chart.hash
    assert head["spec"] == SmartDoor.chart.spec
    assert head["portable"] is True
    assert head["head"] == end["head"] == facts[-1].hash.hex()


def test_the_chain_can_be_checked_with_nothing_but_sha256(lab, tmp_path):
    played(lab)
    lab.run("d1").export(tmp_path / "x.gz")
    last = bytes(32)
    for line in lines_of(tmp_path / "x.gz"):
        if line.startswith(b'{"type":"fact"'):
            core = line[: line.rindex(b',"hash"')]
            last = hashlib.sha256(last + core).digest()
            assert json.loads(line)["hash"] == last.hex()
    assert json.loads(lines_of(tmp_path / "x.gz")[-1])["head"] == last.hex()


def test_plain_jsonl_is_taken_too(lab, other, tmp_path):
    other.import_run(played(lab).export(tmp_path / "x.jsonl"))
    assert facts_of(other, "d1") == facts_of(lab, "d1")


def test_a_run_that_is_here_already_is_left_alone(lab, other, tmp_path):
    path = played(lab).export(tmp_path / "x.gz")
    assert lab.import_run(path).seq == lab.run("d1").seq  # it is even live here
    other.import_run(path)
    before = facts_of(other, "d1")
    other.import_run(path)
    assert facts_of(other, "d1") == before


def test_another_run_of_that_id_is_a_conflict_and_another_id_the_cure(lab, other, tmp_path):
    path = played(lab).export(tmp_path / "x.gz")
    mine = played(other, rounds=1)
    before = facts_of(other, "d1")
    with pytest.raises(JournalConflict, match="another run 'd1'") as said:
        other.import_run(path)
    assert "id='d1-2'" in said.value.hint
    with pytest.raises(JournalConflict):
        other.import_run(path, id=mine.id)
    assert facts_of(other, "d1") == before
    back = other.import_run(path, id="d1-2")
    note = facts_of(other, "d1-2")[-1]
    assert (note.kind, note.name) == ("note", "imported")
    origin = {"from": "d1", "head": facts_of(lab, "d1")[-1].hash.hex()}
    assert json.loads(note.body)["data"] == origin
    assert back.seq == lab.run("d1").seq + 1
    assert back.data == lab.run("d1").data
    assert other.verify().problems == ()
    with pytest.raises(LabError, match="no id for a run"):
        other.import_run(path, id="")


def test_a_growing_file_of_the_same_run_does_not_overwrite_what_is_here(lab, other, tmp_path):
    run = played(lab, rounds=1)
    other.import_run(run.export(tmp_path / "early.gz"))
    run.send("open_command")
    run.export(tmp_path / "late.gz")
    with pytest.raises(JournalConflict):
        other.import_run(tmp_path / "late.gz")


def test_large_values_go_along_and_are_found(lab, other, tmp_path):
    digest = lab.journal.put_blob(b"a large value")
    lab.journal.put_blob(b"nobody names this one")
    run = played(lab, rounds=1)
    run.note("see", blob=digest)
    path = run.export(tmp_path / "x.gz")
    assert sum(b'"type":"blob"' in line for line in lines_of(path)) == 1
    other.import_run(path)
    assert other.journal.blob(digest) == b"a large value"


class Gate(Machine):
    """Calls Python."""

    data = {"n": 0}
    shut = State(initial=True)
    shut.to(None, on="ask", when=lambda data, event: True, assign={"n": "data.n + 1"})


def test_a_chart_that_calls_python_has_to_be_passed(lab, other, tmp_path):
    run = lab.start(Gate, id="g")
    run.send("ask")
    path = run.export(tmp_path / "g.gz")
    assert json.loads(lines_of(path)[0])["portable"] is False
    with pytest.raises(DefinitionError, match="calls Python") as said:
        other.import_run(path)
    assert "chart=Gate" in said.value.hint
    assert other.journal.info("g") is None
    assert other.import_run(path, chart=Gate).data == {"n": 1}
    with Lab() as third:
        third.add(Gate)
        assert third.import_run(path).state == "shut"


def test_a_fork_is_a_run_of_its_own(lab, other, tmp_path):
    fork = played(lab, rounds=1).fork(at=3)
    path = fork.export(tmp_path / "f.gz")
    head = json.loads(lines_of(path)[0])
    assert (head["forked_from"], head["forked_at"]) == ("d1", 3)
    back = other.import_run(path)
    assert back.snapshot == fork.snapshot
    assert other.journal.info(fork.id).forked_from == "d1"


class Fetcher(Machine):
    """Asks, and is left in the middle of it."""

    idle = State(initial=True)
    busy = State(enter=fx.delay(60), on_success="idle")
    idle.to(busy, on="go")
    busy.to(idle, on="leave")


def test_a_run_with_effects_under_way_is_taken_along_as_it_stands(lab, other, tmp_path):
    run = lab.start(Fetcher, id="f")
    run.send("go")
    back = other.import_run(run.export(tmp_path / "f.gz"))
    assert back.state == "busy"
    run.send("leave")
    assert other.recording("f").state == "busy"


class Counter(Machine):
    """Counts."""

    data = {"n": 0}
    on = State(initial=True)
    on.to(None, on="count", assign={"n": "data.n + 1"})


def test_a_long_run_keeps_states_on_the_way(lab, other, tmp_path):
    run = lab.start(Counter, id="c")
    for _ in range(2_500):
        run.send("count")
    back = other.import_run(run.export(tmp_path / "c.gz"))
    assert other.journal.near("c", 2_400).seq == 2_000
    assert back.at(2_400).data == run.at(2_400).data == {"n": 2_399}
    assert other.journal.near("c", 1_500).body == lab.journal.near("c", 1_500).body


@pytest.mark.parametrize("cost", [1, 1.0, 0.1 + 0.2, 1e-7, 0, None])
def test_amounts_come_back_as_they_were_written(labs, tmp_path, cost):
    here, there = labs
    run = here.start(Counter, id="c")
    fact = facts_of(here, "c")[0]._replace(
        seq=2, kind="model.called", name="m", model="m", cost_usd=cost, tokens_in=7, body=b"{}"
    )
    here.journal.append([fact, fact._replace(seq=3, cost_usd=None)])
    here.journal.flush()
    there.import_run(run.export(tmp_path / "c.gz"))
    assert [f.hash for f in facts_of(there, "c")] == [f.hash for f in facts_of(here, "c")]
    there.recording("c").export(tmp_path / "again.gz")
    assert (tmp_path / "again.gz").read_bytes() == (tmp_path / "c.gz").read_bytes()


def test_the_chart_of_another_machine_leaves_the_journal_as_it_was(lab, other, tmp_path):
    path = played(lab).export(tmp_path / "d1.run.jsonl.gz")
    with pytest.raises(DefinitionError, match="is one of SmartDoor, not of Gate"):
        other.import_run(path, chart=Gate)
    assert len(other.runs()) == 0


def test_a_later_chart_that_is_passed_does_not_say_where_the_run_stood(tmp_path):
    spec = {
        "spec": "traaviis/1",
        "name": "Count",
        "data": {"n": 0},
        "states": {"on": {"transitions": [{"on": "more", "assign": {"n": "data.n + 1"}}]}},
    }
    later = json.loads(json.dumps(spec).replace("+ 1", "+ 2"))
    with Lab() as lab, Lab() as there:
        run = lab.start(Chart.from_spec(spec), id="c")
        for _ in range(1_100):
            run.send("more")
        there.import_run(run.export(tmp_path / "c.gz"), chart=Chart.from_spec(later))
        assert there.recording("c", chart=run.chart).at(1_050).data == {"n": 1_049}
