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

    __slots__ = ("_fresh", "answers", "cached", "charged", "read", "seconds")

    def __init__(self) -> None:
        self._fresh: deque[Called] = deque(maxlen=2 * MOST_KEPT)  # older ones would be forgotten
        self.answers = Answers()
        self.charged = Values()  # tokens the model read, by those that were counted
        self.cached = Values()  # the share of the prompt that came from the provider's cache
        self.read = Values()
        self.seconds = Values()

    def note(self, call: Called) -> None:
        self._fresh.append(call)

    def learned(self) -> _Calls:
        while self._fresh:
            self._learn(self._fresh.popleft())
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
        for call in calls:
            self.add(call)

    def add(self, call: Called) -> None:
        """Learn from one call."""
        if len(self._known) > MOST_NODES:
            self._known.clear()
        machine = machine_of(call.node)
        for key in ((call.node, call.model), (call.node, ""), (machine, call.model),
                    ("", call.model)):  # fmt: skip
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = _Calls()
            found.note(call)

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
        here, why = self._answers(node, model)
        tokens_in, corrected = self._read(node, model, asked)
        if here is None:
            out = asked.prior.spread(asked.most)
            why = f"{asked.prior.task}, a guess: no call here was seen yet"
        else:
            out = here.answers.spread(tokens_in.p50, asked.most)
            why += ", by the length of the prompt" if here.answers.grow else ""
        cached = self._cached(node, model)
        return CallEstimate(
            asked.counted, tokens_in, out, _usd(price, tokens_in, out, cached),
            self._seconds(node, model, out), f"prompt {asked.how}{corrected}; answer: {why}",
        )  # fmt: skip

    def _at(self, node: str, model: str) -> _Calls | None:
        found = self._known.get((node, model))
        return None if found is None else found.learned()

    def _answers(self, node: str, model: str) -> tuple[_Calls | None, str]:
        """The nearest calls that are known, and what they are of."""
        machine = machine_of(node)
        for key, least, whose in (
            ((node, model), 1, "of this model here"),
            ((node, ""), 1, "of other models here"),
            ((machine, model), FEWEST_OF_MACHINE, f"of this model elsewhere in {machine}"),
        ):
            found = self._at(*key)
            if found is not None and len(found.answers) >= least:
                count = len(found.answers)
                return found, f"{count} call{'s' * (count != 1)} {whose}"
        return None, ""

    def _read(self, node: str, model: str, asked: Asked) -> tuple[Spread, str]:
        counted = float(asked.counted)
        if asked.exact:
            return Spread(counted, counted, counted, counted), ""
        for key in ((node, model), ("", model)):
            found = self._at(*key)
            if found is not None and found.charged:
                by = found.charged
                told = Spread(counted * by.median, counted * by.upper(), asked.most_in,
                              counted * by.mean)  # fmt: skip
                return bounded(told), f", times {by.median:.3g} as before"
        return bounded(Spread(counted, counted, asked.most_in, counted)), ""

    def _cached(self, node: str, model: str) -> float:
        found = self._at(node, model)
        return found.cached.median if found is not None else 0.0

    def _seconds(self, node: str, model: str, out: Spread) -> Spread | None:
        for key in ((node, model), ("", model)):
            found = self._at(*key)
            if found is None or not found.seconds:
                continue
            took = found.seconds
            if key[0]:
                return Spread(took.median, took.upper(), None, took.mean)
            usual = max(1.0, found.answers.out.mean)  # by the length of the answer
            return Spread(
                took.median * max(0.2, out.p50 / usual), took.upper() * max(0.2, out.p90 / usual),
                None, took.mean * max(0.2, out.expected / usual),
            )  # fmt: skip
        return None


def machine_of(node: str) -> str:
    """The machine that a place is in."""
    return node.partition("/")[0]


def _usd(price: Price | None, tokens_in: Spread, out: Spread, cached: float) -> Spread | None:
    if price is None:
        return None
    bounded_by = 0.0 if price.is_zero else None
    if bounded_by is None and tokens_in.most is not None and out.most is not None:
        bounded_by = price.worst(round(tokens_in.most), round(out.most))

    def of(read: float, said: float) -> float:
        whole = round(read)
        return price.cost(Usage(whole, round(said), cache_read=min(whole, int(cached * whole))))

    low, high = of(tokens_in.p50, out.p50), of(tokens_in.p90, out.p90)
    return bounded(Spread(low, high, bounded_by, of(tokens_in.expected, out.expected)))
