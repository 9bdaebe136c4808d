"""Whatever three tenants write and whatever one of them asks, it never sees a row of another."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journal.facts import make
from traaviis_lab.errors import JournalError
from traaviis_lab.journal import MemoryJournal
from traaviis_lab.journal.port import Keep
from traaviis_lab.journal.sandbox_rows import Reader
from traaviis_lab.journal.sandbox_worker import Room
from traaviis_lab.journal.schema import TABLES
from traaviis_lab.journal.views import VIEWS

TENANTS = ("ant", "bee", "cat")
KINDS = (
    "event", "event.refused", "effect.started", "effect.completed", "model.called", "tool.called",
    "estimate.made", "run.done", "note", "budget.reserved", "budget.settled", "mcp.called",
)  # fmt: skip
NAMES = [one.name for one in (*TABLES, *VIEWS)]

tenants = st.sampled_from(TENANTS)
# Whatever a tenant writes holds its own mark; bodies also name runs and tenants of others.
facts = st.lists(
    st.tuples(tenants, st.integers(0, 2), st.sampled_from(KINDS), tenants), min_size=1, max_size=25
)
tables = st.sampled_from(NAMES)
conditions = st.sampled_from([
    "true", "tenant = 'bee'", "tenant <> 'ant' or true", "run_id like 'run-cat%'", "1 = 1 or tenant = 'cat'",
    "tenant in ('ant', 'bee', 'cat')", "not (tenant = 'ant')", "body like '%mark-bee%'", "tenant is not null",
])  # fmt: skip


@st.composite
def queries(draw):
    """Questions of many shapes over any table or view."""
    one, other, when = draw(tables), draw(tables), draw(conditions)
    shape = draw(
        st.sampled_from([
            "select * from {one}",
            "select * from {one} where {when}",
            "from main.{one}",
            "select * from {one} union all by name select * from {other}",
            "select a, b from {one} a, {other} b",
            "with x as (select * from {one} where {when}) select * from x",
            "with {one} as (select * from main.{one}) select * from {one} where {when}",
            "select (select list(o) from {other} o) from {one}",
            "select * from (from {one}) where {when}",
            "select list(t), count(*) from {one} t",
            "select * from {one} a left join {other} b on true",
            "select columns(*)::varchar from {one}",
            "select * from {one}, lateral (select list(o) from {other} o)",
            "summarize {one}",
            "from (unpivot (select columns(*)::varchar from {one}) on columns(*))",
        ])
    )  # fmt: skip
    return shape.format(one=one, other=other, when=when)


def written(journal, told):
    """Write what was told; each body holds a mark of whose it is and words about others."""
    seqs = {}
    for tenant, number, kind, other in told:
        run = f"~mcp-{number}" if kind == "mcp.called" else f"run-{tenant}-{number}"
        seq = seqs[run] = seqs.get(run, 0) + 1
        mark = f"mark-{tenant}"
        body = {
            "machine": mark, "chart": f"chart-{tenant}", "data": {"about": f"run-{other}-0"}, "path": "1/0",
            "id": f"{tenant}-{number}", "tenant": other, "budgets": [mark], "client": {"name": mark},
            "run": f"run-{tenant}-0", "outcome": "ok", "result": blob_of(other),
        }  # fmt: skip
        if seq == 1 and not run.startswith("~"):
            kind = "run.started"
        journal.append([make(run, seq, tenant=tenant, kind=kind, name=mark, body=json.dumps(body).encode(),
                             state=mark, model=mark if "called" in kind else "")])  # fmt: skip
        journal.keep(Keep(run, seq, mark.encode()))
    for seq, tenant in enumerate(TENANTS, 1):
        body = {
            "budget": f"mark-{tenant}",
            "tenant": tenant,
            "limits": {"usd": 1},
            "account": f"mark-{tenant}#1",
        }
        journal.append([make("~budgets", seq, tenant="", kind="budget.set", name=f"mark-{tenant}", state="",
                             body=json.dumps(body).encode())])  # fmt: skip


def blob_of(tenant):
    return f"about-{tenant}"


class Boxes:
    """Sandboxes without their processes, whose starting would take most of the time."""

    def __init__(self):
        self.rooms = {tenant: Room() for tenant in TENANTS}
        self.readers = {tenant: Reader(tenant) for tenant in TENANTS}

    def ask(self, journal, tenant, query):
        for rows in self.readers[tenant].fresh(journal):
            self.rooms[tenant].feed(rows.table, rows.instead, rows.body)
        return self.rooms[tenant].ask(query, 1_000, 60.0)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    first=facts, then=facts, asked=st.lists(st.tuples(tenants, queries()), min_size=3, max_size=5)
)
def test_no_question_answers_a_row_of_another_tenant(first, then, asked):
    journal, boxes = MemoryJournal(), Boxes()
    for tenant in TENANTS:
        journal.put_chart(f"chart-{tenant}", json.dumps({"name": f"mark-{tenant}"}).encode())
    try:
        written(journal, first)
        half = len(asked) // 2
        seen = [check(journal, boxes, *one) for one in asked[:half]]
        more = {f"run-{t}-{n}" for t, n, *_ in first}
        append_more(journal, then, more)
        seen += [check(journal, boxes, *one) for one in asked[half:]]
        assert len(seen) == len(asked)
    finally:
        journal.close()


def append_more(journal, told, known):
    for tenant, number, _, other in told:
        run = f"run-{tenant}-{number}"
        info = journal.info(run)
        body = json.dumps({"about": f"run-{other}-0", "mark": f"mark-{tenant}"}).encode()
        seq = info.seq + 1 if info else 1
        journal.append(
            [make(run, seq, tenant=tenant, kind="note", name=f"mark-{tenant}", body=body)]
        )


def check(journal, boxes, tenant, query):
    try:
        told = boxes.ask(journal, tenant, query)
    except JournalError as error:  # a column that is not there
        text = str(error)
    else:
        text = json.dumps(told["rows"])
    for other in TENANTS:
        if other != tenant:
            assert f"mark-{other}" not in text, (tenant, query)
            assert f"chart-{other}" not in text, (tenant, query)
    counted = boxes.ask(
        journal, tenant, "select count(*), count(distinct tenant) from events where tenant <> ''"
    )
    mine = sum(
        1 for run in every_run(journal) for fact in journal.read(run) if fact.tenant == tenant
    )
    assert counted["rows"] == [[mine, min(mine, 1)]], "and all of its own"
    return text


def every_run(journal):
    runs = [info.run for info in journal.runs()]
    return [*runs, *(f"~mcp-{number}" for number in range(3))]
