"""What a step came to, as its fact says it, and where two of them differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.runtime.bodies import changed
from traaviis_lab.runtime.large import said_in_full
from traaviis_lab.travel.differences import differences
from traaviis_lab.travel.places import ABSENT

Outcome = dict[str, Any]
"""`{state, taken, set?, check?, effects?, raised?}`, as in the body of a fact."""


def read_outcome(step: dict[str, Any], data: Mapping[str, Any]) -> Outcome:
    """A step's JSON with its references to the run's `data` (after the step) followed."""
    try:
        return said_in_full(dict(step), data)
    except (KeyError, IndexError, TypeError):
        return step  # it refers to data that came out otherwise: that is said as it stands


def outcome_differences(
    expected: Outcome, actual: Outcome, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """`[{path, expected, actual}]`, without the side that has nothing there.

    `before` is the data that the recorded step started from, `after` where the step led now.
    """
    found = _side_by_side("state", *(sorted(one["state"]) for one in (expected, actual)))
    found += _data(expected, actual, before, after)
    for key in ("effects", "taken", "raised"):
        found += _side_by_side(key, expected.get(key, []), actual.get(key, []))
    return found


def _data(
    expected: Outcome, actual: Outcome, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if "check" in expected:
        # Only the sum of what changed is recorded, since it was large.
        if actual.get("check") == expected["check"]:
            return []
        now = {"fields": sorted(changed(before, after) or ())}
        if "check" in actual:
            now["check"] = actual["check"]
        return [{"path": "data", "expected": {"check": expected["check"]}, "actual": now}]
    then = {**before, **expected.get("set", {})}
    return _side_by_side("data", then, dict(after))


def _side_by_side(root: str, expected: Any, actual: Any) -> list[dict[str, Any]]:
    if root in ("state", "taken"):
        return [] if expected == actual else [
            {"path": root, "expected": expected, "actual": actual}
        ]  # fmt: skip
    found = []
    for path, left, right in differences(expected, actual):
        one = {"path": root + path.removeprefix("data")}
        one |= {} if left is ABSENT else {"expected": left}
        one |= {} if right is ABSENT else {"actual": right}
        found.append(one)
    return found
