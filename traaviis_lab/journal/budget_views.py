"""The questions that have a name in the index about budgets and what is set aside in them."""

from __future__ import annotations

from .schema import AT, RUN, SEQ, TENANT, TIME, Column, View, time_of

_LIMITS = tuple(
    Column(unit, "DOUBLE", f"how much it allows: {text}; NULL: as much as one likes")
    for unit, text in (
        ("usd", "US dollars"),
        ("tokens", "tokens read and written"),
        ("calls", "calls of models"),
        ("seconds", "time in these calls"),
    )
)
_ABOUT = tuple(
    Column(about, "VARCHAR", f"only calls of this {about}; NULL: of all")
    for about in ("tenant", "machine", "run", "state", "agent")
)

BUDGETS = View(
    "budgets",
    "A row per budget there is, with its limits. What is spent: `lab.budgets()`.",
    (
        Column("budget", "VARCHAR", "its name"),
        *_ABOUT,
        Column("per", "VARCHAR", "`run`: each run has one of its own; NULL: all share it"),
        Column("hard", "BOOLEAN", "whether a call that it does not cover is refused"),
        Column("warn_at", "DOUBLE", "the share of a limit from which on there is a warning"),
        *_LIMITS,
        Column("account", "VARCHAR", "its books, as `reservations.budgets` names them"),
        Column("at", "BIGINT", "when it was set, in microseconds"),
        TIME,
    ),
    f"""
    select name as budget, body->>'$.tenant' as tenant, body->>'$.machine' as machine,
           body->>'$.run' as run, body->>'$.state' as state, body->>'$.agent' as agent,
           body->>'$.per' as per, (body->'$.hard')::boolean as hard,
           (body->'$.warn_at')::double as warn_at, (body->'$.limits.usd')::double as usd,
           (body->'$.limits.tokens')::double as tokens, (body->'$.limits.calls')::double as calls,
           (body->'$.limits.seconds')::double as seconds, body->>'$.account' as account,
           "at", {time_of('"at"')} as time
    from (select name, arg_max(body, seq) as body, arg_max("at", seq) as "at"
          from events where kind = 'budget.set' and run_id = '~budgets' group by name)
    where not coalesce((body->'$.removed')::boolean, false)
    """,
)

RESERVATIONS = View(
    "reservations",
    "A row per call that a budget is about: what was set aside before it, and what it used.",
    (
        RUN,
        SEQ,
        AT,
        TIME,
        TENANT,
        Column("state", "VARCHAR", "where the run stood"),
        Column("model", "VARCHAR", "the model that was to be called"),
        Column("node", "VARCHAR", "the place in the machine that called"),
        Column("budgets", "VARCHAR[]", "the books it was set aside in"),
        Column("settled", "BOOLEAN", "false: it is under way, or its process ended before that"),
        Column("released", "BOOLEAN", "whether the call was never sent"),
        Column("reserved_usd", "DOUBLE", "US dollars set aside; NULL: no price was known"),
        Column("usd", "DOUBLE", "US dollars that count as spent"),
        Column("reserved_tokens", "BIGINT", "tokens set aside"),
        Column("tokens", "BIGINT", "tokens that count as spent"),
        Column("seconds", "DOUBLE", "time that counts as spent"),
        Column("unknown", "VARCHAR[]", "units of which only is known that no more was used"),
    ),
    """
    select r.run_id, r.seq, r."at", r.time, r.tenant, r.state, r.name as model,
           r.body->>'$.node' as node, from_json(r.body->'$.budgets', '["VARCHAR"]') as budgets,
           s.body is not null as settled,
           coalesce((s.body->'$.released')::boolean, false) as released,
           (r.body->'$.reserved.usd')::double as reserved_usd,
           (s.body->'$.spent.usd')::double as usd,
           (r.body->'$.reserved.tokens')::bigint as reserved_tokens,
           (s.body->'$.spent.tokens')::bigint as tokens,
           (s.body->'$.spent.seconds')::double as seconds,
           from_json(s.body->'$.unknown', '["VARCHAR"]') as unknown
    from (select *, body->>'$.id' as id from events where kind = 'budget.reserved') r
    left join (select any_value(body) as body, body->>'$.id' as id
               from events where kind = 'budget.settled' group by id) s on s.id = r.id
    """,
)
