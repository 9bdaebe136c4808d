"""Decide which hooks of a source can become effects, where these go, and why others cannot."""

from __future__ import annotations

import ast
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from traaviis_lab.flows.analysing.class_outline import Arrow, arrows_of, state_calls
from traaviis_lab.flows.analysing.classes import Hook, MachineClass
from traaviis_lab.flows.analysing.scope import Function, Scope
from traaviis_lab.flows.analysing.sources import Source
from traaviis_lab.flows.analysing.wishes import wishes_in

from .migration import Change, Left
from .statements import Spelled, Spelling, is_log, spell_hook, words_of

FOREIGN = "it is no Machine of traaviis_lab: write its states and arrows as one first"
_TOOL_COMMENTS = ("# noqa", "# type:", "# pragma", "# pylint", "# ruff")


class Span(NamedTuple):
    """Where code stands: line (from 1) and column (from 0, in characters), begin and end."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Insert:
    """Put effects into a call: under `keyword`, before or after what is there."""

    call: Span
    keyword: str
    codes: tuple[str, ...]
    first: bool


@dataclass(frozen=True, slots=True)
class HookPlan:
    """A hook that goes: `body` is where its first statement stands, `inserts` what takes over."""

    body: Span
    inserts: tuple[Insert, ...]
    change: Change


class _Facts:
    """What is asked of one class for every hook of it, worked out once."""

    def __init__(self, scope: Scope, machine: MachineClass) -> None:
        self.arrows = arrows_of(scope, machine.node)
        made = state_calls(scope, machine.node)
        self.states = {_id_of(name, call): call for name, call in made.items()}
        self.functions = Counter(one.name for one in machine.body if isinstance(one, Function))
        heard = {event for arrow in self.arrows for event in arrow.events or ("*",)}
        self.hears_ends = any(event == "*" or event.startswith("done.") for event in heard)


class Planner:
    """Looks at the hooks of one source."""

    def __init__(self, source: Source, spelling: Spelling) -> None:
        self.source = source
        self.spelling = spelling
        self.lines = tokenize_lines(source.text)
        self.comments = _comments(source.text)
        self.used = _used_names(source.tree)

    def plans(self) -> Iterator[HookPlan | Left]:
        """A plan for every hook that can become effects, and what is left of the others."""
        for machine in self.source.machines:
            facts = _Facts(self.source.scope, machine)
            for hook in machine.hooks:
                if machine.flavour == "foreign":
                    yield self._left(machine, hook, FOREIGN)
                else:
                    yield self._plan(machine, facts, hook)

    def span(self, node: ast.expr | ast.stmt) -> Span:
        """Where a node stands, in characters (the tree counts bytes)."""
        end_line, end_column = node.end_lineno or 0, node.end_col_offset or 0
        return Span(
            node.lineno,
            self._characters(node.lineno, node.col_offset),
            end_line,
            self._characters(end_line, end_column),
        )

    def _plan(self, machine: MachineClass, facts: _Facts, hook: Hook) -> HookPlan | Left:
        why = self._obstacle(machine, facts, hook)
        spelled = Spelled(why=why) if why else self._spelled(hook)
        if not spelled.codes:
            return self._left(machine, hook, spelled.why)
        if spelled.sleeps and hook.when != "on_enter":
            why = "a wait on the way delays nothing; give the state an `after`"
            return self._left(machine, hook, why)
        if hook.when in ("on_enter", "on_exit"):
            found = self._at_state(facts, hook, spelled)
        else:
            found = self._at_arrows(machine, facts, hook, spelled)
        if isinstance(found, str):
            return self._left(machine, hook, found)
        what = f"{hook.name} becomes {words_of(spelled.codes)}"
        change = Change(hook.node.lineno, machine.name, hook.name, what)
        return HookPlan(self.span(hook.node.body[0]), tuple(found), change)

    def _spelled(self, hook: Hook) -> Spelled:
        return spell_hook(self.source.scope, hook.node, self.spelling)

    def _obstacle(self, machine: MachineClass, facts: _Facts, hook: Hook) -> str:
        """What keeps a hook from going, whatever it does; "" for nothing."""
        node = hook.node
        if any(getattr(one, "id", "") != "staticmethod" for one in node.decorator_list):
            return "it has a decorator"
        if facts.functions[hook.name] > 1:
            return "the class has two of that name"
        if hook.name in self.used or f"class {machine.name}" in self.used:
            return "it is also used by its name"
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        for line in range(first - 1, (node.end_lineno or first) + 1):
            comment = self.comments.get(line, "")
            alone = self.lines[line - 1].lstrip().startswith("#") if line else False
            if comment and (line >= first or alone) and not comment.startswith(_TOOL_COMMENTS):
                return "it has a comment, which would be lost"
        return ""

    def _at_state(self, facts: _Facts, hook: Hook, spelled: Spelled) -> list[Insert] | str:
        call = facts.states.get(hook.of)
        if call is None:
            return f"the class has no state {hook.of!r}"
        logs = tuple(code for code in spelled.codes if is_log(code))
        parts = {"on_enter": logs, "enter": spelled.codes[len(logs) :]}
        if hook.when == "on_exit":
            parts = {"exit": spelled.codes}
        elif parts["enter"] and _has_outcome(call):
            return f"{hook.of} listens for the end of its `enter` effects, and would wait for it"
        elif parts["enter"] and facts.hears_ends:
            return "an arrow on `*` or `done.*` would take the end of what it becomes"
        inserts = []
        for keyword, codes in parts.items():
            why = _cannot_join(self.source.scope, call, keyword) if codes else ""
            if why:
                return why
            if codes:
                inserts.append(Insert(self.span(call), keyword, codes, first=False))
        return inserts

    def _at_arrows(
        self, machine: MachineClass, facts: _Facts, hook: Hook, spelled: Spelled
    ) -> list[Insert] | str:
        if len(machine.node.bases) != 1 or machine.bases or not self._is_plain(machine.node):
            return "the class has a base that may draw arrows too"
        wanted = _arrows_on(facts.arrows, hook.of)
        if isinstance(wanted, str):
            return wanted
        inserts = []
        for arrow in wanted:
            why = _cannot_join(self.source.scope, arrow.call, "do")
            if why:
                return why
            first = hook.when == "before"
            inserts.append(Insert(self.span(arrow.call), "do", spelled.codes, first))
        return inserts

    def _is_plain(self, node: ast.ClassDef) -> bool:
        return self.source.scope.name_of(node.bases[0]).rpartition(".")[2] == "Machine"

    def _left(self, machine: MachineClass, hook: Hook, why: str) -> Left:
        return Left(hook.node.lineno, machine.name, hook.name, why)

    def _characters(self, line: int, column: int) -> int:
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return len(text.encode()[:column].decode(errors="ignore"))


def tokenize_lines(text: str) -> list[str]:
    """The lines of a source as Python counts them: they end in LF, CRLF or CR."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")


