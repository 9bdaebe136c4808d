"""One run on a track of the debugger: its facts in windows, and news of it as they come."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import orjson

from traaviis_lab.errors import LabError
from traaviis_lab.journal import Fact
from traaviis_lab.widgets.drawing import chart_words
from traaviis_lab.widgets.pump import UIPump, the_pump

from .columns import Columns
from .pages import DETAIL, detail_page
from .reading import facts_between, overview
from .stand import TAIL, Stand
from .subject import Subject

PAGE = 4_096
"""Facts on a page of the index."""
MANY = 20 * PAGE
"""A run of more facts is first seen as an overview."""
MAX_AT_HAND = 256_000
"""Bytes of details that are put into the page with the widget."""
MAX_NEWS = 16_384
"""Facts pushed in one message."""


class Sink(Protocol):
    """Where messages to the browser go."""

    def post(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send one message. Called on the pump's thread."""


class Track:
    """One run as the debugger shows it. Facts are heard on any thread; the pump calls `flush`.

    Messages leave in the order in which they were made: each may hold words that later ones
    only number.
    """

    pause = 0.0

    def __init__(
        self, name: str, subject: Subject, sink: Sink, *, pump: UIPump | None = None
    ) -> None:
        self.name, self.subject = name, subject
        self._sink, self._pump = weakref.ref(sink), pump or the_pump()
        self._lock = threading.RLock()  # a widget may be collected, and close us, anywhere
        self._news: deque[Fact] = deque()
        lab = subject.lab()
        self._columns = Columns(subject.chart)
        self._ear = weakref.finalize(self, lab.dispatcher.subscribe(_weakly(self), run=subject.id))
        lab_gone = weakref.finalize(lab, _mark_weakly(weakref.ref(self)))
        weakref.finalize(self, lab_gone.detach)
        trail = subject.trail()
        self._info, self.total = trail.info, trail.seq
        tail = facts_between(trail.journal, subject.id, max(0, self.total - TAIL), self.total)
        self._stand = Stand(tail)
        self._now = self._stand.now(subject, self.total)
        self._face = {"run": subject.id, "tenant": subject.tenant, **chart_words(subject.chart)}

    def whole(self) -> dict[str, Any]:
        """The message that opens the track."""
        with self._lock:
            return self._whole()

    def stand(self) -> dict[str, Any]:
        """The message that says where the run stands."""
        with self._lock:
            return self._standing()

    def send_whole(self) -> None:
        """Send both."""
        with self._lock:
            self._say(self._whole())
            self._say(self._standing())

    def at_hand(self) -> list[dict[str, Any]]:
        """What lets a small run be seen without asking: its index, and its last details.

        Messages with their buffers in them; none for a long run, or where details are large.
        """
        if not 0 < self.total <= PAGE:
            return []
        trail = self.subject.trail()
        found = detail_page(trail, (self.total - 1) // DETAIL, self.total)
        if len(orjson.dumps(found)) > MAX_AT_HAND:
            return []
        facts = facts_between(trail.journal, trail.run, 0, self.total)
        with self._lock:
            rows, buffers = self._rows(facts)
        return [{**rows, "buffers": buffers}, {"type": "page", "track": self.name, **found}]

    def send_rows(self, page: int) -> None:
        """Send a page of the index. Raises `LabError` if there is none of this number."""
        trail, first = self.subject.trail(), page * PAGE + 1
        self._check(page, first)
        facts = facts_between(
            trail.journal, trail.run, first - 1, min(self.total, first + PAGE - 1)
        )
        with self._lock:
            self._say_rows(facts)

    def send_page(self, page: int) -> None:
        """Send a page of details. Raises `LabError` if there is none of this number."""
        self._check(page, page * DETAIL + 1)
        found = detail_page(self.subject.trail(), page, self.total)
        with self._lock:
            self._say({"type": "page", "track": self.name, **found})

    def hear(self, fact: Fact) -> None:
        """A fact of the run happened. Any thread; only takes note of it."""
        self._news.append(fact)
        self._pump.mark(self)

    def look(self) -> None:
        """Something else changed, say who drives the run."""
        self._pump.mark(self)

    def close(self) -> None:
        """Hear and say nothing more: the track's name may be another's now."""
        with self._lock:
            self._ear()

    def flush(self) -> None:
        """Send what has happened since the last time."""
        with self._lock:
            if not self._ear.alive:
                return
            if facts := self._heard():
                self.total = facts[-1].seq
                self._stand.take(facts)
                self._say_rows(facts)
            now = self._stand.now(self.subject, self.total)
            if now != self._now:
                self._now = now
                self._say(self._standing())
        if self._news:
            self._pump.mark(self)

    def _whole(self) -> dict[str, Any]:
        rough = self._overview() if self.total > MANY else None
        return {
            "type": "track",
            "track": self.name,
            "run": self.subject.id,
            "live": self._now["status"] == "running",
            "status": self._now["status"],
            "total": self.total,
            "face": self._face,
            "tables": self._columns.tables(),
            "forked_from": self._info.forked_from,
            "forked_at": self._info.forked_at,
            "page": PAGE,
            "detail": DETAIL,
            "overview": rough,
        }

    def _standing(self) -> dict[str, Any]:
        return {"type": "stand", "track": self.name, "now": self._now}

    def _heard(self) -> Sequence[Fact]:
        """News in order and without gaps."""
        facts: list[Fact] = []
        last = self.total
        while self._news and len(facts) < MAX_NEWS:
            fact = self._news.popleft()
            if fact.seq > last + 1:  # said before this track listened
                journal = self.subject.trail().journal
                facts += facts_between(journal, self.subject.id, last, fact.seq - 1)
            if fact.seq > last:
                facts.append(fact)
                last = fact.seq
        return facts

    def _say_rows(self, facts: Sequence[Fact]) -> None:
        self._say(*self._rows(facts))

    def _rows(self, facts: Sequence[Fact]) -> tuple[dict[str, Any], list[bytes]]:
        tables, buffers = self._columns.pack(facts)
        first = facts[0].seq if facts else 1
        rows = {"type": "rows", "track": self.name, "first": first, "count": len(facts)}
        return {**rows, "tables": tables, "paths": self._columns.paths(facts)}, buffers

    def _say(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Queue a message behind those made before it."""
        if not self._ear.alive:
            return
        sink = self._sink

        def send() -> None:
            target = sink()
            if target is not None:
                target.post(message, buffers)

        self._pump.post(send)

    def _overview(self) -> dict[str, Any] | None:
        try:
            pieces = overview(self.subject.trail().journal, self.subject.id, self.total)
        except LabError:  # the lab is closed: what the browser has stays
            return None
        number = self._columns.states.number
        buckets = [
            {**piece, "state": number(piece["state"]) if piece["state"] else -1} for piece in pieces
        ]
        return {"buckets": buckets}

    def _check(self, page: int, first: int) -> None:
        if page < 0 or first > max(1, self.total):
            raise LabError(
                f"Run {self.subject.id!r} has no page {page}.",
                hint=f"It has {self.total:,} facts.",
            )


def _weakly(track: Track) -> Callable[[Fact], None]:
    ref = weakref.ref(track)

    def hear(fact: Fact) -> None:
        track = ref()
        if track is not None:
            track.hear(fact)

    return hear


def _mark_weakly(ref: weakref.ref[Track]) -> Callable[[], None]:
    def mark() -> None:
        track = ref()
        if track is not None:
            track.look()

    return mark
