"""How long a model's answers at one place are: learned from those it gave, priors before that.

Where answers grow with their prompts (summaries, rewriting) a line through both is tried beside
the plain median. Each new answer is foreseen both ways before it is learned from, so that the
errors compared are on data not used; the line is taken only while it errs clearly less.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .foreseen import Spread
from .quantiles import Values

LEAST_FOR_LINE = 12
"""Answers that are needed before a line through them is looked at."""
CLEARLY = 0.9
"""The line must err by less than this share of what the median errs."""
FORGETTING = 0.98


class Prior(NamedTuple):
    """What answers of a task are like before any was seen. A guess, and said to be one."""

    task: str
    p50: float
    p90: float

    def spread(self, most: float | None) -> Spread:
        """As an amount, within its bound."""
        return bounded(Spread(self.p50, self.p90, most, (self.p50 + self.p90) / 2))


def prior_for(schema: Mapping[str, Any], tools: bool) -> Prior:
    """The prior of the task that a request seems to be."""
    if schema:
        if "enum" in schema or schema.get("type") in ("boolean", "integer", "number"):
            return Prior("one value", 6, 15)
        fields = schema.get("properties")
        if isinstance(fields, Mapping) and fields:
            p50 = 4.0 + sum(_field_size(one) for one in fields.values())
            return Prior(f"an object of {len(fields)} fields", p50, 2.5 * p50)
        return Prior("structured data", 80, 300)
    return Prior("a call of a tool", 40, 150) if tools else Prior("a free answer", 200, 600)


def _field_size(schema: Any) -> float:
    """Tokens of a field with its name, as a rule."""
    if not isinstance(schema, Mapping):
        return 20.0
    if "enum" in schema or schema.get("type") in ("boolean", "integer", "number", "null"):
        return 8.0
    return {"string": 25.0, "array": 50.0, "object": 60.0}.get(str(schema.get("type")), 25.0)


class Answers:
    """What the answers at one place were like, and which way foresees them best."""

    __slots__ = ("_by_line", "_by_median", "_line", "out", "residuals")

    def __init__(self) -> None:
        self.out = Values()
        self.residuals = Values()
        self._line = _Line()
        self._by_median = 0.0
        self._by_line = 0.0

    def __len__(self) -> int:
        return len(self.out)

    def add(self, tokens_in: int, tokens_out: int) -> None:
        """Learn from one answer, and from how well it was foreseen."""
        if len(self.out.ordered) >= LEAST_FOR_LINE:
            drawn = self._line.at(tokens_in)
            plain = abs(self.out.median - tokens_out)
            self._by_median = FORGETTING * self._by_median + plain
            self._by_line = FORGETTING * self._by_line + abs(drawn - tokens_out)
            self.residuals.add(tokens_out - drawn)
        self._line.add(tokens_in, tokens_out)
        self.out.add(tokens_out)

    @property
    def grow(self) -> bool:
        """Whether the line is taken: it foresaw clearly better than the median."""
        tried = len(self.residuals.ordered) >= LEAST_FOR_LINE
        return tried and self._by_line < CLEARLY * self._by_median

    def spread(self, tokens_in: float, most: float | None) -> Spread:
        """The tokens of the next answer."""
        if self.grow:
            drawn, rest = self._line.at(tokens_in), self.residuals
            found = Spread(drawn + rest.median, drawn + rest.upper(), most, drawn + rest.mean)
        else:
            out = self.out
            found = Spread(out.median, out.upper(), most, out.mean)
        return bounded(found)


def bounded(spread: Spread) -> Spread:
    """The same amount, not below nothing and not above what bounds it, in order."""
    low, high, most, mean = spread
    if 0 <= low <= high and mean >= 0 and (most is None or (high <= most and mean <= most)):
        return spread
    low = max(0.0, low)
    high, mean = max(low, high), max(0.0, mean)
    if most is not None:
        low, high, mean = min(low, most), min(high, most), min(mean, most)
    return Spread(low, high, most, mean)


class _Line:
    """Least squares through points that come one by one; the older, the less they weigh."""

    __slots__ = ("n", "sx", "sxx", "sxy", "sy")

    def __init__(self) -> None:
        self.n = self.sx = self.sy = self.sxx = self.sxy = 0.0

    def add(self, x: float, y: float) -> None:
        self.n = FORGETTING * self.n + 1
        self.sx = FORGETTING * self.sx + x
        self.sy = FORGETTING * self.sy + y
        self.sxx = FORGETTING * self.sxx + x * x
        self.sxy = FORGETTING * self.sxy + x * y

    def at(self, x: float) -> float:
        spread = self.n * self.sxx - self.sx * self.sx
        if spread <= 1e-9 * self.n * self.sxx:
            return self.sy / self.n
        slope = (self.n * self.sxy - self.sx * self.sy) / spread
        return (self.sy - slope * self.sx) / self.n + slope * x
