"""A model whose answers are written down beforehand: for tests, and to try a machine out."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from math import inf
from operator import is_
from typing import Any

from traaviis_lab.cost import Usage
from traaviis_lab.errors import DefinitionError, EffectTimeout, ModelFailed

from .counting import as_text, count_messages, count_text, split_text
from .port import Answer, Chunk, Count, Request

_KEPT = 1000
_PARTS = frozenset({"text", "tool_calls", "finish"})


class Scripted:
    """A `Provider` that answers from a list, one after the other, or by a function.

    An answer is a text; a mapping (`{text, tool_calls, finish}`, any other is answered as JSON
    text, as every mapping is where a schema is asked for); an `Answer`; or an exception, which
    is raised. Usage is counted by the rule of `counting.split_text`, not made up. `max_tokens`
    and `stop` cut what is answered.

    Args:
        answers: a list of answers, or a function of the `Request`, plain or async. A plain one
            runs on the engine's loop and should not take long.
        seconds_per_token: how long it takes for each token it answers.
        streams: whether it streams where a request does not say.
        tells_usage: False for one that keeps its usage to itself, as some servers do.

    Attributes:
        requests: what it was asked, the last 1,000.
    """

    source = "scripted"

    def __init__(
        self,
        answers: Iterable[Any] | Callable[[Request], Any],
        *,
        seconds_per_token: float = 0.0,
        streams: bool = False,
        tells_usage: bool = True,
    ) -> None:
        self._function: Callable[[Request], Any] | None = answers if callable(answers) else None
        self._answers = [] if callable(answers) else _checked(answers)
        self._given = 0
        self._pace, self._tells_usage = _pace(seconds_per_token), tells_usage
        self._streams = streams
        self._counted_last: tuple[tuple[Any, Any, Any], int] = ((None, None, None), 0)
        self.requests: deque[Request] = deque(maxlen=_KEPT)

    def __repr__(self) -> str:
        if self._function is not None:
            return f"<Scripted by {getattr(self._function, '__name__', 'a function')}>"
        return f"<Scripted: {self._given} of {len(self._answers)} answers given>"

    @property
    def streams(self) -> bool:
        """Whether it streams where a request does not say."""
        return self._streams

    def count(self, request: Request) -> Count:
        """The tokens of the rule, exactly those it tells of afterwards."""
        tokens = self._read(request)
        return Count(tokens, tokens, True, "counted by the rule for scripted models")

    async def complete(self, request: Request) -> Answer:
        """The next answer. Raises `ModelFailed` when there is none left, and what is scripted."""
        try:
            async with asyncio.timeout(request.timeout):
                answer = await self._answer(request)
                if self._pace:
                    await asyncio.sleep(self._pace * count_text(answer.text))
                return answer
        except TimeoutError as error:
            raise _late(error, request) from None

    async def stream(self, request: Request) -> AsyncIterator[Chunk | Answer]:
        """The next answer, token by token."""
        clock = asyncio.get_running_loop().time
        ends = clock() + request.timeout
        try:
            async with asyncio.timeout(request.timeout):
                answer = await self._answer(request)
        except TimeoutError as error:
            raise _late(error, request) from None
        for piece in split_text(answer.text):
            await asyncio.sleep(self._pace)
            if clock() > ends:
                raise _late(TimeoutError(), request)
            yield Chunk(piece)
        yield answer

    async def close(self) -> None:
        """Nothing to let go of."""

    def _read(self, request: Request) -> int:
        """The tokens of a request; what is counted is asked next."""
        asked = (request.messages, request.tools, request.schema)
        if not all(map(is_, asked, self._counted_last[0])):
            self._counted_last = (asked, count_messages(request, count_text))
        return self._counted_last[1]

    async def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        if request.max_tokens < 0:
            raise ModelFailed(
                f"max_tokens={request.max_tokens} is less than 0.",
                hint="Use a whole number from 1, or 0 for as many as the model is used to.",
                status=400,
            )
        given = self._next(request)
        if inspect.isawaitable(given):
            given = await given
        if isinstance(given, BaseException) or _is_failure(given):
            raise given
        return self._counted(_as_answer(given, request), request)

    def _next(self, request: Request) -> Any:
        if self._function is not None:
            try:
                return self._function(request)
            except GeneratorExit as error:  # of the function's own making: passed on as it is, it
                raise ModelFailed(  # would look as if nobody waited for the answer any more
                    f"The function of the script {self!r} raised GeneratorExit.",
                    hint="Let it answer, or raise an error.",
                ) from error
        if self._given == len(self._answers):
            raise ModelFailed(
                f"The script has no answer left: all {self._given} are given.",
                hint="Give Scripted more answers, or a function of the request.",
            )
        self._given += 1
        return self._answers[self._given - 1]

    def _counted(self, answer: Answer, request: Request) -> Answer:
        """The answer cut as was asked, with its usage and where it comes from."""
        model, provenance = answer.model or request.model, {"source": "scripted"}
        if answer.usage is not None:  # written with its usage: taken as it is written
            return replace(answer, model=model, provenance={**answer.provenance, **provenance})
        text, finish = _stopped(answer.text, request.stop), answer.finish
        pieces = split_text(text)
        if 0 < request.max_tokens < len(pieces):
            text, finish = "".join(pieces[: request.max_tokens]), "length"
        usage = None
        if self._tells_usage:
            out = count_text(text) + sum(count_text(as_text(one)) for one in answer.tool_calls)
            usage = Usage(self._read(request), out)
        provenance = {**answer.provenance, **provenance}
        return replace(
            answer, text=text, finish=finish, usage=usage, model=model, provenance=provenance
        )


def _as_answer(given: Any, request: Request) -> Answer:
    if isinstance(given, Answer):
        return given
    if isinstance(given, str):
        return Answer(given)
    if isinstance(given, Mapping):
        if request.schema or not given or not _PARTS.issuperset(given):
            return Answer(as_text(given))
        calls = tuple(
            {"id": f"call_{n}", "args": {}, **call}
            for n, call in enumerate(given.get("tool_calls", ()), 1)
        )
        finish = given.get("finish", "tool_calls" if calls else "stop")
        return Answer(given.get("text", ""), calls, finish)
    raise _unfit(given)


def _checked(answers: Any) -> list[Any]:
    if isinstance(answers, str | Mapping | Answer) or not isinstance(answers, Iterable):
        raise DefinitionError(
            f"Scripted({answers!r}) is neither a list of answers nor a function.",
            hint="Write Scripted(['yes', 'no']), or Scripted(lambda request: 'yes').",
        )
    listed = list(answers)
    for one in listed:
        if not isinstance(one, str | Mapping | Answer | Exception) and not _is_failure(one):
            raise _unfit(one)
    return listed


def _pace(seconds: Any) -> float:
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 0 <= seconds < inf:
        raise DefinitionError(
            f"seconds_per_token={seconds!r} is no time.", hint="A number of seconds from 0 on."
        )
    return float(seconds)


def _is_failure(given: Any) -> bool:
    return isinstance(given, type) and issubclass(given, Exception)


def _unfit(given: Any) -> DefinitionError:
    return DefinitionError(
        f"{given!r} is no scripted answer.",
        hint="An answer is a text, a mapping, an Answer, or an exception to raise.",
    )


def _stopped(text: str, stop: Iterable[str]) -> str:
    ends = [at for word in stop if word and (at := text.find(word)) >= 0]
    return text[: min(ends)] if ends else text


def _late(error: TimeoutError, request: Request) -> EffectTimeout:
    """What a script's own timeout is, or the one that was asked for."""
    if isinstance(error, EffectTimeout):
        return error
    return EffectTimeout(
        f"The scripted model did not answer within {request.timeout:g} s.",
        hint="Give the request more time, or the script less to do.",
    )
