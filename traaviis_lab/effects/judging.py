"""The effect that judges what was answered: by a model, or by a function that was registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.effect import REPEATS, Effect, word
from traaviis_lab.machine.matching import is_reserved
from traaviis_lab.machine.names import is_event
from traaviis_lab.machine.problems import show

from .composed import Sequence, When
from .data import GetData
from .leaf_checks import check_number, check_repeat, check_text, wrong
from .machines import REPEAT_MEANING, Raise
from .talking import check_texts

CRITERIA = "It is correct, complete, and clear."
_LOW = {"score": "{{ result.score }}", "reasons": "{{ result.reasons }}"}


@dataclass(frozen=True, slots=True)
class ValidateQuality(Effect):
    """Score a text or a value from 0 to 1; the result is `{score, passed, reasons}`.

    With `event` it is a sequence of two: the score, and that event where it is below `threshold`.
    """

    value: Any = field(metadata=word("value", "What is judged: a text, or any JSON."))
    criteria: str = field(
        default=CRITERIA, metadata=word("text", "What a good one is like, for the model.")
    )
    threshold: float = field(
        default=0.7, metadata=word("number", "It has passed with this score or more, 0 to 1.")
    )
    model: str = field(
        default="", metadata=word("text", "The model that judges; absent: the lab's usual one.")
    )
    function: str = field(
        default="",
        metadata=word("text", "A registered function that answers the score; or the model judges."),
    )
    event: str = field(
        default="", metadata=word("text", "The event to raise where it has not passed.")
    )
    labels: tuple[str, ...] = field(
        default=(), metadata=word("names", "What the data is, for policies: `personal`, ...")
    )
    into: str = field(
        default="", metadata=word("text", "The field of the run's data the result goes to.")
    )
    repeat: str = field(default="", metadata=word("choice", REPEAT_MEANING, choices=REPEATS))

    def __post_init__(self) -> None:
        """Check the fields."""
        check_text(self, "criteria", empty=False)
        check_text(self, "model", "function", "event", "into")
        check_number(self, "threshold", 0, 1)
        check_texts(self, "labels")
        check_repeat(self)
        if self.value is None or self.value == "":
            raise wrong(self, "value", "what is to be judged")
        if self.model and self.function:
            raise DefinitionError(
                f"validate_quality: model is {show(self.model)} and function is "
                f"{show(self.function)}; one of them judges.",
                hint='fx.validate_quality(value, function="its_name")',
            )
        if self.event and (not is_event(self.event) or is_reserved(self.event)):
            raise wrong(self, "event", "an event that a machine may raise", "event='quality.low'")

    def spelled_out(self) -> Effect:
        """With `event`: the score, and then the event if it is too low."""
        if not self.event:
            return self
        scored = replace(self, event="")
        return followed_by_event(scored, "!result.passed", self.event, _LOW)


def followed_by_event(leaf: Effect, when: str, event: str, data: Mapping[str, str]) -> Sequence:
    """A leaf, and an event that is raised where `when` says so of its result.

    Something is left to do when it is raised: else the state would be through before the machine
    takes the event.
    """
    last = GetData(getattr(leaf, "into", "") or "result")
    return Sequence((leaf, When(when, Sequence((Raise(event, dict(data)), last)))))
