"""However the log is cut into lumps and its streams are mixed, the tables are the same."""

from collections import defaultdict
from itertools import pairwise

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.journal.lumps import a_story, fact, kept, lump_of, many
from traaviis_lab.journal import schema
from traaviis_lab.journal.index import DuckIndex
from traaviis_lab.journal.memory import MemoryJournal
from traaviis_lab.journal.port import Fact
from traaviis_lab.journal.rebuild import rebuild
from traaviis_lab.journal.views import VIEWS

CHART = ("c1", b'{"name":"Door"}')
BLOB = ("d1", b"large")


def streams():
    """Two processes that took turns with run `x`, each with runs of its own."""
    shared = [fact("x", seq) for seq in range(1, 13)]
    return {
        "1": [*shared[:5], *a_story(), *shared[9:]],
        "2": [*many(20, runs=3), *shared[5:9]],
    }


def contents(index):
    """All tables, each sorted; positions and meta are about the feeding."""
    found = {}
    for table in (*schema.TABLES[:4], *VIEWS):
        rows = index.query(f"select * from {table.name}").astype(object).values.tolist()
        found[table.name] = sorted(map(repr, rows))
    return found


def fed(lumps):
    index = DuckIndex()
    for lump in lumps:
        index.feed(lump)
    answer = contents(index), index.positions(), index.runs(), index.heads()
    index.close()
    return answer


def lumps_of(name, facts, cuts):
    ends = sorted({0, *cuts, len(facts)})
    made = []
    for since, upto in pairwise(ends):
        lump = lump_of(facts[since:upto], name, since)
        lump.snapshots = [kept(f.run, f.seq) for f in facts[since:upto] if f.seq % 4 == 0]
        lump.charts, lump.blobs = [CHART], [BLOB, BLOB]
        made.append(lump)
    return made


WHOLE = {}
QUICK = (Phase.explicit, Phase.generate)


@settings(deadline=None, max_examples=10)
@given(st.data())
def test_any_lumps_in_any_order_of_streams_make_the_same_tables(data):
    facts = streams()
    if not WHOLE:
        WHOLE["it"] = fed(lump for name in facts for lump in lumps_of(name, facts[name], ()))
    waiting = {
        name: lumps_of(name, mine, data.draw(st.sets(st.integers(1, len(mine) - 1), max_size=5)))
        for name, mine in facts.items()
    }
    order = []
    while waiting["1"] or waiting["2"]:
        name = data.draw(st.sampled_from([name for name in waiting if waiting[name]]))
        order.append(waiting[name].pop(0))
        if data.draw(st.booleans()):
            order.append(order[-1])
    assert fed(order) == WHOLE["it"]


@settings(deadline=None, max_examples=6)
@given(cuts=st.sets(st.integers(1, 20), max_size=6), rows=st.integers(1, 40))
def test_a_rebuilt_index_is_the_same_as_a_fed_one(tmp_path_factory, cuts, rows):
    facts = streams()
    lumps = [lump for name in facts for lump in lumps_of(name, facts[name], cuts)]
    path = str(tmp_path_factory.mktemp("law") / "x.duckdb")
    again = [lump for name in facts for lump in lumps_of(name, facts[name], cuts)]
    with_rows = _rebuilt(path, again, rows)
    assert with_rows == fed(lumps)


def _rebuilt(path, lumps, rows):
    import traaviis_lab.journal.rebuild as module

    usual, module.ROWS = module.ROWS, rows
    try:
        index = rebuild(path, lumps)
    finally:
        module.ROWS = usual
    answer = contents(index), index.positions(), index.runs(), index.heads()
    index.close()
    return answer


TEXTS = st.text(max_size=5)
BODIES = st.dictionaries(
    TEXTS | st.sampled_from(["machine", "chart", "forked_from"]), TEXTS | st.none(), max_size=3
)
NUMBERS = st.none() | st.integers(0, 2**63 - 1)


@settings(deadline=None, max_examples=25, phases=QUICK)
@given(
    st.lists(
        st.tuples(TEXTS, st.sampled_from(sorted(schema.KINDS)), TEXTS, BODIES, NUMBERS, NUMBERS),
        min_size=1,
        max_size=10,
    )
)
def test_memory_and_index_know_the_same_of_any_facts(rows):
    import orjson

    journal, ends = MemoryJournal(), defaultdict(int)
    for run, kind, name, body, number, duration in rows:
        ends[run] += 1
        made = Fact(run, ends[run], duration or 7, "t", kind, name, number, orjson.dumps(body),
                    duration_us=duration)  # fmt: skip
        journal.append([made])
    journal.sql("select 1")
    index = journal._asked.index
    assert journal.runs() == index.runs()
    for run in ends:
        assert list(journal.read(run)) == list(index.read(run))
        assert journal.info(run) == index.info(run)
    journal.close()
