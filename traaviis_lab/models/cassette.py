"""Answers of models on file: recorded once, replayed ever after with nobody asked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from traaviis_lab.errors import CassetteMiss, DefinitionError, LabError

from .canonical import canonical_request, request_key
from .cassette_file import CassetteFile, bless
from .nearest import differences, nearest
from .port import Provider, Request
from .recorded import Recorded
from .taped import Taped

_LOGGER = logging.getLogger("traaviis_lab")
_SHOWN = 5
Mode = Literal["auto", "record", "replay"]


class Place(NamedTuple):
    """Where an answer stands or will stand: by its question, and the how-manieth of its kind."""

    said: dict[str, Any]
    question: str
    n: int
    recorded: Recorded | None


class Cassette:
    """Records what models answer, and answers the same when the same is asked again.

    The n-th of those that ask the same gets the n-th answer that was recorded for it, counted
    anew with each `Cassette`. In `replay` nobody is asked, and what is not recorded is a
    `CassetteMiss`. In `auto` that is asked and recorded; in `record` everything is, and nothing
    replayed. What was recorded before stays in the file until a new answer takes its place.

    Answers and failures with a status are kept, but no refusals of a key (401, 403).

    Args:
        path: the file, JSON lines; made with its folder when something is recorded.
        mode: `auto`, `record` or `replay`.
        repeat_last: give the last answer again and again where no further one is recorded.
        paced: take as long as it took then.
        strike: takes the secrets out of a JSON value, before anything is looked up or written.
        now: the time, for `recorded_at`.
    """

    def __init__(
        self,
        path: str | Path,
        mode: Mode = "auto",
        *,
        repeat_last: bool = False,
        paced: bool = False,
        strike: Callable[[Any], Any] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not isinstance(path, str | Path) or not str(path):
            raise DefinitionError(
                f"{path!r} is no path of a cassette.", hint="Name a file, such as 'talk.jsonl'."
            )
        if mode not in get_args(Mode):
            raise DefinitionError(
                f"mode={mode!r} is none of a cassette.",
                hint="Use 'auto', 'record' or 'replay'.",
            )
        self.path, self.mode = Path(path), mode
        self.repeat_last, self.paced = repeat_last, paced
        self._strike, self._now = strike, now
        self._file = CassetteFile(self.path)
        self._given: dict[str, set[int]] = {}
        self._last: tuple[Request | None, str, dict[str, Any], str] = (None, "", {}, "")
        if mode == "replay" and not self.path.expanduser().exists():
            raise DefinitionError(
                f"There is no cassette {self.path} to replay.",
                hint="mode='auto' asks the model once and records it.",
            )
        self._load()

    def __repr__(self) -> str:
        return f"<Cassette {self.path}: {len(self)} answers, {self.mode}>"

    def __len__(self) -> int:
        return sum(len(answers) for answers in self._answers.values())

    @property
    def replays(self) -> bool:
        """Whether it answers from the file."""
        return self.mode != "record"

    @property
    def records(self) -> bool:
        """Whether it asks and writes what is not in the file."""
        return self.mode != "replay"

    def models(self) -> list[str]:
        """The models that it has answers of, as `provider/model`."""
        return sorted(self._models)

    def answers_for(self, name: str) -> bool:
        """Whether it answers for this model, if nobody else does; in `replay` for every one."""
        return self.replays and (self.holds(name) or not self.records)

    def holds(self, name: str) -> bool:
        """Whether it has any answer of this model."""
        return name in self._models

    def streamed(self, name: str) -> bool:
        """Whether an answer of this model was recorded as a stream."""
        return self._models.get(name, False)

    def wrap(self, provider: Provider | None, name: str) -> Taped:
        """The model `name` by way of this cassette; without a provider, from the file alone."""
        return Taped(self, provider, name)

    def close(self) -> None:
        """Have what was recorded on disk, and let others record. It can be used again."""
        self._file.close()

    @staticmethod
    def bless(path: str | Path) -> int:
        """Accept what was changed in the file by hand; how many answers that were.

        Those say from then on that they are edited. Raises `DefinitionError` for what cannot be
        read as answers.
        """
        return bless(Path(path).expanduser())

    def peek(self, name: str, request: Request) -> Recorded | None:
        """What this request would be answered with from the file; None: it would be asked."""
        question = self._question(name, request)[1]
        return self._next_of(question, request.max_tokens) if self.replays else None

    def take(self, name: str, request: Request, may_ask: bool) -> Place:
        """Give this request its place. Raises `CassetteMiss` if it has none and may not ask."""
        said, question = self._question(name, request)
        if self.replays:
            found = self._next_of(question, request.max_tokens)
            if found is None and self.repeat_last and not (self.records and may_ask):
                found = max(self._fitting(question, request.max_tokens), default=None, key=_nth)
            if found is not None:
                self._given.setdefault(question, set()).add(found.n)
                return Place(said, question, found.n, found)
        if not (self.records and may_ask):
            raise self._miss(name, said, question, request.max_tokens)
        if self._file.own():  # before anything is paid for; another may have recorded it
            self._load()
            return self.take(name, request, may_ask)
        known = self._answers.get(question, {}) if self.replays else {}
        n = self._next.get(question, max(known, default=0) + 1)
        self._next[question] = n + 1
        return Place(said, question, n, None)

    def keep(self, place: Place, answer: dict[str, Any], seconds: float) -> str:
        """Write down what was answered; "" or why that could not be done."""
        try:
            at = self._now().isoformat(timespec="seconds")
            kept = Recorded(place.said, place.n, self._clean(answer), at, round(seconds, 3))
            self._file.add(kept)
        except (LabError, OSError) as error:
            _LOGGER.error("%s: an answer was not recorded: %s", self.path, error)
            return str(error)
        self._given.setdefault(place.question, set()).add(place.n)
        self._take_in(kept, place.question)
        return ""

    def give_back(self, place: Place) -> None:
        """This request was not answered: its place is free, if none came after it."""
        if self._next.get(place.question) == place.n + 1:
            self._next[place.question] = place.n

    def _next_of(self, question: str, max_tokens: int) -> Recorded | None:
        """The first answer that nobody got yet: under the same limit, else under one that fits."""
        given = self._given.get(question, ())
        left = [one for one in self._fitting(question, max_tokens) if one.n not in given]
        return min(left, default=None, key=lambda one: (one.max_tokens != max_tokens, one.n))

    def _fitting(self, question: str, max_tokens: int) -> list[Recorded]:
        """The answers that would have been the same under this limit.

        A budget that is about a call limits it; so a recording serves with and without one.
        """
        return [one for one in self._answers.get(question, {}).values() if one.fits(max_tokens)]

    def _question(self, name: str, request: Request) -> tuple[dict[str, Any], str]:
        seen, its_name, said, question = self._last  # what is counted is asked next
        if seen is not request or its_name != name:
            said = self._struck(canonical_request(name, request))
            try:
                question = request_key(said)
            except DefinitionError as error:
                raise DefinitionError(
                    f"A request to {name!r} cannot be recorded: {error}", hint=error.hint
                ) from None
            self._last = (request, name, said, question)
        return said, question

    def _struck(self, value: dict[str, Any]) -> dict[str, Any]:
        if self._strike is None:
            return value
        struck: dict[str, Any] = self._strike(value)
        return struck

    def _clean(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer without secrets, also without one that came in several pieces."""
        chunks = answer.get("chunks")
        if not chunks or self._strike is None:
            return self._struck(answer)
        whole = "".join(chunks)
        if (struck := self._strike(whole)) != whole:
            answer = {**answer, "chunks": [struck]}
        return self._struck(answer)

    def _load(self) -> None:
        self._answers: dict[str, dict[int, Recorded]] = {}
        self._models: dict[str, bool] = {}
        self._next: dict[str, int] = {}
        for one in self._file.read():
            self._take_in(one, one.key)

    def _take_in(self, one: Recorded, question: str) -> None:
        self._answers.setdefault(question, {})[one.n] = one
        name = one.request["model"]
        self._models[name] = self._models.get(name, False) or one.chunks is not None

    def _miss(
        self, name: str, said: dict[str, Any], question: str, max_tokens: int
    ) -> CassetteMiss:
        known = len(self._fitting(question, max_tokens))
        if known:
            times = "once" if known == 1 else f"{known} times"
            why = f"It was recorded {times}, and is asked once more now."
        else:
            every = (one.request for answers in self._answers.values() for one in answers.values())
            near = nearest(said, every)
            why = "Nothing is recorded in it." if near is None else _told_apart(near, said)
        how = "have a provider that may be asked" if self.records else "open it with mode='auto'"
        more = ", or repeat_last=True gives the last answer again" if known else ""
        return CassetteMiss(
            f"{self.path} has no answer to this request to {name!r}. {why}",
            hint=f"Ask as it was recorded{more}; or {how} to ask the model and record it.",
        )


def _nth(one: Recorded) -> int:
    return one.n


def _told_apart(near: Any, said: dict[str, Any]) -> str:
    apart = differences(near, said)
    shown = list(islice(apart, _SHOWN))
    rest = sum(1 for _ in apart)
    more = f"; and {rest} more" if rest else ""
    return f"The nearest it has differs in {'; '.join(shown)}{more}."
