"""Failures as the journal keeps them: what happened, and the chain of what led to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from traaviis_lab.errors import EffectError, LabError

from .told import told

LONGEST = 2_000
"""Characters of one message; a service may answer with a whole page."""
MOST_CAUSES = 5


def error_json(error: BaseException) -> dict[str, Any]:
    """The failure as JSON: `{kind, message, hint, [chain], [also], ...}`.

    `chain` are its causes, the nearest first. A group of one error is that one; of several it is
    the first, and `also` tells the others.
    """
    error, *others = _members(error)
    if isinstance(error, LabError):
        told = error.to_json()
        told["message"] = _cut(str(told.get("message", "")))
    else:
        told = {"kind": type(error).__name__, "message": message_of(error), "hint": ""}
    if "chain" not in told and (chain := [_short(one) for one in _causes(error)]):
        told["chain"] = chain
    if others:
        told["also"] = [_short(one) for one in others[:MOST_CAUSES]]
    return told


def as_failure(kind: str, error: BaseException) -> LabError:
    """What an effect of this kind failed with, its chain told in what it is written down as."""
    first = _members(error)[0]
    if isinstance(first, LabError):
        return told(error_json(error))
    wrapped = EffectError(_cut(f"{kind}: {type(first).__name__}: {message_of(first)}"))
    also = error_json(error).get("also")
    wrapped.__cause__ = first
    return told({**error_json(wrapped), **({"also": also} if also else {})})


def message_of(error: BaseException) -> str:
    """What an error says, also where saying it fails."""
    try:
        return _cut(str(error))
    except Exception as worse:
        return f"(its message could not be made: {type(worse).__name__})"


def _short(error: BaseException) -> dict[str, str]:
    return {"kind": type(error).__name__, "message": message_of(error)}


def _cut(text: str) -> str:
    """A text that is not too long and that UTF-8 can hold."""
    text = text.encode(errors="replace").decode() if not text.isascii() else text
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _members(error: BaseException) -> list[BaseException]:
    """The errors of a group, of groups within it too; of any other error itself."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [one for member in error.exceptions for one in _members(member)]


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen = {id(error)}
    for _ in range(MOST_CAUSES):
        under = error.__cause__
        if under is None and not error.__suppress_context__:
            under = error.__context__
        if under is None:
            return
        error = _members(under)[0]
        if id(error) in seen:
            return
        seen.add(id(error))
        yield error
