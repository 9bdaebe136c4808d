"""Hang hooks and guards on the states and arrows they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from traaviis_lab.machine.callables import Both
from traaviis_lab.machine.matching import matches
from traaviis_lab.machine.names import did_you_mean
from traaviis_lab.machine.problems import Path, show
from traaviis_lab.machine.reading import Desk, one_or_more, single

from .hook import WORDS
from .listening import cut
from .places import Places
from .wording import fill, mentions

States = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Hung:
    """A hook or a guard (`when`) in its normal form, and where it is written."""

    path: Path
    word: str
    what: list[str]
    do: list[Any] = field(default_factory=list)
    assign: Mapping[str, Any] = field(default_factory=dict)
    when: str = ""
    who: str = ""
    met: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    def place(self, *rest: str | int) -> Path:
        """Where in it something is wrong; what a component wrote is not the author's to see."""
        return self.path if self.who else (*self.path, *rest)


def hung(hook: Mapping[str, Any], path: Path, who: str = "") -> Hung:
    """A hook that has been read, ready to be hung. `who` is the component it is of."""
    word = next(word for word in WORDS if word in hook)
    what = one_or_more(hook[word])
    return Hung(path, word, what, hook.get("do", []), hook.get("assign", {}), who=who)


def hang(desk: Desk, own: States, others: States, hooks: list[Hung], places: Places) -> None:
    """Hang them on a machine's `own` states and, where those are named, on the `others`, in place.

    Hooks on states nobody has and on events nobody takes are told.
    """
    for hook in hooks:
        if hook.word in ("on_enter", "on_exit"):
            _on_states(desk, own, others, hook)
    on_events = [hook for hook in hooks if hook.word in ("before", "after", "guard")]
    if on_events:
        for name, state in own.items():
            if "transitions" in state:
                _on_arrows(desk, name, state, on_events, places)
        _tell_unmet(desk, own, on_events)


def all_states(states: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state of a `states` mapping with its id, at any depth."""
    for name, state in states.items():
        yield name, state
        yield from all_states(state.get("states", {}))


# States


def _on_states(desk: Desk, own: States, others: States, hook: Hung) -> None:
    key: Literal["on_enter", "exit"] = "on_enter" if hook.word == "on_enter" else "exit"
    for name, state in _named(desk, own, {**others, **own}, hook).items():
        do = fill(hook.do, {"state": name})
        if do:
            state[key] = [*one_or_more(state.get(key, [])), *do]


def _named(desk: Desk, own: States, known: States, hook: Hung) -> States:
    """The states a hook means; `*` are the machine's own, a name may be a component's too."""
    found: States = {}
    for n, name in enumerate(hook.what):
        place = hook.place(hook.word, *((n,) if len(hook.what) > 1 else ()))
        if name == "*":
            found |= {key: state for key, state in own.items() if "history" not in state}
        elif name not in known:
            cure = did_you_mean(name, known, "States")
            desk.wrong(place, f"{hook.who}there is no state {show(name)}.", cure)
        elif "history" in known[name]:
            cure = "Name the state around it, or those inside that."
            desk.wrong(place, f"{hook.who}{show(name)} is a history state; nobody is in it.", cure)
        else:
            found[name] = known[name]
    return found


# Arrows


def _on_arrows(
    desk: Desk, name: str, state: dict[str, Any], hooks: list[Hung], places: Places
) -> None:
    written: list[dict[str, Any]] = []
    was: list[int] = []
    for n, arrow in enumerate(state["transitions"]):
        for made in _cut_arrow(desk, name, arrow, hooks) if "on" in arrow else (arrow,):
            written.append(made)
            was.append(n)
    state["transitions"] = written
    places.arrows[name] = was


def _cut_arrow(
    desk: Desk, name: str, arrow: dict[str, Any], hooks: list[Hung]
) -> Iterator[dict[str, Any]]:
    listened = one_or_more(arrow["on"])
    apart = any(mentions([hook.do, hook.assign], "event") for hook in hooks)
    for events, places in cut(listened, [hook.what for hook in hooks], apart):
        met = [hooks[place] for place in places]
        for hook in met:
            hook.met |= {what for what in hook.what if any(matches(what, e) for e in events)}
        _tell_unguarded(desk, name, events, hooks)
        yield _hooked(desk, {**arrow, "on": single(list(events))}, met, name)


def _hooked(desk: Desk, arrow: dict[str, Any], met: list[Hung], name: str) -> dict[str, Any]:
    """An arrow with what the hooks on it ask for."""
    names = {"state": name, "event": " or ".join(one_or_more(arrow["on"]))}
    before = [effect for h in met if h.word == "before" for effect in fill(h.do, names)]
    after = [effect for h in met if h.word == "after" for effect in fill(h.do, names)]
    do = [*before, *arrow.get("do", []), *after]
    assign = dict(arrow.get("assign", {}))
    for hook in met:
        for key, value in fill(dict(hook.assign), names, quoted=True).items():
            if key in assign and key not in hook.told:
                hook.told.add(key)
                cure = "Assign it in one of them."
                message = f"{hook.who}an arrow from {name} on {names['event']} has {show(key)} too."
                desk.wrong(hook.place("assign", key), message, cure)
            assign[key] = value
        if hook.when:
            arrow["when"] = _both(arrow.get("when"), hook.when)
    return {**arrow, **({"assign": assign} if assign else {}), **({"do": do} if do else {})}


def _both(own: Any, when: str) -> Any:
    """A guard that needs both; `own` is an expression, a function of the author's, or nothing."""
    if callable(own):
        made: Callable[..., Any] = Both(own, when)
        return made
    return f"({own}) && ({when})" if own is not None else when


def _tell_unguarded(desk: Desk, name: str, events: tuple[str, ...], hooks: list[Hung]) -> None:
    """A guard on `pay` cannot hold an arrow on `*`: when it says no, the arrow still fires."""
    for hook in hooks:
        for guarded in hook.what if hook.word == "guard" else ():
            wide = [e for e in events if e != guarded and matches(e, guarded)]
            if wide:
                cure = f"Name the events in {name}, or give the guard a `reason`: then it refuses."
                message = (
                    f"{hook.who}an arrow from {name} on {show(wide[0])} takes it all the same."
                )
                desk.wrong(hook.path, message, cure)


def _tell_unmet(desk: Desk, own: States, hooks: list[Hung]) -> None:
    arrows = (arrow for state in own.values() for arrow in state.get("transitions", ()))
    known = list(dict.fromkeys(e for arrow in arrows for e in one_or_more(arrow.get("on", []))))
    for hook in hooks:
        for name in hook.what:
            if name != "*" and name not in hook.met:
                cure = did_you_mean(name, known, "Events taken here")
                desk.wrong(
                    hook.place(hook.word), f"{hook.who}no arrow is on the event {show(name)}.", cure
                )
