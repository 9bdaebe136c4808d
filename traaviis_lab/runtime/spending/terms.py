"""What a call needs of the budgets that are about it, what it spent, and what is set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from traaviis_lab.cost.budget import amount_of, parts_of
from traaviis_lab.errors import BudgetExceeded

MOST = 10**18
"""No call uses more than this of anything."""


class Need(NamedTuple):
    """The most that a call may use. None where that is not known.

    Args:
        model: the model as the journal names it, `provider/model`.
        tokens: tokens read and written.
        usd: US dollars.
        seconds: how long it may take.
        node: the place in the machine that asks.
        priced: whether the price of the model is known.
    """

    model: str
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    node: str = ""
    priced: bool = True

    def parts(self) -> dict[str, int]:
        """What is known of it, in whole parts. Raises `BudgetExceeded` for what is no amount."""
        found = {"calls": 1}
        for unit in ("usd", "tokens", "seconds"):
            amount = getattr(self, unit)
            if amount is None:
                continue
            if not is_amount(amount):
                raise BudgetExceeded(
                    f"A call of {self.model} that needs {amount!r} {unit} fits no budget.",
                    hint="Look at its max_tokens, its timeout and the price of the model: "
                    "none of them may be negative.",
                )
            found[unit] = parts_of(unit, amount)
        return found


class Spent(NamedTuple):
    """What a call used. None where that is not known: then all that was set aside is spent."""

    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    calls: int = 1

    def parts(self, reserved: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
        """What counts as spent, in whole parts, and the units in which it is not known.

        Where it is not known, or is no amount, it is all that was reserved.
        """
        found, unknown = {}, []
        for unit in ("usd", "tokens", "calls", "seconds"):
            amount = getattr(self, unit)
            if amount is not None and is_amount(amount):
                found[unit] = parts_of(unit, amount)
                continue
            unknown.append(unit)
            if unit in reserved:
                found[unit] = reserved[unit]
        return found, unknown


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is set aside for one call, until it is settled or released.

    Args:
        id: its name in the journal, unique there.
        accounts: the books that it is set aside in.
        parts: how much, in whole parts by unit.
        began: the first fact of the effect that calls.
        need: what the call said it needs.
        seconds: how long the call may take; None: no hard budget says.

    Attributes:
        amounts: how much is set aside, by unit: `{usd?, tokens?, calls, seconds?}`.
    """

    id: str
    accounts: tuple[str, ...]
    parts: Mapping[str, int]
    began: int
    need: Need
    seconds: float | None = None
    amounts: Mapping[str, float] = field(init=False)  # told in three facts

    def __post_init__(self) -> None:
        object.__setattr__(self, "amounts", amounts(self.parts))

    def to_json(self) -> dict[str, Any]:
        """As facts tell it: `{id, budgets, reserved: {usd?, tokens?, calls, seconds?}}`."""
        return {"id": self.id, "budgets": list(self.accounts), "reserved": self.amounts}


def amounts(parts: Mapping[str, int]) -> dict[str, float]:
    """Whole parts by unit, as the amounts that people read."""
    return {unit: amount_of(unit, n) for unit, n in parts.items()}


def is_amount(value: Any) -> bool:
    """Whether this can be an amount: a number that is not negative, and none beyond all reason."""
    return type(value) in (int, float) and 0 <= value <= MOST
