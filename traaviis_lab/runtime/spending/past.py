"""What the journal knows of spending: the sums by account, and what was never settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from traaviis_lab.cost.budget import SCALES, parts_of
from traaviis_lab.cost.ledger import Hold, Ledger
from traaviis_lab.journal import Journal
from traaviis_lab.journal.port import OWN

_MINE = f"(starts_with(body->>'$.id', run_id || '/') or starts_with(run_id, '{OWN}'))"
"""A run that was brought here from another journal says nothing about the budgets of this one:
its reservations have the id of the run they were made in."""
_PARTS = "coalesce(sum(ceil((body->'$.spent.{}')::double * {} - 1e-6)), 0)"
_SUMS = ", ".join(
    f"{_PARTS.format(unit, scale)}::hugeint::varchar as {unit}" for unit, scale in SCALES.items()
)
_UNKNOWN = ", ".join(f"count(*) filter ((body->'$.spent.{unit}') is null)" for unit in SCALES)
_SPENT = f"""
    select account, {_SUMS}, {_UNKNOWN}
    from (select body, unnest(from_json(body->'$.budgets', '["VARCHAR"]')) as account
          from events where kind = 'budget.settled' and {_MINE})
    group by account
"""
_OPEN = f"""
    select body from events where kind = 'budget.reserved' and {_MINE}
        and body->>'$.id' not in
            (select body->>'$.id' from events where kind = 'budget.settled' and {_MINE})
"""


def read_ledger(journal: Journal) -> Ledger:
    """The books as the journal has them; what was never settled is lost, and taken for spent."""
    ledger = Ledger()
    for account, *sums in journal.sql(_SPENT).itertuples(index=False):
        books, half = ledger.account(account), len(SCALES)
        books.spent = dict(zip(SCALES, map(int, sums[:half]), strict=True))
        unknown = zip(SCALES, map(int, sums[half:]), strict=True)
        books.unknown = {unit: calls for unit, calls in unknown if calls}
    for text in journal.sql(_OPEN)["body"]:
        id, hold = hold_of(orjson.loads(text))
        ledger.hold(id, hold._replace(lost=True))
    return ledger


def hold_of(body: Mapping[str, Any]) -> tuple[str, Hold]:
    """The reservation that a fact `budget.reserved` tells of."""
    return str(body["id"]), Hold(tuple(body["budgets"]), parts(body["reserved"]))


def parts(amounts: Mapping[str, Any]) -> dict[str, int]:
    """Amounts as a fact tells them, in whole parts."""
    return {unit: parts_of(unit, n) for unit, n in amounts.items() if unit in SCALES}
