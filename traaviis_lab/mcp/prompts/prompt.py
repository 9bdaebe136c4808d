"""What a prompt is: a name, its arguments, and a function that writes the message."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from traaviis_lab.errors import LabError

if TYPE_CHECKING:
    from traaviis_lab.mcp.call import Call

LONGEST = 20_000
"""Characters of one argument."""


@dataclass(frozen=True)
class Argument:
    """One argument of a prompt; its value is text."""

    name: str
    description: str
    required: bool = True


Write = Callable[["Call", Mapping[str, str], Collection[str]], str]


@dataclass(frozen=True)
class Prompt:
    """One prompt. `write(call, arguments, tools)` answers the message of the user; `tools` are
    the names of those that the client may call.
    """

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    write: Write = field(repr=False)

    def checked(self, arguments: Mapping[str, str]) -> dict[str, str]:
        """The arguments as they are used. Raises `LabError` naming what is missing or too much."""
        known = {one.name: one for one in self.arguments}
        hint = f"{self.name}({', '.join(known)})"
        for name, value in arguments.items():
            if name not in known or not isinstance(value, str) or len(value) > LONGEST:
                raise LabError(f"{self.name} takes no argument {name[:100]!r} as given.", hint=hint)
        for name, one in known.items():
            if one.required and not arguments.get(name, "").strip():
                raise LabError(f"{self.name} lacks its argument {name!r}.", hint=hint)
        return dict(arguments)


def steps(tools: Collection[str], *ways: tuple[str, str]) -> str:
    """A numbered list of what to call, as far as the client may: `(tool, what for)`."""
    can = [f"{tool}: {why}" for tool, why in ways if tool in tools]
    return "\n".join(f"{number}. {line}" for number, line in enumerate(can, 1))
