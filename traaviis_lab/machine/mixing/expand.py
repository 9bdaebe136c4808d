"""Work the hooks and components of a chart into plain states, arrows and data.

The engine, the picture, the hash and replay know only what comes out of this. A function of the
chart's normal form and of the components there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.machine.matching import is_reserved, matches
from traaviis_lab.machine.names import did_you_mean
from traaviis_lab.machine.problems import Path, show
from traaviis_lab.machine.reading import Desk, one_or_more

from .component import Component
from .fragments import Part, parts
from .hanging import Hung, States, all_states, hang, hung
from .places import MAIN, Places
from .reading import hooks_reader

MOVED = ("parallel", "order", "initial", "states")


def expand(
    desk: Desk, normal: dict[str, Any], known: Mapping[str, Component]
) -> tuple[dict[str, Any], Places]:
    """The document without hooks and components, which says the same, and what was moved in it.

    Mistakes are put on the desk's pile; what comes out is to be read again.
    """
    spec = {key: value for key, value in normal.items() if key not in ("hooks", "components")}
    places = Places()
    mixed = parts(desk, normal.get("components", []), known)
    own: States = dict(all_states(spec["states"]))
    hooks = [hung(hook, ("hooks", n)) for n, hook in enumerate(normal.get("hooks", []))]
    for part in mixed:
        hooks += _hooks(desk, part)
    others = _add_regions(desk, spec, [p for p in mixed if p.fragment.get("states")], own, places)
    _refuse_with_reasons(desk, spec, mixed, places)
    _add_data(desk, spec, mixed)
    if not desk.problems:
        hang(desk, own, others, hooks, places)
    return spec, places


def _hooks(desk: Desk, part: Part) -> list[Hung]:
    """The hooks and guards of a component, read as the author's are."""
    read = hooks_reader(lambda desk, value, path: value)
    before = len(desk.problems.found)
    listed = read(desk, part.fragment.get("hooks", []), part.path)
    if len(desk.problems.found) > before:
        return []
    who = f"{part.who}: "
    found = [hung(hook, part.path, who) for hook in (listed if isinstance(listed, list) else [])]
    for event, guard in part.fragment.get("guards", {}).items():
        if isinstance(guard, str):
            found.append(Hung(part.path, "guard", [event], when=guard, who=who))
    return found


def _refuse_with_reasons(
    desk: Desk, spec: dict[str, Any], mixed: list[Part], places: Places
) -> None:
    """Guards that have a reason are checks: events from outside are refused with it."""
    checks: list[dict[str, Any]] = []
    heard = _heard(spec)
    for part in mixed:
        for event, guard in part.fragment.get("guards", {}).items():
            if isinstance(guard, dict):
                checks.append(guard if event == "*" else {"on": event, **guard})
                if not any(matches(event, name) or matches(name, event) for name in heard):
                    cure = did_you_mean(event, heard, "Events taken here")
                    message = f"{part.who}: no arrow is on the event {show(event)} to guard."
                    desk.wrong(part.path, message, cure)
            elif not isinstance(guard, str):
                cure = "Write an expression, or `{when: expression, reason: text}`."
                desk.wrong(part.path, f"{part.who}: {show(guard)} is no guard.", cure)
    if not checks:
        return
    top = [spec["states"][MAIN]] if places.is_wrapped else spec["states"].values()
    for state in top:
        if not state.get("final"):
            state["validate"] = [*checks, *state.get("validate", [])]


def _heard(spec: Mapping[str, Any]) -> list[str]:
    """The events that some state listens for."""
    arrows = (a for _, state in all_states(spec["states"]) for a in state.get("transitions", ()))
    named = (event for a in arrows for event in one_or_more(a.get("on", [])))
    return [event for event in dict.fromkeys(named) if not is_reserved(event)]


def _add_regions(
    desk: Desk, spec: dict[str, Any], mixed: list[Part], own: States, places: Places
) -> States:
    """Put the own states into a region, beside one for each component; answers the new states."""
    if not mixed:
        return {}
    if MAIN in own:
        cure = "Rename it: beside components the own states lie in a region of that name."
        desk.wrong((*desk.paths.get(MAIN, ()),), f"a state is called {MAIN!r}.", cure)
    main = {key: spec.pop(key) for key in MOVED if key in spec}
    ends = _can_end(main)
    places.is_wrapped = True
    spec["parallel"] = True
    spec["order"] = [MAIN, *(part.prefix for part in mixed)]
    spec["states"] = {MAIN: {"meta": {"title": spec["name"]}, **main}}
    others: States = {}
    for part in mixed:
        region = _region(part, ends)
        places.regions[part.prefix] = int(part.path[1]), part.who
        for name, state in ((part.prefix, region), *all_states(region["states"])):
            if name in own or name in others:
                _tell_taken(desk, part, "state", name)
            others[name] = state
        spec["states"][part.prefix] = region
    return others


def _region(part: Part, ends: bool) -> dict[str, Any]:
    """The region of a component; it ends when the machine's own states have."""
    fragment = part.fragment
    arrows = one_or_more(fragment.get("transitions", []))
    states = dict(fragment["states"])
    if ends:
        end = f"{part.prefix}_ended"
        arrows = [*arrows, {"on": f"done.state.{MAIN}", "to": end, "internal": True}]
        states[end] = {"final": True}
    return {
        "meta": {"title": f"{part.prefix}: {part.component.name}"},
        **({"initial": fragment["initial"]} if "initial" in fragment else {}),
        **({"transitions": arrows} if arrows else {}),
        "states": states,
    }


def _can_end(state: Mapping[str, Any]) -> bool:
    """Whether this can ever be done: one final state inside, or one in every region."""
    inside = [child for child in state.get("states", {}).values() if "history" not in child]
    if state.get("parallel"):
        return bool(inside) and all(_can_end(child) for child in inside)
    return any(child.get("final") for child in inside)


def _add_data(desk: Desk, spec: dict[str, Any], mixed: list[Part]) -> None:
    """Lay the data and the events of the components beside the machine's; its own words win."""
    data, events = dict(spec.get("data", {})), dict(spec.get("events", {}))
    for part in mixed:
        for name, value in part.fragment.get("data", {}).items():
            if name in data:
                _tell_taken(desk, part, "field of the data", name)
            data[name] = value
        events = {**part.fragment.get("events", {}), **events}
    for key, value in (("data", data), ("events", events)):
        if value:
            spec[key] = value


def _tell_taken(desk: Desk, part: Part, what: str, name: str) -> None:
    place: Path = (*part.path, "prefix")
    cure = "Give the component another prefix, or rename yours."
    desk.wrong(place, f"{part.who}: there is a {what} {show(name)} already.", cure)
