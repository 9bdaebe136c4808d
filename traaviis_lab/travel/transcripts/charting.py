"""Draw the chart that a set of transcripts ran on: who was to speak, which tool was at work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from traaviis_lab.machine import Chart

from .messages import clean
from .turns import Turn, slugs

FIELDS: dict[str, Any] = {
    "turns": 0,
    "calls": 0,
    "failures": 0,
    "last_user": "",
    "last_agent": "",
    "outcome": None,
    "reward": None,
    "prompt": None,
    "about": {},
}
"""The fields every such run has; beside them one for each tool."""
SHORT = 64
"""Larger changes of one step (in bytes) are only recomputed, see `runtime/bodies.py`."""
_STATES = ("talk", "begin", "user", "agent", "tools", "passed", "failed", "ended")
_NOT_FIELDS = ("in", "true", "false", "null")
_SPEAKING = {
    "user_said": ("agent", {"last_user": "event.text", "turns": "data.turns + 1"}),
    "agent_said": ("user", {"last_agent": "event.text"}),
    "agent_noted": ("agent", {"last_agent": "event.text"}),
}
_USUAL = {
    "begin": ("user_said", "agent_said"),
    "user": ("user_said",),
    "agent": ("agent_said",),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart of conversations, and the word it has for each tool."""

    chart: Chart
    words: Mapping[str, str]

    def event(self, turn: Turn) -> str:
        """The name of a turn's event."""
        return _event(turn, self.words)


def draw(name: str, rows: Sequence[Sequence[Turn]], tools: Iterable[str] = ()) -> Drawn:
    """The chart on which all these rows of turns can run.

    It has a state for each tool, called or only declared (`tools`), and besides the usual arrows
    those that some row needs: an agent that speaks twice, a call that is never answered.
    """
    called = (turn.call.tool for row in rows for turn in row if turn.call is not None)
    words = slugs(sorted({*tools, *called}), (*FIELDS, *_STATES, *_NOT_FIELDS))
    arrows: dict[str, dict[str, None]] = {k: dict.fromkeys(v) for k, v in _USUAL.items()}
    arrows["tools"] = {}
    arrows["agent"].update(dict.fromkeys(f"{word}_called" for word in words.values()))
    for row in rows:
        _walk(row, words, arrows)
    return Drawn(Chart.from_spec(_spec(name, words, arrows)), words)


def _walk(
    row: Sequence[Turn], words: Mapping[str, str], arrows: dict[str, dict[str, None]]
) -> None:
    """Add the arrows that this row goes along."""
    here = "begin"
    for turn in row:
        event = _event(turn, words)
        if turn.kind == "answered":
            here = "agent"
            continue
        arrows[here][event] = None
        here = "tools" if turn.kind == "called" else _SPEAKING[turn.kind][0]


def _event(turn: Turn, words: Mapping[str, str]) -> str:
    return f"{words[turn.call.tool]}_{turn.kind}" if turn.call is not None else turn.kind


def _spec(
    name: str, words: Mapping[str, str], arrows: Mapping[str, Mapping[str, None]]
) -> dict[str, Any]:
    tools = {f"{word}_called": word for word in words.values()}
    states: dict[str, Any] = {
        state: {
            "meta": {"title": title},
            "transitions": [_arrow(event, tools) for event in arrows[state]],
        }
        for state, title in _TITLES.items()
    }
    if words:
        states["tools"]["states"] = {
            f"tool_{word}": {"meta": {"title": clean(tool)}} for tool, word in words.items()
        }
        # They leave from the box and not from each tool: that is one arrow in the picture.
        states["tools"]["transitions"][:0] = [_answered(word) for word in words.values()]
    else:
        del states["tools"]
    return {
        "spec": "traaviis/1",
        "name": name,
        "version": "1",
        "title": "Drawn from transcripts of an agent.",
        "data": {**FIELDS, **{word: _unused() for word in words.values()}},
        "initial": "talk",
        "states": {
            "talk": {
                # What a step changes stands in its event: longer texts are not written twice.
                "meta": {"title": "Conversation", "inline": SHORT},
                "initial": "begin",
                "transitions": [_end("passed"), _end("failed"), _end("ended")],
                "states": states,
            },
            **{end: {"final": True, "meta": {"title": end.title()}} for end in _ENDS},
        },
    }


_TITLES = {"begin": "Begin", "user": "User's turn", "agent": "Agent's turn", "tools": "Tools"}
_ENDS = ("passed", "failed", "ended")


def _unused() -> dict[str, Any]:
    return {"calls": 0, "failed": 0, "arguments": None, "answer": None}


def _arrow(event: str, tools: Mapping[str, str]) -> dict[str, Any]:
    word = tools.get(event)
    if word is None:
        to, assign = _SPEAKING[event]
        return {"on": event, "to": to, "assign": assign}
    used = (
        f'{{"calls": data.{word}.calls + 1, "failed": data.{word}.failed, '
        '"arguments": event.arguments, "answer": null}'
    )
    return {"on": event, "to": f"tool_{word}", "assign": {word: used, "calls": "data.calls + 1"}}


def _answered(word: str) -> dict[str, Any]:
    lost = "(event.failed ? 1 : 0)"
    used = (
        f'{{"calls": data.{word}.calls, "failed": data.{word}.failed + {lost}, '
        f'"arguments": data.{word}.arguments, "answer": event.answer}}'
    )
    assign = {word: used, "failures": f"data.failures + {lost}"}
    return {"on": f"{word}_answered", "to": "agent", "assign": assign}


def _end(to: str) -> dict[str, Any]:
    assign = {word: f"event.{word}" for word in ("outcome", "reward", "about")}
    arrow: dict[str, Any] = {"on": "ended", "to": to, "assign": assign}
    return arrow if to == "ended" else {**arrow, "when": f'event.outcome == "{to}"'}
