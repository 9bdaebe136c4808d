"""The questions that have a name in the index: its views, every column with its meaning."""

from __future__ import annotations

from .agent_views import MCP_CALLS
from .budget_views import BUDGETS, RESERVATIONS
from .cost_views import COSTS, ESTIMATES, MODEL_CALLS, TOOL_CALLS
from .port import OWN
from .schema import AT, RUN, SEQ, TENANT, TIME, Column, View, time_of

RUNS = View(
    "runs",
    "A row per run: what it is and where it stands.",
    (
        RUN,
        TENANT,
        Column("machine", "VARCHAR", "the machine's name"),
        Column("version", "VARCHAR", "the machine's version"),
        Column("chart", "VARCHAR", "the chart's hash; joins `charts.hash`"),
        Column("state", "VARCHAR", "the active leaf states, joined by commas"),
        Column("seq", "BIGINT", "its last fact"),
        Column("started", "BIGINT", "when its first fact was written, in microseconds"),
        Column("at", "BIGINT", "when its last fact was written, in microseconds"),
        Column("started_time", "TIMESTAMP", "`started` in UTC"),
        Column("time", "TIMESTAMP", "`at` in UTC"),
        Column("done", "BOOLEAN", "whether it is over"),
        Column("forked_from", "VARCHAR", "the run it was forked from"),
        Column("forked_at", "BIGINT", "and at which seq"),
    ),
    f"""
    select e.run_id, e.tenant,
           coalesce(nullif(s.body->>'$.machine', ''), s.name, '') as machine,
           coalesce(s.body->>'$.version', '') as version,
           coalesce(s.body->>'$.chart', '') as chart,
           e.state, e.seq, e.started, e.at,
           {time_of("e.started")} as started_time, {time_of("e.at")} as time, e.done,
           coalesce(f.body, s.body)->>'$.forked_from' as forked_from,
           (coalesce(f.body, s.body)->'$.forked_at')::bigint as forked_at
    from (select run_id, arg_max(tenant, seq) as tenant, arg_max(state, seq) as state,
                 max(seq) as seq, arg_min("at", seq) as started, arg_max("at", seq) as at,
                 bool_or(kind = 'run.done') as done
          from events where not starts_with(run_id, '{OWN}') group by run_id) e
    left join (select run_id, arg_min(name, seq) as name, arg_min(body, seq) as body
               from events where kind in ('run.started', 'run.forked') group by run_id) s
           on s.run_id = e.run_id
    left join (select run_id, arg_min(body, seq) as body
               from events where kind = 'run.forked' group by run_id) f
           on f.run_id = e.run_id
    """,
)

STEPS = View(
    "steps",
    "A row per step a machine took: what came in and where it led. `run.history()` in SQL.",
    (
        RUN,
        SEQ,
        AT,
        TIME,
        TENANT,
        Column(
            "kind", "VARCHAR", "the fact that moved it: `run.started`, `event`, `effect.completed`"
        ),
        Column(
            "event", "VARCHAR", "the event's name; empty for the start; else how the effect ended"
        ),
        Column("cause_seq", "BIGINT", "the fact that led to it"),
        Column("state", "VARCHAR", "the active leaf states afterwards, joined by commas"),
        Column("active", "VARCHAR[]", "every active state afterwards, ancestors included"),
        Column("taken", "VARCHAR[]", "the transitions taken, like `closed#0`"),
        Column("data", "JSON", "the event's data, or the data the run was started with"),
        Column("patch", "JSON", "the data fields that an effect brought home"),
        Column(
            "changed", "JSON", "the data fields the step changed; NULL where they are too large"
        ),
        Column("effects", "JSON", "the effects it asked for"),
        Column("raised", "JSON", "the internal events it went through"),
    ),
    """
    select run_id, seq, "at", time, tenant, kind,
           case kind when 'event' then name when 'run.started' then ''
                else replace(kind, 'effect.', '') end as event,
           cause_seq, state,
           json_extract_string(body, '$.step.state[*]') as active,
           json_extract_string(body, '$.step.taken[*]') as taken,
           json_extract(body, '$.data') as data,
           json_extract(body, '$.patch') as patch,
           json_extract(body, '$.step.set') as changed,
           json_extract(body, '$.step.effects') as effects,
           json_extract(body, '$.step.raised') as raised
    from events
    where contains(body, '"step":') and json_exists(body, '$.step')
    """,
)

STATES = View(
    "states",
    "A row per stay: how long each run stood in each configuration.",
    (
        RUN,
        Column("state", "VARCHAR", "the active leaf states, joined by commas"),
        Column("seq", "BIGINT", "the fact that led in"),
        Column("left_seq", "BIGINT", "the fact that led out; NULL while it stands there"),
        Column("at", "BIGINT", "when it came in, in microseconds"),
        TIME,
        Column("duration_us", "BIGINT", "how long it stayed; NULL while it stands there"),
    ),
    f"""
    select run_id, state, seq, lead(seq) over later as left_seq, "at", time,
           (lead("at") over later) - "at" as duration_us
    from (select run_id, seq, "at", time, state,
                 lag(state) over (partition by run_id order by seq) as before
          from events where not starts_with(run_id, '{OWN}'))
    where state is distinct from before
    window later as (partition by run_id order by seq)
    """,
)

