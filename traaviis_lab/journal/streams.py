"""Follow what other processes append to the same journal, batch by batch, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from traaviis_lab.errors import ChainBroken

from .lock import Door, living_owner
from .lump import START, Lump, Position
from .scan import CHUNK, decode, whole
from .segments import read_header, segment_path, streams_in, sync_file

NEAR, FAR = 0.015, 0.1  # seconds between looks while others live, and while they do not


class Tail:
    """`deliver` gets every lump of other streams, under one lock, so always in order."""

    def __init__(
        self,
        door: Door,
        own: str,
        positions: Mapping[str, Position],
        deliver: Callable[[Lump], None],
        note: Callable[[str], None],
    ) -> None:
        self._door = door
        self._own = own
        self._deliver = deliver
        self._note = note
        self._lock = threading.Lock()
        self._seen = -1
        self._positions = dict(positions)
        self._followed: dict[str, _Follower] = {}
        self._alive: list[_Follower] = []

    def look(self) -> float:
        """Deliver what is new; answers in how many seconds to look again."""
        with self._lock:
            openings = self._door.openings()
            if openings != self._seen:
                followed = self._relist()
                self._seen = openings
            else:
                followed = self._alive
            for follower in list(followed):
                try:
                    for lump in follower.read():
                        self._deliver(lump)
                except ChainBroken as error:
                    follower.broken = True
                    self._alive = [each for each in self._alive if not each.broken]
                    self._note(error.message)
            return NEAR if self._alive else FAR

    def sync(self) -> dict[str, list[int]]:
        """Make durable what was read so far, and say how far that is.

        Its writer may have been killed before it could sync: a power cut would then take the
        beginning of a run of which this process has acknowledged the end.
        """
        with self._lock:
            for follower in self._followed.values():
                follower.sync()
            return {name: list(each.position) for name, each in self._followed.items()}

    def _relist(self) -> list[_Follower]:
        for name in streams_in(self._door.log):
            if name != self._own and name not in self._followed:
                since = self._positions.get(name, START)
                self._followed[name] = _Follower(self._door.log / name, since)
        followed = [f for f in self._followed.values() if not f.broken]
        self._alive = [f for f in followed if living_owner(f.folder) is not None]
        return followed


class _Follower:
    """One stream, and how far it was read."""

    def __init__(self, folder: Path, position: Position) -> None:
        self.folder = folder
        self.position = position
        self.broken = False
        self._synced = START

    def sync(self) -> None:
        if self._synced < self.position:
            # segments before this one were synced before this one was begun
            sync_file(segment_path(self.folder, self.position.segment))
            self._synced = self.position

    def read(self) -> list[Lump]:
        found: list[Lump] = []
        while True:
            if (lump := self._batches()) is not None:
                found.append(lump)
            elif not self._turn():
                return found

    def _batches(self) -> Lump | None:
        """Whole batches that are new in the segment being read."""
        segment, offset = self.position
        path = segment_path(self.folder, segment)
        if segment == 0 or (size := path.stat().st_size) == offset:
            return None
        if size < offset:
            raise ChainBroken(
                f"{self.folder.name}/{path.name} was cut from {offset} to {size} bytes by another"
                " process; what it appends is not followed any more.",
                hint="Open the journal again.",
            )
        want = CHUNK
        with path.open("rb") as file:
            while True:
                file.seek(offset)
                chunk = file.read(want)
                if (length := whole(chunk)) or len(chunk) < want:
                    break
                want *= 2
        if not length:
            return None
        try:
            lump = decode(self.folder.name, segment, offset, chunk[:length]).lump
        except (ValueError, KeyError) as error:
            raise ChainBroken(
                f"{self.folder.name}/{path.name} is damaged behind byte {offset}: {error};"
                " what follows is not followed any more.",
                hint="Run verify() to see what is lost.",
            ) from error
        self.position = lump.upto
        return lump

    def _turn(self) -> bool:
        """Go on to the next segment, if there is one and this one is read to its end."""
        segment, offset = self.position
        path = segment_path(self.folder, segment + 1)
        if not path.exists():
            return False
        header = read_header(path)
        if header is None:
            return False
        if header["previous"] is not None and header["previous"]["bytes"] > offset:
            return False
        self.position = Position(segment + 1, header["size"])
        return True
