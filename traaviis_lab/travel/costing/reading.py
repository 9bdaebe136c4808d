"""Read what a run cost from its journal: one question in SQL, then only what comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from .account import Account
from .call import KINDS, Call, call_of, seen_from
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
from events where kind in ({kinds}) and ({whose}) order by {order}
"""
_OWN = "run_id = $run and seq <= $upto"
_BELOW = """run_id in (select unnest($family)) and
    ($now or "at" <= (select max("at") from events where run_id = $run and seq <= $upto))"""


def read_account(
    journal: Journal, run: str, upto: int, family: Sequence[str] = (), *, now: bool = True
) -> tuple[Account, list[Call]]:
    """The run's account up to a fact, with its calls in order.

    Args:
        journal: where they are.
        run: whose.
        upto: the last fact that counts.
        family: the runs below it that count too; their states are called `Machine.state`.
        now: whether all that those did counts; else what they did until that fact.
    """
    account, calls = Account(), list[Call]()
    info = journal.info(run) if family else None
    home = "" if info is None else info.machine
    for row in _rows(journal, run, upto, family, now):
        if row["kind"] in KINDS:
            call = call_of(row)
            calls.append(call if call.run == run else seen_from(home, call))
            account.take(calls[-1])
        elif row["run"] == run:
            account.expect(plan_of(orjson.loads(row["body"]), below=bool(family)))
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


def _rows(
    journal: Journal, run: str, upto: int, family: Sequence[str], now: bool
) -> Iterator[dict[str, Any]]:
    kinds = ", ".join(f"'{kind}'" for kind in (*KINDS, *PLANS))
    params: dict[str, Any] = {"run": run, "upto": upto}
    whose, order = _OWN, "seq"
    if family:
        params |= {"family": list(family), "now": now}
        whose, order = f"({_OWN}) or ({_BELOW})", '"at", run_id <> $run, run_id, seq'
    frame = journal.sql(_QUERY.format(kinds=kinds, whose=whose, order=order), params)
    for values in frame.itertuples(index=False, name=None):
        yield dict(zip(_COLUMNS, values, strict=True))
