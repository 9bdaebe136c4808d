"""What a tool of the catalogue is: a name, its parameters, who may call it, and a function."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from traaviis_lab.mcp.grants import Scope

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab
    from traaviis_lab.mcp.call import Call

Answer = Mapping[str, Any]
Function = Callable[..., Answer | Awaitable[Answer]]
SetName = Literal["core", "workflow", "watch", "debug"]
SETS: tuple[SetName, ...] = typing.get_args(SetName)


class Params(BaseModel):
    """The arguments of a tool. What it does not name is refused; its fields say what they are."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=1_000_000)


def _always(lab: Lab) -> bool:
    return True


def _never(call: Call, params: Any) -> str:
    return ""


@dataclass(frozen=True)
class Tool:
    """One tool. `function(call, params)` answers JSON; a plain one runs on a worker thread, an
    async one on the server's loop, where it must not block.

    Args:
        name: as a client calls it.
        set: the tool set it is switched with.
        scope: what a token must grant.
        params: the model of its arguments.
        function: what it does.
        title: a few words for a person.
        description: what a model reads: the docstring's first paragraph.
        read_only: it changes nothing.
        destructive: it may end or undo what is there; then a person is asked.
        idempotent: called twice, it does no more than called once.
        open_world: it may reach outside the lab.
        quotes: its answer holds text of the journal, and is marked as data.
        asks: why a person must be asked before, "" if none must; destructive ones always ask.
        available: whether this lab can do it.
        app: the `ui://` resource that shows its answer.
    """

    name: str
    set: SetName
    scope: Scope
    params: type[Params]
    function: Function
    title: str
    description: str
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False
    quotes: bool = False
    asks: Callable[[Call, Any], str] = _never
    available: Callable[[Lab], bool] = _always
    app: str = ""

    @property
    def is_async(self) -> bool:
        """Whether its function is awaited."""
        return inspect.iscoroutinefunction(self.function)

    @property
    def may_ask(self) -> bool:
        """Whether a call of it may need a person's yes."""
        return self.destructive or self.asks is not _never

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its arguments, without the titles that pydantic adds."""
        bare: dict[str, Any] = _bare(self.params.model_json_schema())
        return bare

    def annotations(self) -> dict[str, bool]:
        """What MCP calls annotations: hints for a client, promises of ours."""
        return {
            "readOnlyHint": self.read_only,
            "destructiveHint": self.destructive,
            "idempotentHint": self.idempotent or self.read_only,
            "openWorldHint": self.open_world,
        }


def tool(set: SetName, scope: Scope, **says: Any) -> Callable[[Function], Tool]:
    """Make a tool of a function `(call, params)`: its name, docstring and annotation are read."""

    def made(function: Function) -> Tool:
        name = getattr(function, "__name__", "")
        text = inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        params = typing.get_type_hints(function)["params"]
        title = says.pop("title", name.replace("_", " ").capitalize().replace("fsm", "run"))
        return Tool(name, set, scope, params, function, title, text, **says)

    return made


def _bare(schema: Any) -> Any:
    """A schema without its titles, which only repeat the names; names called `title` stay."""
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _bare(one) for name, one in value.items()}
        if key == "properties"
        else _bare(value)
        for key, value in schema.items()
        if key != "title" or not isinstance(value, str)
    }
