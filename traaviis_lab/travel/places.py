"""Places in a run's data, as people write them: `data.cart.items[0].price`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

import orjson

from traaviis_lab.errors import LabError

Place = tuple[str | int, ...]
"""The way to a value: names of fields and numbers of list items, from the outside in."""


class Absent(Enum):
    """The only value that says there is no value; `null` in data is a value."""

    ABSENT = "—"

    def __str__(self) -> str:
        return "—"

    def __repr__(self) -> str:
        return "—"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent.ABSENT

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?!\n)\Z")
_PART = re.compile(r'\.?([^.\[\]"]+)|\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]')


def read_place(text: str) -> Place:
    """The parts of a written place; a leading `data.` may be left out, `data` alone is `()`.

    A field with an odd name is written `data["odd name"]`. Raises `LabError` for a text that is
    no place.
    """
    if not isinstance(text, str) or not text.strip():
        raise _no_place(text)
    rest, parts = text.strip(), list[str | int]()
    while rest:
        found = _PART.match(rest)
        if found is None or (not parts and rest.startswith(".")):
            raise _no_place(text)
        field, item, quoted = found.groups()
        parts.append(field if field else int(item) if item else _unquoted(quoted, text))
        rest = rest[found.end() :]
        if rest and rest[0] not in ".[":
            raise _no_place(text)
    return tuple(parts[1:] if parts[0] == "data" else parts)


def write_place(place: Sequence[str | int]) -> str:
    """The place as text, with its leading `data`."""
    text = "data"
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _NAME.match(part):
            text += f".{part}"
        else:
            text += f"[{orjson.dumps(part).decode()}]"
    return text


def look(data: Any, place: Place) -> Any:
    """What stands at a place; `ABSENT` where nothing does."""
    for part in place:
        if isinstance(part, int):
            if not isinstance(data, list) or part >= len(data):
                return ABSENT
        elif not isinstance(data, Mapping) or part not in data:
            return ABSENT
        data = data[part]
    return data


def own(value: Any) -> Any:
    """A copy of a JSON value that shares nothing which could be changed."""
    if isinstance(value, Mapping):
        return {key: own(item) for key, item in value.items()}
    return [own(item) for item in value] if isinstance(value, list) else value


def _unquoted(quoted: str, text: str) -> str:
    try:
        return str(orjson.loads(quoted))
    except orjson.JSONDecodeError:
        raise _no_place(text) from None


def _no_place(text: Any) -> LabError:
    return LabError(
        f"{text!r} is no place in data.",
        hint='Write it like data.total, data.cart.items[0] or data["odd name"].',
    )
