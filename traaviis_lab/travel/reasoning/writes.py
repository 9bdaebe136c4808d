"""Find where a value was last written: by an assignment, an effect, the start, a fork."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from traaviis_lab.machine.chart import Formula
from traaviis_lab.travel.places import ABSENT, read_place, write_place
from traaviis_lab.travel.trail import Moment

from .needs import reads
from .pages import Pages, is_item, value_at
from .said import Writers
from .witness import Act

Path = tuple[str, ...]
LOOK = 100_000
"""How many facts are looked at, at most, for one value."""


class Write(NamedTuple):
    """The fact that wrote a value; for an assignment, which act of its step (`act`)."""

    seq: int
    how: Literal["act", "patch", "start", "fork"]
    act: int = 0


def last_write(pages: Pages, path: Path, seq: int, acts: int | None = None) -> Write | None:
    """Who wrote the value that stands at `path` after fact `seq` (None: nobody, it is not there).

    With `acts`: that stood there after so many acts of the step of `seq`.
    """
    writers = Writers(pages.trail.chart, path[0])
    upto = acts
    for fact in pages.back(seq, LOOK):
        if fact.kind == "run.forked":
            return Write(fact.seq, "fork")
        if upto is not None or writers.body(fact) is not None:
            moment = pages.moment(fact.seq)
            found = _in_step(pages, moment, path, upto) if moment.step is not None else None
            if found is not None:
                return found
        upto = None
    return None


def read_path(text: str) -> Path:
    """A path as people write it: `data.cart.items[0]`, `cart.items.0`, `data["odd name"]`.

    Raises `LabError` for a text that is none.
    """
    return tuple(map(str, read_place(text)))


def spelled(path: Path) -> str:
    """The path as people write it."""
    return write_place([int(part) if is_item(part) else part for part in path])


def formula_of(act: Act, path: Path) -> Formula | None:
    """What an act assigned to the field a path is in."""
    return next((f for name, f in act.transition.assign if path and name == path[0]), None)


def reads_itself(formula: Formula | None, path: Path) -> bool:
    """Whether a formula makes the value at a path out of what stood there before."""
    return formula is not None and any(_overlap(read, path) for read in reads(formula) or ())


def _overlap(read: str, path: Path) -> bool:
    root, *rest = read.split(".")
    short = min(len(rest), len(path))
    return root == "data" and tuple(rest[:short]) == path[:short]


def _in_step(pages: Pages, moment: Moment, path: Path, upto: int | None) -> Write | None:
    seen, seq = pages.witness(moment.fact.seq), moment.fact.seq
    for place in range(len(seen.acts) if upto is None else upto, 0, -1):
        if _writes(seen.acts[place - 1], path):
            return Write(seq, "act", place - 1)
    if moment.fact.kind == "run.started":
        return Write(seq, "start") if value_at(seen.base, path) is not ABSENT else None
    return Write(seq, "patch") if _patched(moment, path) else None


def _writes(act: Act, path: Path) -> bool:
    if act.after is act.before:
        return False
    formula = formula_of(act, path)
    if formula is None:
        return False
    if differ(value_at(act.before, path), value_at(act.after, path)):
        return True
    # It wrote what stood there already; where it made that of the old value, nothing came of it.
    return value_at(act.after, path) is not ABSENT and not reads_itself(formula, path)


def _patched(moment: Moment, path: Path) -> bool:
    patch = moment.body.get("patch")
    if not patch or path[0] not in patch:
        return False
    if differ(value_at(moment.before.data, path), value_at(patch, path)):
        return True
    spec = moment.body.get("effect") or {}
    key = spec.get("key") if isinstance(spec, dict) else None
    parts = tuple(key.split(".")) if isinstance(key, str) and key else (path[0],)
    return parts[: len(path)] == path or path[: len(parts)] == parts


def differ(old: Any, new: Any) -> bool:
    """Whether two JSON values differ; 1, 1.0 and true are three."""
    return old is not new and (type(old) is not type(new) or old != new)
