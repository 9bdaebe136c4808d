"""One call as the browser is told of it."""

from __future__ import annotations

from typing import Any

from traaviis_lab.travel.costing import Call

_TOLD = (
    "seq", "state", "model", "purpose", "tokens_in", "tokens_out", "cache_read", "cache_write",
    "reasoning", "usd", "seconds", "how", "recorded_usd", "source", "node", "failed", "why",
)  # fmt: skip


def told_call(call: Call) -> dict[str, Any]:
    """The call without what can be asked for elsewhere, and with its estimate."""
    row = {name: getattr(call, name) for name in _TOLD}
    return {**row, "at": call.at // 1000, "estimate": call.foreseen._asdict()}
