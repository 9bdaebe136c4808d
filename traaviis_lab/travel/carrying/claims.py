"""What the head and the facts of a run's file must be before anything believes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

import orjson

from traaviis_lab.journal import Fact

MAX_ID = 200
_LARGEST = 2**63 - 1
_YEAR_1, _YEAR_10000 = -62_135_596_800_000_000, 253_402_300_800_000_000  # microseconds
_TEXTS = ("tenant", "kind", "name", "state", "effect", "model")
_WHOLE = ("tokens_in", "tokens_out", "duration_us")
_FIELDS = frozenset({"type", "run", "seq", "at", "cause", "cost_usd", *_TEXTS, *_WHOLE})


def check_head(head: Mapping[str, Any]) -> None:
    """Raise ValueError if the first line of the file does not say what it has to."""
    for name in ("run", "tenant", "machine", "chart", "head"):
        if not isinstance(head.get(name), str):
            raise ValueError(f"its head has no {name!r}")
    if not 0 < len(head["run"]) <= MAX_ID or not head["run"].isprintable():
        raise ValueError("the run's id in its head is none")
    if not isinstance(head.get("facts"), int) or head["facts"] < 1:
        raise ValueError("its head does not say how many facts there are")
    if not isinstance(head.get("spec"), dict | None):
        raise ValueError("the chart in its head is none")


def check_fact(head: Mapping[str, Any], body: bytes, digest: bytes) -> Fact:
    """The fact of a line that was taken apart.

    Raises ValueError that names the field which is not what a journal writes.
    """
    if strange := set(head) - _FIELDS:
        raise ValueError(f"a fact has the field {min(strange)[:40]!r}")
    for name in ("run", "tenant", "kind", "name"):
        if not isinstance(head.get(name), str):
            raise ValueError(f"a fact has no {name!r}")
    texts = {name: head.get(name, "") for name in _TEXTS}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("a text of a fact is none")
    seq, at, cause = _whole(head, "seq"), _whole(head, "at"), _whole(head, "cause")
    if seq is None or at is None or seq < 1:
        raise ValueError("a fact has no seq or no time")
    if not _YEAR_1 <= at < _YEAR_10000:
        raise ValueError(f"the time of fact {seq} is in no year of the calendar")
    if cause is not None and not 0 < cause <= seq:
        raise ValueError(f"the cause of fact {seq} is fact {cause}, which is not before it")
    numbers = {name: _whole(head, name) for name in _WHOLE}
    _check_body(texts["kind"], seq, body)
    return Fact(
        head["run"], seq, at, texts["tenant"], texts["kind"], texts["name"], cause, body,
        texts["state"], texts["effect"], texts["model"], numbers["tokens_in"],
        numbers["tokens_out"], _cost(head), numbers["duration_us"], digest,
    )  # fmt: skip


def _whole(head: Mapping[str, Any], name: str) -> int | None:
    value = head.get(name)
    if value is None:
        return None
    if type(value) is not int or not -_LARGEST <= value <= _LARGEST:
        raise ValueError(f"{name} is {str(value)[:40]}, which is no whole number of 64 bits")
    return value


def _cost(head: Mapping[str, Any]) -> float | None:
    value = head.get("cost_usd")
    if value is None:
        return None
    if type(value) not in (int, float) or not isfinite(value):
        raise ValueError(f"cost_usd is {str(value)[:40]}, which is no amount")
    return value  # type: ignore[no-any-return]


def _check_body(kind: str, seq: int, body: bytes) -> None:
    """What every reader of facts takes for granted, looked at once."""
    read = orjson.loads(body)
    if not isinstance(read, dict):
        raise ValueError(f"the body of fact {seq} is no object")
    if (seq == 1) != (kind in ("run.started", "run.forked")):
        raise ValueError(f"fact {seq} is of kind {kind[:40]!r}; a run begins once, with fact 1")
    elsewhere = {place[0] for place, _ in read.get("refs", ())}
    for name, holds in _NEEDED.get(kind, {}).items():
        if name not in elsewhere and not holds(read.get(name)):
            raise ValueError(f"fact {seq} of kind {kind!r} has no {name!r}")
    if "step" in read and not _is_step(read["step"]):
        raise ValueError(f"the step of fact {seq} is none")


def _is_step(value: Any) -> bool:
    if not isinstance(value, dict) or not _is_names(value.get("state")):
        return False
    changed = value.get("set", {})
    return _is_names(value.get("taken")) and isinstance(changed, dict)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value.rpartition("/")[2].isdecimal()


def _is_effect(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("kind"), str)


_OUTCOME: dict[str, Callable[[Any], bool]] = {"path": _is_path, "owner": _is_text}
_NEEDED: dict[str, dict[str, Callable[[Any], bool]]] = {
    "run.started": {
        "machine": _is_text,
        "chart": _is_text,
        "data": _is_object,
        "step": _is_step,
    },
    "run.forked": {"machine": _is_text, "chart": _is_text, "forked_from": _is_text},
    "event": {"data": _is_object, "step": _is_step},
    "event.refused": {"reason": _is_text},
    "effect.started": {**_OUTCOME, "effect": _is_effect},
    "effect.completed": _OUTCOME,
    "effect.failed": {**_OUTCOME, "error": _is_object},
    "effect.cancelled": _OUTCOME,
    "run.done": {"status": _is_text},
}
