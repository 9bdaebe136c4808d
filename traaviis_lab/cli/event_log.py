"""Read event logs: JSONL, a line per event, `{"at": when, "event": name, "data": {...}}`.

`at` is ISO 8601 (no zone: UTC) or milliseconds since the epoch, and may be absent. Real logs
hold lines that are not right: they come out as `Malformed`, with the reason, in their place.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, NoReturn

FIELDS = {"at", "event", "data"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = 253_402_300_800_000
"""Milliseconds since the epoch at the end of year 9999; what is later is no time but a mistake."""


class Entry(NamedTuple):
    """A line as it should be. `at` is microseconds since the epoch, None where not told."""

    line: int
    at: int | None
    event: str
    data: Mapping[str, Any]


class Malformed(NamedTuple):
    """A line that is none: its text and what is wrong with it."""

    line: int
    text: str
    reason: str


def read_log(lines: Iterable[str]) -> Iterator[Entry | Malformed]:
    """Every line that is not empty, in the order they stand."""
    for number, line in enumerate(lines, 1):
        if text := line.strip():
            yield read_line(number, text)


def read_line(number: int, text: str) -> Entry | Malformed:
    """One line; what is wrong with it comes back as a value, for a log goes on after it."""
    try:
        found = json.loads(text, parse_constant=_no_constant)
        if "\\u" in text:
            _whole_characters(found)
        return _entry(number, found)
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" starting at")
        return Malformed(number, text, f"not JSON: {what} (column {error.colno})")
    except RecursionError:
        return Malformed(number, text, "nested too deeply")
    except (ValueError, OverflowError) as error:
        return Malformed(number, text, str(error))


def in_order_of_arrival(
    logs: Mapping[str, Iterable[Entry | Malformed]],
) -> Iterator[tuple[str, Entry | Malformed]]:
    """Several logs as one, as a collector that listened to all of them would have seen it.

    Within a log the order of its lines is kept: a line whose time is before that of an earlier
    line came late, and stays where it is.
    """
    arrivals = [_arrivals(name, log) for name, log in logs.items()]
    for _, _, name, entry in heapq.merge(*arrivals, key=lambda arrival: arrival[:2]):
        yield name, entry


def _arrivals(
    name: str, log: Iterable[Entry | Malformed]
) -> Iterator[tuple[int, str, str, Entry | Malformed]]:
    now = 0
    for entry in log:
        if isinstance(entry, Entry) and entry.at is not None:
            now = max(now, entry.at)
        yield now, name, name, entry


def _entry(number: int, found: Any) -> Entry:
    if not isinstance(found, dict):
        raise ValueError(f"not an object but {_short(found)}")
    if unknown := sorted(found.keys() - FIELDS):
        raise ValueError(f"unknown fields {', '.join(unknown)}; known: at, data, event")
    name = found.get("event")
    if not isinstance(name, str) or not name:
        raise ValueError(f"`event` is not a name but {_short(name)}")
    data = found.get("data")
    if data is not None and not isinstance(data, dict):
        raise ValueError(f"`data` is not an object but {_short(data)}")
    return Entry(number, _moment(found.get("at")), name, data or {})


def _moment(at: Any) -> int | None:
    if at is None:
        return None
    if isinstance(at, bool) or not isinstance(at, int | float | str):
        raise ValueError(f"`at` is not a time but {_short(at)}")
    if isinstance(at, int | float):
        if not 0 <= at < LATEST:
            raise ValueError(
                f"`at` is not a time: {_short(at)} is not milliseconds since the epoch"
            )
        return round(at * 1000)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise ValueError(f"`at` is not a time: {_short(at)}") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment < EPOCH:
        raise ValueError(f"`at` is not a time after 1970: {_short(at)}")
    return (moment - EPOCH) // timedelta(microseconds=1)


def _whole_characters(found: Any) -> None:
    r"""Refuse `"\ud800"` alone: JSON's grammar allows half a character, no text can hold one."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("half a character (a lone surrogate)") from None


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
