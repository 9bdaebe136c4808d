"""What the index stores: its tables, every column with its meaning, and the kinds of facts.

`SCHEMA` counts up whenever this page changes what is stored; an index with another number is
rebuilt from the log. `docs/journal.md` repeats these texts, and a test keeps it true.
"""

from __future__ import annotations

from typing import NamedTuple

SCHEMA = 5


class Column(NamedTuple):
    """A column: its name, its DuckDB type, what it says, and how it is stored if not as usual."""

    name: str
    type: str
    text: str
    storage: str = ""


class Table(NamedTuple):
    """A stored table. `computed` are expressions by column name, worked out on reading."""

    name: str
    text: str
    columns: tuple[Column, ...]
    computed: tuple[tuple[str, str], ...] = ()


class View(NamedTuple):
    """A question with a name. `select` answers the columns in this order."""

    name: str
    text: str
    columns: tuple[Column, ...]
    select: str


def time_of(microseconds: str) -> str:
    """The SQL for a readable time; NULL beyond DuckDB's calendar, where it would fail."""
    far = 9 * 10**18
    return (
        f"case when {microseconds} between -{far} and {far} then make_timestamp({microseconds}) end"
    )


RUN = Column("run_id", "VARCHAR", "the run")
SEQ = Column("seq", "BIGINT", "its place in the run, from 1 without gaps")
AT = Column("at", "BIGINT", 'when, in microseconds since 1970 UTC; written `"at"` in SQL')
TIME = Column("time", "TIMESTAMP", "when, in UTC")
TENANT = Column("tenant", "VARCHAR", "who owns the run")

EVENTS = Table(
    "events",
    "Every fact, one row each. The log is the truth; these rows are its copy.",
    (
        RUN,
        SEQ,
        AT,
        TENANT,
        Column("kind", "VARCHAR", "what sort of fact; the kinds are listed below"),
        Column("name", "VARCHAR", "the event, the effect's kind, the machine: whatever it names"),
        Column("cause_seq", "BIGINT", "the fact of this run that led to this one"),
        Column("body", "VARCHAR", "everything else, the exact JSON text that is hashed"),
        Column("state", "VARCHAR", "the active leaf states after this fact, joined by commas"),
        Column("effect", "VARCHAR", "the effect's kind, empty for other facts"),
        Column("model", "VARCHAR", "the model that was called, empty for other facts"),
        Column("tokens_in", "BIGINT", "tokens the model read"),
        Column("tokens_out", "BIGINT", "tokens the model wrote"),
        Column("cost_usd", "DOUBLE", "what it cost in US dollars; NULL is unknown, not free"),
        Column("duration_us", "BIGINT", "how long it took, in microseconds"),
        # Chance does not compress, and trying costs more than all the other columns together:
        # reading a run from among 10,000 took 15 ms, and takes 6 so.
        Column(
            "hash",
            "BLOB",
            "the run's chain up to here: sha256(hash before, stored bytes)",
            "using compression uncompressed",
        ),
        TIME,
    ),
    computed=(("time", time_of('"at"')),),
)

CHARTS = Table(
    "charts",
    "The charts that runs were started with, each once.",
    (
        Column("hash", "VARCHAR", "`chart.hash`"),
        Column("name", "VARCHAR", "the machine's name"),
        Column("version", "VARCHAR", "the machine's version"),
        Column("spec", "VARCHAR", "the chart as JSON; `Chart.from_spec` reads it"),
    ),
)

BLOBS = Table(
    "blobs",
    "Large values, each once, found by their content.",
    (
        Column("digest", "VARCHAR", "sha256 of the body in hex"),
        Column("body", "BLOB", "the value's bytes"),
    ),
)

SNAPSHOTS = Table(
    "snapshots",
    "Whole states kept on the way, so that any state is near. May be missing: nothing is lost.",
    (
        RUN,
        Column("seq", "BIGINT", "the fact after which the run stood so"),
        Column("body", "BLOB", "the state as JSON text; `decode(body)` shows it"),
    ),
)

