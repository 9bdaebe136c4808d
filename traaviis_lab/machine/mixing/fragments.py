"""Have the components of a machine say what they add, and see that it is theirs to add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from traaviis_lab.errors import DefinitionError, LabError
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.names import did_you_mean
from traaviis_lab.machine.problems import Path, show
from traaviis_lab.machine.reading import Desk

from .component import Component
from .hanging import all_states
from .parameters import NEEDED, read_parameter
from .places import MAIN

KEYS = ("data", "events", "initial", "states", "transitions", "hooks", "guards")


@dataclass(frozen=True, slots=True)
class Part:
    """What one component adds: its place in the list, its prefix and its fragment."""

    path: Path
    prefix: str
    component: Component
    fragment: dict[str, Any]

    @property
    def who(self) -> str:
        """How errors call it."""
        return f"component {self.component.name!r}, prefix {self.prefix!r}"


def parts(desk: Desk, uses: list[dict[str, Any]], known: Mapping[str, Component]) -> list[Part]:
    """What each component adds; mistakes are put on the desk's pile, and their parts left out."""
    found: list[Part] = []
    for n, use in enumerate(uses):
        part = _part(desk, use, ("components", n), known)
        if part is None:
            continue
        if any(part.prefix == other.prefix for other in found) or part.prefix == MAIN:
            taken = "is the region of the own states" if part.prefix == MAIN else "stands twice"
            cure = "Give it another: `prefix: second`."
            desk.wrong((*part.path, "prefix"), f"the prefix {show(part.prefix)} {taken}.", cure)
            continue
        found.append(part)
    return found


def _part(
    desk: Desk, use: dict[str, Any], path: Path, known: Mapping[str, Component]
) -> Part | None:
    name = use["use"]
    if name not in known:
        cure = did_you_mean(name, known, "Components")
        desk.wrong((*path, "use"), f"there is no component {show(name)}.", cure)
        return None
    component, prefix = known[name], use.get("prefix", name)
    before = len(desk.problems.found)
    values = _values(desk, component, use.get("with", {}), (*path, "with"))
    if len(desk.problems.found) > before:
        return None
    try:
        fragment = _plain(component.expand(values, prefix))
        _tidy(fragment)
    except LabError as error:
        desk.wrong((*path, "with"), f"component {name!r}: {error.message}", error.hint)
        return None
    part = Part(path, prefix, component, fragment)
    _check(desk, part)
    return part


def _values(desk: Desk, component: Component, given: dict[str, Any], path: Path) -> dict[str, Any]:
    what = f"component {component.name!r}"
    words = {parameter.name: parameter for parameter in component.parameters}
    for key in given:
        if key not in words:
            cure = did_you_mean(key, words, "Parameters")
            desk.wrong((*path, key), f"{what} has no parameter {show(key)}.", cure)
    values: dict[str, Any] = {}
    for name, parameter in words.items():
        value = given.get(name, parameter.default)
        if value is NEEDED:
            cure = f"Add `{name}: ...`: {parameter.meaning}"
            desk.wrong(path, f"{what} needs the parameter {name!r}.", cure)
            continue
        values[name], fault = read_parameter(parameter, value)
        if fault:
            desk.wrong((*path, name), f"{what}, parameter {name!r}: {fault[0]}", fault[1])
    return values


def _check(desk: Desk, part: Part) -> None:
    """What a component adds has known keys, and names that begin with its prefix."""
    fragment, who = part.fragment, part.who
    for key in fragment:
        if key not in KEYS:
            desk.wrong(part.path, f"{who} adds {show(key)}.", did_you_mean(key, KEYS, "It may add"))
    for key in ("data", "events", "states", "guards"):
        if not isinstance(fragment.get(key, {}), dict):
            desk.wrong(part.path, f"{who}: its {key} are no mapping.", "Write `name: value` pairs.")
            del fragment[key]
    names = [*fragment.get("data", {}), *(name for name, _ in _states(fragment))]
    for name in names:
        if name != part.prefix and not name.startswith(f"{part.prefix}_"):
            cure = f"Call it {part.prefix}_{name}."
            desk.wrong(part.path, f"{who}: {show(name)} is a name without the prefix.", cure)
    if part.prefix in (name for name, _ in _states(fragment)):
        cure = f"Call the state {part.prefix}_on, or what it is."
        desk.wrong(part.path, f"{who}: the region itself is called {part.prefix!r}.", cure)
    if "states" not in fragment and ("transitions" in fragment or "initial" in fragment):
        desk.wrong(part.path, f"{who}: arrows need states.", "Add `states`.")


def _states(fragment: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(all_states(fragment.get("states", {})))


def _tidy(fragment: Any) -> None:
    """See to it that states are mappings, in place. Raises DefinitionError where they are not."""
    if not isinstance(fragment, dict) or not isinstance(fragment.get("states", {}), dict):
        raise DefinitionError("it adds no mapping.", hint="Write `states: {name: {...}}`.")
    for name, state in fragment.get("states", {}).items():
        if state is None:
            fragment["states"][name] = {}
        else:
            _tidy(state)


def _plain(value: Any) -> Any:
    """The fragment without Effects and tuples in it."""
    if isinstance(value, Effect):
        return value.to_spec()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise DefinitionError(f"{show(value)} is no JSON value.", hint="A component adds plain values.")
