"""Cut what an arrow listens for, so that hooks on some of its events do not meet the others."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from traaviis_lab.machine.matching import is_pattern, matches

Part = tuple[tuple[str, ...], tuple[int, ...]]


def cut(listened: Sequence[str], patterns: Sequence[Sequence[str]], apart: bool) -> list[Part]:
    """The parts of `listened`, each with the places in `patterns` of those that mean all of it.

    An arrow on `*` that a hook on `pay` concerns becomes one on `pay` and then one on `*`:
    narrower parts come first, so that together they are taken as the one arrow was. `apart`: each
    name is a part of its own.
    """
    known = [pattern for group in patterns for pattern in group]
    found: dict[str, frozenset[int]] = {}
    for name in listened:
        wider = name
        for piece in _from_wide_to_narrow({name, *(p for p in known if matches(name, p))}):
            meant = frozenset(
                n for n, group in enumerate(patterns) if any(matches(p, piece) for p in group)
            )
            if piece == name or meant != found[_around(piece, found, wider)]:
                found.setdefault(piece, meant)
    parts: dict[object, list[str]] = {}
    for piece, meant in found.items():
        parts.setdefault((meant, piece) if apart and meant else (meant,), []).append(piece)
    # A narrower part is meant by all that mean the wider one, and by more.
    ordered = sorted(parts.values(), key=lambda pieces: -len(found[pieces[0]]))
    if len(ordered) == 1:
        return [(tuple(listened), tuple(sorted(found[ordered[0][0]])))]
    return [(tuple(pieces), tuple(sorted(found[pieces[0]]))) for pieces in ordered]


def _from_wide_to_narrow(names: Collection[str]) -> list[str]:
    return sorted(
        names, key=lambda name: (name != "*", name.count("."), not is_pattern(name), name)
    )


def _around(piece: str, found: Collection[str], widest: str) -> str:
    """The narrowest of the names found that means all of `piece`."""
    around = [name for name in found if name != piece and matches(name, piece)]
    return _from_wide_to_narrow(around)[-1] if around else widest
