"""What the debugger reads of a run's facts: windows of them, a rough view of all, a search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    where run_id = $run and (contains(lower(name), $text) or contains(lower(body), $text)
      or contains(lower(body), $written)) and (len($kinds) = 0 or list_contains($kinds, kind))
    order by seq limit $most
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
    journal: Journal, run: str, text: str, kinds: Sequence[str], limit: int
) -> tuple[list[int], bool]:
    """The first facts with `text` in their name or body, and whether there are more.

    Capital letters do not matter.
    """
    limit = max(1, min(limit, MAX_FOUND))
    written = orjson.dumps(text.lower())[1:-1].decode()  # as it stands in a body
    if journal.path is None:
        found = _search_in_memory(journal, run, text.lower(), written, frozenset(kinds), limit)
    else:
        asked = {"run": run, "text": text.lower(), "written": written}
        rows = journal.sql(_SEARCH, {**asked, "kinds": list(kinds), "most": limit + 1})
        found = [int(seq) for seq in rows["seq"]]
    return found[:limit], len(found) > limit


def _overview_in_memory(journal: Journal, run: str, total: int, size: int) -> list[dict[str, Any]]:
    pieces = []
    for first in range(1, total + 1, size):
        facts = facts_between(journal, run, first - 1, min(total, first + size - 1))
        bad = any(map(is_bad, facts))
        pieces.append({"seq": first, "count": len(facts), "state": facts[-1].state, "bad": bad})
    return pieces


def _search_in_memory(
    journal: Journal, run: str, text: str, written: str, kinds: frozenset[str], limit: int
) -> list[int]:
    def fits(fact: Fact) -> bool:
        if kinds and fact.kind not in kinds:
            return False
        body = fact.body.decode().lower()
        return text in fact.name.lower() or text in body or written in body

    found: Iterator[int] = (fact.seq for fact in journal.read(run, hashed=False) if fits(fact))
    return [seq for seq, _ in zip(found, range(limit + 1), strict=False)]