REFUSED = View(
    "refused",
    "Every event that a run did not take, and why.",
    (
        RUN,
        SEQ,
        AT,
        TIME,
        TENANT,
        Column("event", "VARCHAR", "the event's name"),
        Column("state", "VARCHAR", "the active leaf states that refused it"),
        Column("reason", "VARCHAR", "why"),
        Column("hint", "VARCHAR", "what would have been taken"),
        Column("data", "JSON", "the event's data"),
    ),
    """
    select run_id, seq, "at", time, tenant, name as event, state,
           body->>'$.reason' as reason, body->>'$.hint' as hint, body->'$.data' as data
    from events where kind = 'event.refused'
    """,
)

EFFECTS = View(
    "effects",
    "A row per effect: what was asked of the world and how it ended. `run.effects()` in SQL.",
    (
        RUN,
        Column(
            "path",
            "VARCHAR",
            "its place: the seq of the step that asked, which of its wishes, and then the way down "
            "in a composed effect",
        ),
        Column("root", "VARCHAR", "the path of the effect that the machine asked for"),
        Column("parent", "VARCHAR", "the path without its last part; NULL for a root"),
        Column("depth", "INTEGER", "how far below its root it is, 0 for a root"),
        Column("effect", "VARCHAR", "its kind"),
        Column(
            "owner", "VARCHAR", "the state whose `enter` asked for it, empty if a transition did"
        ),
        Column("seq", "BIGINT", "its first fact"),
        Column("end_seq", "BIGINT", "the fact of its outcome; NULL while it is under way"),
        Column("at", "BIGINT", "when it started, in microseconds"),
        TIME,
        Column(
            "status",
            "VARCHAR",
            "`started`, `completed`, `failed`, `cancelled`, or `asked`: a person has to say",
        ),
        Column(
            "starts", "BIGINT", "how often it was started, after a crash again; 0: within its step"
        ),
        Column("progress", "DOUBLE", "how much is done as it said last, from 0 to 1; NULL: unsaid"),
        Column("message", "VARCHAR", "what it said last of its progress"),
        Column("duration_us", "BIGINT", "how long it took"),
        Column("spec", "JSON", "the effect as it was asked for"),
        Column("result", "JSON", "what it answered"),
        Column("error", "JSON", "`{kind, message, hint, ...}` if it failed"),
    ),
    f"""
    select run_id, path, regexp_extract(path, '^[^/]*(/[^/]*)?') as root,
           case when parts > 2 then regexp_replace(path, '/[^/]*$', '') end as parent,
           greatest(parts - 2, 0)::integer as depth,
           effect, owner, seq, end_seq, "at", {time_of('"at"')} as time,
           case when ended is not null then ended when asked then 'asked' else 'started' end
               as status,
           starts, progress, message, duration_us, spec, result, error
    from (select run_id, path, len(string_split(path, '/')) as parts,
                 arg_max(effect, seq) filter (kind <> 'human') as effect,
                 coalesce(arg_max(body->>'$.owner', seq), '') as owner,
                 min(seq) as seq, max(seq) filter (ends) as end_seq, min("at") as "at",
                 arg_max(word, seq) filter (ends) as ended,
                 arg_max(word = 'asked', seq) filter (word in ('asked', 'answered', 'started'))
                     as asked,
                 count(*) filter (word = 'started') as starts,
                 arg_max_null((body->>'$.fraction')::double, seq) filter (word = 'progress')
                     as progress,
                 arg_max(body->>'$.message', seq) filter (word = 'progress') as message,
                 arg_max(duration_us, seq) filter (ends) as duration_us,
                 arg_min(body->'$.effect', seq) as spec,
                 arg_max(body->'$.result', seq) filter (ends) as result,
                 arg_max(body->'$.error', seq) filter (ends) as error
          from (select run_id, seq, "at", effect, body, duration_us,
                       coalesce(body->>'$.path', seq::varchar) as path,
                       split_part(kind, '.', 1) as kind, split_part(kind, '.', 2) as word,
                       kind in ('effect.completed', 'effect.failed', 'effect.cancelled') as ends
                from events
                where starts_with(kind, 'effect.')
                   or (starts_with(kind, 'human.') and json_exists(body, '$.path')))
          group by run_id, path)
    """,
)

VIEWS = (
    RUNS,
    STEPS,
    STATES,
    REFUSED,
    EFFECTS,
    MODEL_CALLS,
    TOOL_CALLS,
    COSTS,
    ESTIMATES,
    BUDGETS,
    RESERVATIONS,
    MCP_CALLS,
)
