"""Laws of why and explain, on runs of charts nobody drew."""

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from tests.machine.charts import EVENTS, chart_specs, event_strings, tries
from tests.travel.random_runs import play
from traaviis_lab import Event, LabError
from traaviis_lab.errors import RunawayChart
from traaviis_lab.machine.expr import compile_expression
from traaviis_lab.travel.reasoning.needs import Stand, needs


def facts_of(run):
    return [fact.seq for fact in run.lab.journal.read(run.id)]


def questions(run):
    chart = run.chart
    states = [name for name, node in chart.states.items() if node.kind != "history"]
    return ["data.n", "data.seen", "data.none", "state", *states, *chart.transitions]


def ask_all(run, seq):
    for what in questions(run):
        yield run.why(what, seq)
    heard = {e for t in run.chart.transitions.values() for e in t.events} & set(EVENTS)
    for event in sorted(heard):
        yield run.why(event, seq)


@tries(60)
@given(chart_specs(), event_strings(), st.data())
def test_why_names_only_facts_that_exist_and_no_cause_comes_after_what_it_causes(
    spec, events, draw
):
    run = play(spec, events)
    if run is None:
        return
    there = set(facts_of(run))
    seq = draw.draw(st.integers(1, run.seq))
    for why in ask_all(run, seq):
        assert why.facts <= there
        assert all(s <= seq for s in why.facts)
        assert {o.seq for o in why.otherwise} <= there
        for link in why.links:
            assert link.run == run.id
            assert all(why.links[behind].seq <= link.seq for behind in link.because)
        assert {id(link) for _, link, _ in why.lines()} == {id(link) for link in why.links}
        assert json.loads(json.dumps(why.to_json()))["text"] == str(why)
        assert why._repr_html_()


@tries(60)
@given(chart_specs(), event_strings(), st.data())
def test_the_first_cause_of_a_value_is_where_it_was_written_last(spec, events, draw):
    run = play(spec, events)
    if run is None:
        return
    seq = draw.draw(st.integers(1, run.seq))
    why = run.why("data.n", seq)
    data = run.at(seq).data
    assert why.value == data["n"]
    (root,) = (why.links[place] for place in why.roots)
    assert root.value == data["n"]
    assert all(run.at(s).data["n"] == data["n"] for s in range(root.seq, seq + 1))


@tries(60)
@given(chart_specs(), event_strings(), st.data())
def test_the_first_cause_of_a_state_is_the_fact_since_which_the_run_is_there(spec, events, draw):
    run = play(spec, events)
    if run is None:
        return
    seq = draw.draw(st.integers(1, run.seq))
    for state in run.at(seq).active:
        why = run.why(state, seq)
        (root,) = (why.links[place] for place in why.roots)
        assert all(state in run.at(s).active for s in range(root.seq, seq + 1))
        moves = next(m.step.moves for m in run.trail.walk(root.seq - 1, root.seq) if m.step)
        assert any(state in move.entered for move in moves)


@tries(60)
@given(chart_specs(), event_strings())
def test_explain_names_only_facts_that_exist(spec, events):
    run = play(spec, events)
    if run is None:
        return
    there = set(facts_of(run))
    found = run.explain()
    assert {seq for finding in found.findings for seq in finding.facts} <= there
    assert [f.weight for f in found.findings] == sorted(
        (f.weight for f in found.findings), reverse=True
    )
    assert json.loads(json.dumps(found.to_json()))["text"] == str(found)
    if run.seq > 1:
        assert run.done or any(f.kind in ("waits", "stuck", "held") for f in found.findings)


TERMS = st.sampled_from(
    [
        "data.n > 2", "3 <= data.n", "data.n == 1", "1 != data.n", "data.ok", "data.gone", "data.s == 'x'",
        "event.by < 3", "'a' in state", "event.by in data.l", "has(event.x)", "has(data.n)",
        "size(data.l) > data.n", "data.l.exists(x, x > data.n)", "data.n % 2 == 0", "true", "false",
    ]
)  # fmt: skip
GUARDS = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        inner.map(lambda a: f"!({a})"),
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(
            lambda t: f"({t[0]}) {t[1]} ({t[2]})"
        ),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]}) ? ({t[1]}) : ({t[2]})"),
    ),
    max_leaves=5,
)
DATA = st.fixed_dictionaries(
    {"n": st.integers(0, 4), "ok": st.booleans(), "l": st.lists(st.integers(0, 3), max_size=3)},
    optional={"s": st.sampled_from(["x", "y"])},
)


@tries(300)
@given(GUARDS, DATA, st.integers(0, 4), st.booleans(), st.booleans())
def test_a_guard_needs_nothing_exactly_when_it_says_what_is_wanted(text, data, by, inside, want):
    formula = compile_expression(text)
    stand = Stand(data, Event("e", {"by": by}), frozenset(["a"] if inside else ["b"]))
    try:
        said = formula.compute(*stand)
    except Exception:
        said = None
    assert (needs(formula, want, stand) == "") is (said is want)


@tries(25)
@given(chart_specs(), event_strings(), event_strings(max_size=4), st.data())
def test_in_a_fork_why_names_only_facts_that_exist_in_their_runs(spec, events, more, draw):
    run = play(spec, events)
    if run is None:
        return
    at = draw.draw(st.integers(1, run.seq))
    if run.at(at).done:
        return  # nothing can be changed there
    try:
        fork = run.fork(at=at, data={"n": 3})
    except RunawayChart:
        return  # with other data it never comes to rest
    for name, given_data in more:
        with contextlib.suppress(LabError):
            fork.send(name, **given_data)
    there = {one: {f.seq for f in run.lab.journal.read(one)} for one in (run.id, fork.id)}
    for why in ask_all(fork, fork.seq):
        assert why.facts <= there[fork.id]
        assert all(link.seq in there[link.run] for link in why.links)
    assert {s for f in fork.explain().findings for s in f.facts} <= there[fork.id]
