"""Read prices out of litellm's map of models, and in and out of the compact rows kept here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .price import Price

PER_TOKEN = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "reasoning": "output_cost_per_reasoning_token",
}
LONG = (128_000, 200_000, 256_000, 272_000, 512_000)
"""From how many tokens on some providers charge a prompt otherwise."""
MODES = ("chat", "responses", "completion", "embedding")
COLUMNS = (*PER_TOKEN, "max_output", "context", "beyond", "long")


def prices_in(models: Mapping[str, Any]) -> Iterator[tuple[str, Price]]:
    """Each model of litellm's map whose tokens have a price, called `provider/model`.

    What is listed at no price at all is left out: that says only that nobody knows.
    """
    for key, row in models.items():
        if not isinstance(row, Mapping) or row.get("mode") not in MODES:
            continue
        price = _price(row)
        if price is not None:
            yield named(key, str(row.get("litellm_provider", ""))), price


def named(key: str, provider: str) -> str:
    """litellm's name for a model with its provider in front."""
    family = provider.removesuffix("_converse").partition("-")[0]
    return key if key.startswith(f"{family}/") or not family else f"{family}/{key}"


def to_row(price: Price) -> list[Any]:
    """A price as a row of the snapshot; trailing unknowns are cut off."""
    row: list[Any] = [getattr(price, name) for name in COLUMNS[:-1]]
    row[-1] = row[-1] or None
    row.append(to_row(price.long) if price.long is not None else None)
    while row[-1] is None:
        row.pop()
    return row


def from_row(row: Sequence[Any], source: str, as_of: str) -> Price:
    """The price that `to_row` wrote."""
    told = dict(zip(COLUMNS, row, strict=False))
    long = told.pop("long", None)
    told["beyond"] = told.get("beyond") or 0
    further = from_row(long, source, as_of) if long is not None else None
    return Price(**told, long=further, source=source, as_of=as_of)


def _price(row: Mapping[str, Any]) -> Price | None:
    amounts = _amounts(row, "")
    if amounts is None or not any(amounts.values()):
        return None
    most = _count(row.get("max_output_tokens"))
    context = _count(row.get("max_input_tokens"))
    for above in LONG:
        further = _amounts(row, f"_above_{above // 1000}k_tokens", amounts)
        if further is not None and further != amounts:
            return Price(
                **amounts, max_output=most, context=context, beyond=above, long=Price(**further)
            )
    return Price(**amounts, max_output=most, context=context)


def _amounts(
    row: Mapping[str, Any], suffix: str, usual: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """The amounts per million; None where the row does not say what reading costs."""
    found = {name: _amount(row.get(f"{key}{suffix}")) for name, key in PER_TOKEN.items()}
    if found["input"] is None:
        return None
    if usual is not None:
        return {name: usual[name] if found[name] is None else found[name] for name in found}
    if found["output"] is None:
        if row.get("mode") != "embedding":
            return None
        found["output"] = 0.0
    return found


def _amount(value: Any) -> float | None:
    if type(value) not in (int, float) or not math.isfinite(value) or value < 0:
        return None
    return round(float(value) * 1e6, 6)


def _count(value: Any) -> int | None:
    return int(value) if type(value) in (int, float) and value >= 1 else None
