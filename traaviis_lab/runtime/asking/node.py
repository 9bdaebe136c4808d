"""The place in a machine that asks: a text that is the same for every run and every repetition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects import Batch, ForEach, Retry
from traaviis_lab.effects.growing.places import child_of
from traaviis_lab.machine.effect import Effect
from traaviis_lab.runtime.standing import root_of

if TYPE_CHECKING:
    from traaviis_lab.runtime.run import Run

EACH = "*"


def node_of(run: Run, path: str, pending: Any = None) -> str:
    """`machine/owner#place/way` of the effect at a path, as `place_text` spells it.

    `pending` is how it stands under way; looked up where it is not given.
    """
    root, inner = root_of(path)
    tree = run.trees.get(root)
    one = pending or run.pending.get(path)
    head: Any = tree if inner and tree is not None else one
    name: str = run.chart.name
    if head is None:  # it is over meanwhile
        return place_text(name, "", int(root.rpartition("/")[2]), None, inner)
    owner, place = head.owner, head.place
    if owner and place:  # nothing comes before place 0
        place -= _first_of(run, owner, place)
    return place_text(name, owner, place, tree.effect if inner and tree else None, inner)


def place_text(
    machine: str, owner: str, place: int, root: Effect | None = None, inner: str = ""
) -> str:
    """`Triage/answering#0/1/*`: the machine, the state whose effect it is, and where it stands.

    `place` counts the effects of that state's `enter`, else those of the step (and the state is
    empty). `inner` is the way from a composed effect `root`: for items of a loop and attempts of
    a retry it is the same one.
    """
    head = f"{machine}/{owner}#{place}"
    if not inner:
        return head
    return f"{head}/{'/'.join(_way(root, inner))}"


def _way(effect: Effect | None, inner: str) -> list[str]:
    way = []
    for part in inner.split("/"):
        known = effect is not None and effect.composed and part.isdigit()
        if known and isinstance(effect, ForEach | Batch):
            way.append(EACH)
        else:
            way.append("0" if known and isinstance(effect, Retry) else part)
        effect = child_of(effect, int(part)) if known and effect is not None else None
    return way


def _first_of(run: Run, owner: str, place: int) -> int:
    """The place of the first of a state's effects, among those of the step that entered it."""
    waits = run.calls.get(owner)
    answered: Mapping[int, Any] = waits.results if waits is not None else {}
    first = min(answered, default=place)
    for one in (*run.pending.values(), *run.trees.values()):
        if one.owner == owner and one.place < first:
            first = one.place
    return first
