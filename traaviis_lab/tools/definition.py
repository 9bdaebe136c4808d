"""What a server says of one of its tools, as a value with a fingerprint. None is believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine.canonical import canonical_hash

from .foreign import one_line, plain
from .schema_weight import is_too_heavy

LARGEST = 64 * 1024
"""Bytes of one definition; a larger one is left out."""
SHOWN = 1_000
"""Characters of a description that people and models get to see."""
DEEPEST = 64
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,127}\Z")
_FIELDS = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")


@dataclass(frozen=True)
class Definition:
    """A tool as its server describes it. `said` is what is kept and compared, as JSON."""

    said: Mapping[str, Any]
    fingerprint: str = field(compare=False)
    is_heavy: bool = field(default=False, compare=False)  # its schema cannot be checked in time

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> Definition:
        """From a server's `tools/list`. Raises `DefinitionError` for what cannot be a tool."""
        name = wire.get("name")
        shown = one_line(name, 60)
        if not isinstance(name, str) or not _NAME.match(name):
            raise DefinitionError(f"{shown!r} is no name of a tool.")
        said = {key: wire[key] for key in _FIELDS if wire.get(key) is not None}
        if not isinstance(said.get("inputSchema"), Mapping):
            raise DefinitionError(f"{shown!r} has no schema of its arguments.")
        if _depth(said) > DEEPEST:
            raise DefinitionError(f"{shown!r} is described more than {DEEPEST} levels deep.")
        try:
            size = len(encode(said))
            mark = canonical_hash(said)
        except Exception as error:  # numbers and texts that JSON cannot hold
            raise DefinitionError(f"{shown!r}: {one_line(error, 200)}") from None
        if size > LARGEST:
            raise DefinitionError(f"{shown!r} is described in {size:,} bytes; {LARGEST:,} at most.")
        return cls(said, mark, is_too_heavy(said["inputSchema"]))

    @property
    def name(self) -> str:
        """The tool's name on its server."""
        return str(self.said["name"])

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of its arguments."""
        found: Mapping[str, Any] = self.said["inputSchema"]
        return found

    @property
    def output(self) -> Mapping[str, Any]:
        """The JSON Schema of its structured answer; empty where it has none."""
        found = self.said.get("outputSchema")
        return found if isinstance(found, Mapping) else {}

    @property
    def description(self) -> str:
        """What the server says it does, fit to be shown."""
        return plain(self.said.get("description") or self.said.get("title") or "", SHOWN)

    def hint(self, name: str) -> bool:
        """Whether the server says this of it (`destructiveHint`); anything but False counts."""
        notes = self.said.get("annotations")
        return isinstance(notes, Mapping) and bool(notes.get(name))


def _depth(value: Any, depth: int = 0) -> int:
    if depth > DEEPEST:
        return depth
    inner: Any = ()
    if isinstance(value, Mapping):
        inner = value.values()
    elif isinstance(value, list | tuple):
        inner = value
    return max((_depth(one, depth + 1) for one in inner), default=depth)
