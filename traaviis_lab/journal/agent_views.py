"""The question that has a name in the index about what agents did through the MCP server."""

from __future__ import annotations

from .schema import AT, SEQ, TENANT, TIME, Column, View, time_of

MCP_CALLS = View(
    "mcp_calls",
    "A row per call of a tool of the MCP server.",
    (
        Column("book", "VARCHAR", "the server's own book: one per `lab.serve_mcp`"),
        SEQ,
        AT,
        TIME,
        TENANT,
        Column("client", "VARCHAR", "as the client called itself"),
        Column("tool", "VARCHAR", "the tool"),
        Column("outcome", "VARCHAR", "`ok`, `cancelled`, or the kind of the error"),
        Column("run_id", "VARCHAR", "the run it was about; NULL: none"),
        Column("took_ms", "DOUBLE", "how long it took, in milliseconds"),
        Column("arguments", "JSON", "its arguments: secrets struck out, long texts cut"),
    ),
    f"""
    select run_id as book, seq, "at", {time_of('"at"')} as time, tenant,
           body->>'$.client.name' as client, name as tool, body->>'$.outcome' as outcome,
           body->>'$.run' as run_id, duration_us / 1000.0 as took_ms,
           body->'$.arguments' as arguments
    from events where kind = 'mcp.called'
    """,
)
