"""Read a document into a checked chart, or say everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import DefinitionError

from .build import build_chart
from .chart import Chart
from .linking import link
from .normal import read_document
from .plain import plain_copy
from .problems import Problem, Problems
from .reading import Desk

if TYPE_CHECKING:
    from .mixing.component import Component


def read_spec(document: Any, *, python: bool = False) -> Chart:
    """The chart a document describes (plain mappings, as JSON or YAML give them).

    `python`: callables may stand where expressions do. Raises DefinitionError that lists every
    mistake with its place, value and cure.
    """
    chart, problems = examine(document, python=python)
    if chart is None:
        raise problems.to_error(title_of(document))
    return chart


def find_problems(document: Any) -> list[Problem]:
    """Every mistake in a document, in the order they were found; none for a good one."""
    return examine(document)[1].found


def examine(
    document: Any, *, python: bool = False, components: Mapping[str, Component] | None = None
) -> tuple[Chart | None, Problems]:
    """The chart, or None and the problems. `components` may be used beside the registered ones."""
    problems = Problems()
    desk = Desk(problems, python)
    try:
        plain = plain_copy(document, problems, python=python)
    except DefinitionError:
        return None, problems
    normal = read_document(desk, plain)
    if "hooks" in normal or "components" in normal:
        return (None, problems) if problems else _mix(desk, normal, components or {})
    boxes = link(desk, normal)
    if problems:
        return None, problems
    return build_chart(desk, normal, boxes), problems


def _mix(
    desk: Desk, normal: dict[str, Any], components: Mapping[str, Component]
) -> tuple[Chart | None, Problems]:
    """The chart of a document with hooks and components, which is read again once they are in."""
    from .mixing.expand import expand
    from .mixing.registry import components as registered

    problems = desk.problems
    spec, places = expand(desk, normal, {**registered(), **components})
    if problems:
        return None, problems
    again = Desk(Problems(), desk.python)
    whole = read_document(again, spec)
    boxes = link(again, whole)
    for problem in map(places.back, again.problems.found):
        problems.add(problem.path, problem.message, problem.cure)
    problems.more += again.problems.more
    return (None, problems) if problems else (build_chart(again, whole, boxes), problems)


def title_of(document: Any) -> str:
    """How errors call the chart of a document: by its name, if it has one."""
    name = document.get("name") if isinstance(document, Mapping) else None
    if isinstance(name, str) and 0 < len(name) <= 60 and name.isprintable():
        return f"Chart {name!r}"
    return "The chart"
