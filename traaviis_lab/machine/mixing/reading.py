"""Read what a document says under `hooks` and `components` into its normal form."""

from __future__ import annotations

from typing import Any

from traaviis_lab.machine.names import is_state_id
from traaviis_lab.machine.problems import Path, show
from traaviis_lab.machine.reader_effects import effects
from traaviis_lab.machine.reading import (
    ID_CURE,
    SKIP,
    Desk,
    Reader,
    json_object,
    listened,
    one_or_more,
    read_object,
    short_text,
)

from .component import PREFIX_CURE, is_prefix
from .hook import WORDS
from .wording import fill


def hooks_reader(assign: Reader) -> Reader:
    """A reader of the list of hooks, or of one; `assign` reads assignments."""
    keys: dict[str, Reader] = {
        "on_enter": _states,
        "on_exit": _states,
        "before": listened,
        "after": listened,
        "do": effects,
        "assign": _with_names(assign),
    }

    def read(desk: Desk, value: Any, path: Path) -> Any:
        found = []
        for n, item in enumerate(one_or_more(value)):
            place = (*path, n) if isinstance(value, list) else path
            hook = read_object(desk, item, place, keys, what="a hook")
            if isinstance(item, dict):
                _check(desk, item, place)
            found.append(hook)
        return found or SKIP

    return read


def _with_names(assign: Reader) -> Reader:
    """A reader of assignments that may say `$state` and `$event`, which are texts by then."""

    def read(desk: Desk, value: Any, path: Path) -> Any:
        known = fill(value, {"state": "a", "event": "a"}, quoted=True)
        return SKIP if assign(desk, known, path) is SKIP else value

    return read


def _check(desk: Desk, item: dict[str, Any], path: Path) -> None:
    said = [word for word in WORDS if word in item]
    if len(said) != 1:
        what = f"says {' and '.join(said)}" if said else "does not say where"
        cure = f"Write one of {', '.join(WORDS)}, and for more a hook each."
        desk.wrong(path, f"this hook {what}.", cure)
    elif "assign" in item and said[0] in ("on_enter", "on_exit"):
        cure = "Use `before` or `after` an event, or the effect put_data."
        desk.wrong((*path, "assign"), f"`{said[0]}` assigns nothing.", cure)
    if not ("do" in item or "assign" in item):
        desk.wrong(path, "this hook does nothing.", "Add `do: {kind: log, message: hello}`.")


def _states(desk: Desk, value: Any, path: Path) -> Any:
    """`*`, a state id, or a list of them; whether there are such states is asked later."""
    found = []
    for n, item in enumerate(one_or_more(value)):
        place = (*path, n) if isinstance(value, list) else path
        if isinstance(item, str) and (item == "*" or is_state_id(item)):
            found.append(item)
        else:
            desk.wrong(place, f"{show(item)} is no state id.", f"{ID_CURE} `*` means all.")
    if value == []:
        return desk.wrong(path, "the list is empty.", "Name a state, or write `*`.")
    return list(dict.fromkeys(found)) or SKIP


_USE: dict[str, Reader] = {"use": short_text, "prefix": short_text, "with": json_object}


def uses(desk: Desk, value: Any, path: Path) -> Any:
    """The list of components to mix in, or one; what they are is asked later."""
    found = []
    for n, item in enumerate(one_or_more(value)):
        place = (*path, n) if isinstance(value, list) else path
        use = read_object(desk, item, place, _USE, required=("use",), what="a component")
        if "prefix" in use and not is_prefix(use["prefix"]):
            desk.wrong((*place, "prefix"), f"{show(use['prefix'])} is no prefix.", PREFIX_CURE)
        found.append(use)
    return found or SKIP
