"""Find the lab a magic is about: the one that is named, or the only one there is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from keyword import iskeyword
from typing import Any

from traaviis_lab.errors import LabError
from traaviis_lab.lab import Lab

_LAB = re.compile(r"(?:^|\s)--lab[ =](\S+)")


def take_lab(line: str) -> tuple[str, str]:
    """The name after `--lab` ("" without one), and the rest of a magic's line."""
    found = _LAB.search(line)
    rest = _LAB.sub(" ", line, count=1) if found else line
    return found[1] if found else "", rest.strip()


def is_name(word: str) -> bool:
    """Whether a variable can have this name."""
    return word.isidentifier() and not iskeyword(word)


def lab_named(name: str, names: Mapping[str, Any], *, run: str = "") -> Lab:
    """The lab in the variable `name`; without a name the only open one of the notebook.

    Where there are several, the one that knows `run`; where there is none, `Lab.default()`.
    Raises `LabError` for a name that holds no lab, and where one cannot tell which is meant.
    """
    if name:
        found = names.get(name)
        if not isinstance(found, Lab):
            raise LabError(
                f"There is no lab in a variable {name!r}.", hint="lab = Lab('door.duckdb')"
            )
        return found
    labs = {id(lab): (word, lab) for word, lab in names.items() if _is_open(word, lab)}
    if run and len(labs) > 1:
        knowing = {k: v for k, v in labs.items() if v[1].journal.info(run) is not None}
        labs = knowing or labs
    if len(labs) > 1:
        words = sorted(word for word, _ in labs.values())
        raise LabError(
            f"There are {len(labs)} labs here: {', '.join(words)}.",
            hint=f"Say which one: --lab {words[0]}",
        )
    return next(iter(labs.values()))[1] if labs else Lab.default()


def _is_open(word: str, thing: Any) -> bool:
    return not word.startswith("_") and isinstance(thing, Lab) and thing.is_open