def _comments(text: str) -> dict[int, str]:
    lines = iter([f"{line}\n" for line in tokenize_lines(text)])
    try:
        tokens = list(tokenize.generate_tokens(lambda: next(lines, "")))
    except (tokenize.TokenError, SyntaxError):
        return {}
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def _used_names(tree: ast.Module) -> set[str]:
    """All names, attributes and texts of a source; `class X` for an X that others derive from."""
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            used.add(node.attr)
        elif isinstance(node, ast.Name):
            used.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            used.add(node.value)
        elif isinstance(node, ast.ClassDef):
            used |= {f"class {getattr(base, 'id', '')}" for base in node.bases}
    return used


def _id_of(attribute: str, call: ast.Call) -> str:
    """The id of a state: its own, or the attribute's name."""
    own = [word.value for word in call.keywords if word.arg == "id"]
    return str(own[0].value) if own and isinstance(own[0], ast.Constant) else attribute


def _has_outcome(call: ast.Call) -> bool:
    """Whether a state says, or may say, what happens when its `enter` effects are done."""
    return any(word.arg in ("on_success", None) for word in call.keywords)


def _cannot_join(scope: Scope, call: ast.Call, keyword: str) -> str:
    """Why effects cannot be put beside those that stand in a call already; "" where they can."""
    if any(word.arg is None for word in call.keywords):
        return f"`{keyword}` may be given by `**`"
    there = [word.value for word in call.keywords if word.arg == keyword]
    if not there or isinstance(there[0], ast.List | ast.Tuple | ast.Dict):
        return ""
    is_one = isinstance(there[0], ast.Call | ast.BinOp) and wishes_in(scope, there[0], "")
    return "" if is_one else f"only running the class tells what its `{keyword}` holds"


def _arrows_on(arrows: list[Arrow], event: str) -> list[Arrow] | str:
    """The arrows that take a hook's event (`pay.card` is `pay_card` there), or why not."""
    wanted = []
    for arrow in arrows:
        events = arrow.events
        if events is None or any(one.endswith("*") for one in events):
            return "an arrow may take its event without naming it"
        if event in [re.sub(r"\W", "_", one) for one in events]:
            if len(events) > 1:
                return f"an arrow takes {event} and other events alike"
            wanted.append(arrow)
    if len({arrow.events for arrow in wanted}) > 1:
        return "it may mean more than one event"
    return wanted or f"no arrow takes {event}"
