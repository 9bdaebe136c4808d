"""Migrate a Python source: hooks that are plain to see become effects, effects get limits."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from traaviis_lab.errors import DefinitionError
from traaviis_lab.flows.analysing.class_outline import (
    arrows_of,
    hook_calls,
    outline_of,
    state_calls,
)
from traaviis_lab.flows.analysing.classes import MachineClass
from traaviis_lab.flows.analysing.effects import unlimited
from traaviis_lab.flows.analysing.sources import Source, parse_source

from .hook_plans import HookPlan, Planner
from .limits import why_not_limited
from .migration import Change, Left, Migration
from .source_door import Edits, Wrap, edit_source
from .statements import Spelling, written

_BOM = "\ufeff"
_ROUNDS = 10


def migrate_source(text: str, limit: float | None) -> Migration:
    """The source with its plain hooks as effects, and `limit` seconds on effects without any.

    Without a limit (None) effects are left as they are. A second migration changes nothing.
    Raises `DefinitionError` where the text is no Python, `NotInstalled` without libcst.
    """
    mark = _BOM if text.startswith(_BOM) else ""
    now, done, lines = text.removeprefix(_BOM), list[Change](), dict[tuple[str, str], int]()
    try:
        # What goes may have been all that kept another hook from going.
        for _ in range(_ROUNDS):
            edits, changes, left = _decide(parse_source(now), limit)
            everything: list[Change | Left] = [*changes, *left]
            for one in everything:
                lines.setdefault((one.machine, one.place), one.line)
            if not changes:
                told = (replace(one, line=lines[one.machine, one.place]) for one in left)
                return Migration(mark + now, tuple(done), tuple(told))
            now = edit_source(now, edits)
            done += changes
    except RecursionError:
        raise DefinitionError("The source is nested too deep to be rewritten.") from None
    raise DefinitionError("The source is not settled after ten rounds of rewriting.")


def _decide(source: Source, limit: float | None) -> tuple[Edits, list[Change], list[Left]]:
    fx, imports = _effects_here(source)
    edits = Edits(fx, imports)
    spelling = Spelling(fx, "" if limit is None else written(limit))
    planner = Planner(source, spelling)
    found: list[HookPlan | Change | Left] = list(planner.plans())
    for plan in found:
        if isinstance(plan, HookPlan):
            edits.gone.add(plan.body)
            edits.inserts += plan.inserts
    if limit is not None:
        for machine in source.machines:
            found += _limits(source, machine, planner, edits, spelling.limit)
    done = [one.change if isinstance(one, HookPlan) else one for one in found]
    changes = [one for one in done if isinstance(one, Change)]
    return edits, changes, [one for one in done if isinstance(one, Left)]


def _limits(
    source: Source, machine: MachineClass, planner: Planner, edits: Edits, limit: str
) -> Iterator[Change | Left]:
    """Limits for the effects that a class writes where it uses them."""
    if machine.flavour == "foreign":
        return
    calls = _calls_in_use(source, machine)
    for wish in outline_of(source.scope, machine).wishes:
        for one in unlimited(wish):
            call = calls.get((one.line, one.column))
            why = why_not_limited(one.kind)
            if call is None:
                why = why or "it is written elsewhere, and may be used in several places"
            if why or call is None:
                yield Left(one.line, machine.name, one.place, f"{one.code}: {why}")
                continue
            edits.wraps.append(Wrap(planner.span(call), limit))
            what = f"{one.code} gets a limit of {limit.strip(chr(34))}"
            yield Change(one.line, machine.name, one.place, what)


def _calls_in_use(source: Source, machine: MachineClass) -> dict[tuple[int, int], ast.Call]:
    """The calls that stand inside those of states and arrows, by where they begin."""
    outer = list(state_calls(source.scope, machine.node).values())
    outer += [arrow.call for arrow in arrows_of(source.scope, machine.node)]
    outer += hook_calls(machine.node)
    return {
        (node.lineno, node.col_offset): node
        for call in outer
        for node in ast.walk(call)
        if isinstance(node, ast.Call) and node is not call
    }


def _effects_here(source: Source) -> tuple[str, bool]:
    """What the module of effects is called in this source, and whether it must be imported."""
    top = {
        alias.asname or alias.name
        for node in source.tree.body
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
    }
    for name, meaning in source.scope.aliases.items():
        if meaning == "traaviis_lab.effects" and name in top:
            return name, False
    used = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    taken = used | set(source.scope.aliases)
    return ("lab_effects" if "fx" in taken else "fx"), True
