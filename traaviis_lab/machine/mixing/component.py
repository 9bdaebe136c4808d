"""A component: what several machines have in common, mixed into each under a prefix of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.problems import show

from .parameters import Parameter, check_parameter

Fragment = Mapping[str, Any]
"""What a component adds, in the words of the spec: `data`, `events`, `hooks` and `guards`, and
what makes a region: `initial`, `states`, `transitions`."""

Expand = Callable[[Mapping[str, Any], str], Fragment]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}(?!\n)$")
PREFIX_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{0,39}$(?!\n)"
_PREFIX = re.compile(PREFIX_PATTERN)
PREFIX_CURE = (
    "Use a word of letters, digits and `_`, such as door; names in the data begin with it."
)
RESERVED = ("prefix", "state", "event")


def is_prefix(text: Any) -> bool:
    """Whether states and fields may begin with this: it must do as a word in expressions."""
    return isinstance(text, str) and _PREFIX.match(text) is not None


@dataclass(frozen=True, slots=True)
class Component:
    """What can be mixed into machines: `expand(values, prefix)` answers with what it adds.

    `name` is the word for `use:`. `parameters` say what may be set. `expand` is a function of its
    arguments alone; it gets every parameter, checked, and names all states and fields of its own
    `<prefix>_...`. Raises DefinitionError for names that cannot be.
    """

    name: str
    meaning: str
    expand: Expand
    parameters: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        """See to the names and the defaults."""
        if not isinstance(self.name, str) or not _NAME.match(self.name):
            cure = "Use small letters, digits and `_`, such as time_limit."
            raise DefinitionError(f"{show(self.name)} is no name for a component.", hint=cure)
        seen: set[str] = set()
        for parameter in self.parameters:
            if parameter.name in seen or parameter.name in RESERVED:
                what = "stands twice" if parameter.name in seen else "is a word of its own"
                raise DefinitionError(
                    f"Component {self.name!r}: the parameter {parameter.name!r} {what}.",
                    hint="Rename it.",
                )
            seen.add(parameter.name)
            check_parameter(self.name, parameter)

    def __call__(self, prefix: str = "", **values: Any) -> Use:
        """This component with values for its parameters, for the list `components` of a class."""
        return Use(self, prefix or self.name, values)


@dataclass(frozen=True, slots=True)
class Use:
    """A component with the prefix and the values that one machine uses it with."""

    component: Component
    prefix: str
    values: Mapping[str, Any]

    def to_spec(self) -> dict[str, Any]:
        """The use as it stands in a document, but for the States in it."""
        spec: dict[str, Any] = {"use": self.component.name, "prefix": self.prefix}
        return {**spec, "with": dict(self.values)} if self.values else spec
