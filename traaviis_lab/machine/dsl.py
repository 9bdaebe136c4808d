"""Write a chart as a Python class: states are attributes, arrows are calls in the class body."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from traaviis_lab.errors import DefinitionError

from .chart import Chart
from .effect import Effect
from .mixing.component import Use
from .mixing.hook import Hook
from .values import Data, Event

Target = "State | str"
Targets = "State | str | Sequence[State | str]"
Function = Callable[[Data, Event], Any]
Guard = str | bool | Function
Wish = Effect | Mapping[str, Any]
Wishes = Wish | Sequence[Wish]


class State:
    """A state of a Machine: assign it to a name in the class body, and draw arrows with `to`.

    `initial`: True where the state around this one starts here, or what this one starts in
    (a state inside, or a list across regions). `states`: the states inside, each with a name in
    the class body of its own. `enter`, `exit`: effects; `on_enter`: such as no outcome waits for.
    `after`: `{"30s": target}`.
    `on_success`, `on_error`: where to go when its `enter` effects are done, or one failed for
    good (a target, or a mapping `{"to": ..., "when": ..., "assign": ..., "do": ...}`, or a list).
    `validate`: checks `{"when": expression, "reason": text, "on": event}`. `id`: another name
    for documents than the attribute's. Mistakes are told when the class is made.
    """

    def __init__(  # noqa: PLR0913 - the words of the spec, all by keyword
        self,
        *,
        initial: bool | State | str | Sequence[State | str] = False,
        parallel: bool = False,
        final: bool = False,
        history: Literal["shallow", "deep"] | None = None,
        default: State | str | Sequence[State | str] | None = None,
        states: Sequence[State] = (),
        on_enter: Wishes = (),
        enter: Wishes = (),
        exit: Wishes = (),
        after: Mapping[str | int | float, State | str | Mapping[str, Any]] | None = None,
        on_success: State | str | Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        on_error: State | str | Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        validate: Sequence[Mapping[str, Any]] = (),
        title: str = "",
        notes: str = "",
        id: str = "",
    ) -> None:
        self.id = id
        self.is_initial = initial is True
        self.children = tuple(states)
        self.machine = ""
        self.attribute = ""
        self.words: dict[str, Any] = _said(
            initial=None if isinstance(initial, bool) else initial,
            parallel=parallel,
            final=final,
            history=history,
            default=default,
            on_enter=on_enter,
            enter=enter,
            exit=exit,
            on_success=_arrow_to(on_success),
            on_error=_arrow_to(on_error),
            validate=validate,
            meta=_said(title=title, notes=notes),
        )
        self.arrows: list[dict[str, Any]] = []
        self.timers: list[dict[str, Any]] = [
            {"delay": delay, **_arrow_to(target)} for delay, target in (after or {}).items()
        ]

    def to(
        self,
        target: State | str | Sequence[State | str] | None = None,
        on: str | Sequence[str] | None = None,
        *,
        when: Guard | None = None,
        assign: Mapping[str, Any] | None = None,
        do: Wishes = (),
        internal: bool = False,
    ) -> None:
        """Draw an arrow: to a state, several, or (None) to nowhere, so that nothing is left.

        `on`: the event's name, or names; `a.*` and `*` stand for many; None: it fires by itself.
        `when`: an expression or `function(data, event)`. `assign`: expressions, or functions, by
        field of the data. `do`: effects. `internal`: this state is not left on the way inwards.
        """
        self._may_change("to")
        self.arrows.append(
            _said(on=on, to=target, when=when, assign=assign, do=do, internal=internal)
        )

    def after(
        self,
        delay: str | float,
        target: State | str | Sequence[State | str] | None = None,
        *,
        when: Guard | None = None,
        assign: Mapping[str, Any] | None = None,
        do: Wishes = (),
        internal: bool = False,
    ) -> None:
        """Draw an arrow that is taken when this state has been active for `delay` ("30s")."""
        self._may_change("after")
        arrow = _said(to=target, when=when, assign=assign, do=do, internal=internal)
        self.timers.append({"delay": delay, **arrow})

    def extend(self, *, states: Sequence[State] = ()) -> State:
        """A copy for a derived Machine, with more `states` inside; draw more arrows from it."""
        copy = State()
        copy.id = self.id
        copy.is_initial = self.is_initial
        copy.children = (*self.children, *states)
        copy.words = dict(self.words)
        copy.arrows = list(self.arrows)
        copy.timers = list(self.timers)
        return copy

    def _may_change(self, verb: str) -> None:
        if self.machine:
            raise DefinitionError(
                f"State {self.id!r} cannot take `{verb}` any more: {self.machine} is made.",
                hint=f"Derive from {self.machine}, write `{self.id} = "
                f"{self.machine}.{self.id}.extend()` there and draw the arrow from that.",
            )

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the first attribute's name as the id; others (loop variables) are aliases."""
        self.attribute = self.attribute or name
        self.id = self.id or name
        self.machine = self.machine or owner.__name__

    def __repr__(self) -> str:
        return f"<State {self.machine}.{self.id}>" if self.machine else "<State without a name>"


class Machine:
    """A statechart written as a class; `chart` holds it, checked, as soon as the class is made.

    Class attributes: States, and `name` (else the class's), `version`, `data` (what a run starts
    with), `events` (`{event: JSON Schema of its data}`), `hooks` and `components`. Methods called
    `on_enter_<state>`, `on_exit_<state>`, `before_<event>`, `after_<event>` are hooks too. The
    docstring's first line is the title, the rest the notes. Class keywords: `parallel=True` makes
    the top-level states regions; `initial=` names what the machine starts in, where it is not the
    state marked `initial=True`. A derived class has everything its base has, and may add to it.
    """

    chart: ClassVar[Chart]
    name: ClassVar[str] = ""
    version: ClassVar[str] = "1.0.0"
    data: ClassVar[Mapping[str, Any]] = {}
    events: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    hooks: ClassVar[Sequence[Hook]] = ()
    components: ClassVar[Sequence[Use]] = ()
    _functions: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    _root: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(
        cls,
        *,
        parallel: bool | None = None,
        initial: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Check the class and build its chart; raises DefinitionError with all that is wrong."""
        super().__init_subclass__(**kwargs)
        from .dsl_document import chart_of_class

        cls._root = {**cls._root, **_said(parallel=parallel, initial=initial)}
        cls.chart = chart_of_class(cls, cls._root)
        cls.name = cls.chart.name

    def __init__(self) -> None:
        name = type(self).__name__
        raise DefinitionError(
            f"{name} is a description; it has no instances.",
            hint=f"Start a run: lab.start({name}).",
        )


def _said(**words: Any) -> dict[str, Any]:
    """The words that say something: not None, false, or empty."""
    return {
        key: value
        for key, value in words.items()
        if value is not None and value is not False and not (_is_container(value) and not value)
    }


def _is_container(value: Any) -> bool:
    return isinstance(value, str | Mapping | Sequence)


def _arrow_to(target: Any) -> Any:
    """A transition in spec words from a target, or from one that is already in such words."""
    return {"to": target} if isinstance(target, State | str) else target
