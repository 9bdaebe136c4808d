"""Analyse a chart document: what its states ask for, with the lines where they do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from traaviis_lab.effects import VOCABULARY
from traaviis_lab.errors import DefinitionError
from traaviis_lab.flows.documents import MAX_YAML
from traaviis_lab.flows.yaml_door import YamlText
from traaviis_lab.flows.yaml_text import flow_text
from traaviis_lab.machine.effect import shape_of, word_of
from traaviis_lab.machine.plain import MAX_DEPTH, MAX_VALUES
from traaviis_lab.machine.problems import Path, show_path

from .effects import findings_of_effects
from .finding import Analysis
from .outline import MachineSeen, StateSeen, Wish, short

_NO_CHART = "No chart needs that; is this the right document?"
_JSON = re.compile(r"\s*\{\s*\"")
_ARROWS = ("transitions", "after", "on_success", "on_error")


@dataclass(slots=True)
class Document:
    """A document as read: its plain `value`, and `yaml` that knows lines and places.

    `yaml` is None for a JSON text that is no YAML (it may be indented with tabs).
    """

    value: Any
    yaml: YamlText | None

    def line_of(self, path: Path) -> int:
        """The line (from 1) of a place; 0 where lines are not known."""
        return 0 if self.yaml is None else self.yaml.line_of(path)


def analyse_document(text: str) -> Analysis:
    """What the machine of a YAML or JSON document could gain; nothing where it holds none.

    Raises DefinitionError where the text is neither, or is too large.
    """
    machine = machine_of(parse_document(text))
    if machine is None:
        return Analysis()
    found = sorted(set(findings_of_effects(machine)), key=lambda one: (one.line, one.rule))
    return Analysis((machine.name,), tuple(found))


def parse_document(text: str) -> Document:
    """The document in a YAML or JSON text. Raises DefinitionError with the line."""
    if len(text) > MAX_YAML:
        raise DefinitionError(
            f"The document has {len(text):,} characters; {MAX_YAML:,} are the most that are read.",
            hint="Is this the right document?",
        )
    document = _read(text.removeprefix("\ufeff"))
    if _size(document.value, 0, {}) > MAX_VALUES:
        raise DefinitionError("The document is too large or nested too deep.", hint=_NO_CHART)
    return document


def _read(text: str) -> Document:
    try:
        yaml = YamlText(text)
    except DefinitionError:
        if not text.lstrip().startswith("{"):
            raise
        try:
            return Document(json.loads(text), None)
        except (ValueError, RecursionError) as error:
            if _JSON.match(text) and isinstance(error, json.JSONDecodeError):
                raise _no_json(error) from None
        raise
    return Document(yaml.value, yaml)


def _no_json(error: json.JSONDecodeError) -> DefinitionError:
    """Of a text that begins as JSON does, what YAML makes of it tells little."""
    return DefinitionError(
        f"Line {error.lineno}: this is no JSON: {error.msg}.",
        hint="Mind the commas and quotes; a comma after the last item is one too many.",
    )


def _size(value: Any, depth: int, known: dict[int, int]) -> int:
    """How many values it stands for, those that aliases repeat counted each time."""
    if depth > MAX_DEPTH + 1:
        return MAX_VALUES + 1
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        items = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_size(item, depth + 1, known) for item in items)
    return known[id(value)]


def machine_of(document: Document) -> MachineSeen | None:
    """The machine in a document, however it is written; None where there is none."""
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("states"), dict):
        return None
    name = value.get("name")
    machine = MachineSeen(name if isinstance(name, str) else "(no name)", 1, "document")
    _Reader(document, machine).states(value["states"], ("states",), [])
    for n, hook in enumerate(_items(value.get("hooks"))):
        if isinstance(hook, dict):
            reader = _Reader(document, machine)
            machine.wishes += reader.wishes(hook.get("do"), ("hooks", n, "do"))
    return machine


class _Reader:
    """Reads the states of one document into an outline."""

    def __init__(self, document: Document, machine: MachineSeen) -> None:
        self.document = document
        self.machine = machine

    def states(self, states: Mapping[Any, Any], path: Path, around: list[str]) -> None:
        for name, state in states.items():
            if isinstance(state, dict):
                self._state(str(name), state, (*path, str(name)), around)

    def _state(self, name: str, state: dict[str, Any], path: Path, around: list[str]) -> None:
        seen = StateSeen(name, self.document.line_of(path), around=around)
        seen.enter = self.wishes(state.get("enter"), (*path, "enter"))
        seen.has_on_error, seen.has_on_success = "on_error" in state, "on_success" in state
        self.machine.states[name] = seen
        self.machine.wishes += seen.enter
        for key in ("on_enter", "exit"):
            self.machine.wishes += self.wishes(state.get(key), (*path, key))
        for key in _ARROWS:
            several = isinstance(state.get(key), list)
            for n, arrow in enumerate(_items(state.get(key))):
                if isinstance(arrow, dict):
                    place = (*path, key, n, "do") if several else (*path, key, "do")
                    self.machine.wishes += self.wishes(arrow.get("do"), place)
                    if key == "transitions":
                        heard = _items(arrow.get("on"))
                        seen.hears |= {event for event in heard if isinstance(event, str)}
        if isinstance(state.get("states"), dict):
            self.states(state["states"], (*path, "states"), [*around, name])

    def wishes(self, value: Any, path: Path) -> list[Wish]:
        """The effects in a list of them, or the one that stands for a list."""
        if isinstance(value, list):
            found = [self._wish(item, (*path, n)) for n, item in enumerate(value)]
        else:
            found = [self._wish(value, path)]
        return [wish for wish in found if wish is not None]

    def _wish(self, value: Any, path: Path) -> Wish | None:
        if not isinstance(value, dict):
            return None
        kind = value.get("kind")
        if kind is None and "effect" in value and "undo" in value:
            kind = "with_compensation"  # a step of a saga
        if not isinstance(kind, str):
            return None
        inner: list[Wish] = []
        for key in _effect_keys(kind):
            inner += self.wishes(value.get(key), (*path, key))
        words = {str(key): item for key, item in value.items() if key != "kind"}
        place, line = show_path(path), self.document.line_of(path)
        return Wish(kind, words, tuple(inner), place, line, short(flow_text(value)), path)


def _effect_keys(kind: str) -> Iterator[str]:
    """The keys under which an effect of this kind holds others."""
    word = VOCABULARY.get(kind)
    if word is None:
        return
    for field in fields(word):  # type: ignore[arg-type]
        if shape_of(field) in ("effect", "effects", "steps"):
            yield word_of(field)


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
