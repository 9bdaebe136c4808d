"""All that was learned about calls of models: by place, by machine and by model."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from .answering import Answers, Prior, bounded
from .foreseen import CallEstimate, Spread
from .price import Price
from .quantiles import MOST_KEPT, Values
from .usage import Usage

_NOTHING = Spread(0.0, 0.0, 0.0, 0.0)
FEWEST_OF_MACHINE = 3
MOST_NODES = 2_000


class Called(NamedTuple):
    """One call as the journal has it. `counted`: the prompt as it was counted beforehand."""

    node: str
    model: str
    usage: Usage
    seconds: float | None
    counted: int | None = None


class Asked(NamedTuple):
    """What is about to be asked. `most`: what bounds the answer's tokens, None: nothing."""

    counted: int
    most_in: int | None
    exact: bool
    most: int | None
    prior: Prior
    how: str


class _Calls:
    """The calls of one place, machine or model. Noted at once, looked at when somebody asks."""

    __slots__ = ("answers", "cached", "charged", "fresh", "read", "seconds")

    def __init__(self) -> None:
        self.fresh: deque[Called] = deque(maxlen=2 * MOST_KEPT)  # older ones would be forgotten
        self.answers = Answers()
        self.charged = Values()  # tokens the model read, by those that were counted
        self.cached = Values()  # the share of the prompt that came from the provider's cache
        self.read = Values()
        self.seconds = Values()

    def learned(self) -> _Calls:
        while self.fresh:
            self._learn(self.fresh.popleft())
        return self

    def _learn(self, call: Called) -> None:
        used = call.usage
        self.answers.add(used.tokens_in, used.tokens_out)
        self.read.add(used.tokens_in)
        self.cached.add(used.cache_read / used.tokens_in if used.tokens_in else 0.0)
        if call.counted:
            self.charged.add(used.tokens_in / call.counted)
        if call.seconds is not None:
            self.seconds.add(call.seconds)


class Learned:
    """What calls were like. Grows with every call; asked before every call."""

    def __init__(self, calls: Iterable[Called] = ()) -> None:
        self._known: dict[tuple[str, str], _Calls] = {}
        self._learning: dict[tuple[str, str], list[_Calls]] = {}
        for call in calls:
            self.add(call)

    def add(self, call: Called) -> None:
        """Learn from one call."""
        if len(self._known) > MOST_NODES:
            self._known.clear()
            self._learning.clear()
        node, model = call.node, call.model
        for calls in self._learning.get((node, model)) or self._who_learns(node, model):
            calls.fresh.append(call)

    def _who_learns(self, node: str, model: str) -> list[_Calls]:
        """All that learn from a call of this model at this place."""
        keys = ((node, model), (node, ""), (machine_of(node), model), ("", model))
        found = [self._known.setdefault(key, _Calls()) for key in keys]
        self._learning[node, model] = found
        return found

    def calls_at(self, node: str, model: str = "") -> int:
        """How many calls are known of a place."""
        found = self._at(node, model)
        return 0 if found is None else len(found.answers)

    def prompt(self, node: str, model: str = "") -> Spread | None:
        """The tokens that prompts at a place had; None where nothing is known of it."""
        found = self._at(node, model) or self._at(node, "")
        if found is None:
            return None
        read = found.read
        return Spread(read.median, read.upper(), None, read.mean)

    def foresee(self, node: str, model: str, asked: Asked, price: Price | None) -> CallEstimate:
        """What a call will use and cost."""
        own = self._at(node, model)
        here, why = self._answers(own, node, model)
        tokens_in, corrected = self._read(own, model, asked)
        if here is None:
            out = asked.prior.spread(asked.most)
            why = f"{asked.prior.task}, a guess: no call here was seen yet"
        else:
            out = here.answers.spread(tokens_in.p50, asked.most)
            why += ", by the length of the prompt" if here.answers.grow else ""
        return CallEstimate(
            asked.counted, tokens_in, out, _usd(price, tokens_in, out, own),
            self._seconds(own, model, out), f"prompt {asked.how}{corrected}; answer: {why}",
        )  # fmt: skip

    def _at(self, node: str, model: str) -> _Calls | None:
        found = self._known.get((node, model))
        return None if found is None else found.learned()

    def _answers(self, own: _Calls | None, node: str, model: str) -> tuple[_Calls | None, str]:
        """The nearest calls that are known, and what they are of. `own`: of this model here."""
        if own is not None:
            return own, _so_many(own, "of this model here")
        if (others := self._at(node, "")) is not None:
            return others, _so_many(others, "of other models here")
        machine = machine_of(node)
        near = self._at(machine, model)
        if near is not None and len(near.answers) >= FEWEST_OF_MACHINE:
            return near, _so_many(near, f"of this model elsewhere in {machine}")
        return None, ""

    def _read(self, own: _Calls | None, model: str, asked: Asked) -> tuple[Spread, str]:
        counted = float(asked.counted)
        if asked.exact:
            return Spread(counted, counted, counted, counted), ""
        found = own if own is not None and own.charged.ordered else self._at("", model)
        if found is None or not found.charged:
            return bounded(Spread(counted, counted, asked.most_in, counted)), ""
        by, usual = found.charged, found.charged.median
        told = Spread(counted * usual, counted * by.upper(), asked.most_in, counted * by.mean)
        return bounded(told), f", times {usual:.3g} as before"

    def _seconds(self, own: _Calls | None, model: str, out: Spread) -> Spread | None:
        if own is not None and (took := own.seconds).ordered:
            return Spread(took.median, took.upper(), None, took.mean)
        found = self._at("", model)
        if found is None or not (took := found.seconds):
            return None
        usual = max(1.0, found.answers.out.mean)  # by the length of the answer
        return Spread(
            took.median * max(0.2, out.p50 / usual), took.upper() * max(0.2, out.p90 / usual),
            None, took.mean * max(0.2, out.expected / usual),
        )  # fmt: skip


def machine_of(node: str) -> str:
    """The machine that a place is in."""
    return node.partition("/")[0]


def _so_many(calls: _Calls, whose: str) -> str:
    count = len(calls.answers)
    return f"{count} call{'s' * (count != 1)} {whose}"


def _usd(price: Price | None, tokens_in: Spread, out: Spread, own: _Calls | None) -> Spread | None:
    if price is None:
        return None
    if price.is_zero:
        return _NOTHING
    bounded_by = None
    if tokens_in.most is not None and out.most is not None:
        bounded_by = price.worst(round(tokens_in.most), round(out.most))
    cached = own.cached.median if own is not None else 0.0

    def of(read: float, said: float) -> float:
        whole = round(read)
        return price.cost(Usage(whole, round(said), cache_read=min(whole, int(cached * whole))))

    low, high = of(tokens_in.p50, out.p50), of(tokens_in.p90, out.p90)
    return bounded(Spread(low, high, bounded_by, of(tokens_in.expected, out.expected)))
