"""Foresee what a call of a model will use and cost, from what calls before it used."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from traaviis_lab.cost import Usage
from traaviis_lab.cost.answering import prior_for
from traaviis_lab.cost.foreseen import CallEstimate
from traaviis_lab.cost.learned import Asked, Called, Learned
from traaviis_lab.cost.price import Price
from traaviis_lab.journal import Journal, MemoryJournal

if TYPE_CHECKING:
    from traaviis_lab.models.port import Count, Request

MOST_CALLS = 20_000
"""How many of the latest calls in the journal are learned from at the beginning."""

_CALLS = f"""
select model, tokens_in, tokens_out, duration_us, body from (
    select "at", seq, model, tokens_in, tokens_out, duration_us, body from events
    where kind = 'model.called' and tokens_in is not null and tokens_out is not null
          and duration_us is not null
    order by "at" desc, seq desc limit {MOST_CALLS})
order by "at", seq
"""


class Foresight:
    """What is known about calls: read from the journal once, kept current as calls end."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.learned = Learned()
        self._reading: asyncio.Task[None] | None = None
        self.is_ready = isinstance(journal, MemoryJournal)  # its calls are all learned as they end

    async def ready(self) -> None:
        """Wait until the calls of the journal are learned from. Costs nothing the next time."""
        if self.is_ready:
            return
        if self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._begin())
        await asyncio.shield(self._reading)

    def refresh(self) -> Learned:
        """Learn anew from the journal, in the caller's thread; answers what is known then."""
        self.learned = Learned(calls_of(self.journal))
        self.is_ready = True
        return self.learned

    def call(
        self,
        *,
        node: str,
        model: str,
        tenant: str = "",
        count: Count,
        request: Request,
        price: Price | None,
    ) -> CallEstimate:
        """What this call will use and cost. Never raises.

        Args:
            node: where it is asked, see `node_of`.
            model: whom, as `provider/model`.
            tenant: for whom; all tenants' calls are learned from alike.
            count: the prompt's tokens.
            request: what will be sent.
            price: what the model costs; None: not known.
        """
        most = request.max_tokens or longest_answer(price, count)
        prior = prior_for(request.schema, bool(request.tools))
        asked = Asked(count.tokens, count.most, count.exact, most, prior, count.how)
        return self.learned.foresee(node, model, asked, price)

    def learn(
        self,
        node: str,
        model: str,
        usage: Usage,
        seconds: float | None,
        counted: int | None = None,
    ) -> None:
        """A call has ended. `counted`: how many tokens its prompt was counted to have."""
        self.learned.add(Called(node, model, usage, seconds, counted))

    async def _begin(self) -> None:
        known = await asyncio.to_thread(lambda: list(calls_of(self.journal)))
        self.learned, self.is_ready = Learned(known), True


def longest_answer(price: Price | None, count: Count | None) -> int | None:
    """How many tokens an answer has at most by the model's own limits; None: nobody knows."""
    if count is not None and count.longest is not None:
        return count.longest
    if price is None:
        return None
    tokens_in = 0 if count is None else count.tokens
    limits = [price.max_output] if price.max_output is not None else []
    if price.context is not None and price.max_output is None:
        limits.append(max(1, price.context - tokens_in))
    return min(limits, default=None)


def calls_of(journal: Journal) -> list[Called]:
    """The latest calls in a journal, the oldest first."""
    rows = journal.sql(_CALLS, ())
    return [call for row in rows.itertuples(index=False) if (call := _called(row))]


def _called(row: Any) -> Called | None:
    told = orjson.loads(row.body)
    node, counts = told.get("node"), told.get("usage") or {}
    if not node or told.get("error"):
        return None
    rest = {one: counts[one] for one in ("cache_read", "cache_write", "reasoning") if one in counts}
    usage = Usage(int(row.tokens_in), int(row.tokens_out), **rest)
    counted = (told.get("count") or {}).get("tokens")
    seconds = None if told.get("source") == "recorded" else row.duration_us / 1e6
    return Called(node, row.model, usage, seconds, counted)
