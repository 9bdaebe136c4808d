"""The recorded request that is most like the one asked for, and in what they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from .counting import as_text

_LOOKED_AT, _COMPARED, _LONGEST = 1000, 8, 2000
_BEFORE, _AFTER = 20, 60
_NOTHING = object()


def nearest(
    asked: Mapping[str, Any], recorded: Iterable[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The one of the same model, if any, whose last message is most alike; None of none."""
    listed = list(recorded)
    same = [one for one in listed if one["model"] == asked["model"]] or listed
    last = _last(asked)

    def alike(one: Mapping[str, Any], *, quick: bool) -> float:
        matcher = SequenceMatcher(None, _last(one), last)
        return matcher.quick_ratio() if quick else matcher.ratio()

    near = sorted(same[-_LOOKED_AT:], key=lambda one: -alike(one, quick=True))[:_COMPARED]
    return max(
        near,
        key=lambda one: (alike(one, quick=False), -len(list(differences(one, asked)))),
        default=None,
    )


def differences(recorded: Any, asked: Any, at: str = "") -> Iterator[str]:
    """`messages[1].content: recorded '...', asked '...'` for each place where they differ."""
    if isinstance(recorded, Mapping) and isinstance(asked, Mapping):
        for key in sorted({*recorded, *asked}):
            inner = f"{at}.{key}" if at else key
            yield from differences(recorded.get(key, _NOTHING), asked.get(key, _NOTHING), inner)
    elif isinstance(recorded, list | tuple) and isinstance(asked, list | tuple):
        for n in range(max(len(recorded), len(asked))):
            theirs = recorded[n] if n < len(recorded) else _NOTHING
            ours = asked[n] if n < len(asked) else _NOTHING
            yield from differences(theirs, ours, f"{at}[{n}]")
    elif recorded is _NOTHING or asked is _NOTHING or recorded != asked:
        theirs, ours = _around(_told(recorded), _told(asked))
        yield f"{at}: recorded {theirs}, asked {ours}"


def _last(request: Mapping[str, Any]) -> str:
    messages = request.get("messages") or [{}]
    last = messages[-1].get("content") if isinstance(messages[-1], Mapping) else messages[-1]
    return (last if isinstance(last, str) else as_text(last))[-_LONGEST:]


def _told(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    return repr(value) if isinstance(value, str) else as_text(value)


def _around(one: str, other: str) -> tuple[str, str]:
    """Both texts, long ones cut around the first place where they differ."""
    pairs = enumerate(zip(one, other, strict=False))
    at = next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
    return _cut(one, at), _cut(other, at)


def _cut(text: str, at: int) -> str:
    start, end = max(0, at - _BEFORE), at + _AFTER
    if len(text) <= _BEFORE + _AFTER:
        return text
    return f"{'...' if start else ''}{text[start:end]}{'...' if end < len(text) else ''}"
