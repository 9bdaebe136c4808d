"""The desk a document is read at: problems, formulas and the states met so far, and small readers.

A reader takes `(desk, value, path)` and answers with the value's normal form, or with `SKIP`
where there is nothing to keep (the usual value, or a mistake that has been put on the pile).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from json import dumps
from typing import Any

from traaviis_lab.errors import LabError

from .chart import Formula
from .names import did_you_mean, is_listened, is_state_id, parse_duration, write_duration
from .problems import Path, Problems, show

SKIP: Any = object()
MAX_STATES = 10_000
ID_CURE = "Use letters, digits, `_` and `-`, without spaces or dots."
DURATION_CURE = "Use a number of seconds, or a text such as 250ms, 2s, 5m, 1h."


@dataclass(slots=True)
class Desk:
    """What the reading of one document shares. `python`: callables are allowed in it.

    `names`: what expressions may read, at this place, beside the usual names.
    """

    problems: Problems
    python: bool = False
    names: tuple[str, ...] = ()
    depth: int = 0
    formulas: dict[tuple[str, bool], Formula] = field(default_factory=dict)
    callables: list[str] = field(default_factory=list)
    paths: dict[str, Path] = field(default_factory=dict)

    def wrong(self, path: Path, message: str, cure: str = "") -> Any:
        """Put a mistake on the pile; answers SKIP."""
        self.problems.add(path, message, cure)
        return SKIP


Reader = Callable[[Desk, Any, Path], Any]


def read_object(
    desk: Desk,
    value: Any,
    path: Path,
    keys: Mapping[str, Reader],
    *,
    required: tuple[str, ...] = (),
    what: str = "this",
) -> dict[str, Any]:
    """Read a mapping key by key, in the order of `keys`; unknown and missing keys are mistakes."""
    if not isinstance(value, dict):
        desk.wrong(path, f"{what} is a mapping, not {show(value)}.", f"Keys: {', '.join(keys)}.")
        return {}
    for key in value:
        if key not in keys:
            cure = did_you_mean(key, keys, "Known keys")
            desk.wrong((*path, key), f"{what} has no key {show(key)}.", cure)
    for key in required:
        if key not in value:
            desk.wrong(path, f"{what} needs {key!r}.", f"Add `{key}: ...`.")
    normal: dict[str, Any] = {}
    for key, reader in keys.items():
        if key in value:
            read = reader(desk, value[key], (*path, key))
            if read is not SKIP:
                normal[key] = read
    return normal


def text(desk: Desk, value: Any, path: Path) -> Any:
    """Any text but an empty one."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return desk.wrong(path, f"{show(value)} is a number, not a text.", "Put it in quotes.")
    return desk.wrong(path, f"{show(value)} is no text.", "Write some words.")


def short_text(desk: Desk, value: Any, path: Path) -> Any:
    """A text on one line, of 200 characters at most."""
    read = text(desk, value, path)
    if read is not SKIP and not (len(read) <= 200 and read.isprintable()):
        return desk.wrong(path, f"{show(read)} is no name.", "Use one line of up to 200 letters.")
    return read


def flag(desk: Desk, value: Any, path: Path) -> Any:
    """`true` is kept, `false` is the usual value."""
    if value is True:
        return True
    if value is False:
        return SKIP
    return desk.wrong(path, f"{show(value)} is neither true nor false.", "Write true or false.")


def anything(desk: Desk, value: Any, path: Path) -> Any:
    """Any JSON value."""
    return value


def json_object(desk: Desk, value: Any, path: Path) -> Any:
    """A mapping of anything; an empty one is the usual value."""
    if isinstance(value, dict):
        return value or SKIP
    return desk.wrong(path, f"{show(value)} is no mapping.", "Write `key: value` pairs.")


def one_or_more(value: Any) -> list[Any]:
    """The items of a list, or the one value that stands for a list of one."""
    return value if isinstance(value, list) else [value]


def single(items: list[Any]) -> Any:
    """The normal form of such a list: a list of one is written as the one."""
    return items[0] if len(items) == 1 else items


def state_ids(desk: Desk, value: Any, path: Path) -> Any:
    """The id of a state, or a list of them; whether there are such states is asked later."""
    found = []
    for n, item in enumerate(one_or_more(value)):
        place = (*path, n) if isinstance(value, list) else path
        if isinstance(item, str) and is_state_id(item):
            found.append(item)
        else:
            desk.wrong(place, f"{show(item)} is no state id.", ID_CURE)
    if value == []:
        return desk.wrong(path, "the list is empty.", "Name a state, or leave the key out.")
    return single(found) if found else SKIP


def listened(desk: Desk, value: Any, path: Path) -> Any:
    """The name of an event, or a list of them; `a.*` and `*` are allowed."""
    found = []
    for n, item in enumerate(one_or_more(value)):
        place = (*path, n) if isinstance(value, list) else path
        if isinstance(item, str) and is_listened(item):
            found.append(item)
        else:
            cure = "Use words without spaces, joined by dots; `a.*` and `*` stand for many."
            desk.wrong(place, f"{show(item)} is no event name.", cure)
    if value == []:
        return desk.wrong(path, "the list is empty.", "Name an event, or leave the key out.")
    return single(list(dict.fromkeys(found))) if found else SKIP


def duration(desk: Desk, value: Any, path: Path) -> Any:
    """A duration in its shortest exact text."""
    seconds = parse_duration(value)
    if seconds is None:
        return desk.wrong(path, f"{show(value)} is no duration.", DURATION_CURE)
    return write_duration(seconds)


def formula(desk: Desk, value: Any, path: Path) -> Any:
    """The text of an expression that compiles; a number, true, false or null stands for itself."""
    return _expression(desk, value, path, is_guard=False)


def guard(desk: Desk, value: Any, path: Path) -> Any:
    """The same for an expression that must be true or false."""
    return _expression(desk, value, path, is_guard=True)


def _expression(desk: Desk, value: Any, path: Path, *, is_guard: bool) -> Any:
    if desk.python and callable(value):
        return _callable(desk, value, path)
    if value is None or isinstance(value, bool | int | float):
        value = dumps(value)
    if isinstance(value, dict) and set(value) == {"python"}:
        cure = "Write it as an expression, or load the Machine class it comes from."
        return desk.wrong(path, f"a document cannot call Python ({show(value['python'])}).", cure)
    if not isinstance(value, str):
        return desk.wrong(path, f"{show(value)} is no expression.", "Write it as a text.")
    if not value.strip():
        return desk.wrong(path, "the expression is empty.", "An empty text is written `''`.")
    if (value, is_guard) not in desk.formulas or desk.names:
        from .expr import compile_expression
        from .expr.formula import NAMES

        names, expected = (*NAMES, *desk.names), "bool" if is_guard else None
        try:
            made = compile_expression(value, expected=expected, names=names)
        except LabError as error:
            is_word = len(value) <= 40 and value.isidentifier()
            more = f" A fixed text is written `'{value}'`." if is_word else ""
            return desk.wrong(path, error.message, f"{error.hint}{more}".strip())
        if not desk.names:
            desk.formulas[value, is_guard] = made
    return value


def _callable(desk: Desk, value: Callable[..., Any], path: Path) -> Any:
    from inspect import signature

    from .callables import python_name

    name = python_name(value)
    try:
        signature(value).bind({}, None)
    except (TypeError, ValueError):
        return desk.wrong(path, f"{name} cannot be called with (data, event).", "Take two values.")
    desk.callables.append(name)
    return value
