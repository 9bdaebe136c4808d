"""What a transcript is made of, whatever its format: who said what, who called which tool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from traaviis_lab.errors import JournalError, LabError
from traaviis_lab.journal.encode import encode

Role = Literal["system", "user", "agent", "tool"]
MODEL_ROLE: Role = "agent"


@dataclass(frozen=True, slots=True)
class Call:
    """A wish of the agent's: a tool and what it is given. `id` is the transcript's own."""

    id: str
    tool: str
    arguments: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool answered, and whether it says that it failed. `began` and `at` where known."""

    id: str
    tool: str
    value: Any
    failed: bool = False
    began: int | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a transcript. Tokens, cost and times are None where it does not say.

    Times are microseconds since the epoch; `began` is when the model was asked.
    """

    role: Role
    text: str = ""
    calls: tuple[Call, ...] = ()
    answers: tuple[Answer, ...] = ()
    model: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    began: int | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A whole conversation. `about` holds what the file says of it beside the messages.

    `outcome` is "passed", "failed" or another word; None where nobody says.
    """

    messages: tuple[Message, ...]
    format: str
    about: Mapping[str, Any] = field(default_factory=dict)
    outcome: str | None = None
    reward: float | None = None
    tools: tuple[str, ...] = ()

    @property
    def prompt(self) -> str:
        """What the agent was told before anything else: its system messages."""
        said = [m.text for m in self.messages if m.role == "system"]
        return "\n\n".join(dict.fromkeys(said))

    @property
    def timed(self) -> bool:
        """Whether it says when anything happened."""
        return any(
            m.at is not None or any(a.at is not None for a in m.answers) for m in self.messages
        )


def no_transcript(what: str, hint: str = "") -> LabError:
    """The error for something that is no transcript."""
    return LabError(what, hint=hint or "docs/transcripts.md shows the formats that can be read.")


def read_value(text: Any) -> Any:
    """What a tool was given or answered: JSON where the text is that, else the text itself.

    A number stays a text where it would be written otherwise (`1e5`, `007`).
    """
    if not isinstance(text, str):
        return fit(text)
    bare = text.strip()
    try:
        value = json.loads(bare)
        again = encode(value)
    except (ValueError, JournalError, RecursionError):
        return clean(text)
    if isinstance(value, dict | list) or again.decode() == bare:
        return value
    return clean(text)


def fit(value: Any) -> Any:
    """The value if the journal can hold it, else its text."""
    try:
        encode(value)
    except JournalError:
        return clean(value) if isinstance(value, str) else json.dumps(value, default=str)
    return value


def clean(text: str) -> str:
    """The text without halves of characters, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


def says_failed(value: Any) -> bool:
    """Whether a tool's answer is that it failed: `Error: ...`, or an object with an `error`."""
    if isinstance(value, str):
        return value.lstrip().lower().startswith(("error:", "error ", "error\n", "exception:"))
    return isinstance(value, dict) and bool(value.get("error"))


def when(value: Any) -> int | None:
    """A time as microseconds since the epoch: ISO 8601 (without zone: UTC), or a number of
    seconds, milliseconds, microseconds or nanoseconds, told apart by its size."""
    if isinstance(value, str):
        if value.isdecimal():
            return when(int(value))
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1e6)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e19:
        return None
    for limit, factor in ((1e17, 1e-3), (1e14, 1), (1e11, 1e3)):
        if value > limit:
            return round(value * factor)
    return round(value * 1e6)


def count(value: Any) -> int | None:
    """A number of tokens, None where it is none."""
    return value if type(value) is int and 0 <= value < 2**53 else None


def amount(value: Any) -> float | None:
    """A sum of money or a reward, None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -1e15 < value < 1e15 else None
