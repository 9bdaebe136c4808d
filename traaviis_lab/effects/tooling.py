"""The effect that calls a tool of the lab: an external one of an MCP server, or a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.effect import REPEATS, Effect, Repeat, word
from traaviis_lab.machine.problems import show

from .leaf_checks import check_duration, check_mapping, check_repeat, check_text
from .machines import REPEAT_MEANING
from .secret_places import check_places, places_in


@dataclass(frozen=True, slots=True)
class CallTool(Effect):
    """Call a tool of the lab by its name: `files.read_file` of a server, or a function's own name.

    Servers are added with `lab.tools.add_mcp`; each tool is allowed, denied, or a person is asked.
    The arguments are checked against the tool's schema before anything is sent. The result is the
    tool's structured answer, else its one text, else a list of the parts it answered with. A
    secret of the lab is written `{secret: NAME}` as a whole argument or a value inside one, or
    `$secret{NAME}` within a text that holds no template.
    """

    # Nobody can trust what a tool says of itself, so it is not called twice for one wish.
    repeat_by_default: ClassVar[Repeat] = "at_most_once"

    tool: str = field(metadata=word("name", "Its name, with its server's name and a dot before."))
    arguments: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "Its arguments, by name.")
    )
    timeout: float | str = field(
        default=0.0,
        metadata=word("duration", "How long it may take; 0: as long as its server was given."),
    )
    into: str = field(
        default="", metadata=word("text", "The field of the run's data its answer goes to.")
    )
    repeat: str = field(default="", metadata=word("choice", REPEAT_MEANING, choices=REPEATS))
    reveals: tuple[str, ...] | None = field(
        default=None,
        metadata=word("names", "Where its secrets stood before it was filled in.", hidden=True),
    )

    def __post_init__(self) -> None:
        """Check the fields."""
        check_text(self, "tool", empty=False)
        check_text(self, "into")
        check_mapping(self, "arguments")
        check_duration(self, "timeout")
        check_repeat(self)
        if self.reveals is None:
            check_places(self.kind, self.with_secrets())
        else:
            object.__setattr__(self, "reveals", tuple(self.reveals))

    def with_secrets(self) -> dict[str, Any]:
        """The fields that may name secrets."""
        return {"arguments": self.arguments}

    def sealed(self) -> CallTool:
        """Note where its secrets stand, so that data filled in cannot ask for others."""
        if self.reveals is not None:
            return self
        return replace(self, reveals=tuple(places_in(self.with_secrets())))


def call_tool(
    tool: str | Callable[..., Any],
    arguments: Mapping[str, Any] | str | None = None,
    *,
    timeout: float | str = 0.0,
    into: str = "",
    repeat: str = "",
) -> CallTool:
    """Call a tool of the lab by its name (a Python function stands for its own name).

    `timeout`: how long it may take; 0: as long as its server was given. A secret is written
    `{"secret": "NAME"}` or within a text `"Bearer $secret{NAME}"`.
    """
    name = tool if isinstance(tool, str) else getattr(tool, "__name__", None)
    if not isinstance(name, str) or not name.strip() or name == "<lambda>":
        raise DefinitionError(
            f"call_tool: {show(tool)} has no name to call it by.",
            hint='fx.call_tool("files.read_file", {...}); lab.tools lists the names.',
        )
    given: Any = arguments
    if arguments is None:
        given = {}
    elif isinstance(arguments, Mapping):
        given = dict(arguments)
    return CallTool(name, given, timeout, into, repeat)
