"""Migrate a chart document: effects without a limit get one, and every other byte stays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from traaviis_lab.errors import DefinitionError
from traaviis_lab.flows.analysing.documents import Document, machine_of, parse_document
from traaviis_lab.flows.analysing.effects import unlimited
from traaviis_lab.flows.analysing.outline import MachineSeen
from traaviis_lab.flows.documents import find_problems
from traaviis_lab.flows.yaml_door import NodePlace
from traaviis_lab.machine.names import write_duration
from traaviis_lab.machine.problems import Path

from .limits import why_not_limited
from .migration import Change, Left, Migration

_BOM = "\ufeff"


class _Wrap(NamedTuple):
    """An effect to be wrapped, where it stands in the text, and the change that makes."""

    place: NodePlace
    path: Path
    change: Change


def migrate_document(text: str, limit: float | None) -> Migration:
    """The document with `limit` seconds on effects that may take for ever.

    Comments, order and quotes stay as they are. A second migration changes nothing. Raises
    `DefinitionError` where the text is no YAML and no JSON.
    """
    mark = _BOM if text.startswith(_BOM) else ""
    plain = text.removeprefix(_BOM)
    document = parse_document(plain)
    machine = machine_of(document)
    if machine is None or limit is None:
        return Migration(text)
    planned = list(_plan(document, machine, limit))
    wraps = [one for one in planned if isinstance(one, _Wrap)]
    left = tuple(one for one in planned if isinstance(one, Left))
    if not wraps:
        return Migration(text, left=left)
    made = _edited(plain, wraps, limit)
    _check(document.value, made, wraps, limit)
    return Migration(mark + made, tuple(wrap.change for wrap in wraps), left)


def _plan(document: Document, machine: MachineSeen, limit: float) -> Iterator[_Wrap | Left]:
    for outer in machine.wishes:
        for wish in unlimited(outer):
            why = why_not_limited(wish.kind)
            place = None if document.yaml is None else document.yaml.place_of(wish.path)
            if place is None:
                why = why or "its place in the text is not known"
            elif place.is_shared:
                why = why or "it is written once and used in several places"
            if why or place is None:
                yield Left(wish.line, machine.name, wish.place, f"{wish.code}: {why}")
            else:
                what = f"{wish.code} gets a limit of {write_duration(limit)}"
                change = Change(wish.line, machine.name, wish.place, what)
                yield _Wrap(place, wish.path, change)


def _edited(text: str, wraps: list[_Wrap], limit: float) -> str:
    """The text with every wrap made. No wrapped effect stands within another."""
    parts, at = [], 0
    newline = "\r\n" if "\r\n" in text else "\n"
    for place in sorted(wrap.place for wrap in wraps):
        inside = text[place.begin : place.end]
        made = _flow(inside, limit) if place.is_flow else _block(inside, place, limit, newline)
        parts += [text[at : place.begin], made]
        at = place.end
    return "".join([*parts, text[at:]])


def _flow(inside: str, limit: float) -> str:
    """An effect in braces: it stays on its line, within new ones."""
    after = json.dumps(write_duration(limit))
    if '"kind"' in inside:
        return f'{{"kind": "timeout", "after": {after}, "effect": {inside}}}'
    return f"{{kind: timeout, after: {write_duration(limit)}, effect: {inside}}}"


def _block(inside: str, place: NodePlace, limit: float, newline: str) -> str:
    """An effect in lines: these move to the right, below the new ones."""
    pad = " " * place.column
    first, *others = inside.split(newline)
    moved = [f"  {line}" if line.strip() else line for line in others]
    after = write_duration(limit)
    head = [f"kind: timeout{newline}{pad}after: {after}{newline}{pad}effect:", f"{pad}  {first}"]
    return newline.join([*head, *moved])


def _check(value: Any, new: str, wraps: list[_Wrap], limit: float) -> None:
    """Nothing but these effects has changed, and nothing is wrong that was right.

    Raises `DefinitionError` otherwise: better no change than one that nobody asked for.
    """
    paths = {wrap.path for wrap in wraps}
    expected = _wrapped(value, (), paths, write_duration(limit))
    read = parse_document(new).value
    before = Counter(problem.message for problem in find_problems(value))
    if read != expected or Counter(one.message for one in find_problems(read)) - before:
        raise DefinitionError(
            "The document is written in a way that cannot be changed safely.",
            hint="Write its effects on lines of their own, or put the limits in yourself.",
        )


def _wrapped(value: Any, path: Path, paths: set[Path], after: str | float) -> Any:
    """The value with the effects at these paths inside timeouts."""
    if isinstance(value, list):
        value = [_wrapped(one, (*path, n), paths, after) for n, one in enumerate(value)]
    elif isinstance(value, dict):
        value = {k: _wrapped(one, (*path, str(k)), paths, after) for k, one in value.items()}
    return {"kind": "timeout", "after": after, "effect": value} if path in paths else value
