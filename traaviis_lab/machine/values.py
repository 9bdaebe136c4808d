"""The values that travel through a chart: an event comes in, a step comes out.

They are named tuples because `step` makes two of them for every event and nothing in Python
is cheaper to make; treat the mappings inside them as read-only, as the engine does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .effect import Effect

Data = Mapping[str, Any]
NOTHING: Data = {}


class Event(NamedTuple):
    """A fact that comes in: its name and its data.

    `patch` is set only by the runtime, on events that bring an effect's outcome home: these
    fields replace the fields of the run's data before any transition is looked for, and such
    an event is never refused.
    """

    name: str
    data: Data = NOTHING
    patch: Data | None = None


class Move(NamedTuple):
    """One microstep: what triggered it (`""`: nothing), what was left, taken and entered, in order.

    `taken` holds transition ids (`"closed#0"`); `exited` and `entered` hold state ids.
    """

    event: str
    exited: tuple[str, ...]
    taken: tuple[str, ...]
    entered: tuple[str, ...]


class Snapshot(NamedTuple):
    """Where a run stands. `active` holds every active state, ancestors included."""

    active: frozenset[str]
    data: Data = NOTHING
    history: Mapping[str, tuple[str, ...]] = NOTHING
    done: bool = False


class Step(NamedTuple):
    """The answer to one event.

    `effects` are the wishes to perform, in order, templates already filled in; `owners[i]` is
    the state whose `enter` asked for `effects[i]` ("" where a transition or an `exit` did).
    `moves` are the microsteps, `taken` the ids of all transitions taken, `raised` the internal
    events that were processed on the way (`raise`, `done.state.*`, `error.execution`).
    """

    snapshot: Snapshot
    effects: tuple[Effect, ...] = ()
    moves: tuple[Move, ...] = ()
    taken: tuple[str, ...] = ()
    raised: tuple[Event, ...] = ()
    owners: tuple[str, ...] = ()
