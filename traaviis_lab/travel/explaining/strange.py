"""Where a run did what other runs of its machine do not: its path, its times."""

from __future__ import annotations

from collections.abc import Iterator

from .explain import Finding
from .passage import Passage, Passing, told_state
from .usual import Usual

RARE = 0.1
"""What at most this share of the other runs did is unusual."""
SLOWER = 5.0
SHORTEST = 1_000_000
"""Times under a second are not told as slow."""


def unusual(passage: Passage, usual: Usual) -> list[Finding]:
    """Where the run first left the usual path, and how often it did so later."""
    places = list(_places(passage, usual))
    if not places:
        return []
    seq, title, text, share = places[0]
    found = [Finding(title, text, round(0.95 - share, 2), (seq,), "unusual")]
    if len(places) > 1:
        later = places[1:]
        lines = [f"seq {seq}: {text}" for seq, _, text, _ in later[:5]]
        if len(later) > len(lines):
            lines.append(f"and {len(later) - len(lines):,} more")
        many = "one more thing" if len(later) == 1 else f"{len(later):,} more things"
        title = f"Later it did {many} that other runs seldom do"
        seqs = tuple(seq for seq, _, _, _ in later)
        found.append(Finding(title, "\n".join(lines), 0.4, seqs, "unusual"))
    return found


def _places(passage: Passage, usual: Usual) -> Iterator[tuple[int, str, str, float]]:
    """Each kind of unusual move, where it was made first: seq, title, text, share of the others."""
    told: set[tuple[str, ...]] = set()
    for move in passage.moves:
        for key, place in ((_came(move, usual)), (_led(move, usual))):
            if place is not None and key not in told:
                told.add(key)
                yield place
                break


Place = tuple[tuple[str, ...], tuple[int, str, str, float] | None]


def _came(move: Passing, usual: Usual) -> Place:
    """Whether this event is unusual in this state."""
    key = (move.before, move.event)
    there, did = usual.moved.get((move.before,), 0), usual.moved.get(key, 0)
    if there < usual.fewest or did / there > RARE:
        return key, None
    text = (
        f"In {told_state(move.before)} came `{move.event}`. Of {usual.told(there)} there, "
        f"{_some(did)} had that; usual there: {_usual(usual.ways(move.before))}."
    )
    title = f"Left the usual path at seq {move.seq}: `{move.event}` in {told_state(move.before)}"
    return key, (move.seq, title, text, did / there)


def _led(move: Passing, usual: Usual) -> Place:
    """Whether this event usually leads elsewhere."""
    key = (move.before, move.event, move.after)
    there, did = usual.moved.get(key[:2], 0), usual.moved.get(key, 0)
    if there < usual.fewest or did / there > RARE:
        return key, None
    text = (
        f"In {told_state(move.before)}, `{move.event}` led to {told_state(move.after)}. "
        f"Of {usual.told(there)} with that event there, {_some(did)} came so; "
        f"usual: {_usual(usual.ways(*key[:2]), code=False)}."
    )
    where = f"`{move.event}` led from {told_state(move.before)} to {told_state(move.after)}"
    return key, (move.seq, f"Left the usual path at seq {move.seq}: {where}", text, did / there)


def _some(did: int) -> str:
    return f"{did:,}" if did else "none"


def _usual(ways: list[tuple[str, int]], *, code: bool = True) -> str:
    shown = [f"{f'`{way}`' if code else told_state(way)} ({runs:,})" for way, runs in ways[:3]]
    return ", ".join(shown) or "nothing"


def slow(passage: Passage, usual: Usual) -> list[Finding]:
    """Stays and effects that took far longer than is usual."""
    found = []
    for stay in passage.stays:
        count, median = usual.stays.get(stay.state, (0, 0.0))
        took = (stay.until or passage.ended) - stay.at
        if count >= usual.fewest and _far_longer(took, median):
            text = _longer(f"Stayed in {told_state(stay.state)}", took, median, usual)
            found.append(_slow(f"Long in {told_state(stay.state)}", text, took, median, stay.seq))
    for fact, owner, name in passage.effects:
        count, median = usual.effects.get((fact.effect, owner), (0, 0.0))
        took = fact.duration_us or 0
        if count >= usual.fewest and _far_longer(took, median):
            where = f" of {owner}" if owner else ""
            text = _longer(f"Effect {name}{where} took", took, median, usual)
            found.append(_slow(f"Slow effect {name}{where}", text, took, median, fact.seq))
    return sorted(found, key=lambda f: -f.weight)[:5]


def _far_longer(took: float, median: float) -> bool:
    return took >= SHORTEST and took > SLOWER * median


def _slow(title: str, text: str, took: float, median: float, seq: int) -> Finding:
    factor = took / max(median, 1.0)
    return Finding(title, text, 0.45 if factor > 20 else 0.32, (seq,), "slow")


def _longer(head: str, took: float, median: float, usual: Usual) -> str:
    return f"{head} {duration(took)}; {duration(median)} is usual in {usual.told()}."


def duration(micros: float) -> str:
    """A length of time for people: `340 ms`, `2.5 s`, `12 min`, `3.1 h`."""
    seconds = micros / 1e6
    for unit, size in (("h", 3600.0), ("min", 60.0), ("s", 1.0)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1000:.3g} ms"
