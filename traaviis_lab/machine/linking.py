"""Check what states say of each other, and write out what they leave unsaid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .chart import Kind
from .names import did_you_mean
from .normal import STATE, TOP, tidy
from .problems import Path, show
from .reading import Desk, one_or_more, single

ROOT = ""


@dataclass(slots=True)
class Box:
    """A state of the normal form with its place in the tree."""

    id: str
    spec: dict[str, Any]
    parent: Box | None
    path: Path
    kind: Kind
    depth: int = 0
    children: list[Box] = field(default_factory=list)

    @property
    def regions(self) -> list[Box]:
        """The children that can be active: all but history markers."""
        return [child for child in self.children if child.kind != "history"]

    def lineage(self) -> Iterator[Box]:
        """The box itself, then the boxes around it, the root last."""
        box: Box | None = self
        while box is not None:
            yield box
            box = box.parent

    def is_inside(self, other: Box) -> bool:
        """Whether this box lies strictly inside `other`."""
        return self is not other and any(box is other for box in self.lineage())


def link(desk: Desk, normal: dict[str, Any]) -> dict[str, Box]:
    """The boxes by id, the root under ""; completes `normal`, and tells what cannot be."""
    boxes = {ROOT: _box(ROOT, normal, None, ())}
    _collect(boxes, boxes[ROOT])
    for box in boxes.values():
        _check_kind(desk, box)
        if box.kind == "parallel":
            _order(desk, box)
        elif "order" in box.spec:
            cure = "Only the regions of a parallel state have an order; leave it out."
            desk.wrong((*box.path, "order"), "this state is not parallel.", cure)
    for box in boxes.values():
        _link_box(desk, boxes, box)
    for box in boxes.values():
        _default(desk, boxes, box)
        tidy(box.spec, STATE if box.parent else TOP)
    return boxes


def _box(name: str, spec: dict[str, Any], parent: Box | None, path: Path) -> Box:
    kind: Kind = "atomic"
    if "history" in spec:
        kind = "history"
    elif spec.get("final"):
        kind = "final"
    elif spec.get("parallel"):
        kind = "parallel"
    elif spec.get("states") or parent is None:
        kind = "compound"
    return Box(name, spec, parent, path, kind, parent.depth + 1 if parent else 0)


def _collect(boxes: dict[str, Box], box: Box) -> None:
    for name, spec in box.spec.get("states", {}).items():
        child = _box(name, spec, box, (*box.path, "states", name))
        boxes[name] = child
        box.children.append(child)
        _collect(boxes, child)


# What a box may hold

_ALLOWED = {
    "final": {"final", "on_enter", "enter", "exit", "meta"},
    "history": {"history", "default", "meta"},
}
_WHY = {
    "final": "A final state is an end: drop `final`, or move this to another state.",
    "history": "A history state only says where to go back to; move this to the state around it.",
}


def _check_kind(desk: Desk, box: Box) -> None:
    if box.kind in _ALLOWED:
        for key in box.spec:
            if key not in _ALLOWED[box.kind]:
                desk.wrong((*box.path, key), f"a {box.kind} state has no `{key}`.", _WHY[box.kind])
    if box.kind == "final" and box.parent is not None and box.parent.kind == "parallel":
        cure = "Put it inside a region: a region is done when it has come to a final state."
        desk.wrong((*box.path, "final"), "a region of a parallel state cannot be final.", cure)
    if box.kind == "history" and box.parent is not None and box.parent.id == ROOT:
        cure = "Move it into the state whose past it shall remember."
        desk.wrong(box.path, "a history state at the top has nothing to remember.", cure)
    if box.kind != "history" and "default" in box.spec:
        cure = "`default` belongs to a history state; where a state starts is `initial`."
        desk.wrong((*box.path, "default"), "this is no history state.", cure)
    if box.kind in ("compound", "parallel") and not box.regions:
        _tell_empty(desk, box)
    if box.spec.get("states") == {} and box.id != ROOT:
        del box.spec["states"]


def _tell_empty(desk: Desk, box: Box) -> None:
    if box.id == ROOT:
        return  # what is missing or misplaced at the top has been told already
    if box.kind == "parallel":
        cure = "Give it `states`: its regions, which are all active at once."
        desk.wrong((*box.path, "parallel"), "a parallel state needs children.", cure)
    else:
        cure = "Add a state that can be active."
        desk.wrong((*box.path, "states"), "there are only history states in it.", cure)


def _order(desk: Desk, box: Box) -> None:
    """Put the regions in their order: the list `order`, or by id; history markers come last."""
    regions = sorted(region.id for region in box.regions)
    order = box.spec.get("order", regions)
    if sorted(order) == regions:
        if order == regions:
            box.spec.pop("order", None)
        ranked = {name: n for n, name in enumerate(order)}
        box.children.sort(key=lambda child: ranked.get(child.id, len(ranked)))
        return
    place = (*box.path, "order")
    for n, name in enumerate(order):
        if name not in regions:
            cure = did_you_mean(name, regions, "Regions")
            desk.wrong((*place, n), f"{show(name)} is no region of this state.", cure)
    for name in regions:
        if order.count(name) != 1:
            how = "not" if name not in order else "more than once"
            desk.wrong(place, f"the region {name!r} is {how} in it.", "Name each region once.")


# What a box says of other boxes


def _link_box(desk: Desk, boxes: dict[str, Box], box: Box) -> None:
    _initial(desk, boxes, box)
    for key in ("transitions", "after", "on_success", "on_error"):
        listed = box.spec.get(key, [])
        for n, arrow in enumerate(one_or_more(listed)):
            if "to" in arrow:
                path = (
                    (*box.path, key, n, "to")
                    if isinstance(listed, list)
                    else (*box.path, key, "to")
                )
                targets(desk, boxes, arrow["to"], path)


def targets(desk: Desk, boxes: dict[str, Box], named: Any, path: Path) -> list[Box] | None:
    """The boxes an arrow leads to, if they all exist and can be active together."""
    found, names = [], one_or_more(named)
    for n, name in enumerate(names):
        if name in boxes and name != ROOT:
            found.append(boxes[name])
        else:
            _tell_unknown(desk, boxes, name, (*path, n) if isinstance(named, list) else path)
    if len(found) < len(names):
        return None
    clash = _clash(found)
    if clash:
        one, other = clash
        what = (
            f"{one!r} is named twice"
            if one == other
            else f"{one!r} and {other!r} exclude each other"
        )
        cure = "Several targets must lie in different regions of a parallel state."
        desk.wrong(path, f"{what}.", cure)
        return None
    return found


def _tell_unknown(desk: Desk, boxes: dict[str, Box], name: Any, path: Path) -> None:
    known = [] if desk.problems.is_full else [known for known in boxes if known != ROOT]
    desk.wrong(path, f"there is no state {show(name)}.", did_you_mean(name, known, "States"))


def _clash(found: list[Box]) -> tuple[str, str] | None:
    """Two targets that cannot be active together, if there are any."""
    through: dict[str, tuple[str, str]] = {}
    ends: dict[str, str] = {}
    for target in found:
        # A history marker stands for what was active in the state around it.
        end = target.parent if target.kind == "history" and target.parent else target
        if end.id in through:
            return through[end.id][1], target.id
        below = ""
        for box in end.lineage():
            if box.id in ends:
                return ends[box.id], target.id
            first = through.setdefault(box.id, (below, target.id))
            if first[0] != below and box.kind != "parallel":
                return first[1], target.id
            below = box.id
        ends[end.id] = target.id
    return None


def _initial(desk: Desk, boxes: dict[str, Box], box: Box) -> None:
    path = (*box.path, "initial")
    if box.kind != "compound":
        if "initial" in box.spec and box.kind == "parallel":
            cure = "All its regions start; say `initial` in the regions."
            desk.wrong(path, "a parallel state has no initial state.", cure)
        elif "initial" in box.spec and box.kind == "atomic":
            desk.wrong(path, "this state has no states in it.", "Leave `initial` out.")
        return
    if "initial" not in box.spec:
        if box.regions:
            box.spec["initial"] = box.regions[0].id
        return
    inside = targets(desk, boxes, box.spec["initial"], path)
    for target in inside or ():
        if not target.is_inside(box):
            name = "the chart" if box.id == ROOT else repr(box.id)
            known = [region.id for region in box.regions]
            cure = f"Choose from: {', '.join(known[:12])}, or a state inside them."
            desk.wrong(path, f"{target.id!r} is not inside {name}.", cure)
        elif target.kind == "history" and "default" not in target.spec:
            cure = f"Give {target.id!r} a `default`: where to go when nothing is remembered."
            desk.wrong(path, f"{target.id!r} has no past when this state starts.", cure)


def _default(desk: Desk, boxes: dict[str, Box], box: Box) -> None:
    """Check a history state's `default`, or write out what the state around it starts in."""
    around = box.parent
    if box.kind != "history" or around is None or around.id == ROOT:
        return
    path = (*box.path, "default")
    if "default" not in box.spec:
        starts = (
            [region.id for region in around.regions]
            if around.kind == "parallel"
            else one_or_more(around.spec.get("initial", []))
        )
        if starts:
            box.spec["default"] = single(starts)
        return
    for target in targets(desk, boxes, box.spec["default"], path) or ():
        if target.kind == "history" or not target.is_inside(around):
            cure = f"Choose a state inside {around.id!r}."
            desk.wrong(path, f"{target.id!r} is no state to go back to here.", cure)
