"""Money, tokens and times as people read them."""

from __future__ import annotations

from math import floor, log10

UNKNOWN = "unknown"


def money(usd: float | None, unpriced: int = 0) -> str:
    """US dollars with as many digits as mean something; what is unknown is said, never 0."""
    if usd is None:
        return UNKNOWN
    size = abs(usd)
    digits = 2 if size >= 1 or not size else min(12, 2 - floor(log10(size)))
    whole, _, parts = f"{usd:,.{digits}f}".partition(".")
    text = f"${whole}.{parts[:2]}{parts[2:].rstrip('0')}"
    return f"{text} + {unpriced:,} {UNKNOWN}" if unpriced else text


def amount(unit: str, value: float | None) -> str:
    """A number of a unit: `usd`, `tokens` or `seconds`; "" where there is none."""
    if value is None:
        return ""
    if unit == "usd":
        return money(value)
    return f"{value:,.0f}" if unit == "tokens" else took(value)


def took(seconds: float) -> str:
    """A time, short."""
    if 0 < seconds < 0.0005:
        return "<1 ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def off(error: float | None) -> str:
    """An error in per cent with its sign; "" where nothing can be compared."""
    return "" if error is None else f"{error:+.0%}" if abs(error) < 10 else f"{error:+,.0f}x"
