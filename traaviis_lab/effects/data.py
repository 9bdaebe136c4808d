"""Effects on the run's own data and history; they are performed in the turn that asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from traaviis_lab.machine.effect import Effect, word

LEVELS = ("debug", "info", "warning", "error")


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
class GetData(Effect):
    """Read one field of the run's data; the result is null where there is none."""

    outward: ClassVar[bool] = False
    key: str = field(metadata=word("name", "The field, with dots into what is inside it."))
    into: str = field(
        default="", metadata=word("text", "The field of the run's data the result goes to.")
    )


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
