"""The questions that have a name in the index about models, tools and what they cost."""

from __future__ import annotations

from .schema import AT, RUN, SEQ, TENANT, TIME, Column, View

_CALL = (RUN, SEQ, AT, TIME, TENANT)

MODEL_CALLS = View(
    "model_calls",
    "A row per call of a model.",
    (
        *_CALL,
        Column("cause_seq", "BIGINT", "the fact that led to it"),
        Column("state", "VARCHAR", "where the run stood"),
        Column("node", "VARCHAR", "the place in its machine that asked"),
        Column("purpose", "VARCHAR", "what for, beside the main call: `repair`, ..."),
        Column("model", "VARCHAR", "which model was asked, `provider/model`"),
        Column("source", "VARCHAR", "`live`, `local`, `scripted` or `recorded`"),
        Column("tokens_in", "BIGINT", "tokens it read"),
        Column("tokens_out", "BIGINT", "tokens it wrote"),
        Column("cost_usd", "DOUBLE", "what it cost; NULL is unknown, not free"),
        Column("duration_us", "BIGINT", "how long it took"),
        Column("error", "VARCHAR", "what it failed with; NULL where it was answered"),
        Column("body", "JSON", "everything else"),
    ),
    """
    select run_id, seq, "at", time, tenant, cause_seq, state, body->>'$.node' as node,
           body->>'$.purpose' as purpose, model, body->>'$.source' as source, tokens_in,
           tokens_out, cost_usd, duration_us, body->>'$.error.message' as error,
           body::json as body
    from events where kind = 'model.called'
    """,
)

TOOL_CALLS = View(
    "tool_calls",
    "A row per call of a tool.",
    (
        *_CALL,
        Column("cause_seq", "BIGINT", "the fact that led to it"),
        Column("state", "VARCHAR", "where the run stood"),
        Column("tool", "VARCHAR", "which tool was called"),
        Column("cost_usd", "DOUBLE", "what it cost; NULL is unknown, not free"),
        Column("duration_us", "BIGINT", "how long it took"),
        Column("body", "JSON", "everything else"),
    ),
    """
    select run_id, seq, "at", time, tenant, cause_seq, state, name as tool, cost_usd, duration_us,
           body::json as body
    from events where kind = 'tool.called'
    """,
)

COSTS = View(
    "costs",
    "What each run spent, by model; tools are in a line with an empty model.",
    (
        RUN,
        Column("tenant", "VARCHAR", "who pays"),
        Column("model", "VARCHAR", "the model, empty for tools"),
        Column("calls", "BIGINT", "how many calls"),
        Column("tokens_in", "BIGINT", "tokens read"),
        Column("tokens_out", "BIGINT", "tokens written"),
        Column("cost_usd", "DOUBLE", "the sum of the costs that are known"),
        Column("unpriced", "BIGINT", "calls whose cost is unknown and not in the sum"),
        Column("duration_us", "BIGINT", "time in these calls"),
    ),
    """
    select run_id, tenant, model, count(*) as calls,
           sum(tokens_in)::bigint as tokens_in, sum(tokens_out)::bigint as tokens_out,
           sum(cost_usd) as cost_usd, count(*) filter (cost_usd is null) as unpriced,
           sum(duration_us)::bigint as duration_us
    from events where kind in ('model.called', 'tool.called')
    group by run_id, tenant, model
    """,
)

ESTIMATES = View(
    "estimates",
    "A row per estimate that was made of a run, before it or on its way.",
    (
        *_CALL,
        Column("machine", "VARCHAR", "the machine it is of"),
        Column("chart", "VARCHAR", "the chart's hash; joins `charts.hash`"),
        Column("calls", "DOUBLE", "calls of models that are expected"),
        Column("tokens_in", "DOUBLE", "tokens that are expected to be read"),
        Column("tokens_out", "DOUBLE", "tokens that are expected to be written"),
        Column("usd", "DOUBLE", "US dollars that are expected; NULL is unknown, not free"),
        Column("usd_p90", "DOUBLE", "what it stays below nine times out of ten"),
        Column("usd_most", "DOUBLE", "what it never exceeds; NULL: nothing bounds it"),
        Column("seconds", "DOUBLE", "seconds that are expected"),
        Column("body", "JSON", "everything else"),
    ),
    """
    select run_id, seq, "at", time, tenant, name as machine, body->>'$.chart' as chart,
           (body->'$.calls.expected')::double as calls,
           (body->'$.tokens_in.expected')::double as tokens_in,
           (body->'$.tokens_out.expected')::double as tokens_out,
           (body->>'$.usd.expected')::double as usd, (body->>'$.usd.p90')::double as usd_p90,
           (body->>'$.usd.most')::double as usd_most,
           (body->'$.seconds.expected')::double as seconds, body::json as body
    from events where kind = 'estimate.made'
    """,
)
