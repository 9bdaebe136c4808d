"""How a budget that does not cover a call says so."""

from __future__ import annotations

from functools import partial

from traaviis_lab.cost.budget import Budget, amount_of, parts_of
from traaviis_lab.cost.ledger import Ledger, Short
from traaviis_lab.errors import BudgetExceeded

from .terms import Need

_UNKNOWN = {
    "usd": "its price is not known",
    "tokens": "how many tokens it may use is not known",
    "seconds": "how long it may take is not known",
}
_CURES = {
    "usd": "lab.prices.set({model!r}, ...) says what it costs; a budget of tokens or calls needs "
    "no price.",
    "tokens": "Say max_tokens in the effect, so that there is a most.",
    "seconds": "Say a timeout in the effect.",
}


def said(unit: str, parts: int) -> str:
    """An amount as people read it: `$0.25`, `1,200 tokens`."""
    amount = amount_of(unit, parts)
    if unit == "usd":
        return f"{'-' if amount < 0 else ''}${abs(amount):,.9f}".rstrip("0").rstrip(".")
    text = f"{amount:,.3f}".rstrip("0").rstrip(".")
    return f"{text} {unit[:-1] if text == '1' else unit}"


def refusal(ledger: Ledger, short: Short, need: Need, wanted: int | None) -> BudgetExceeded:
    """Why a call is not made."""
    budget, account, unit = short.budget, short.account, short.unit
    limit = parts_of(unit, budget.limits[unit])
    used = limit - ledger.left(budget, account, unit)
    refused = partial(
        BudgetExceeded,
        budget=budget.name,
        unit=unit,
        limit=amount_of(unit, limit),
        spent=amount_of(unit, used),
        model=need.model,
    )
    whom = f"a call of {need.model}" if need.model else "a call"
    if short.why == "unknown" and unit == "usd" and need.tokens is None and need.priced:
        return refused(
            f"Budget {budget.name!r} ({said(unit, limit)}) does not cover {whom}: "
            "how long its answer may be is not known, and so not what it may cost.",
            hint="Say max_tokens in the effect, so that there is a most.",
        )
    if short.why == "unknown" or wanted is None:
        return refused(
            f"Budget {budget.name!r} ({said(unit, limit)}) does not cover {whom}: "
            f"{_UNKNOWN.get(unit, 'its need is not known')}.",
            hint=_CURES.get(unit, "").format(model=need.model),
        )
    return refused(
        f"Budget {budget.name!r} does not cover {whom}, which may need {said(unit, wanted)}: "
        f"{said(unit, used)} of {said(unit, limit)} are spent or set aside.",
        hint="lab.budgets() shows them all, and lab.budget(...) with the same name sets another "
        "limit. A machine can take the event budget.exceeded.",
        asked=amount_of(unit, wanted),
    )


def waits(ledger: Ledger, short: Short) -> str:
    """What a call waits for, in a line."""
    books = ledger.account(short.account)
    held = said(short.unit, books.held.get(short.unit, 0))
    count = f"{books.holds} call{'' if books.holds == 1 else 's'}"
    return f"waits for budget {short.budget.name!r}: {held} set aside for {count} under way"


def usage_of(budget: Budget, unit: str, used: int) -> str:
    """How far a budget is used up, in a line."""
    limit = parts_of(unit, budget.limits[unit])
    return f"{said(unit, used)} of {said(unit, limit)}"
