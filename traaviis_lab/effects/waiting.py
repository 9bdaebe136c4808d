"""The effect that lets time pass."""

from __future__ import annotations

from dataclasses import dataclass, field

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.effect import Effect, word
from traaviis_lab.machine.names import has_template, parse_duration
from traaviis_lab.machine.problems import show


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
