"""Tools as people look at them: a table, and a DataFrame."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from traaviis_lab.errors import LabError
from traaviis_lab.machine.names import did_you_mean
from traaviis_lab.runtime.asking.toolbox import describe
from traaviis_lab.tools import Toolset
from traaviis_lab.tools.foreign import one_line

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("name", "server", "description", "permission", "why", "state", "calls", "fingerprint")
_SHORT = 120


class Row(NamedTuple):
    """One tool as it stands. What a server says of it, description and schema, is its own words.

    `permission` is `allow`, `ask` or `deny`, and `why` says why. `state` is `function`, `known`,
    `changed` or `allowed` (for good); `change` says how its description changed.
    """

    name: str
    server: str
    description: str
    permission: str
    why: str
    state: str
    calls: int
    fingerprint: str
    change: str
    schema: Mapping[str, Any]

    def __repr__(self) -> str:
        lines = [f"{self.name}: {self.permission}, {self.why} ({self.state}, {self.calls} calls)"]
        if self.description:
            whose = f"the server {self.server!r} says: " if self.server else ""
            lines.append(f"  {whose}{one_line(self.description, 300)}")
        lines += [f"  {line}" for line in self.change.splitlines()]
        return "\n".join(lines)


def rows_of(tools: Toolset, functions: Mapping[str, Callable[..., Any]]) -> list[Row]:
    """Registered functions, then the tools of servers."""
    made = []
    for name, function in sorted(functions.items()):
        said = describe(name, function)
        made.append(
            Row(name, "", said["description"], "allow", "it was registered here", "function",
                tools.calls[name], "", "", said["parameters"])
        )  # fmt: skip
    for tool in tools.all():
        definition, verdict = tool.definition, tool.verdict
        made.append(
            Row(tool.name, tool.server.name, definition.description, verdict.permission,
                verdict.why, tool.state, tools.calls[tool.name], definition.fingerprint[:12],
                tool.known.change, definition.schema)
        )  # fmt: skip
    return made


class Table:
    """Tools, as they stand when they are looked at."""

    def __init__(self, rows: Callable[[], Sequence[Row]]) -> None:
        self._rows = rows

    def frame(self) -> pd.DataFrame:
        """A row per tool: name, server, description, permission, why, state, calls, fingerprint."""
        import pandas as pd

        rows = [tuple(getattr(row, name) for name in COLUMNS) for row in self._rows()]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def __getitem__(self, name: str) -> Row:
        rows = self._rows()
        for row in rows:
            if row.name == name:
                return row
        known = did_you_mean(name, [row.name for row in rows], "There are")
        raise LabError(f"There is no tool {name!r} here.", hint=known)

    def __contains__(self, name: object) -> bool:
        return any(row.name == name for row in self._rows())

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows())

    def __len__(self) -> int:
        return len(self._rows())

    def __repr__(self) -> str:
        rows = self._rows()
        if not rows:
            return 'No tools: lab.tools.add_mcp("npx some-server", name="files") adds some.'
        wide = max(len(row.name) for row in rows)
        return "\n".join(
            f"{row.name:<{wide}}  {row.permission:<5}  {one_line(row.description, 80)}".rstrip()
            for row in rows
        )

    def _repr_html_(self) -> str:
        rows = self._rows()
        if not rows:
            return f"<p>{html.escape(repr(self))}</p>"
        heads = ("tool", "may be called", "why", "what its server says of it", "calls")
        head = "".join(f"<th style='text-align:left'>{word}</th>" for word in heads)
        body = "".join(map(_html_row, rows))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


_COLOURS = {"allow": "#2e7d32", "ask": "#b26a00", "deny": "#c0392b"}


def _html_row(row: Row) -> str:
    word = f"<b style='color:{_COLOURS[row.permission]}'>{row.permission}</b>"
    said = html.escape(one_line(row.description, _SHORT))
    why = html.escape(row.why)
    if row.change:
        why += f"<pre style='margin:0'>{html.escape(row.change)}</pre>"
    cells = (f"<code>{html.escape(row.name)}</code>", word, why,
             f"<i>{said}</i>" if row.server else said, str(row.calls))  # fmt: skip
    made = "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells)
    return f"<tr>{made}</tr>"
