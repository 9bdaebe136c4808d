"""Plugins: packages that bring effects, handlers, components, machines and functions to a lab.

A package announces a function `plugin(kit)` under the entry-point group `traaviis_lab.plugins`.
It is called when a lab opens. What one brings is taken whole or not at all: a plugin that fails,
or that takes a word which is taken, is a warning and a row of `lab.plugins()`, and the lab opens.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, NamedTuple

from traaviis_lab.effects import VOCABULARY
from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.mixing.registry import components, forget_component

from .kit import Kit

if TYPE_CHECKING:
    import pandas as pd

    from .lab import Lab

GROUP = "traaviis_lab.plugins"
COLUMNS = ("name", "package", "version", "brought", "error")
_LOGGER = logging.getLogger("traaviis_lab")
_USURPERS: dict[str, str] = {}  # what was found while it was imported, which happens only once


class Plugin(NamedTuple):
    """A plugin that was found: whose it is, what it brought, and what went wrong, if anything."""

    name: str
    package: str
    version: str
    brought: tuple[str, ...] = ()
    error: str = ""


class Plugins:
    """The part of `Lab` that knows its plugins."""

    _plugins: tuple[Plugin, ...] = ()

    def plugins(self) -> pd.DataFrame:
        """A row per plugin that is installed: name, package, version, what it brought, error."""
        import pandas as pd

        rows = [{**one._asdict(), "brought": ", ".join(one.brought)} for one in self._plugins]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def components(self) -> pd.DataFrame:
        """A row per component that documents can `use`: name, meaning, parameters."""
        import pandas as pd

        rows = [
            {"name": c.name, "meaning": c.meaning, "parameters": [p.name for p in c.parameters]}
            for c in components().values()
        ]
        return pd.DataFrame(rows, columns=["name", "meaning", "parameters"])


def bring_plugins(lab: Lab) -> tuple[Plugin, ...]:
    """Have every plugin that is installed bring what it has to this lab."""
    return tuple(_bring(lab, point) for point in _points(tuple(sys.path)))


@lru_cache(maxsize=4)
def _points(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """The entry points in a fixed order, each once; `path` is what Python looks through."""
    found = {(point.name, point.value): point for point in entry_points(group=GROUP)}
    return tuple(point for _, point in sorted(found.items(), key=lambda item: item[0]))


def _bring(lab: Lab, point: EntryPoint) -> Plugin:
    package, version = _whose(point)
    words, known = dict(VOCABULARY), set(components())
    try:
        kit = Kit(lab)
        plugin: Callable[[Kit], object] = point.load()
        plugin(kit)
        _check_words(words, point)
        brought = tuple(kit.hand_over())
    except (Exception, SystemExit) as error:
        _put_back(words, known)
        hint = getattr(error, "hint", "")
        text = f"{type(error).__name__}: {error} {hint}".strip()
        _LOGGER.warning("plugin %s (%s %s) was left out: %s", point.name, package, version, text)
        return Plugin(point.name, package, version, (), text)
    return Plugin(point.name, package, version, brought)


def _whose(point: EntryPoint) -> tuple[str, str]:
    """The package and its version, as far as its metadata tell."""
    try:
        return (point.dist.name or "", point.dist.version or "") if point.dist else ("", "")
    except Exception:  # metadata that somebody has cut down
        return "", ""


def _check_words(before: Mapping[str, Any], point: EntryPoint) -> None:
    """A class that derives from Effect takes its word when it is defined, whoever's that was."""
    usurped = [kind for kind, word in before.items() if VOCABULARY.get(kind) is not word]
    if usurped:
        _USURPERS[point.value] = usurped[0]
    if point.value in _USURPERS:
        kind = _USURPERS[point.value]
        raise DefinitionError(
            f"It defines an effect {kind!r}, and there is one.", hint="Rename the class."
        )


def _put_back(words: dict[str, Any], known: set[str]) -> None:
    VOCABULARY.clear()
    VOCABULARY.update(words)
    for name in set(components()) - known:
        forget_component(name)
