"""Which documents a search looks at: those whose fields are what a filter says."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from traaviis_lab.errors import DefinitionError


def check_filter(filter: Mapping[str, Any]) -> None:
    """Raise `DefinitionError` for a filter that no field could ever fit."""
    if not isinstance(filter, Mapping):
        raise DefinitionError(
            f"filter={filter!r} says of no field what it is.", hint="filter={'source': 'guides/*'}"
        )
    for name, wanted in filter.items():
        simple = isinstance(wanted, str | int | float | bool)
        several = isinstance(wanted, list) and wanted and all(isinstance(w, str) for w in wanted)
        if not isinstance(name, str) or not (simple or several):
            raise DefinitionError(
                f"filter: {name}: {wanted!r} is nothing that a field can be.",
                hint="A text, a number, true or false, or a list of texts: any of them.",
            )


def fits(source: str, fields: Mapping[str, Any], filter: Mapping[str, Any]) -> bool:
    """Whether a document is what the filter says.

    `source` (with `*` for any letters) and `suffix` are fields of every document; the others
    are those its front matter says. One that is a list fits where any of its texts does.
    """
    known = {**fields, "source": source, "suffix": PurePosixPath(source).suffix.lower()}
    return all(name in known and _is(name, known[name], w) for name, w in filter.items())


def _is(name: str, found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return any(_is(name, found, one) for one in wanted)
    if isinstance(found, list):
        return any(_is(name, one, wanted) for one in found)
    if name == "source" and isinstance(wanted, str):
        return fnmatchcase(str(found), wanted)
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    return bool(found == wanted)
