"""What a model's tokens cost: US dollars per million of each sort, and the cost of a call."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from traaviis_lab.errors import DefinitionError

from .usage import Usage

MILLION = 1_000_000
DEAREST = 10**9
"""US dollars per million tokens that no model costs."""
AMOUNTS = ("input", "output", "cache_read", "cache_write", "reasoning")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens, and the model's limits where they are known.

    Args:
        input: tokens read.
        output: tokens written.
        cache_read: tokens read from the provider's cache; None: as `input`.
        cache_write: tokens put into it; None: as `input`.
        reasoning: tokens thought and not said; None: as `output`.
        max_output: how many tokens an answer has at most; None: not known.
        context: how many tokens are read and written together at most; None: not known.
        beyond: a prompt of more tokens than this is charged by `long`; 0: never.
        long: the price of such a prompt.
        source: who says so.
        as_of: and when, as a date.
    """

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    reasoning: float | None = None
    max_output: int | None = None
    context: int | None = None
    beyond: int = 0
    long: Price | None = None
    source: str = ""
    as_of: str = ""

    def __post_init__(self) -> None:
        """Check the amounts. Raises `DefinitionError` for a price that is none."""
        for name in AMOUNTS:
            _check_amount(name, getattr(self, name), needed=name in ("input", "output"))
        for name in ("max_output", "context"):
            count = getattr(self, name)
            if count is not None and (type(count) is not int or count < 1):
                raise DefinitionError(
                    f"{name}={count!r} is no number of tokens.",
                    hint="A whole number from 1, or None where it is not known.",
                )

    @property
    def is_zero(self) -> bool:
        """Whether nothing costs anything."""
        if self.input or self.output or self.cache_read or self.cache_write or self.reasoning:
            return False
        return self.long is None or self.long.is_zero

    def cost(self, usage: Usage) -> float:
        """What a call that used so much costs, in US dollars."""
        if self.beyond and self.long is not None and usage.tokens_in > self.beyond:
            return self.long.cost(usage)
        tokens_in, tokens_out, cache_read, cache_write, reasoning = usage
        fresh = max(0, tokens_in - cache_read - cache_write)
        said = max(0, tokens_out - reasoning)
        total = fresh * self.input
        if cache_read or cache_write:
            total += cache_read * _or(self.cache_read, self.input)
            total += cache_write * _or(self.cache_write, self.input)
        total += said * self.output
        if reasoning:
            total += reasoning * _or(self.reasoning, self.output)
        return total / MILLION

    def worst(self, tokens_in: int, tokens_out: int) -> float:
        """The most that so many tokens can cost, whatever sort they turn out to be."""
        read = max(self.input, _or(self.cache_read, 0.0), _or(self.cache_write, 0.0))
        written = max(self.output, _or(self.reasoning, 0.0))
        mine = (tokens_in * read + tokens_out * written) / MILLION
        if self.beyond and self.long is not None and tokens_in > self.beyond:
            return max(mine, self.long.worst(tokens_in, tokens_out))
        return mine

    def to_json(self) -> dict[str, Any]:
        """The price by field; those that are not known are left out."""
        told = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "long"}
        told = {name: value for name, value in told.items() if value not in (None, "", 0)}
        told["input"], told["output"] = self.input, self.output
        return told if self.long is None else {**told, "long": self.long.to_json()}

    def sourced(self, source: str, as_of: str = "") -> Price:
        """The same price, said by somebody else."""
        return replace(self, source=source, as_of=as_of)


def _or(value: float | None, usual: float) -> float:
    return usual if value is None else value


def _check_amount(name: str, value: Any, needed: bool) -> None:
    if value is None and not needed:
        return
    if type(value) not in (int, float) or not 0 <= value <= DEAREST:
        raise DefinitionError(
            f"{name}={value!r} is no price.",
            hint="US dollars per million tokens, a number from 0 to "
            f"{DEAREST:,}: input=0.15, output=0.60.",
        )


FREE = Price(0.0, 0.0, source="runs in this process")
"""What models that run in this process cost: nothing is paid for them."""
