"""Which calls are done at once: those that were so the last time, and see nothing of the run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from traaviis_lab.effects import Call
from traaviis_lab.effects.growing.fills import Kept, filler_of
from traaviis_lab.errors import LabError
from traaviis_lab.machine.effect import Effect

from .begun import Begun
from .bodies import spec_text
from .handlers.functions import check_fit, manner_of, own

if TYPE_CHECKING:
    from .interpreter import Scope

QUICK = 0.001
"""Seconds within which a function that waits for nothing is done at once."""
Function = Callable[..., Any]


class Plain(NamedTuple):
    """A call, the function it calls, and its spec as JSON."""

    effect: Call
    function: Function
    name: str
    spec: bytes

    def begin(self) -> Begun:
        """Make the call."""
        args = self.effect.args
        return Begun(self.function, own(args) if args else args)


class Quick:
    """The functions that were done at once the last time. Hand it those that are registered."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions
        self.clear()

    def clear(self) -> None:
        """Have each prove itself again."""
        self._last: dict[str, Function] = {}
        self._read_anew()

    def forget(self, effect: Effect) -> None:
        """This call was not done at once."""
        if type(effect) is Call and self._last.pop(effect.function, None) is not None:
            self._read_anew()

    def note(self, name: str) -> None:
        """The function of this name was done at once."""
        function = self._functions.get(name)
        if function is not None and self._last.get(name) is not function:
            self._last[name] = function
            self._read_anew()

    def knows(self, effect: Effect) -> bool:
        """Whether this is a call that was done at once the last time."""
        if type(effect) is not Call:
            return False
        found = self._last.get(effect.function)
        return found is not None and found is self._functions.get(effect.function)

    def row(self, sequence: Any) -> tuple[Plain | None, ...]:
        """Of a sequence the calls that say all there is to them; None where others stand."""
        found: tuple[Plain | None, ...] = self._rows.of(sequence)
        return found

    def plain(self, effect: Any) -> Plain | None:
        """An effect as a call that says all there is to it; None for any other."""
        found: Plain | None = self._plain.of(effect)
        return found if found is not None and self.stands(found) else None

    def stands(self, call: Plain) -> bool:
        """Whether its function is still the one that is registered."""
        return self._functions.get(call.name) is call.function

    async def timed(self, effect: Call, scope: Scope, work: Awaitable[Any]) -> Any:
        """What the work answers; it is noted where it was done at once."""
        clock = scope.engine.loop.time
        began = clock()
        result = await work
        if scope.apart and clock() - began < QUICK:
            self.note(effect.function)
        return result

    def _read_anew(self) -> None:
        self._plain, self._rows = Kept(self._read), Kept(self._read_row)

    def _read_row(self, sequence: Any) -> tuple[Plain | None, ...]:
        return tuple(map(self._plain.of, sequence.effects))

    def _read(self, effect: Effect) -> Plain | None:
        """A call without a template and without `into`, that was done at once the last time."""
        if type(effect) is not Call or effect.into or filler_of(effect) is not None:
            return None
        function, spec = self._last.get(effect.function), spec_text(effect)
        if function is None or spec is None:
            return None
        try:
            check_fit(effect.function, manner_of(function), effect.args)
        except LabError:
            return None
        return Plain(effect, function, effect.function, spec)
