"""`%journal`: SQL in a cell, with Python's variables as parameters and never as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from datetime import date
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError

from .labs import is_name, lab_named, take_lab

if TYPE_CHECKING:
    import pandas as pd

# A dollar-quoted text and a quoted one may hold `$` of their own.
_NAMES = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|\$([A-Za-z_]\w*)")
_PLAIN = (str, int, float, bool, bytes, list, dict, date, type(None))


def ask(
    line: str, cell: str | None, names: Mapping[str, Any], keep: MutableMapping[str, Any]
) -> pd.DataFrame | None:
    """The answer of the journal; kept in `keep` where the line of a cell names a variable.

    Raises `LabError` for a parameter that is no variable or no plain value, `JournalError` with
    what DuckDB says.
    """
    name, rest = take_lab(line)
    lab = lab_named(name, names)
    query = rest if cell is None else cell
    if not query.strip():
        raise LabError("There is no question.", hint="%journal select * from runs")
    if cell is not None and rest and not is_name(rest):
        raise LabError(f"{rest!r} is no name for a variable.", hint="%%journal steps_of_my_run")
    table = lab.sql(query, _parameters(query, names))
    if cell is not None and rest:
        keep[rest] = table
    return table


def _parameters(query: str, names: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {match[1] for match in _NAMES.finditer(query) if match[1]}
    parameters = {}
    for name in sorted(wanted):
        if name not in names:
            raise LabError(
                f"${name} stands for a Python variable, and there is none of that name.",
                hint=f"Set it in a cell before: {name} = ...",
            )
        value = names[name]
        if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
            value = value.item()  # a number out of a table
        if not isinstance(value, _PLAIN):
            raise LabError(
                f"${name} is a {type(value).__name__}, which SQL cannot take.",
                hint="Use a text, a number, a date, a list or a dict; of a run its id.",
            )
        parameters[name] = value
    return parameters
