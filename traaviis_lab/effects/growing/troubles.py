"""The failures that composed effects themselves come to, as the errors' JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from traaviis_lab.effects.composed import Retry, Timeout
from traaviis_lab.errors import EffectError, EffectTimeout, RetriesSpent
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.names import write_duration

from .fills import error_of

MOST_TOLD = 10
MOST_TEXT = 300


def took_too_long(timeout: Timeout) -> dict[str, Any]:
    """A timeout's clock ran out."""
    after = write_duration(float(timeout.after))
    return EffectTimeout(
        f"{timeout.effect.kind} took longer than {after}.",
        hint="Give it more time, or a fallback.",
    ).to_json()


def retries_spent(retry: Retry, last: Mapping[str, Any]) -> dict[str, Any]:
    """The last attempt failed too. One that was the only one tells its own failure."""
    if retry.attempts == 1:
        return dict(last)
    error = RetriesSpent(
        f"{retry.effect.kind} failed {retry.attempts} times; the last time: {_brief(last)}",
        hint=str(last.get("hint", "")),
    ).to_json()
    return {**error, **_as_before(last), "chain": [error_of(last), *last.get("chain", ())][:5]}


def all_failed(effect: Effect, errors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Everybody in a race, or every fallback, failed; one alone tells its own failure."""
    if len(errors) == 1:
        return dict(errors[0])
    told = "; ".join(_brief(one) for one in errors[:MOST_TOLD])
    error = EffectError(f"All {len(errors)} effects of the {effect.kind} failed: {told}").to_json()
    return {**error, "also": [error_of(one) for one in errors[:MOST_TOLD]]}


def cut_off() -> dict[str, Any]:
    """A leaf ended without an outcome, and nobody here told it to."""
    return EffectError("The effect was cut off before it had an outcome.").to_json()


def _brief(error: Mapping[str, Any]) -> str:
    text = str(error.get("message", ""))
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 3] + "..."


def _as_before(error: Mapping[str, Any]) -> dict[str, Any]:
    """What an error says beside its words and is true of the whole, too."""
    return {name: error[name] for name in ("status", "undo_failed") if name in error}
