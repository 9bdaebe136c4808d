"""The components that documents can `use`, by name. Only what is registered can be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from traaviis_lab.errors import DefinitionError

if TYPE_CHECKING:  # the front door opens this file, and is to stay quick
    from .component import Component

_COMPONENTS: dict[str, Component] = {}
_SHELVES: list[Callable[[], object]] = []


def register_component(component: Component) -> Component:
    """Let documents use this component by its name; answers it.

    Raises DefinitionError for a name that another component has.
    """
    from .component import Component

    if not isinstance(component, Component):
        raise DefinitionError(
            f"{component!r} is no component.", hint="Pass a Component, or read_component(text)."
        )
    _open_shelves()
    known = _COMPONENTS.get(component.name)
    if known is not None and not _is_same(known, component):
        raise DefinitionError(
            f"There is a component {component.name!r} already.", hint="Choose another name."
        )
    _COMPONENTS[component.name] = component
    return component


def forget_component(name: str) -> None:
    """Let documents no longer use the component of this name; nothing if there is none."""
    _COMPONENTS.pop(name, None)


def components() -> Mapping[str, Component]:
    """The registered components by name; a copy."""
    _open_shelves()
    return dict(sorted(_COMPONENTS.items()))


def add_shelf(opens: Callable[[], object]) -> None:
    """Have `opens` register more components when somebody first asks for any."""
    _SHELVES.append(opens)


def _open_shelves() -> None:
    while _SHELVES:
        _SHELVES.pop()()


def _is_same(one: Component, other: Component) -> bool:
    """Whether a component is the other one, registered again when a cell is run twice."""
    return one == other or (
        one.expand.__module__ == other.expand.__module__
        and getattr(one.expand, "__qualname__", "") == getattr(other.expand, "__qualname__", None)
    )
