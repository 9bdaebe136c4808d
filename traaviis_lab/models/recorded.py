"""A recorded answer as a line of a cassette, there and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, get_args

from traaviis_lab.cost import Usage
from traaviis_lab.errors import DefinitionError, LabError, ModelFailed
from traaviis_lab.machine.canonical import canonical_json

from .canonical import request_key
from .port import Answer, Finish

_ANSWER = {"text": str, "tool_calls": list, "finish": str, "model": str, "provenance": dict}
_FAILURE = {"kind": str, "message": str, "hint": str, "status": int}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One question and what came back: an answer, or a failure.

    Args:
        request: the canonical request.
        n: the how-manieth of those that ask the same.
        answer: the answer as JSON, with `chunks` where it was streamed; or `{"error": ...}`.
        recorded_at: when, as ISO 8601.
        seconds: how long it took.
        edited: whether somebody changed it by hand and stands by that.
    """

    request: Mapping[str, Any]
    n: int
    answer: Mapping[str, Any]
    recorded_at: str
    seconds: float = 0.0
    edited: bool = False

    @property
    def key(self) -> str:
        """What the request is found by."""
        return request_key(dict(self.request))

    @property
    def chunks(self) -> list[str] | None:
        """The pieces it came in; None where it was not streamed."""
        return self.answer.get("chunks")

    @property
    def tokens_in(self) -> int | None:
        """What the provider counted in the request; None where it did not tell."""
        found: int | None = (self.answer.get("usage") or {}).get("tokens_in")
        return found

    @property
    def max_tokens(self) -> int:
        """How many tokens it was allowed to answer with; 0: as many as it was used to."""
        most: int = self.request.get("max_tokens", 0)
        return most

    def fits(self, max_tokens: int) -> bool:
        """Whether the same would have come with this limit as well."""
        if "error" in self.answer or self.max_tokens == max_tokens:
            return True
        said = (self.answer.get("usage") or {}).get("tokens_out")
        is_within = not max_tokens or (said is not None and said <= max_tokens)
        return is_within and self.answer.get("finish", "stop") != "length"

    def to_line(self) -> bytes:
        """The line: RFC 8785 JSON with the hash of itself, and a line end."""
        said = {
            "request": self.request,
            "n": self.n,
            "answer": self.answer,
            "recorded_at": self.recorded_at,
            "seconds": self.seconds,
            **({"edited": True} if self.edited else {}),
        }
        return canonical_json({**said, "sha256": line_hash(said)}) + b"\n"

    @classmethod
    def from_json(cls, line: Any) -> Recorded:
        """The line's content, checked but for its hash. Raises `DefinitionError`."""
        fields = {field.name for field in dataclasses.fields(cls)}
        _hold(isinstance(line, dict), "it is no object")
        said = {key: value for key, value in line.items() if key != "sha256"}
        _hold(set(said) <= fields, f"it has {', '.join(sorted(set(said) - fields))}")
        missing = fields - {"seconds", "edited"} - set(said)
        _hold(not missing, f"it has no {', '.join(sorted(missing))}")
        _hold(type(said["n"]) is int and said["n"] > 0, f"n is {said['n']!r}")
        _hold(isinstance(said["recorded_at"], str), "recorded_at is no text")
        _hold(isinstance(said.get("seconds", 0), int | float), "seconds is no number")
        _hold(isinstance(said.get("edited", False), bool), "edited is neither true nor false")
        request, answer = said["request"], said["answer"]
        _hold(isinstance(request, dict), "request is no object")
        _hold(isinstance(request.get("model"), str), "request.model is no text")
        _hold(isinstance(request.get("messages"), list), "request.messages is no list")
        _hold(type(request.get("max_tokens", 0)) is int, "request.max_tokens is no number")
        _hold(isinstance(answer, dict), "answer is no object")
        if "error" in answer:
            _check_failure(answer["error"])
        else:
            _check_answer(answer)
        _check_chunks(answer)
        return cls(**said)

    def give(self) -> Answer:
        """The answer, its provenance saying that it is recorded. Raises the failure that was."""
        error = self.answer.get("error")
        if error is not None:
            again = f"{error['hint']} " if error["hint"] else ""
            raise not_sent(
                ModelFailed(
                    error["message"],
                    hint=f"{again}This failure was recorded on {self.recorded_at[:10]}.",
                    status=error.get("status"),
                )
            )
        said = self.answer
        usage = said.get("usage")
        return Answer(
            text=said["text"],
            tool_calls=tuple(said.get("tool_calls", ())),
            finish=said.get("finish", "stop"),
            usage=None if usage is None else Usage.from_json(usage),
            model=said.get("model", ""),
            provenance=self._provenance(),
        )

    def _provenance(self) -> dict[str, Any]:
        then = dict(self.answer.get("provenance", {}))
        source = then.pop("source", "")
        now = {"source": "recorded", "recorded_source": source, "recorded_at": self.recorded_at}
        if (cost := self.answer.get("cost_usd")) is not None:
            now["cost_usd"] = cost
        if self.seconds:
            now["recorded_seconds"] = self.seconds
        if self.edited:
            now["edited"] = True
        return {**then, **now}


