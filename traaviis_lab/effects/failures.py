"""Say whether a failure, as the journal tells it, is one of those that are meant."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from traaviis_lab import errors

_BELOW = ("chain", "also")
_BREACH = errors.BudgetExceeded.__name__


def error_matches(on: tuple[str | int, ...], error: Mapping[str, Any]) -> bool:
    """Whether `on` means this failure; an empty `on` means all of them.

    It is meant by its kind, by what its kind derives from in the tree of errors here or in
    Python's (`OSError` means `ConnectionRefusedError` too), by the kinds of what it came from
    (`chain`) or what failed beside it (`also`), and by its HTTP `status`.

    Args:
        on: kinds of errors and HTTP statuses, `503` or `5xx`.
        error: the failure as JSON: `{kind, message, hint, [chain], [also], [status]}`.
    """
    if not on:
        return True
    kinds = {_known_as(one) for one in on if isinstance(one, str)}
    statuses = {str(one) for one in on}
    return any(
        not kinds.isdisjoint(kinds_of(str(one.get("kind", ""))))
        or not statuses.isdisjoint(_statuses_of(one))
        for one in _all_in(error)
    )


def breach_in(error: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The budget's refusal that a failure is; None where it is, or may be, something else.

    A failure of many, such as of all in a fallback, is one where each of them is.
    """
    if error.get("kind") == _BREACH:
        return error
    also = error.get("also")
    if isinstance(also, list | tuple) and also and all(one.get("kind") == _BREACH for one in also):
        return {**error, **also[0], "hint": error.get("hint", "")}
    return None


@lru_cache(maxsize=1024)
def kinds_of(kind: str) -> frozenset[str]:
    """An error's kind and all it derives from, as far as that is known here.

    Of a kind that is neither ours nor Python's only this is known: it is an `Exception`.
    """
    found = _class_of(kind)
    if found is None:
        return frozenset({kind, "Exception", "BaseException"})
    return frozenset(one.__name__ for one in found.__mro__ if one is not object)


def _known_as(kind: str) -> str:
    """The name an error goes by: `IOError` is Python's other word for `OSError`."""
    found = _class_of(kind)
    return kind if found is None else found.__name__


def _class_of(kind: str) -> type[BaseException] | None:
    for place in (errors, builtins):
        found = getattr(place, kind, None)
        if isinstance(found, type) and issubclass(found, BaseException):
            return found
    return None


def _statuses_of(error: Mapping[str, Any]) -> tuple[str, ...]:
    """What means the HTTP status of a failure: `503` and `5xx`."""
    status = error.get("status")
    if not isinstance(status, int) or isinstance(status, bool):
        return ()
    return str(status), f"{status // 100}xx"


def _all_in(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The failure itself, what it came from and what failed beside it, at any depth."""
    open_ones: list[Any] = [error]
    while open_ones:
        one = open_ones.pop()
        if not isinstance(one, Mapping):
            continue
        yield one
        for name in _BELOW:
            below = one.get(name)
            if isinstance(below, list | tuple):
                open_ones.extend(below)
