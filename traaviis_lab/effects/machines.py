"""Effects between machines: events raised and sent, machines that are started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from traaviis_lab.machine.effect import REPEATS, Effect, word

from .leaf_checks import check_mapping, check_repeat, check_text

REPEAT_MEANING = (
    "What becomes of it if the process dies meanwhile: it is performed again, it fails, or a "
    "person is asked; absent: as is usual for its kind."
)


@dataclass(frozen=True, slots=True)
class Raise(Effect):
    """Raise an event inside the machine; it is taken before any event from outside."""

    outward: ClassVar[bool] = False
    event: str = field(metadata=word("event", "The event's name."))
    data: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "The event's data.")
    )


@dataclass(frozen=True, slots=True)
class SendEvent(Effect):
    """Send an event to another run of the same lab; the result is where that run stands then."""

    to: str = field(metadata=word("name", "The id of the run."))
    event: str = field(metadata=word("event", "The event's name."))
    data: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "The event's data.")
    )
    into: str = field(
        default="", metadata=word("text", "The field of the run's data the result goes to.")
    )
    repeat: str = field(default="", metadata=word("choice", REPEAT_MEANING, choices=REPEATS))

    def __post_init__(self) -> None:
        """Check what it says of crashes."""
        check_repeat(self)


@dataclass(frozen=True, slots=True)
class InvokeFsm(Effect):
    """Run another machine to its end, as a child; the result is `{run, state, data}`.

    The child is stopped when this effect is cancelled. After a crash it goes on where it stood.
    """

    machine: str = field(metadata=word("name", "The name of a machine the lab knows."))
    data: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "The data it starts with.")
    )
    id: str = field(
        default="", metadata=word("text", "The child's id; absent: made of this run's and path.")
    )
    into: str = field(
        default="", metadata=word("text", "The field of the run's data the result goes to.")
    )

    def __post_init__(self) -> None:
        """Check the fields."""
        _check_child(self)


@dataclass(frozen=True, slots=True)
class SpawnFsm(Effect):
    """Start another machine that goes on by itself; the result is `{run, state}`, at once."""

    machine: str = field(metadata=word("name", "The name of a machine the lab knows."))
    data: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "The data it starts with.")
    )
    id: str = field(
        default="", metadata=word("text", "Its id; absent: made of this run's and path.")
    )
    into: str = field(
        default="", metadata=word("text", "The field of the run's data the result goes to.")
    )

    def __post_init__(self) -> None:
        """Check the fields."""
        _check_child(self)


def _check_child(effect: InvokeFsm | SpawnFsm) -> None:
    check_text(effect, "machine", empty=False)
    check_text(effect, "id", "into")
    check_mapping(effect, "data")
