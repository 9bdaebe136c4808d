"""The effects that stand alone. This vocabulary is open: a class that derives from Effect joins it.

Texts in them may hold `{{ ... }}` templates; `step` fills them in when the effect is asked for.
Effects that are put together from others will be a closed union in a file of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.effect import Effect, word
from traaviis_lab.machine.names import has_template, parse_duration
from traaviis_lab.machine.problems import show

LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Raise(Effect):
    """Raise an event inside the machine; it is taken before any event from outside."""

    outward: ClassVar[bool] = False
    event: str = field(metadata=word("event", "The event's name."))
    data: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "The event's data.")
    )


@dataclass(frozen=True, slots=True)
class Log(Effect):
    """Write a line into the run's history."""

    outward: ClassVar[bool] = False
    message: str = field(metadata=word("text", "The line."))
    level: str = field(
        default="info", metadata=word("choice", "How much it matters.", choices=LEVELS)
    )


@dataclass(frozen=True, slots=True)
class PutData(Effect):
    """Set one field of the run's data to a value."""

    outward: ClassVar[bool] = False
    key: str = field(metadata=word("name", "The field of the run's data."))
    value: Any = field(metadata=word("value", "The new value."))


@dataclass(frozen=True, slots=True)
class MergeData(Effect):
    """Merge fields into the run's data, or into the mapping in one of its fields."""

    outward: ClassVar[bool] = False
    values: Mapping[str, Any] = field(metadata=word("object", "The fields to set."))
    key: str = field(
        default="", metadata=word("text", "The field to merge into; absent: the data itself.")
    )


@dataclass(frozen=True, slots=True)
class UpdateData(Effect):
    """Compute one field of the run's data anew, from what it is when the effect is performed."""

    outward: ClassVar[bool] = False
    key: str = field(metadata=word("name", "The field of the run's data."))
    value: str = field(metadata=word("expression", "The expression for the new value."))


@dataclass(frozen=True, slots=True)
class Delay(Effect):
    """Wait. `seconds` also takes `250ms`, `2s`, `5m`, `1h`; the word in documents is `for`."""

    seconds: float | str = field(metadata=word("duration", "How long to wait.", spec="for"))

    def __post_init__(self) -> None:
        """Turn a text into seconds; a template waits until it is filled in."""
        if not has_template(self.seconds):
            seconds = parse_duration(self.seconds)
            if seconds is None:
                raise DefinitionError(
                    f"{show(self.seconds)} is no duration.",
                    hint="Use a number of seconds, or a text such as 250ms, 2s, 5m, 1h.",
                )
            object.__setattr__(self, "seconds", seconds)


@dataclass(frozen=True, slots=True)
class Call(Effect):
    """Call a registered function (`lab.register`) with `args` by name."""

    function: str = field(metadata=word("name", "The name it was registered under."))
    args: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "Its arguments, by name.")
    )
    into: str = field(
        default="", metadata=word("text", "The field of the run's data its answer goes to.")
    )


@dataclass(frozen=True, slots=True)
class SendEvent(Effect):
    """Send an event to another run of the same lab."""

    to: str = field(metadata=word("name", "The id of the run."))
    event: str = field(metadata=word("event", "The event's name."))
    data: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "The event's data.")
    )
