"""Write a transcript down as the facts of a run, by the same turns that a live run takes.

Nothing is performed and nothing waits: the chart asks for no effects, and time is what the
transcript says, or one microsecond after the fact before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from traaviis_lab.journal import Fact
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Event, Snapshot
from traaviis_lab.runtime.bodies import Texts
from traaviis_lab.runtime.run import Run
from traaviis_lab.runtime.standing import NO_TREES, NOTHING_UNDER_WAY
from traaviis_lab.runtime.turn import Turn as Decided

from .charting import Drawn
from .messages import Message, Transcript, amount, clean, fit
from .turns import Turn


class Scribe:
    """Stands where a turn expects its run, and keeps the facts instead of writing them."""

    def __init__(self, drawn: Drawn, texts: Texts, run: str, tenant: str, at: int) -> None:
        self.id, self.tenant, self.texts, self.drawn = run, tenant, texts, drawn
        self.seq = 0
        self.snapshot = Snapshot(frozenset())
        self.timers: Mapping[str, int] = {}
        self.pending = NOTHING_UNDER_WAY
        self.trees = NO_TREES
        self.calls: Mapping[str, Any] = {}
        self.facts: list[Fact] = []
        self.at = at - 1

    @property
    def chart(self) -> Any:
        """The chart it runs on."""
        return self.drawn.chart

    @property
    def engine(self) -> Scribe:
        """Itself: all that a turn asks of an engine here is its clock."""
        return self

    @property
    def clock(self) -> Scribe:
        """Itself, too."""
        return self

    def now(self) -> int:
        """The time of the fact that is being written."""
        return self.at

    def write(self, transcript: Transcript, turns: list[Turn], prompt: str | None) -> list[Fact]:
        """The facts of the whole run, from its start to its end."""
        origin = {
            "format": transcript.format,
            "messages": len(transcript.messages),
            "times": "recorded" if transcript.timed else "import",
        }
        extra = b',"transcript":' + encode(origin)
        self._pass(None)
        self._decide(lambda turn: turn.begin({"prompt": prompt}, extra))
        for turn in turns:
            self._turn(turn)
        self._pass(None)
        self._send("ended", _end(transcript))
        return self.facts

    def _turn(self, turn: Turn) -> None:
        if turn.message is not None:
            self._model(turn.message)
        if turn.kind == "answered" and turn.answer is not None:
            self._tool(turn)
            data = {"answer": turn.answer.value, "failed": turn.answer.failed}
        elif turn.call is not None:
            data = {"arguments": turn.call.arguments}
            if turn.together > 1:
                data["together"] = turn.together
        else:
            data = {"text": clean(turn.text)}
        self._pass(turn.at)
        self._send(self.drawn.event(turn), data)

    def _model(self, message: Message) -> None:
        """The fact that a model answered, where the transcript says more of it than the answer.

        What it does not say stays unknown.
        """
        if not (message.model or message.tokens_in or message.tokens_out or message.cost_usd):
            return
        self._pass(message.at)
        model, took = clean(message.model), _took(message.began, message.at)
        self._aside(
            Fact(
                self.id, 0, 0, "", "model.called", model, self.seq, encode({}),
                model=model, tokens_in=message.tokens_in, tokens_out=message.tokens_out,
                cost_usd=message.cost_usd, duration_us=took,
            )
        )  # fmt: skip

    def _tool(self, turn: Turn) -> None:
        """The fact that a tool answered."""
        assert turn.call is not None
        assert turn.answer is not None
        answer = turn.answer
        body = encode({"failed": True} if answer.failed else {})
        took = _took(answer.began, answer.at)
        self._pass(answer.at)
        self._aside(
            Fact(
                self.id,
                0,
                0,
                "",
                "tool.called",
                clean(turn.call.tool),
                self.seq,
                body,
                duration_us=took,
            )
        )

    def _pass(self, at: int | None) -> None:
        """Let time go on: to `at` where it is known and not past, else by a microsecond."""
        self.at = self.at + 1 if at is None else max(self.at, at)

    def _aside(self, fact: Fact) -> None:
        self.seq += 1
        state = self.texts.state(self.snapshot.active)[0]
        self.facts.append(fact._replace(seq=self.seq, at=self.at, tenant=self.tenant, state=state))

    def _send(self, name: str, data: Mapping[str, Any]) -> None:
        self._decide(lambda turn: turn.take(Event(name, data)))

    def _decide(self, work: Callable[[Decided], Any]) -> None:
        turn = Decided(cast(Run, self))
        work(turn)
        self.facts.extend(turn.facts)
        self.seq, self.snapshot = turn.seq, turn.snapshot
        self.timers, self.pending, self.calls = turn.timers, turn.pending, turn.calls
        self.trees = turn.trees


def _end(transcript: Transcript) -> dict[str, Any]:
    """How it went. Said at the end, so that runs of one task do not differ from the start."""
    return {
        "outcome": fit(transcript.outcome),
        "reward": amount(transcript.reward),
        "about": fit(dict(transcript.about)),
    }


def _took(began: int | None, at: int | None) -> int | None:
    return None if began is None or at is None else max(0, at - began)
