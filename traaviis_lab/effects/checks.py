"""Check the fields of effects when they are made: what is wrong names the kind, field and value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.effect import MOST_NESTED, Effect
from traaviis_lab.machine.names import parse_duration
from traaviis_lab.machine.problems import show

_FAILURES = "a list of error kinds (OSError) or HTTP statuses (503, 5xx)"


def _wrong(effect: Effect, name: str, value: Any, needed: str) -> DefinitionError:
    return DefinitionError(
        f"{effect.kind}: {name} is {show(value)}, and must be {needed}.",
        hint=f"fx.{effect.kind}(..., {name}=...)",
    )


def check_one(effect: Any, name: str = "effect") -> None:
    """Raise unless the field holds an effect that documents may ask for."""
    value = getattr(effect, name)
    if not isinstance(value, Effect) or value.internal:
        raise _wrong(effect, name, value, "an effect")
    _check_depth(effect, (value,))


def check_several(effect: Any, name: str = "effects", least: int = 0) -> None:
    """Raise unless the field holds a list of such effects; it becomes a tuple."""
    value = getattr(effect, name)
    if isinstance(value, list):
        value = tuple(value)
        object.__setattr__(effect, name, value)
    if not isinstance(value, tuple) or len(value) < least:
        raise _wrong(effect, name, value, "a list of effects" + " that is not empty" * bool(least))
    for one in value:
        if not isinstance(one, Effect) or one.internal:
            raise _wrong(effect, name, one, "a list of effects")
    _check_depth(effect, value)


def _check_depth(effect: Effect, parts: Iterable[Any]) -> None:
    if max((_depth(one) for one in parts if one.composed), default=0) >= MOST_NESTED:
        raise DefinitionError(
            f"{effect.kind}: effects are nested more than {MOST_NESTED} deep.",
            hint="Give the inner ones a machine of their own: fx.invoke_fsm(...).",
        )


def _depth(effect: Any) -> int:
    """How many composed effects stand around its deepest leaf; each was checked when made."""
    names = ("effect", "undo", "otherwise")
    ones = [one for name in names if (one := getattr(effect, name, None)) is not None]
    parts = (*ones, *getattr(effect, "effects", ()), *getattr(effect, "steps", ()))
    return 1 + max((_depth(one) for one in parts if one.composed), default=0)


def check_whole(effect: Any, name: str, least: int, most: int = 2**31) -> None:
    """Raise unless the field holds a whole number in these bounds."""
    value = getattr(effect, name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        span = f"at least {least}" if most == 2**31 else f"from {least} to {most:,}"
        raise _wrong(effect, name, value, f"a whole number, {span}")


def check_share(effect: Any, name: str) -> None:
    """Raise unless the field holds a number from 0 to 1."""
    value = getattr(effect, name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _wrong(effect, name, value, "a number from 0 to 1")
    object.__setattr__(effect, name, float(value))


def check_choice(effect: Any, name: str, choices: tuple[str, ...]) -> None:
    """Raise unless the field holds one of these words."""
    value = getattr(effect, name)
    if value not in choices:
        raise _wrong(effect, name, value, f"one of {', '.join(choices)}")


def check_seconds(effect: Any, name: str, least: float = 0.0) -> None:
    """Raise unless the field holds a duration; it becomes seconds."""
    value = getattr(effect, name)
    seconds = parse_duration(value)
    if seconds is None or seconds < least:
        raise _wrong(effect, name, value, "a duration: seconds, or 250ms, 2s, 5m, 1h")
    object.__setattr__(effect, name, float(seconds))


def check_name(effect: Any) -> None:
    """Raise unless the field `name` holds a plain name."""
    value = effect.name
    if not isinstance(value, str) or not value.strip() or len(value) > 200 or "{{" in value:
        raise _wrong(effect, "name", value, "a name without templates")


def check_expression(effect: Any, name: str) -> None:
    """Raise unless the field holds a text; whether it is an expression is seen when it is read."""
    value = getattr(effect, name)
    if not isinstance(value, str) or not value.strip():
        raise DefinitionError(
            f"{effect.kind}: {name} is {show(value)}, and must be an expression, as a text.",
            hint='Such as "data.count > 0", or "data.numbers"; a fixed list is "[1, 2]".',
        )


def check_names(effect: Any, name: str) -> None:
    """Raise unless the field holds error kinds or HTTP statuses; it becomes a tuple.

    A class of errors stands for its own name.
    """
    value: Any = getattr(effect, name)
    listed = (value,) if isinstance(value, str | int | type) else value
    if not isinstance(listed, list | tuple):
        raise _wrong(effect, name, value, _FAILURES)
    object.__setattr__(effect, name, tuple(_failure(effect, name, one) for one in listed))


def _failure(effect: Effect, name: str, one: Any) -> str | int:
    if isinstance(one, type) and issubclass(one, BaseException):
        return one.__name__
    if isinstance(one, bool) or not isinstance(one, str | int) or one == "":
        raise _wrong(effect, name, one, _FAILURES)
    return one
