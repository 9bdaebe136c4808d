"""The debugger's widget: two tracks, a tree of forks, and what a person asks of them."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from traaviis_lab.errors import LabError
from traaviis_lab.widgets.base import LabWidgetBase
from traaviis_lab.widgets.commands import Answer
from traaviis_lab.widgets.pump import the_pump

from .obey import obey
from .picture import static_picture
from .subject import Subject, subject_of
from .track import Track
from .tree import Tree

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab, Recording, Run


class DebugWidget(LabWidgetBase):
    """The debugger of one run. Every display of it shows the same widget: `DebugWidget.of(run)`."""

    mode = traitlets.Unicode("debug").tag(sync=True)
    boot = traitlets.Dict().tag(sync=True, to_json=lambda _boot, widget: widget.first_words())

    def __init__(self, thing: Run | Recording) -> None:
        subject = subject_of(thing)
        self.tracks: dict[str, Track] = {"a": Track("a", subject, self)}
        self.tree = Tree(subject, _to(self))
        self.compared: dict[str, Any] | None = None
        super().__init__()

    @classmethod
    def of(cls, thing: Run | Recording) -> DebugWidget:
        """The debugger of this run, made when it is first asked for or was closed."""
        with _LOCK:
            shown = _SHOWN.setdefault(thing.lab, weakref.WeakValueDictionary())
            known = shown.get(thing.id)
            if known is None or known.comm is None or known.subject("a").id != thing.id:
                known = shown[thing.id] = cls(thing)
            return known

    def subject(self, track: str) -> Subject:
        """The run on a track. Raises `LabError` if the track is empty."""
        return self.track(track).subject

    def track(self, name: str) -> Track:
        """A track. Raises `LabError` if it is empty."""
        found = self.tracks.get(name)
        if found is None:
            raise LabError(f"There is no run on track {name!r}.", hint="Open one: track.")
        return found

    def put_on(self, name: str, thing: Run | Recording | None) -> None:
        """Open a run on a track, None closes it; the browser is told."""
        new = None if thing is None else Track(name, subject_of(thing), self)
        old = self.tracks.pop(name, None)
        if old is not None:
            old.close()
        self.compared = None
        if new is None:
            self.send_soon({"type": "track", "track": name, "run": None})
            return
        self.tracks[name] = new
        if name == "a":
            self.tree.close()
            self.tree = Tree(new.subject, _to(self))
        new.send_whole()
        self.send_soon(self.tree.whole())

    def first_words(self) -> dict[str, Any]:
        """All there is to say, as the trait `boot`: the first message with the others in `more`."""
        first, *others = (self.tracks[name] for name in sorted(self.tracks))
        opening = first.whole()  # before its rows: they go on from the words it tells
        more = [*first.at_hand(), first.stand(), self.tree.whole()]
        for other in others:
            more += [other.whole(), other.stand()]
        if self.compared is not None:
            more.append(self.compared)
        return {**opening, "more": more}

    def say_all(self) -> None:
        """Send all there is to say."""
        for name in sorted(self.tracks):
            self.tracks[name].send_whole()
        self.send_soon(self.tree.whole())
        if self.compared is not None:
            self.send_soon(self.compared)

    def compare(self) -> None:
        """Work out what differs between the tracks and send it. Takes its time."""
        tracks = left, right = self.track("a"), self.track("b")
        found = left.subject.seen().diff(right.subject.seen()).to_json()
        if tracks != (self.tracks.get("a"), self.tracks.get("b")):
            return  # others were opened meanwhile
        told = {**found, "type": "compare", "left": left.subject.id, "right": right.subject.id}
        self.compared = told
        self.send_soon(told)

    def send_soon(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a message behind those that are on their way."""
        mine = weakref.ref(self)

        def send() -> None:
            widget = mine()
            if widget is not None:
                widget.post(message, buffers)

        the_pump().post(send)

    def send_file(self, name: str, mime: str, body: bytes) -> None:
        """Have the browser download a file."""
        self.send_soon({"type": "file", "name": name, "mime": mime}, [body])

    def obey(self, what: str, command: Mapping[str, Any]) -> Answer:
        """Do what a person asked for."""
        return obey(self, what, command)

    def close(self) -> None:
        """Let go of the runs; what is on the screen stays as it is."""
        if "tree" in self.__dict__:  # else it never came to be
            for track in self.tracks.values():
                track.close()
            self.tree.close()
        super().close()

    def __repr__(self) -> str:
        track = self.tracks["a"]
        return f"<Debugger of run {track.subject.id}: {track.total:,} facts>"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_() or ({}, {})
        try:
            still = static_picture(self.subject("a").seen())
        except LabError:  # the lab is closed
            still = {}
        return {**data, **still}, metadata


def _to(widget: DebugWidget) -> Callable[[dict[str, Any]], None]:
    """`widget.send_soon` that does not keep the widget alive."""
    ref = weakref.ref(widget)

    def send(message: dict[str, Any]) -> None:
        widget = ref()
        if widget is not None:
            widget.send_soon(message)

    return send


_SHOWN: weakref.WeakKeyDictionary[Lab, weakref.WeakValueDictionary[str, DebugWidget]] = (
    weakref.WeakKeyDictionary()
)
_LOCK = threading.RLock()
