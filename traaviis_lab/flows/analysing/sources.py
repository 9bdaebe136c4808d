"""Analyse a Python source: its machines are parsed, never imported and never run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from traaviis_lab.errors import DefinitionError

from .class_outline import arrows_of, outline_of, state_calls
from .classes import MachineClass, machine_classes
from .effects import findings_of_effects
from .finding import Analysis, Finding
from .hooks import acts_of, decision_findings, findings_of_hooks
from .outline import short
from .scope import Scope

MAX_SOURCE = 1_000_000
"""Characters of a source that is looked at."""


@dataclass(frozen=True, slots=True)
class Source:
    """A Python source, parsed: its tree, what its names stand for, and its machines."""

    text: str
    tree: ast.Module
    scope: Scope
    machines: list[MachineClass]


def analyse_source(text: str) -> Analysis:
    """What the machines of a Python source could gain.

    Raises DefinitionError where the text is no Python, or is too large.
    """
    try:
        source = parse_source(text)
        found = [finding for machine in source.machines for finding in _findings(source, machine)]
    except RecursionError:
        raise _too_deep() from None
    names = tuple(machine.name for machine in source.machines)
    return Analysis(names, tuple(sorted(set(found), key=lambda one: (one.line, one.rule))))


def parse_source(text: str) -> Source:
    """A source and its machines. Raises DefinitionError that says the line."""
    if len(text) > MAX_SOURCE:
        raise DefinitionError(
            f"The source has {len(text):,} characters; {MAX_SOURCE:,} are the most that are read.",
            hint="Put the machines in a file of their own.",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in somebody's text is not our matter
            tree = ast.parse(text.removeprefix("\ufeff"))
        scope = Scope(tree)
        return Source(text, tree, scope, machine_classes(scope, tree))
    except SyntaxError as error:
        line = f"Line {error.lineno}: t" if error.lineno else "T"
        raise DefinitionError(
            f"{line}his is no Python: {error.msg}.", hint="Does it run with python itself?"
        ) from None
    except ValueError as error:
        raise DefinitionError(f"This is no Python: {error}.") from None
    except (RecursionError, MemoryError):
        raise _too_deep() from None


def _findings(source: Source, machine: MachineClass) -> Iterator[Finding]:
    yield from findings_of_hooks(source.scope, machine)
    if machine.flavour == "ours":
        yield from findings_of_effects(outline_of(source.scope, machine))
        yield from _decisions(source, machine)


def _decisions(source: Source, machine: MachineClass) -> Iterator[Finding]:
    """The guards and assignments of arrows that are Python functions."""
    states = set(state_calls(source.scope, machine.node))
    for arrow in arrows_of(source.scope, machine.node):
        words = {word.arg: word.value for word in arrow.call.keywords if word.arg}
        place = f"{arrow.state}, {', '.join(arrow.events or ()) or '->'}"
        for value in (words.get("when"), *_values(words.get("assign"))):
            function = _function(source, machine, value) if arrow.state in states else None
            if value is None or function is None:
                continue
            what = f"{short(ast.unparse(value))} decides."
            cure = 'An expression in quotes: when="data.total > 10".'
            yield Finding("not-portable", machine.name, place, value.lineno, what, cure)
            acts = list(acts_of(source.scope, machine, function))
            yield from decision_findings(acts, machine.name, place)


def _values(node: ast.expr | None) -> list[ast.expr]:
    return list(node.values) if isinstance(node, ast.Dict) else []


def _function(source: Source, machine: MachineClass, value: ast.expr | None) -> ast.AST | None:
    """The function that a guard is: a lambda, or a name of one here or from elsewhere."""
    if isinstance(value, ast.Lambda):
        return value
    if isinstance(value, ast.Name):
        name = value.id
        known = machine.methods.get(name) or source.scope.functions.get(name)
        return known or (value if name in source.scope.aliases else None)
    return None


def _too_deep() -> DefinitionError:
    return DefinitionError(
        "The source is nested too deep to be read.", hint="Is this the right file?"
    )
