"""Write a Python value as the JSON text that is stored, or say exactly why it cannot be."""

from __future__ import annotations

import math
import re
from typing import Any

import orjson

from traaviis_lab.errors import JournalError

# Dates, dataclasses and subclasses are not JSON: they would come back as something else.
_STRICT = (
    orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_PLAIN_KEY = re.compile(r"[A-Za-z_]\w*\Z")
_LARGEST = 2**64 - 1
_SMALLEST = -(2**63)
_MUCH = 2**16


def encode(value: Any, *, where: str = "data") -> bytes:
    """The value as compact UTF-8 JSON, keys in the order they have. Tuples are written as lists.

    Refused with a `JournalError` that names the place: NaN and infinities, keys that are not
    strings, integers beyond 64 bits, lone surrogates, cycles, and every type JSON does not have
    (enum members and UUIDs are the exception: they are written as their value and their text).
    `where` is how the error calls the value.
    """
    try:
        text = orjson.dumps(value, option=_STRICT)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise _refusal(value, where, str(error)) from None
    # orjson writes NaN as null; only a text that holds a null can hide one
    if b"null" in text and (found := _find_unwritable(value, where, 0)) is not None:
        raise _error(*found)
    return b"%b" % text if len(text) <= _MUCH else text  # `trimmed`, without its frame


def trimmed(text: bytes) -> bytes:
    """The text in no more memory than it needs: orjson hands out what it wrote in, 4 KiB and up."""
    return b"%b" % text if len(text) <= _MUCH else text


def _refusal(value: Any, where: str, reason: str) -> JournalError:
    found = _find_unwritable(value, where, 0)
    if found is None:
        return _error(where, f"cannot be written as JSON ({reason})", "Use plain JSON values.")
    return _error(*found)


def _error(path: str, what: str, cure: str) -> JournalError:
    shown = path if len(path) <= 120 else path[:117] + "..."
    return JournalError(f"{shown} {what}.", hint=cure)


_Found = tuple[str, str, str] | None


def _find_unwritable(value: Any, path: str, depth: int) -> _Found:
    """The first place JSON cannot hold: its path, what is wrong with it, what to do."""
    kind = type(value)
    if value is None or kind is bool:
        return None
    if kind is float or kind is int:
        return _number(value, path)
    if kind is str:
        return _text(value, path)
    if kind not in (list, tuple, dict):
        return _foreign(value, path)
    if depth > 250:
        return path, "is nested more than 250 levels deep, or holds itself", "Flatten the value."
    if kind is dict:
        found = next((bad for key in value if (bad := _key(key, path))), None)
        places = [(_join(path, str(key)), item) for key, item in value.items()]
    else:
        found = None
        places = [(f"{path}[{i}]", item) for i, item in enumerate(value)]
    inner = (bad for place, item in places if (bad := _find_unwritable(item, place, depth + 1)))
    return found or next(inner, None)


def _key(key: Any, path: str) -> _Found:
    if type(key) is str:
        return _text(key, f"a key of {path}")
    return (
        f"{path}[{key!r}]",
        f"has a key of type {type(key).__name__}, and JSON knows only text keys",
        f"Use {str(key)!r} as the key.",
    )


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if _PLAIN_KEY.match(key) else f"{path}[{key!r}]"


def _number(value: float, path: str) -> _Found:
    if not math.isfinite(value):
        return path, f"is {value}, which JSON cannot hold", "Use None, or leave the field out."
    if isinstance(value, int) and not _SMALLEST <= value <= _LARGEST:
        return path, f"is {value}, more than 64 bits", "Write large integers as text."
    return None


def _text(value: str, path: str) -> _Found:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return (
            path,
            f"holds a lone surrogate at character {error.start}, which UTF-8 cannot hold",
            "Decode the text with errors='replace'.",
        )
    return None


def _foreign(value: Any, path: str) -> _Found:
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    name = module + kind.__qualname__
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return path, f"is {shown} of type {name}, which JSON does not have", _cure(value)


def _cure(value: Any) -> str:
    if hasattr(value, "isoformat"):
        return "Write it as text: value.isoformat()."
    if isinstance(value, set | frozenset):
        return "Use sorted(value)."
    if isinstance(value, bytes | bytearray | memoryview):
        return "Use base64 text, or keep it as a blob and store its digest."
    if hasattr(value, "tolist"):
        return "Use value.tolist()."
    if hasattr(value, "model_dump"):
        return "Use value.model_dump(mode='json')."
    if hasattr(value, "__dataclass_fields__"):
        return "Use dataclasses.asdict(value)."
    return "Use dict, list, str, int, float, bool or None."
