"""Other names for models: each means a model or another name, and none goes in a circle."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from traaviis_lab.errors import DefinitionError

_NAME = re.compile(r"[^\s\x00-\x1f\x7f]+\Z")


class Aliases:
    """What names mean. Changes swap the whole table, so that any thread may read it meanwhile."""

    def __init__(self) -> None:
        self._table: Mapping[str, str] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._table))

    def put(self, alias: str, target: str) -> None:
        """Let `alias` mean `target` from now on.

        Raises `DefinitionError` for a name that is none, and for a circle.
        """
        for name in (alias, target):
            if not isinstance(name, str) or not _NAME.match(name):
                raise DefinitionError(
                    f"{name!r} is no name for a model.",
                    hint="lab.models.alias('triage', 'local/smollm2')",
                )
        table = {**self._table, alias: target}
        way = _way(alias, table)
        if way[-1] in way[:-1]:
            raise DefinitionError(
                f"{alias!r} cannot mean {target!r}: {' -> '.join(way)} is a circle.",
                hint="Let one of them mean a model: 'provider/model'.",
            )
        self._table = table

    def meaning(self, name: str) -> str:
        """The model that a name means in the end: itself, where it is no alias."""
        return name if name not in self._table else _way(name, self._table)[-1]

    def to_json(self) -> dict[str, str]:
        """What each means, as it was set."""
        return dict(self._table)


def _way(name: str, table: Mapping[str, str]) -> list[str]:
    """A name and what it means, one after the other, up to a model or the first repetition."""
    way = [name]
    while name in table and name not in way[:-1]:
        name = table[name]
        way.append(name)
    return way
