"""How effects are spelled in Python: `from traaviis_lab import effects as fx; fx.log("x")`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from traaviis_lab.machine.effect import Effect

from .leaves import Call, Delay, Log, MergeData, PutData, Raise, SendEvent, UpdateData


def raise_event(event: str, data: Mapping[str, Any] | None = None) -> Raise:
    """Raise an event inside the machine (`kind: raise`); it is taken before outside events."""
    return Raise(event, dict(data or {}))


def log(message: str, level: str = "info") -> Log:
    """Write a line into the run's history; `level`: debug, info, warning or error."""
    return Log(message, level)


def put_data(key: str, value: Any) -> PutData:
    """Set the field `key` of the run's data to a JSON value."""
    return PutData(key, value)


def merge_data(values: Mapping[str, Any], key: str = "") -> MergeData:
    """Merge `values` into the run's data, or into the mapping in its field `key`."""
    return MergeData(dict(values), key)


def update_data(key: str, value: str) -> UpdateData:
    """Compute the field `key` anew by an expression, from the data there is when it is done."""
    return UpdateData(key, value)


def delay(duration: float | str) -> Delay:
    """Wait; seconds, or `250ms`, `2s`, `5m`, `1h`. Raises DefinitionError for anything else."""
    return Delay(duration)


def call(
    function: str | Callable[..., Any], args: Mapping[str, Any] | None = None, into: str = ""
) -> Call:
    """Call a registered function by its name (a Python function stands for its own name)."""
    name = function if isinstance(function, str) else function.__name__
    return Call(name, dict(args or {}), into)


def send_event(to: str, event: str, data: Mapping[str, Any] | None = None) -> SendEvent:
    """Send an event to the run with the id `to`."""
    return SendEvent(to, event, dict(data or {}))


def read_effect(document: Mapping[str, Any]) -> Effect:
    """The effect a document describes (`{kind: log, message: hi}`).

    Raises DefinitionError with every mistake in it: kind, fields, types, templates.
    """
    from traaviis_lab.machine.reader_effects import read_one_effect

    return read_one_effect(document)
