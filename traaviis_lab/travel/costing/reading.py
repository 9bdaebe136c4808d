"""Read what a run cost from its journal: one question in SQL, then only what comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from .account import Account
from .call import KINDS, Call, call_of
from .plan import plan_of

if TYPE_CHECKING:
    from traaviis_lab.journal import Fact, Journal

PLANS = ("estimate.made",)
_COLUMNS = (
    "run", "seq", "at", "kind", "name", "state", "model", "tokens_in", "tokens_out", "cost_usd",
    "duration_us", "body",
)  # fmt: skip
_QUERY = """
select run_id as run, seq, "at", kind, name, coalesce(state, '') as state,
       coalesce(model, '') as model, coalesce(tokens_in, 0) as tokens_in,
       coalesce(tokens_out, 0) as tokens_out, cost_usd,
       coalesce(duration_us, 0) as duration_us, body
from events where run_id = $run and seq <= $upto and kind in ({kinds}) order by seq
"""


def read_account(journal: Journal, run: str, upto: int) -> tuple[Account, list[Call]]:
    """The run's account up to a fact, with its calls in order."""
    account, calls = Account(), list[Call]()
    for row in _rows(journal, run, upto):
        if row["kind"] in KINDS:
            calls.append(call_of(row))
            account.take(calls[-1])
        else:
            account.expect(plan_of(orjson.loads(row["body"])))
    return account, calls


def hear(account: Account, fact: Fact) -> bool:
    """Take a fact in that has just happened; whether it changes what is shown."""
    if fact.kind in KINDS:
        account.take(call_of(fact._asdict()))
    elif fact.kind in PLANS:
        account.expect(plan_of(orjson.loads(fact.body)))
    else:
        return fact.kind.startswith("budget.")
    return True


def _rows(journal: Journal, run: str, upto: int) -> Iterator[dict[str, Any]]:
    kinds = ", ".join(f"'{kind}'" for kind in (*KINDS, *PLANS))
    frame = journal.sql(_QUERY.format(kinds=kinds), {"run": run, "upto": upto})
    for values in frame.itertuples(index=False, name=None):
        yield dict(zip(_COLUMNS, values, strict=True))
