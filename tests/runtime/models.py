"""Models for tests of those who ask them, and what the journal says of it."""

import asyncio
import json

from traaviis_lab.models import Answer, Chunk, Count


def called(lab, run="%"):
    """The bodies of the facts `model.called`, with their columns laid over."""
    rows = lab.sql(
        "select name, model, tokens_in, tokens_out, cost_usd, duration_us, cause_seq, body "
        "from events where kind = 'model.called' and run_id like ? order by time, seq",
        [run],
    )
    columns = ("name", "model", "tokens_in", "tokens_out", "cost_usd", "cause_seq")
    return [
        {**json.loads(row["body"]), **{name: plain(row[name]) for name in columns}}
        for _, row in rows.iterrows()
    ]


def plain(value):
    """A cell as Python has it; None where nothing stands."""
    if isinstance(value, str):
        return value
    return None if str(value) in ("<NA>", "nan", "None") else float(value)


class Odd:
    """A provider that does as its test says: `act(request)` is awaited and answers."""

    source, streams = "live", False

    def __init__(self, act, source="live", pieces=()):
        self.act, self.source, self.pieces = act, source, pieces
        self.requests, self.closed = [], 0

    def count(self, request):
        return Count(10, 30, False, "guessed")

    async def complete(self, request):
        self.requests.append(request)
        return await self.act(request)

    async def stream(self, request):
        self.requests.append(request)
        try:
            for piece in self.pieces:
                await asyncio.sleep(0.05)
                yield Chunk(piece)
            yield await self.act(request)
        finally:
            self.closed += 1

    async def close(self):
        pass


async def hangs(request):
    """Never answer."""
    await asyncio.sleep(600)
    return Answer("late")
