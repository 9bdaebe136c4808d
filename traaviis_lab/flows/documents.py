"""Read charts from YAML or JSON text; mistakes are told with their lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.problems import Problem, Problems, definition_error
from traaviis_lab.machine.reader import examine, title_of

from .yaml_door import YamlText

MAX_YAML = 1_000_000
MAX_JSON = 20_000_000
"""Characters. YAML is read at some 200,000 a second, JSON at a hundred times that."""


def read_chart(document: str | Mapping[str, Any], *, where: str = "") -> Chart:
    """The chart in a YAML or JSON text, or in a mapping of plain values.

    `where` (a file's name) goes in front of what errors say. Raises DefinitionError with every
    mistake, its line, its place, the value and the cure.
    """
    value, found, text = parse_text(document, where)
    chart, problems = examine(value)
    if chart is not None and not found:
        return chart
    listed = [*found, *with_lines(problems, text)]
    title = title_of(value)
    if where:
        title = where if title == "The chart" else f"{title} in {where}"
    raise definition_error(title, listed, problems.more, line_and_place)


def find_problems(document: str | Mapping[str, Any]) -> list[Problem]:
    """Every mistake in a YAML or JSON text, with its line; none for a good one.

    A text that cannot be read at all is one problem without a path.
    """
    try:
        value, found, text = parse_text(document, "")
    except DefinitionError as error:
        return [Problem((), error.message, error.hint)]
    problems = examine(value)[1]
    return [*found, *with_lines(problems, text)]


def parse_text(document: Any, where: str) -> tuple[Any, list[Problem], str]:
    """The plain value, the keys that stand twice, and the text it came from."""
    if not isinstance(document, str):
        return document, [], ""
    start = document.lstrip("\ufeff \t\r\n")[:1]
    try:
        if start in ("{", "["):
            return _parse_json(document)
        yaml = _yaml(document)
        return yaml.value, yaml.doubles, document
    except DefinitionError as error:
        if where:
            raise DefinitionError(f"{where}: {error.message}", hint=error.hint) from None
        raise


def _parse_json(text: str) -> tuple[Any, list[Problem], str]:
    """JSON, or YAML in its flow style where it is not JSON."""
    if len(text) > MAX_JSON:
        raise _too_long(text, MAX_JSON)
    doubles: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) < len(items):
            names = [name for name, _ in items]
            doubles.extend(name for name in made if names.count(name) > 1)
        return made

    try:
        value = json.loads(text.lstrip("\ufeff"), object_pairs_hook=pairs)
    except RecursionError:
        hint = "No chart needs that; is this the right document?"
        raise DefinitionError("The document is nested too deep.", hint=hint) from None
    except ValueError as error:
        return _flow_yaml(text, error)
    if not doubles:
        return value, [], text
    try:
        return value, _yaml(text).doubles, text
    except DefinitionError:
        message = f"the keys {', '.join(doubles[:5])} stand twice in a mapping."
        return value, [Problem((), message, "Keep one of them.")], ""


def _flow_yaml(text: str, error: ValueError) -> tuple[Any, list[Problem], str]:
    try:
        yaml = _yaml(text)
    except DefinitionError:
        hint = "Mind commas, quotes and brackets."
        raise DefinitionError(f"This is no JSON: {error}.", hint=hint) from None
    return yaml.value, yaml.doubles, text


def _yaml(text: str) -> YamlText:
    if len(text) > MAX_YAML:
        raise _too_long(text, MAX_YAML)
    return YamlText(text)


def _too_long(text: str, most: int) -> DefinitionError:
    return DefinitionError(
        f"The document has {len(text):,} characters; {most:,} are the most that are read.",
        hint="Is this the right document? Large charts are read faster as JSON.",
    )


def with_lines(problems: Problems, text: str) -> list[Problem]:
    """The problems with the lines they stand in, as far as the text can tell."""
    if not problems.found or not text or len(text) > MAX_YAML:
        return problems.found
    try:
        yaml = YamlText(text)
    except DefinitionError:
        return problems.found
    found = [replace(p, line=yaml.line_of(p.path)) for p in problems.found]
    return sorted(found, key=lambda problem: problem.line)


def line_and_place(problem: Problem) -> str:
    """Where a problem is, for the reader of a text: `line 4, states.open`."""
    if problem.line and problem.place:
        return f"line {problem.line}, {problem.place}"
    return f"line {problem.line}" if problem.line else problem.place
