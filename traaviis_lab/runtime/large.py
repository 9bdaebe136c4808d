"""Say large values of a fact once: by reference to the run's data, or to another place in it.

A run that appends to one list would else write the whole list with every step: in the effect it
asks for, in the effect's result and in the patch. Bodies above `LARGE` bytes get a field `refs`,
a list of `[place, reference]`; the value at that place is null. A reference is
`{"data": [path], "more": [...]}` (the run's data there as the fact finds it, and what comes
after it in a list or a text), or `{"same": [place]}` (another place of this body).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from traaviis_lab.journal.encode import encode

LARGE = 4_096
"""Bodies up to this many bytes are left alone."""
_WORTH = 1_024
_DEEPEST = 5
_CANDIDATES = 64

Place = list[str | int]
Known = list[tuple[Place, Any, bytes]]


def say_once(body: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The body with `refs` in place of what `data` or the body itself says already."""
    refs: list[list[Any]] = []
    seen: dict[bytes, Place] = {}
    known: Known = list(_large_in(data, [], 0))[:_CANDIDATES]
    lean = {key: _lean(value, [key], known, seen, refs, 1) for key, value in body.items()}
    return {**lean, "refs": refs} if refs else lean


def said_in_full(body: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The body with its references followed; `data` is the run's before the fact. Changes it."""
    for place, ref in body.pop("refs", ()):
        found = _value_at(body, ref["same"]) if "same" in ref else _value_at(data, ref["data"])
        *way, last = place
        _value_at(body, way)[last] = found + ref["more"] if "more" in ref else found
    return body


def _lean(
    value: Any, place: Place, known: Known, seen: dict[bytes, Place], refs: list[Any], depth: int
) -> Any:
    text = _text_if_large(value)
    if text is None:
        return value
    ref = {"same": seen[text]} if text in seen else _in_data(value, text, known)
    seen.setdefault(text, place)
    if ref is not None:
        refs.append([place, ref])
        return None
    if depth >= _DEEPEST or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {k: _lean(v, [*place, k], known, seen, refs, depth + 1) for k, v in value.items()}
    if len(value) > _CANDIDATES:  # messages, rows: not worth a look one by one
        return value
    return [_lean(v, [*place, i], known, seen, refs, depth + 1) for i, v in enumerate(value)]


def _in_data(value: Any, text: bytes, known: Known) -> dict[str, Any] | None:
    """Where the data says this, or its beginning. Compared as text: 1, 1.0 and true differ."""
    for path, old, said in known:
        if said == text:
            return {"data": path}
        if isinstance(value, list) and isinstance(old, list):
            end = len(said) - 1
            if text.startswith(said[:end]) and text[end : end + 1] == b",":
                return {"data": path, "more": value[len(old) :]}
        elif isinstance(value, str) and isinstance(old, str) and value.startswith(old):
            return {"data": path, "more": value[len(old) :]}
    return None


def _large_in(data: Any, path: Place, depth: int) -> Iterator[tuple[Place, Any, bytes]]:
    if not isinstance(data, Mapping) or depth > 2:
        return
    for key, value in data.items():
        text = _text_if_large(value)
        if text is not None:
            yield [*path, key], value, text
            yield from _large_in(value, [*path, key], depth + 1)


def _text_if_large(value: Any) -> bytes | None:
    if isinstance(value, str):
        return encode(value) if len(value) > _WORTH else None
    if not isinstance(value, Mapping | list) or not value:
        return None
    text = encode(value)
    return text if len(text) > _WORTH else None


def _value_at(value: Any, place: Place) -> Any:
    for part in place:
        value = value[part]
    return value
