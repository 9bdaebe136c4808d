"""What the debugger reads of a run's facts: windows of them, a rough view of all, a search."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import orjson

from traaviis_lab.journal import Fact, Journal

from .columns import BAD_KINDS, is_bad

BUCKETS = 1_000
MAX_FOUND = 1_000
_OVERVIEW = """
    select min(seq) as seq, count(*) as count, arg_max(state, seq) as state,
           bool_or(list_contains(?, kind) or starts_with(name, 'error.')) as bad
    from events where run_id = ? and seq <= ? group by (seq - 1) // ? order by 1
"""
_SEARCH = """
    select seq from events
    where run_id = $run and seq > $after and ($before = 0 or seq < $before)
      and (contains(lower(name), $text) or contains(lower(body), $text)
      or contains(lower(body), $written)) and (len($kinds) = 0 or list_contains($kinds, kind))
    order by {order} limit $most
"""


def facts_between(journal: Journal, run: str, after: int, upto: int) -> Sequence[Fact]:
    """The facts after `after` up to and with `upto`."""
    if after >= upto:
        return ()
    return list(journal.read(run, after=after, upto=upto, hashed=False))


def overview(journal: Journal, run: str, total: int) -> list[dict[str, Any]]:
    """A run of `total` facts in at most `BUCKETS` pieces: `{seq, count, state, bad}` each.

    `state` is the text of the leaves at the piece's end. No body is read.
    """
    size = -(-total // BUCKETS)
    if journal.path is None:
        return _overview_in_memory(journal, run, total, size)
    rows = journal.sql(_OVERVIEW, [sorted(BAD_KINDS), run, total, size])
    return [
        {"seq": int(seq), "count": int(count), "state": str(state), "bad": bool(bad)}
        for seq, count, state, bad in rows.itertuples(index=False)
    ]


def search(
    journal: Journal,
    run: str,
    text: str,
    kinds: Sequence[str],
    limit: int,
    *,
    after: int = 0,
    before: int = 0,
) -> tuple[list[int], bool]:
    """The first facts with `text` in their name or body, and whether there are more.

    Capital letters do not matter. Only those after seq `after`; with `before` only those before
    it, the last one first.
    """
    limit = max(1, min(limit, MAX_FOUND))
    written = orjson.dumps(text.lower())[1:-1].decode()  # as it stands in a body
    if journal.path is None:
        fits = _fitting(text.lower(), written, frozenset(kinds))
        found = _search_in_memory(journal, run, fits, limit, after, before)
    else:
        asked: dict[str, Any] = {"run": run, "text": text.lower(), "written": written}
        asked |= {"kinds": list(kinds), "most": limit + 1, "after": after, "before": before}
        rows = journal.sql(_SEARCH.format(order="seq desc" if before else "seq"), asked)
        found = [int(seq) for seq in rows["seq"]]
    return found[:limit], len(found) > limit


def _overview_in_memory(journal: Journal, run: str, total: int, size: int) -> list[dict[str, Any]]:
    pieces = []
    for first in range(1, total + 1, size):
        facts = facts_between(journal, run, first - 1, min(total, first + size - 1))
        bad = any(map(is_bad, facts))
        pieces.append({"seq": first, "count": len(facts), "state": facts[-1].state, "bad": bad})
    return pieces


def _fitting(text: str, written: str, kinds: frozenset[str]) -> Callable[[Fact], bool]:
    def fits(fact: Fact) -> bool:
        if kinds and fact.kind not in kinds:
            return False
        body = fact.body.decode().lower()
        return text in fact.name.lower() or text in body or written in body

    return fits


def _search_in_memory(
    journal: Journal,
    run: str,
    fits: Callable[[Fact], bool],
    limit: int,
    after: int,
    before: int,
) -> list[int]:
    upto = before - 1 if before else None
    facts = journal.read(run, after=after, upto=upto, hashed=False)
    found = (fact.seq for fact in facts if fits(fact))
    if before:  # the last ones; all must be looked at to know them
        return list(deque(found, maxlen=limit + 1))[::-1]
    return list(islice(found, limit + 1))
