"""Laws of random composed effects in a lab: what is recorded, replayed, forked and stopped."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effects.driving import pair_at
from tests.effects.trees import bookings, trees
from tests.lab.planned import Planned, chart_of, check_facts, check_recall, facts_of
from tests.machine.charts import tries
from traaviis_lab.effects.growing.places import above
from traaviis_lab.effects.recorded import recorded_effect
from traaviis_lab.runtime import recall
from traaviis_lab.runtime.standing import root_of

WORDS = st.sampled_from(
    ["go", "go", "answer", "answer", "answer", "later", "later", "leave", "again", "more"]
)
inputs = st.lists(WORDS, min_size=2, max_size=10).map(lambda words: ["go", *words])
seeds = st.integers(0, 999)


@pytest.fixture(autouse=True)
def _quiet():
    """Runs that cannot go on are told of in the log, at length."""
    logging.getLogger("traaviis_lab").disabled = True
    yield
    logging.getLogger("traaviis_lab").disabled = False


def trouble(run):
    """What went wrong in turns nobody waits for."""
    return [f.body for f in facts_of(run) if f.kind == "note" and f.name == "trouble"]


@tries(150)
@given(trees, trees, inputs, seeds, st.sampled_from(["", "stop", "end", "leave"]))
def test_every_effect_has_one_end_and_the_record_leads_to_where_the_run_stood(
    tree, other, words, seed, last
):
    with pytest.MonkeyPatch.context() as patch, Planned(seed) as planned:
        planned.watch(patch)
        run = planned.lab.start(chart_of(tree, other), id="r")
        planned.play(run, [*words, last] if last else words)
        check_recall(planned, run)
        planned.finish(run)
        assert not trouble(run)
        check_facts(facts_of(run))
        check_recall(planned, run)
        calls = len(planned.calls)
        run.replay()
        assert len(planned.calls) == calls


def done_and_undone(facts, root, effect):
    """Of everything that can be undone below a root: what happened, and what was undone."""
    done, undone = [], []
    for fact in facts:
        body = json.loads(fact.body)
        head, inner = root_of(body["path"]) if "path" in body else ("", "")
        if head != root or fact.name != "call":
            continue
        pair = inner
        while pair and not pair_at(effect, pair):
            pair = above(pair)[0]
        if not pair_at(effect, pair):
            continue
        here = inner[len(pair) :].strip("/")
        if here == "1" and fact.kind == "effect.started":
            undone.append(pair)
        elif here.startswith("0") and fact.kind == "effect.completed":
            done.append(pair)
    return done, undone


@tries(150)
@given(bookings, bookings, inputs, seeds, st.sampled_from(["", "stop", "end", "leave"]))
def test_what_was_done_is_undone_when_the_whole_does_not_come_to_pass(
    tree, other, words, seed, last
):
    with Planned(seed) as planned:
        run = planned.lab.start(chart_of(tree, other), id="r")
        planned.play(run, [*words, last] if last else words)
        planned.finish(run)
        facts = facts_of(run)
        effects = {}
        for fact in facts:
            body = json.loads(fact.body)
            if fact.kind == "effect.started" and body["path"].count("/") == 1:
                effects[body["path"]] = recorded_effect(body["effect"])
            elif body.get("path") in effects:
                root = body["path"]
                done, undone = done_and_undone(facts, root, effects[root])
                assert len(set(undone)) == len(undone)
                if fact.kind != "effect.completed":
                    assert set(done) <= set(undone), (fact, done, undone)


def moves(run, after=0):
    """What moved it, and where to."""
    return [
        (f.kind, f.name, f.state) for f in facts_of(run) if f.seq > after and b'"step":' in f.body
    ]


def asked(found):
    """What is under way in a run, whatever the numbers of the facts it began with."""
    leaves = sorted((p.effect.kind, p.owner, p.occurrence) for p in found.pending.values())
    roots = sorted(
        (t.effect.kind, t.owner, t.left, sorted((p, n.phase) for p, n in t.nodes.items()))
        for t in found.trees.values()
    )
    return leaves, roots


@tries(60)
@given(trees, trees, inputs, seeds, st.booleans(), st.integers(1, 100))
def test_a_fork_without_a_change_is_its_parent_and_asks_nobody(
    tree, other, words, seed, ends, place
):
    with Planned(seed) as planned:
        run = planned.lab.start(chart_of(tree, other), id="r")
        planned.play(run, words)
        if ends:
            planned.finish(run)
        planned.lab._thread.ask(lambda: planned.lab._engine.release("r"))
        planned.settle()
        calls, before = len(planned.calls), facts_of(run)
        same = planned.lab.recording("r").fork(at=max(1, place * len(before) // 100), until="end")
        theirs = recall(planned.lab.journal, "r", run.chart)
        mine = recall(planned.lab.journal, same.id, run.chart)
        known = moves(run, same.forked_at)
        assert moves(same, 1)[: len(known)] == known
        if not any(one.effect.kind == "permit" for one in theirs.pending.values()):
            # what waited for its turn may have it by now: the parent does not stand in line
            assert mine.snapshot == theirs.snapshot
            assert asked(mine) == asked(theirs)
        same.replay()
        planned.settle()
        assert len(planned.calls) == calls
        assert facts_of(run) == before
