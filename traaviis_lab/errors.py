"""Every error this house raises, in one tree.

* LabError
  - DefinitionError      the chart, expression or effect as written cannot work (also ValueError)
    + MarkedError        the same, told as the document with its mistakes marked
  - ExpressionError      a guard or an assignment could not be computed (also ValueError)
  - EventRefused         a run has no way to take this event now
  - RunawayChart         eventless transitions never settle
  - RunNotFound          no run of this id (also KeyError)
  - EffectError          the outside world failed
    + EffectTimeout      it took too long (also TimeoutError)
    + NoHandler          nobody here can perform this effect
    + CircuitOpen        a circuit breaker lets nobody through for a while
    + BulkheadFull       as many as may are under way, and as many as may wait
    + RetriesSpent       every attempt of a retry failed
    + ApiFailed          a service answered with a failure, or could not be asked
      - NoAnswer         it could not be reached, or broke off (also ConnectionError)
    + ModelFailed        a model could not be asked, or its answer cannot be used
      - AnswerUnfit      its answer does not fit the schema, also after repairs
      - CassetteMiss     no answer was recorded for this request
    + ToolFailed         a tool said that it failed, or could not be called
  - JournalError         the journal could not be read or written
    + JournalConflict    this position of a run is taken, or one before it is missing
    + JournalLocked      another living process owns this journal file or this run
    + ChainBroken        a fact does not follow from the one before it, or bytes are lost
    + IndexUnusable      the DuckDB index cannot be used as it is; the log is not touched by that
  - BudgetExceeded       a call was not made: a hard budget does not cover it
  - PermissionDenied     this lab does not allow it (also PermissionError)
  - ResultMissing        a fork asks for an effect whose result no record has
  - Diverged             a replay parts from the record
  - LayoutFailed         the layout program could not place a graph; a simpler one may do
  - NotInstalled         an optional extra is missing (also ImportError)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class LabError(Exception):
    """Root of the tree. `message` says what happened; `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(hint)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the hint, so that an error survives the way between processes."""
        return _revive, (type(self), self.message, self.hint)

    def __str__(self) -> str:
        """The message alone, also where a second base (KeyError) would quote it."""
        return self.message

    def to_json(self) -> dict[str, Any]:
        """The error as the journal keeps it: `{kind, message, hint}`."""
        return {"kind": type(self).__name__, "message": self.message, "hint": self.hint}


def _revive(kind: type[LabError], message: str, hint: str) -> LabError:
    return kind(message, hint=hint)


class DefinitionError(LabError, ValueError):
    """The chart, expression or effect as written cannot work."""


class MarkedError(DefinitionError):
    """A document with mistakes. Its message is the document, with the lines marked in colour."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback, which would say nothing of the document."""
        return self.message.splitlines()


class ExpressionError(LabError, ValueError):
    """A guard or an assignment could not be computed from the data it met."""


class EventRefused(LabError):
    """No transition takes this event in the states that are active now."""


class RunawayChart(LabError):
    """Eventless transitions or raised events kept firing and the chart never settled."""


class RunNotFound(LabError, KeyError):
    """There is no run of this id here."""


class EffectError(LabError):
    """Something outside the machine failed."""


class EffectTimeout(EffectError, TimeoutError):
    """An effect did not finish in its time."""


class RetriesSpent(EffectError):
    """Every attempt of a retry failed; the last failure is in its chain."""


class NoHandler(EffectError):
    """Nobody here can perform this effect."""


class CircuitOpen(EffectError):
    """What was to be asked kept failing, and its circuit breaker lets nobody through now."""


class BulkheadFull(EffectError):
    """As many as may are under way, and as many as may wait do so."""


class ApiFailed(EffectError):
    """A service answered with a failure, with more than it may, or could not be asked.

    `status` is the HTTP status it answered with, None where there was no answer.
    """

    def __init__(self, message: str, *, hint: str = "", status: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the status."""
        return _with_status, (type(self), self.message, self.hint, self.status)

    def to_json(self) -> dict[str, Any]:
        """As every error, and the status where there is one."""
        plain = super().to_json()
        return plain if self.status is None else {**plain, "status": self.status}


class NoAnswer(ApiFailed, ConnectionError):
    """A service could not be reached, or the connection broke before its answer was whole."""


def _with_status(kind: Any, message: str, hint: str, status: int | None) -> Any:
    return kind(message, hint=hint, status=status)


class ModelFailed(EffectError):
    """A model could not be asked, or what it answered cannot be used.

    `status` is the HTTP status its provider answered with, None where there was none.
    """

    def __init__(self, message: str, *, hint: str = "", status: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the status."""
        return _with_status, (type(self), self.message, self.hint, self.status)

    def to_json(self) -> dict[str, Any]:
        """As every error, and the status where there is one."""
        plain = super().to_json()
        return plain if self.status is None else {**plain, "status": self.status}


class AnswerUnfit(ModelFailed):
    """A model's answer does not fit the schema it was given, also after it was told so."""


class CassetteMiss(ModelFailed):
    """A cassette has no answer to this request; the message shows the nearest one it has."""


class ToolFailed(EffectError):
    """A tool said that it failed, could not be called, or answered what cannot be used."""


class BudgetExceeded(LabError):
    """A call was not made, since a hard budget does not cover it.

    `budget` is the budget's name, `limit` what it allows of `unit` (`usd`, `tokens`, `calls`,
    `seconds`), `spent` what is spent or set aside of that and `asked` what the call may need;
    None where that is not known. `model` says what was to be called.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        budget: str = "",
        unit: str = "",
        limit: float | None = None,
        spent: float | None = None,
        asked: float | None = None,
        model: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.budget, self.unit, self.model = budget, unit, model
        self.limit, self.spent, self.asked = limit, spent, asked

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the numbers."""
        return _exceeded, (self.message, self.hint, self._numbers())

    def to_json(self) -> dict[str, Any]:
        """As every error, and the numbers where a budget is named."""
        plain = super().to_json()
        return {**plain, **self._numbers()} if self.budget else plain

    def _numbers(self) -> dict[str, Any]:
        names = ("budget", "unit", "limit", "spent", "asked", "model")
        return {name: getattr(self, name) for name in names}


def _exceeded(message: str, hint: str, numbers: Mapping[str, Any]) -> BudgetExceeded:
    return BudgetExceeded(message, hint=hint, **numbers)


class JournalError(LabError):
    """The journal could not be read or written."""


class JournalConflict(JournalError):
    """A position of a run is already taken, or one before it is missing."""


class JournalLocked(JournalError):
    """Another living process owns this journal file or this run."""


class ChainBroken(JournalError):
    """A fact does not follow from the one before it, or bytes of the log are lost."""


class IndexUnusable(JournalError):
    """The DuckDB index cannot be used as it is; a rebuild from the log makes it good again.

    `reason` is `damaged`, `unclean` (the machine stopped while it was open), `older` or `newer`
    (another schema), `foreign` (a DuckDB database of something else) or `stranger` (no DuckDB
    database at all). The last two may be somebody's own file.
    """

    def __init__(self, message: str, *, hint: str = "", reason: str = "damaged") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the reason."""
        return _unusable, (self.message, self.hint, self.reason)


def _unusable(message: str, hint: str, reason: str) -> IndexUnusable:
    return IndexUnusable(message, hint=hint, reason=reason)


class PermissionDenied(LabError, PermissionError):
    """This lab does not allow it; the hint says what would."""


class ResultMissing(LabError):
    """A fork asks for an effect that it may not perform, and no record has a result left for it."""


class Diverged(LabError):
    """A replay parts from the record.

    `run` and `seq` say where; `expected` is what the record says of that fact and `actual` what
    came now. `differences` lists the places where they differ: `{path, expected, actual}`, without
    the side that has nothing there. `cause` is the likely one: `{kind, text, where}`, of kind
    "chart", "impure", "result" or "record". Where a snapshot meets a chart that it is not of, only
    the message and the hint are there.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        run: str = "",
        seq: int = 0,
        expected: Any = None,
        actual: Any = None,
        differences: Sequence[Mapping[str, Any]] = (),
        cause: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.run, self.seq, self.expected, self.actual = run, seq, expected, actual
        self.differences = [dict(one) for one in differences]
        self.cause = dict(cause or {})

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with all that was found."""
        found = (self.run, self.seq, self.expected, self.actual, self.differences, self.cause)
        return _diverged, (self.message, self.hint, *found)

    def to_json(self) -> dict[str, Any]:
        """As every error, and all that was found where a run was replayed."""
        plain = super().to_json()
        if not self.seq:
            return plain
        names = ("run", "seq", "expected", "actual", "differences", "cause")
        return {**plain, **{name: getattr(self, name) for name in names}}


def _diverged(message: str, hint: str, *found: Any) -> Diverged:
    names = ("run", "seq", "expected", "actual", "differences", "cause")
    return Diverged(message, hint=hint, **dict(zip(names, found, strict=True)))


class LayoutFailed(LabError):
    """The layout program could not place a graph; a simpler graph may do."""


class NotInstalled(LabError, ImportError):
    """An optional extra is needed. The hint holds the pip line."""
