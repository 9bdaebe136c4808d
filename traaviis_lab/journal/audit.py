"""Follow every run's chain of hashes, through lumps of several streams in any order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from .lines import ZERO
from .scan import Found


class Gap(NamedTuple):
    """What is wrong in one run: `first` to `last` are the seqs that are lost or do not follow."""

    run: str
    first: int
    last: int
    text: str

    def __str__(self) -> str:
        """One sentence for a note or a problem."""
        return self.text


@dataclass(slots=True)
class _Piece:
    """Facts of one run that follow each other in one stream."""

    first: int
    last: int
    hash: bytes
    first_core: bytes
    first_hash: bytes


class Audit:
    """Takes lumps, then answers what does not follow. `heads` are run ends already trusted."""

    def __init__(self, heads: Mapping[str, tuple[int, bytes]] | None = None) -> None:
        self._heads = heads or {}
        self._open: dict[str, dict[str, _Piece]] = {}
        self._done: dict[str, list[_Piece]] = {}
        self.gaps: list[Gap] = []
        self.facts = 0

    def take(self, found: Found) -> None:
        """Check what follows inside this lump and its stream."""
        lump, cores = found
        pieces = self._open.setdefault(lump.stream, {})
        sha = sha256
        for run, seq, core, digest in zip(lump.run, lump.seq, cores, lump.hash, strict=True):
            piece = pieces.get(run)
            if piece is not None and piece.last == seq - 1:
                if sha(piece.hash + core).digest() != digest:
                    self._wrong(run, seq)
                piece.last = seq
                piece.hash = digest
            else:
                if piece is not None:
                    self._done.setdefault(run, []).append(piece)
                pieces[run] = _Piece(seq, seq, digest, core, digest)
        self.facts += len(cores)

    def _wrong(self, run: str, seq: int) -> None:
        text = f"run {run}: fact {seq} does not follow from fact {seq - 1} (its hash does not fit)"
        self.gaps.append(Gap(run, seq, seq, text))

    def finish(self) -> list[Gap]:
        """Join the pieces of each run across streams; every gap, in order of run and seq."""
        for pieces in self._open.values():
            for run, piece in pieces.items():
                self._done.setdefault(run, []).append(piece)
        self._open = {}
        for run, parts in self._done.items():
            self._join(run, sorted(parts, key=lambda piece: piece.first))
        return sorted(self.gaps)

    def _join(self, run: str, pieces: list[_Piece]) -> None:
        last, digest = self._heads.get(run, (0, ZERO))
        for piece in pieces:
            if piece.first > last + 1:
                lost = f"{last + 1}-{piece.first - 1}" if piece.first > last + 2 else f"{last + 1}"
                text = (
                    f"run {run}: facts {lost} are lost; 1-{last} are safe,"
                    f" {piece.first}-{piece.last} are there but nothing shows that they follow"
                    if last
                    else f"run {run}: facts {lost} are lost; {piece.first}-{piece.last} are there"
                )
                self.gaps.append(Gap(run, last + 1, piece.first - 1, text))
            elif piece.first <= last:
                text = f"run {run}: facts {piece.first}-{min(last, piece.last)} are there twice"
                self.gaps.append(Gap(run, piece.first, last, text))
            elif sha256(digest + piece.first_core).digest() != piece.first_hash:
                self._wrong(run, piece.first)
            if piece.last >= last:
                last, digest = piece.last, piece.hash

    def ends(self) -> dict[str, tuple[int, bytes]]:
        """After `finish`: the last seq and hash of every run that was taken."""
        return {
            run: max((piece.last, piece.hash) for piece in pieces)
            for run, pieces in self._done.items()
        }
