"""How hooks are spelled in Python: `hooks = [before("pay", fx.log("paying"))]` in a Machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from traaviis_lab.machine.dsl import State, Wish
from traaviis_lab.machine.mixing.hook import Hook

States = State | str | Sequence[State | str]
Events = str | Sequence[str]


def on_enter(states: States, *do: Wish) -> Hook:
    """Ask for these effects when a state is entered, before its own `enter`; `*`: any state."""
    return Hook("on_enter", states, do)


def on_exit(states: States, *do: Wish) -> Hook:
    """Ask for these effects when a state is left, after its own `exit`; `*`: any state."""
    return Hook("on_exit", states, do)


def before(events: Events, *do: Wish, assign: Mapping[str, Any] | None = None) -> Hook:
    """Ask for these effects when an arrow on such an event is taken, before its own `do`.

    `assign`: expressions for more fields of the data, beside those the arrow assigns.
    """
    return Hook("before", events, do, assign or {})


def after(events: Events, *do: Wish, assign: Mapping[str, Any] | None = None) -> Hook:
    """Ask for these effects when an arrow on such an event is taken, after its own `do`.

    `assign`: expressions for more fields of the data, beside those the arrow assigns.
    """
    return Hook("after", events, do, assign or {})
