"""What one call of a model used, in tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from traaviis_lab.errors import DefinitionError


class Usage(NamedTuple):
    """Tokens of one call. `tokens_in` counts the cached ones too, `tokens_out` the reasoning."""

    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0

    def to_json(self) -> dict[str, int]:
        """The counts by name; those of 0 are left out, but for the first two."""
        told = {"tokens_in": self.tokens_in, "tokens_out": self.tokens_out}
        if any(self[2:]):
            told |= {name: n for name, n in zip(self._fields[2:], self[2:], strict=True) if n}
        return told

    @classmethod
    def from_json(cls, counts: Mapping[str, Any]) -> Usage:
        """The usage that `to_json` wrote. Raises `DefinitionError` for what is none."""
        for name, count in counts.items():
            if name not in cls._fields or type(count) is not int or count < 0:
                raise DefinitionError(
                    f"{name}: {count!r} is no count of tokens.",
                    hint=f"A usage has whole numbers from 0 for: {', '.join(cls._fields)}.",
                )
        return cls(**counts)

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(*(mine + its for mine, its in zip(self, other, strict=True)))
