"""The tool that answers questions in SQL about the tenant's part of the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from traaviis_lab.journal.sandbox import (
    MOST_ROWS,
    MOST_SECONDS,
    ROWS,
    SECONDS,
    Asking,
    sandboxes,
)
from traaviis_lab.journal.sandbox_words import LONGEST
from traaviis_lab.mcp.call import Call
from traaviis_lab.mcp.lanes import aside

from .tool import Params, Tool, tool


class QueryJournal(Params):
    """What `query_journal` takes."""

    query: Annotated[str, Field(max_length=LONGEST, description="One select, in DuckDB's SQL.")]
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS, description="Rows, at most.")] = ROWS
    seconds: Annotated[float, Field(ge=0.1, le=MOST_SECONDS, description="Time, at most.")] = (
        SECONDS
    )


@tool("debug", "read", read_only=True, quotes=True)
async def query_journal(call: Call, params: QueryJournal) -> Mapping[str, Any]:
    """Ask the journal in DuckDB's SQL (read-only). Views: runs, steps, states, refused, effects,
    model_calls, tool_calls, costs, estimates, budgets, reservations, mcp_calls; table: events.
    `describe runs` shows columns. Answers columns and rows; `more`: there are further rows.
    """
    journal, asking = call.lab.journal, Asking()

    def work() -> Mapping[str, Any]:
        return sandboxes(journal).ask(
            journal, call.tenant, params.query, params.limit, params.seconds, asking
        )

    try:
        return await aside(work)
    except asyncio.CancelledError:
        asking.give_up()
        raise


TOOLS: tuple[Tool, ...] = (query_journal,)
