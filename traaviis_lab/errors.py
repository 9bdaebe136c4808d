"""Every error this house raises, in one tree.

* LabError
  - DefinitionError      the chart, expression or effect as written cannot work (also ValueError)
  - ExpressionError      a guard or an assignment could not be computed (also ValueError)
  - EventRefused         a run has no way to take this event now
  - RunawayChart         eventless transitions never settle
  - RunNotFound          no run of this id (also KeyError)
  - EffectError          the outside world failed
    + EffectTimeout      it took too long (also TimeoutError)
    + NoHandler          nobody here can perform this effect
  - JournalError         the journal could not be read or written
    + JournalConflict    this position of a run is taken, or one before it is missing
    + JournalLocked      another living process owns this journal file or this run
    + ChainBroken        a fact does not follow from the one before it, or bytes are lost
    + IndexUnusable      the DuckDB index cannot be used as it is; the log is not touched by that
  - Diverged             a replay parts from the record
  - LayoutFailed         the layout program could not place a graph; a simpler one may do
  - NotInstalled         an optional extra is missing (also ImportError)
"""

from __future__ import annotations

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

    def to_json(self) -> dict[str, str]:
        """The error as the journal keeps it: `{kind, message, hint}`."""
        return {"kind": type(self).__name__, "message": self.message, "hint": self.hint}


def _revive(kind: type[LabError], message: str, hint: str) -> LabError:
    return kind(message, hint=hint)


class DefinitionError(LabError, ValueError):
    """The chart, expression or effect as written cannot work."""


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


class NoHandler(EffectError):
    """Nobody here can perform this effect."""


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


class Diverged(LabError):
    """A replay parts from the record."""


class LayoutFailed(LabError):
    """The layout program could not place a graph; a simpler graph may do."""


class NotInstalled(LabError, ImportError):
    """An optional extra is needed. The hint holds the pip line."""