POSITIONS = Table(
    "positions",
    "How far each stream of the log is in these tables.",
    (
        Column("stream", "VARCHAR", "the process that wrote it, as the log names it"),
        Column("segment", "BIGINT", "all segments before this one are in"),
        Column("offset", "BIGINT", 'and this one up to this byte; written `"offset"` in SQL'),
    ),
)

META = Table(
    "meta",
    "What this index is.",
    (
        Column(
            "key",
            "VARCHAR",
            "`schema`: this page's number; `boot`: the machine start it is open in",
        ),
        Column("value", "VARCHAR", "its value"),
    ),
)

TABLES = (EVENTS, CHARTS, BLOBS, SNAPSHOTS, POSITIONS, META)

KINDS: dict[str, str] = {
    "run.started": "a run began: `{machine, version, chart, data, step}`",
    "event": "an event was taken: `{data, step: {state, taken, set|check, effects, raised}}`",
    "step": "a step without an event of its own, such as a fork's other data: `{patch, step}`",
    "event.refused": "an event was not taken: `{data, reason, hint}`",
    "effect.started": "an effect is about to be performed: `{path, owner, effect}`",
    "effect.progress": "news of an effect under way: `{path, fraction, message}`",
    "effect.completed": "it succeeded: `{path, owner, result, patch?, step?, recorded?}`",
    "effect.failed": "it failed for good: `{path, owner, error, recorded?}`",
    "effect.cancelled": "its state was left before it ended: `{path, owner}`",
    "model.called": "a model was asked; tokens and cost are columns",
    "tool.called": "a tool was called: `{path, node, server, fingerprint, outcome, bytes, error?}`",
    "tool.known": "what a server says of a tool was seen, accepted or allowed for good; in the "
    "book `~tools`, of no run: `{change, server, origin, tool, fingerprint, definition}`",
    "mcp.called": "an agent called a tool of the MCP server; in the server's book `~mcp-...`, of "
    "no run: `{client, grant, arguments, outcome, run}`",
    "human.asked": "a person was asked, the run waits; what becomes of an effect that was cut off: "
    "`{path, owner, question}`",
    "human.answered": "the person answered: `{path, answer}`",
    "estimate.made": "what the run will take was foreseen: `{machine, version, chart, tenant, run, "
    "calls, tokens_in, tokens_out, usd, seconds, states, lines, ends, guesses, unknowns, walks, "
    "runs}`; amounts are `{p50, p90, most, expected}`",
    "budget.set": "a budget was set, changed or removed; in the book `~budgets`, of no run: "
    "`{budget, limits, tenant?, machine?, run?, state?, agent?, per?, hard, warn_at, account}`",
    "budget.reserved": "what a call may use was set aside before it was made: "
    "`{path, id, budgets, reserved: {usd?, tokens?, calls, seconds?}, node}`",
    "budget.settled": "what the call really used: "
    "`{path, id, budgets, reserved, spent, node, unknown?, over?, released?}`",
    "budget.exceeded": "a call was not made, since a hard budget does not cover it, or more was "
    "spent than a soft one allows: `{path, budget, unit, limit, spent, asked?, hard}`",
    "budget.warned": "a budget is nearly used up: `{path, budget, unit, limit, spent, hard}`",
    "run.forked": "this run goes on from where another stood: "
    "`{machine, version, chart, forked_from, forked_at, until, upto, live, drop?, results?, "
    "stand}`",
    "run.done": "the run is over: `{status}`",
    "debug": "a `breakpoint` was set or `cleared`, the run was `paused` or `resumed`, or a "
    "breakpoint was `passed` without holding; moves nothing",
    "event.held": "an event or a timer came to a held run and waits in its mailbox: `{data}`",
    "effect.held": "an effect's outcome waits there: `{path, owner, result|error}`",
    "note": "a remark of a person or a tool; moves nothing",
}


def stored(table: Table) -> list[Column]:
    """The columns that are really in the file: without those DuckDB computes."""
    computed = dict(table.computed)
    return [column for column in table.columns if column.name not in computed]


def quoted(name: str) -> str:
    """A column's name as SQL takes it anywhere (`at` and `offset` are words of SQL's)."""
    return f'"{name}"'
