"""A run's data as a picture small enough to send: cut where it is long, compared with the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

MAX_TEXT = 400
MAX_ITEMS = 60
MAX_FIELDS = 200
MAX_DEPTH = 6
MAX_CHANGES = 60
_CUTS = ((20, 4), (8, 3), (4, 1))
_ABSENT: Any = object()


def portray(value: Any, *, items: int = MAX_ITEMS, depth: int = MAX_DEPTH) -> Any:
    """`value` as JSON with long texts, long lists and deep branches cut; "…" says where."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        rest = len(value) - MAX_TEXT
        return value if rest <= 0 else f"{value[:MAX_TEXT]}… {rest} more"
    if depth <= 0:
        return "…"
    if isinstance(value, Mapping):
        some = list(value.items())[:items]
        picture = {str(key): portray(item, depth=depth - 1) for key, item in some}
        if len(value) > items:
            picture["…"] = f"{len(value) - items} more"
        return picture
    if isinstance(value, list | tuple):
        shown = [portray(item, depth=depth - 1) for item in value[:items]]
        return shown if len(value) <= items else [*shown, f"… {len(value) - items} more"]
    return repr(value)[:MAX_TEXT]


def portray_within(value: Any, most: int, *, depth: int = MAX_DEPTH) -> Any:
    """`value`'s picture, at most about `most` characters."""
    picture = portray(value, depth=depth)
    if isinstance(picture, str):
        return picture if len(picture) <= most else f"{picture[:most]}…"
    if not isinstance(picture, dict | list):
        return picture
    for items, deep in _CUTS:
        if _size(picture) <= most:
            return picture
        picture = portray(_shortened(value, items, deep), depth=deep)
    return picture if _size(picture) <= 2 * most else f"{str(picture)[:most]}…"


def portray_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """All of a run's data."""
    picture: dict[str, Any] = portray(data, items=MAX_FIELDS)
    return picture


def changes(old: Any, new: Any, path: str = "") -> list[dict[str, Any]]:
    """What differs between two pictures: `[{path, old?, new?}]`, the deepest place named.

    A field that came has no `old`, one that went has no `new`; lists are named as a whole
    where their length changed.
    """
    found: list[dict[str, Any]] = []
    _compare(old, new, path, found)
    return found[:MAX_CHANGES]


def _size(picture: Any) -> int:
    return len(orjson.dumps(picture, option=orjson.OPT_NON_STR_KEYS))


def _shortened(value: Any, items: int, depth: int) -> Any:
    """The value with fewer items in it at every depth; what is left out is counted."""
    if depth <= 0:
        return "…" if isinstance(value, Mapping | list | tuple) and value else value
    if isinstance(value, Mapping):
        some = {k: _shortened(v, items, depth - 1) for k, v in list(value.items())[:items]}
        return {**some, "…": f"{len(value) - items} more"} if len(value) > items else some
    if isinstance(value, list | tuple):
        listed = [_shortened(v, items, depth - 1) for v in value[:items]]
        return [*listed, f"… {len(value) - items} more"] if len(value) > items else listed
    return value


def _compare(old: Any, new: Any, path: str, found: list[dict[str, Any]]) -> None:
    if old is new or len(found) > MAX_CHANGES:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            place = f"{path}.{key}" if path else key
            _compare(old.get(key, _ABSENT), new.get(key, _ABSENT), place, found)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            _compare(before, after, f"{path}.{index}", found)
    elif type(old) is not type(new) or old != new:
        change = {"path": path}
        if old is not _ABSENT:
            change["old"] = old
        if new is not _ABSENT:
            change["new"] = new
        found.append(change)


def fields_changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any] | None:
    """The patch `{set, del}` from `old` to `new` at the top level; None where they are alike."""
    put = {k: v for k, v in new.items() if k not in old or changes(old[k], v)}
    gone = [key for key in old if key not in new]
    return {"set": put, "del": gone} if put or gone else None
