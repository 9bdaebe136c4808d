"""Read a number that a person gives, also one out of a table, as Python's own."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any


def plain_number(value: Any) -> Any:
    """The same number as an int or a float; what is none is left as it is, to be refused."""
    if type(value) in (int, float, bool) or not isinstance(value, Real):
        return value
    return int(value) if isinstance(value, Integral) else float(value)
