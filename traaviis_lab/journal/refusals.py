"""What the journal says when it does not take or cannot write a fact."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from traaviis_lab.errors import JournalConflict, JournalError

from .port import Fact


def again(error: JournalError) -> JournalError:
    """The same error anew, so that tracebacks do not pile up on one object."""
    return type(error)(error.message, hint=error.hint)


def check_text(fact: Fact) -> None:
    """Refuse what no line can hold, before anything is queued."""
    if b"\n" in fact.body:
        raise JournalError(
            f"The body of fact {fact.seq} of run {fact.run!r} has a line break.",
            hint="Write it with journal.encode.encode(value), which makes one line.",
        )
    try:
        "".join((fact.tenant, fact.kind, fact.name, fact.state, fact.effect, fact.model)).encode()
    except UnicodeEncodeError as error:
        raise JournalError(
            f"Fact {fact.seq} of run {fact.run!r} has a lone surrogate in one of its texts:"
            f" {error.object!r}.",
            hint="Decode the text with errors='replace'.",
        ) from None


def check_run(run: str) -> None:
    """Refuse a run's id that UTF-8 cannot hold, before it is claimed."""
    try:
        run.encode()
    except UnicodeEncodeError:
        raise JournalError(
            f"The run id {run!r} has a lone surrogate.", hint="Use an id that is plain text."
        ) from None


def conflict(run: str, seq: int, last: int) -> JournalConflict:
    """This seq of the run is taken, or one before it is missing."""
    if seq <= last:
        return JournalConflict(
            f"Seq {seq} of run {run!r} is taken; the run stands at {last}.",
            hint="Somebody else goes on with this run. Resume it to see where it stands.",
        )
    return JournalConflict(
        f"Seq {seq} of run {run!r} comes too early; the run stands at {last}.",
        hint=f"Append {last + 1} first: a run's facts have no gaps.",
    )


def failure(error: Exception, path: str, failed: Sequence[Fact], doubt: int) -> JournalError:
    """A batch could not be written or synced: `failed` are not in the log, `doubt` more facts are
    in it but perhaps not on the disk."""
    firsts: dict[str, int] = {}
    for fact in failed:
        firsts.setdefault(fact.run, fact.seq)
    safe = [f"{run} up to seq {seq - 1}" for run, seq in list(firsts.items())[:5]]
    more = f" and {len(firsts) - 5} more runs" if len(firsts) > 5 else ""
    told = (
        f"The journal could not be written ({path}: {error}). {len(failed)} facts are not in it."
        f" What was acknowledged before is safe: {', '.join(safe) or 'every run'}{more}."
    )
    if doubt:
        told += (
            f" {doubt} facts were written and not synced; reopening shows whether they are there."
        )
    return JournalError(told, hint=_cure(error))


def _cure(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "Free some space, then close this Lab, open it again and resume the runs."
    return "Close this Lab, see to the disk, then open it again and resume the runs."
