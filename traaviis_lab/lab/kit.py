"""What a plugin gets to say what it brings: nothing of it counts before all of it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from traaviis_lab.effects import VOCABULARY, Effect
from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.mixing.component import Component
from traaviis_lab.machine.mixing.registry import register_component
from traaviis_lab.runtime import chart_like

if TYPE_CHECKING:
    from .lab import Lab

F = TypeVar("F", bound=Callable[..., Any])
E = TypeVar("E", bound=type[Effect])


class Kit:
    """Collects what a plugin brings. Every method answers what it was given: also decorators."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._effects: list[type[Effect]] = []
        self._handlers: dict[str, Callable[..., Any]] = {}
        self._components: list[Component] = []
        self._machines: list[Any] = []
        self._functions: dict[str, Callable[..., Any]] = {}

    def effect(self, word: E, handler: Callable[..., Any] | None = None) -> E:
        """Bring an effect: a frozen dataclass that derives from `Effect`; `handler` performs it."""
        if not isinstance(word, type) or not issubclass(word, Effect):
            raise DefinitionError(f"{word!r} is no effect.", hint="Derive a class from Effect.")
        self._effects.append(word)
        if handler is not None:
            self.handler(word.kind, handler)
        return word

    def handler(self, kind: str, function: F) -> F:
        """Perform effects of a kind by `async def function(effect, scope)`."""
        if kind in self._handlers:
            raise _taken("handler", kind)
        self._handlers[kind] = function
        return function

    def component(self, component: Component) -> Component:
        """Bring a component, for documents to `use`."""
        self._components.append(component)
        return component

    def machine(self, machine: Any) -> Any:
        """Bring a `Machine` class or a `Chart`, for panels and `invoke_fsm` to start."""
        chart_like(machine)
        self._machines.append(machine)
        return machine

    def function(self, function: F, name: str | None = None) -> F:
        """Bring a function that `call` may call by its name."""
        word = name or str(getattr(function, "__name__", ""))
        if word in self._functions:
            raise _taken("function", word)
        self._functions[word] = function
        return function

    def hand_over(self) -> Iterator[str]:
        """Give it all to the lab; answers what that was, in words.

        Raises `DefinitionError` for a word that is taken, before anything is handed over.
        """
        self._check()
        lab = self._lab
        done: list[str] = []
        for component in self._components:
            register_component(component)
        for word in self._effects:
            VOCABULARY[word.kind] = word
            done.append(f"effect {word.kind}")
        for kind, handler in self._handlers.items():
            lab.handler(kind, handler)
            done.append(f"handler {kind}")
        done += [f"component {component.name}" for component in self._components]
        done += [f"machine {lab.add(machine).name}" for machine in self._machines]
        for name, function in self._functions.items():
            lab.register(function, name)
            done.append(f"function {name}")
        yield from done

    def _check(self) -> None:
        lab = self._lab
        for word in self._effects:
            if VOCABULARY.get(word.kind, word) is not word:
                raise _taken("effect", word.kind)
        mine = {word.kind: word for word in self._effects}
        for kind in self._handlers:
            known = mine.get(kind) or VOCABULARY.get(kind)
            if known is not None and lab._engine.interpreter.handles(known):
                raise _taken("handler", kind)
        for machine in self._machines:
            if chart_like(machine).name in lab.machines():
                raise _taken("machine", chart_like(machine).name)
        for name, function in self._functions.items():
            if name in lab._engine.functions:
                raise _taken("function", name)
            if not callable(function) or not name:
                raise DefinitionError(f"{function!r} is no function with a name.")


def _taken(what: str, name: str) -> DefinitionError:
    return DefinitionError(
        f"There is a {what} {name!r} already.", hint="Give yours a name that says whose it is."
    )
