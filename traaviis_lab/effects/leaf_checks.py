"""Check the fields of leaf effects. One that holds a template is checked when it is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.effect import REPEATS
from traaviis_lab.machine.names import has_template, parse_duration
from traaviis_lab.machine.problems import show


def wrong(effect: Any, name: str, needed: str, hint: str = "") -> DefinitionError:
    """The error that says what a field holds, and what it must be."""
    value = show(getattr(effect, name))
    return DefinitionError(
        f"{effect.kind}: {name} is {value}, and must be {needed}.",
        hint=hint or f"fx.{effect.kind}(..., {name}=...)",
    )


def check_text(effect: Any, *names: str, empty: bool = True) -> None:
    """Raise `DefinitionError` unless these fields hold texts; `empty`: also an empty one."""
    for name in names:
        value = getattr(effect, name)
        if not isinstance(value, str) or not (empty or value.strip()):
            raise wrong(effect, name, "a text" if empty else "a text that is not empty")


def check_choice(effect: Any, name: str, choices: tuple[str, ...]) -> None:
    """Raise `DefinitionError` unless the field holds one of these words."""
    value = getattr(effect, name)
    if not has_template(value) and value not in choices:
        raise wrong(effect, name, f"one of {', '.join(choices)}")


def check_repeat(effect: Any) -> None:
    """Raise `DefinitionError` unless `repeat` is empty or says what becomes of it in a crash."""
    if effect.repeat:
        check_choice(effect, "repeat", REPEATS)


def check_count(effect: Any, name: str, least: int, most: int) -> None:
    """Raise `DefinitionError` unless the field holds a whole number within these bounds."""
    value = getattr(effect, name)
    if has_template(value):
        return
    if isinstance(value, float) and value.is_integer():
        value = int(value)
        object.__setattr__(effect, name, value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise wrong(effect, name, f"a whole number from {least:,} to {most:,}")


def check_number(effect: Any, name: str, least: float, most: float) -> None:
    """Raise `DefinitionError` unless the field holds a number within these bounds."""
    value = getattr(effect, name)
    if has_template(value):
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise wrong(effect, name, f"a number from {least:g} to {most:g}")


def check_duration(effect: Any, name: str, above: float = -1.0) -> None:
    """Turn a text such as `2s` into seconds. Raises `DefinitionError` for what is no duration."""
    value = getattr(effect, name)
    if has_template(value):
        return
    seconds = parse_duration(value)
    if seconds is None or seconds <= above:
        needed = "a duration" + " above 0" * (above == 0)
        raise wrong(effect, name, needed, "A number of seconds, or 250ms, 2s, 5m, 1h.")
    object.__setattr__(effect, name, seconds)


def check_mapping(effect: Any, *names: str) -> None:
    """Raise `DefinitionError` unless these fields hold mappings."""
    for name in names:
        value = getattr(effect, name)
        if not has_template(value) and not isinstance(value, Mapping):
            raise wrong(effect, name, "a mapping")


def check_list(effect: Any, name: str, of: tuple[type, ...], *, least: int = 0) -> None:
    """Raise `DefinitionError` unless the field holds a list of these; it becomes a list."""
    value = getattr(effect, name)
    if has_template(value):
        return
    told = " or ".join("texts" if one is str else "mappings" for one in of)
    if isinstance(value, str) or not isinstance(value, list | tuple) or len(value) < least:
        raise wrong(effect, name, f"a list of {told}" + f", at least {least}" * bool(least))
    for one in value:
        if not isinstance(one, of) or one == "":
            raise wrong(effect, name, f"a list of {told}; one of them is {show(one)}")
    object.__setattr__(effect, name, list(value))


def check_one_of(effect: Any, first: str, second: str) -> None:
    """Raise `DefinitionError` unless exactly one of the two fields says something."""
    said = [bool(getattr(effect, name)) for name in (first, second)]
    if sum(said) != 1:
        raise DefinitionError(
            f"{effect.kind}: {first} and {second} are "
            f"{'both there' if all(said) else 'both missing'}; exactly one is needed.",
            hint=f"fx.{effect.kind}(..., {first}=...)",
        )
