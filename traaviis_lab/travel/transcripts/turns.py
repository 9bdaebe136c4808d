"""A transcript as a row of turns, one for each event that its run will take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .messages import Answer, Call, Message, Transcript

Kind = Literal["user_said", "agent_said", "agent_noted", "called", "answered"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that happened. `message` is the model's answer it is the first part of.

    `together` counts the calls of one message: several were asked for at once, and stand here
    one after the other, each with its answer.
    """

    kind: Kind
    text: str = ""
    call: Call | None = None
    answer: Answer | None = None
    message: Message | None = None
    together: int = 1
    at: int | None = None


def turns_of(transcript: Transcript) -> list[Turn]:
    """The turns in order, every answer right after the call it belongs to.

    An answer to a call that the transcript does not have brings its call with it.
    """
    messages = [message for message in transcript.messages if message.role != "system"]
    answers = _answers(messages)
    tools = {call.id: call.tool for message in messages for call in message.calls if call.id}
    turns: list[Turn] = []
    given: set[int] = set()
    for place, message in enumerate(messages):
        if message.role == "agent":
            led_to = list(_agent(message, answers[place]))
            given.update(id(turn.answer) for turn in led_to if turn.answer is not None)
            turns.extend(led_to)
        elif message.text or not message.answers:
            turns.append(Turn("user_said", message.text, at=message.at))
        for answer in message.answers:
            if id(answer) not in given:
                turns.extend(_orphan(answer, tools))
    return turns


def _agent(message: Message, answers: list[Answer]) -> Iterator[Turn]:
    """What an agent's message leads to. Said beside calls, it is a remark: the turn stays his."""
    paired = list(_paired(message.calls, answers))
    model: Message | None = message
    if message.text or not paired:
        kind: Kind = "agent_noted" if paired else "agent_said"
        yield Turn(kind, message.text, message=model, at=message.at)
        model = None
    for call, answer in paired:
        yield Turn("called", call=call, message=model, together=len(paired), at=message.at)
        model = None
        if answer is not None:
            yield Turn("answered", call=call, answer=answer, at=answer.at)


def _orphan(answer: Answer, tools: Mapping[str, str]) -> Iterator[Turn]:
    call = Call(answer.id, answer.tool or tools.get(answer.id, "tool"), None)
    yield Turn("called", call=call, at=answer.began or answer.at)
    yield Turn("answered", call=call, answer=answer, at=answer.at)


def _answers(messages: Sequence[Message]) -> list[list[Answer]]:
    """The answers that may belong to each message: of the calls that are open, that of their id
    (several calls may stand in as many messages), else of the agent's last words."""
    found: list[list[Answer]] = [[] for _ in messages]
    called: dict[str, int] = {}
    last = 0
    for place, message in enumerate(messages):
        for answer in message.answers:
            found[called.pop(answer.id, last)].append(answer)
        if message.role == "agent":
            last = place
            called.update((call.id, place) for call in message.calls if call.id)
    return found


def _paired(calls: Iterable[Call], answers: list[Answer]) -> Iterator[tuple[Call, Answer | None]]:
    """Each call with its answer: that of its id, else the next of its tool's name."""
    left = list(answers)
    for call in calls:
        match = next((a for a in left if a.id and a.id == call.id), None)
        if match is None:
            fits = (a for a in left if not (a.id and call.id) and a.tool in ("", call.tool))
            match = next(fits, None)
        if match is not None:
            left.remove(match)
        yield call, match


def slugs(tools: Iterable[str], reserved: Iterable[str] = ()) -> Mapping[str, str]:
    """A word for each tool that a field, a state and an event can be called by."""
    found: dict[str, str] = {}
    used = set(reserved)
    for tool in tools:
        if tool in found:
            continue
        # State ids, events and fields of expressions: ASCII letters are taken by all three.
        word = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in tool)
        word = word.strip("_")[:60] or "tool"
        word = f"t_{word}" if word[0].isdigit() else word
        base, number = word, 2
        while word in used:
            word, number = f"{base}_{number}", number + 1
        used.add(word)
        found[tool] = word
    return found
