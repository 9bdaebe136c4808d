"""Turn a Machine class into the document it stands for, and name its attributes in errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any

from .chart import Chart
from .dsl import Machine, State
from .dsl_hooks import hooks_of, methods_of, uses_of
from .effect import Effect
from .mixing.hook import Hook
from .names import did_you_mean
from .normal import SPEC
from .problems import Path, Problem, Problems, show_path
from .reader import examine

_TAKEN = ("name", "version", "data", "events", "chart", "hooks", "components")


def chart_of_class(machine: type[Machine], root: Mapping[str, Any]) -> Chart:
    """The chart of a Machine class. Raises DefinitionError that names its attributes."""
    problems = Problems()
    tree = _Tree(machine, problems)
    document = tree.document(root)
    uses = uses_of(machine, problems)
    hooks = [*hooks_of(machine, problems), *tree.methods()]
    if hooks:
        document["hooks"] = tree.plain([hook.to_spec() for hook in hooks], ("hooks",))
    if uses:
        document["components"] = tree.plain([use.to_spec() for use in uses], ("components",))
    known = {use.component.name: use.component for use in uses}
    chart, found = examine(document, python=True, components=known)
    if chart is not None and not problems:
        return chart
    for problem in found.found:
        problems.add(problem.path, problem.message, problem.cure)
    problems.more += found.more
    raise problems.to_error(f"Machine {machine.__name__}", tree.place)


class _Tree:
    """The states of a class by id, who is inside whom, and how each is called there."""

    def __init__(self, machine: type[Machine], problems: Problems) -> None:
        self.machine = machine
        self.problems = problems
        self.states: dict[str, State] = {}
        self.attributes: dict[str, str] = {}
        self._collect()
        self.inside = {
            child.id for state in self.states.values() for child in state.children if child.id
        }

    def _collect(self) -> None:
        named: dict[str, State] = {}
        for base in reversed(self.machine.__mro__):
            for name, value in vars(base).items():
                if not isinstance(value, State):
                    named.pop(name, None)
                elif value.attribute == name:
                    named[name] = value
        for name, state in named.items():
            if name in _TAKEN:
                cure = f"Call the attribute {name}_state, and write State(id={name!r})."
                self.problems.add((name,), f"`{name}` of a Machine is no state.", cure)
            elif state.id in self.states:
                cure = f"Give {name} another id than {self.attributes[state.id]}."
                self.problems.add((name,), f"there are two states {state.id!r}.", cure)
            else:
                self.states[state.id] = state
                self.attributes[state.id] = name

    def document(self, root: Mapping[str, Any]) -> dict[str, Any]:
        """The class as a document; callables stand in it where expressions may."""
        machine = self.machine
        title, _, notes = cleandoc(machine.__dict__.get("__doc__") or "").partition("\n")
        top = [state for name, state in self.states.items() if name not in self.inside]
        said = {"title": title.strip(), "notes": notes.strip(), **self._start(top, (), root)}
        return {
            "spec": SPEC,
            "name": self._own_name(),
            "version": Machine.version if isinstance(machine.version, State) else machine.version,
            "data": dict(_merged(machine, "data")),
            "events": dict(_merged(machine, "events")),
            **{key: value for key, value in said.items() if value},
            "states": self._children(top, (), frozenset()),
        }

    def _own_name(self) -> str:
        name = self.machine.__dict__.get("name")
        return self.machine.__name__ if not name or isinstance(name, State) else name

    def _children(self, states: list[State], path: Path, around: frozenset[str]) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for state in states:
            place = (*path, "states", state.id)
            if state.id in written or state.id in around:
                cure = "Each state is inside one other, once."
                self.problems.add(place, f"the state {state.id!r} is inside itself or twice.", cure)
            else:
                written[state.id] = self._state(state, place, around | {state.id})
        return written

    def _state(self, state: State, path: Path, around: frozenset[str]) -> dict[str, Any]:
        children = list(self._known(state, path))
        words = dict(self.plain(state.words, path))
        words.update(self._start(children, path, words))
        for key, arrows in (("transitions", state.arrows), ("after", state.timers)):
            if arrows:
                words[key] = self.plain(arrows, (*path, key))
        if state.children:
            words["states"] = self._children(children, path, around)
        return words

    def _known(self, state: State, path: Path) -> Iterator[State]:
        for n, child in enumerate(state.children):
            if child.id in self.states:
                yield self.states[child.id]  # a derived class may have put another in its place
            else:
                self._tell_stranger(child, (*path, "states", n))

    def _start(self, children: list[State], path: Path, words: Mapping[str, Any]) -> dict[str, Any]:
        """`initial` and `order` from the marks and the order of the children."""
        said = dict(words)
        marked = [child.id for child in children if child.is_initial]
        if len(marked) > 1:
            cure = "Only one of them can be where it starts."
            self.problems.add(path, f"{' and '.join(marked)} are all marked initial=True.", cure)
        if marked and "initial" not in said and not said.get("parallel"):
            said["initial"] = marked[0]
        regions = [child.id for child in children if "history" not in child.words]
        if said.get("parallel") and regions != sorted(regions):
            said["order"] = regions
        return said

    def plain(self, value: Any, path: Path) -> Any:
        """Spec words without States and Effects in them."""
        if isinstance(value, State):
            if value.id in self.states:
                return value.id
            self._tell_stranger(value, path)
            return next(iter(self.states), "")
        if isinstance(value, Effect):
            return self.plain(value.to_spec(), path)
        if isinstance(value, Mapping):
            return {key: self.plain(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(item, (*path, n)) for n, item in enumerate(value)]
        return value

    def _tell_stranger(self, state: State, path: Path) -> None:
        if state.id:
            message = f"the state {state.id!r} is not in {self.machine.__name__}."
            cure = did_you_mean(state.id, self.states, "States")
        else:
            message = "this State has no name."
            cure = "Assign it in the class body: `waiting = State()`."
        self.problems.add(path, message, cure)

    def methods(self) -> list[Hook]:
        """The hooks that methods of the class stand for."""
        return methods_of(self.machine, self.states.values(), self.attributes, self.problems)

    def place(self, problem: Problem) -> str:
        """Where a problem is, in the words of the class: `SmartDoor.open.to('closed', on='x')`."""
        path, name = problem.path, self.machine.__name__
        depth = 0
        while len(path) > depth + 1 and path[depth] == "states" and path[depth + 1] in self.states:
            depth += 2
        if not depth:
            return f"{name}.{show_path(path)}" if path else name
        id_, rest = path[depth - 1], path[depth:]
        text = f"{name}.{self.attributes.get(str(id_), id_)}"
        if len(rest) >= 2 and rest[0] in ("transitions", "after") and isinstance(rest[1], int):
            text += self._call(str(id_), str(rest[0]), rest[1])
            rest = rest[2:]
        return f"{text}.{show_path(rest)}" if rest else text

    def _call(self, state: str, key: str, n: int) -> str:
        owner = self.states[state]
        arrow = (owner.arrows if key == "transitions" else owner.timers)[n]
        target = arrow.get("to")
        said = [target.id if isinstance(target, State) else repr(target)]
        if "on" in arrow:
            said.append(f"on={arrow['on']!r}")
        if key == "after":
            return f".after({arrow['delay']!r}, {said[0]})"
        return f".to({', '.join(said)})"


def _merged(machine: type[Machine], name: str) -> Iterator[tuple[Any, Any]]:
    """The items of a class's mapping and of its bases', the nearest last."""
    for base in reversed(machine.__mro__):
        own = base.__dict__.get(name)
        if isinstance(own, Mapping):
            yield from own.items()
