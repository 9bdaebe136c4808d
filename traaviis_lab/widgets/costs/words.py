"""An estimate in two sentences: what a form shows before a run is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traaviis_lab.travel.costing.words import UNKNOWN, amount

if TYPE_CHECKING:
    from traaviis_lab.lab.estimate import Estimate

MOST_UNKNOWNS = 2


def foreseen_words(estimate: Estimate) -> str:
    """`About $0.01, nine times out of ten below $0.02, at most $0.05; 300 tokens; 2.0 s. ...`"""
    if not estimate.calls.expected and estimate.usd is not None:
        return "No model is asked on the way."
    money = "a cost that is " + UNKNOWN if estimate.usd is None else _range("usd", estimate.usd)
    tokens = estimate.tokens_in.expected + estimate.tokens_out.expected
    parts = [
        money,
        f"{amount('tokens', tokens)} tokens",
        "a time that is " + UNKNOWN
        if estimate.seconds is None
        else amount("seconds", estimate.seconds.expected),
    ]
    return " ".join([f"About {'; '.join(parts)}.", *estimate.unknowns[:MOST_UNKNOWNS]])


def _range(unit: str, spread: Any) -> str:
    most = "nothing bounds it" if spread.most is None else f"at most {amount(unit, spread.most)}"
    nine = amount(unit, spread.p90)
    return f"{amount(unit, spread.expected)}, nine times out of ten below {nine}, {most}"
