"""Commands that look: pages, a search, another run on a track, differences and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError, RunNotFound
from traaviis_lab.widgets.commands import Answer, number_of, text_of

from .costs import told_costs
from .reading import search

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab, Recording, Run

    from .widget import DebugWidget

Command = Mapping[str, Any]


def say_all(widget: DebugWidget, _command: Command) -> Answer:
    """Say everything again, to a page that was reloaded."""
    widget.say_all()
    return None


def send_rows(widget: DebugWidget, command: Command) -> Answer:
    """A page of the index."""
    widget.track(track_of(command)).send_rows(number_of(command, "page"))
    return None


def send_page(widget: DebugWidget, command: Command) -> Answer:
    """A page of details."""
    widget.track(track_of(command)).send_page(number_of(command, "page"))
    return None


def search_facts(widget: DebugWidget, command: Command) -> Answer:
    """`{seqs, more}`: facts of some kinds, or that have a text in their name or body.

    Those after `after`, the first of them first; or those before `before`, the last first.
    """
    subject, text = widget.subject(track_of(command)), text_of(command, "text").strip()
    kinds, limit = _kinds(command), number_of(command, "limit", 200)
    after, before = number_of(command, "after", 0), number_of(command, "before", 0)
    if not text and not kinds:
        return {"seqs": [], "more": False}

    def find() -> dict[str, Any]:
        journal, place = subject.lab().journal, {"after": after, "before": before}
        seqs, more = search(journal, subject.id, text, kinds, limit, **place)
        return {"seqs": seqs, "more": more}

    return widget.work(find)


def open_track(widget: DebugWidget, command: Command) -> Answer:
    """Another run on a track, or none on track b. Two tracks are compared."""
    name, run = track_of(command), command.get("run")
    if run is None:
        if name == "a":
            raise LabError("Track a always shows a run.", hint="Close track b.")
        widget.put_on(name, None)
        return None
    return widget.work(lambda: _open(widget, name, text_of(command, "run")))


def compare(widget: DebugWidget, _command: Command) -> Answer:
    """The differences of both tracks."""
    widget.subject("b")
    return widget.work(widget.compare)


def why(widget: DebugWidget, command: Command) -> Answer:
    """`{text, facts, tree}`: what led to a value or a state."""
    subject, path = widget.subject(track_of(command)), text_of(command, "path")
    seq = number_of(command, "seq")
    return widget.work(lambda: dict(subject.seen().why(seq, path).to_json()))


def explain(widget: DebugWidget, command: Command) -> Answer:
    """`{findings}`: what went wrong, or differently from other runs."""
    subject = widget.subject(track_of(command))
    return widget.work(lambda: dict(subject.seen().explain().to_json()))


def costs(widget: DebugWidget, command: Command) -> Answer:
    """`{rows, notes}`: what was foreseen and what came up to a fact, by state, in words."""
    subject, seq = widget.subject(track_of(command)), number_of(command, "seq")
    return widget.work(lambda: told_costs(subject.seen().costs(seq)))


def track_of(command: Command) -> str:
    """The track a command is about, `a` where it names none."""
    name = command.get("track", "a")
    if name not in ("a", "b"):
        raise LabError(f"There is no track {name!r}.", hint="The tracks are 'a' and 'b'.")
    return str(name)


def find_run(lab: Lab, run: str) -> Run | Recording:
    """The live run, or its recording. Raises `RunNotFound`."""
    try:
        return lab.run(run)
    except RunNotFound:
        return lab.recording(run)


def _open(widget: DebugWidget, name: str, run: str) -> dict[str, Any]:
    widget.put_on(name, find_run(widget.subject("a").lab(), run))
    shown = [track.subject.id for track in widget.tracks.values()]
    if len(set(shown)) == 2:
        widget.compare()
    return {"run": run}


def _kinds(command: Command) -> list[str]:
    kinds = command.get("kinds") or []
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        raise LabError(f"kinds must be a list of kinds of facts, not {kinds!r}.")
    return kinds