def not_sent(error: ModelFailed) -> ModelFailed:
    """The error, saying that nothing was sent to a model, so that nothing is paid for it."""
    error.sent = False  # type: ignore[attr-defined]
    return error


def line_hash(said: Mapping[str, Any]) -> str:
    """The sha256 of a line without its hash, in hex."""
    return sha256(canonical_json(said)).hexdigest()


def answer_json(answer: Answer, chunks: list[str] | None) -> dict[str, Any]:
    """An answer as a cassette keeps it."""
    said: dict[str, Any] = {"text": answer.text, "finish": answer.finish}
    if answer.tool_calls:
        said["tool_calls"] = [dict(call) for call in answer.tool_calls]
    if answer.usage is not None:
        said["usage"] = answer.usage.to_json()
    if answer.cost_usd is not None:
        said["cost_usd"] = answer.cost_usd
    if answer.model:
        said["model"] = answer.model
    if answer.provenance:
        said["provenance"] = dict(answer.provenance)
    if chunks is not None:
        said["chunks"] = chunks
    return said


def failure_json(error: LabError, chunks: list[str] | None) -> dict[str, Any]:
    """A failure as a cassette keeps it."""
    said: dict[str, Any] = {"error": error.to_json()}
    if chunks:
        said["chunks"] = chunks
    return said


def _check_answer(answer: dict[str, Any]) -> None:
    _hold("text" in answer, "answer has no text")
    for name, kind in _ANSWER.items():
        right = isinstance(answer.get(name, kind()), kind)
        _hold(right, f"answer.{name} is {answer.get(name)!r}")
    finish = answer.get("finish", "stop")
    _hold(finish in get_args(Finish), f"answer.finish is {finish!r}")
    calls = answer.get("tool_calls", [])
    _hold(all(isinstance(call, dict) for call in calls), "answer.tool_calls has no calls")
    cost = answer.get("cost_usd", 0)
    is_price = isinstance(cost, int | float) and not isinstance(cost, bool) and cost >= 0
    _hold(is_price, f"answer.cost_usd is {cost!r}")
    usage = answer.get("usage", {})
    _hold(isinstance(usage, dict), f"answer.usage is {usage!r}")
    Usage.from_json(usage)


def _check_failure(error: Any) -> None:
    _hold(isinstance(error, dict), "answer.error is no object")
    for name, kind in _FAILURE.items():
        value = error.get(name, kind())
        _hold(value is None or isinstance(value, kind), f"answer.error.{name} is {value!r}")
    _hold({"message", "hint"} <= set(error), "answer.error has no message or hint")
    _hold(None not in (error["message"], error["hint"]), "answer.error says nothing")


def _check_chunks(answer: dict[str, Any]) -> None:
    chunks = answer.get("chunks", [])
    texts = isinstance(chunks, list) and all(isinstance(one, str) for one in chunks)
    _hold(texts, "answer.chunks are no texts")


def _hold(is_right: bool, otherwise: str) -> None:
    if not is_right:
        raise DefinitionError(otherwise)
