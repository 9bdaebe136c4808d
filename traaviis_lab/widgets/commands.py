"""What people ask for in the browser, brought to the widget it is meant for, and answered.

Commands come on a comm of their own, opened by the browser, on which nothing is ever sent from
here: so ipykernel hands them to a subshell that is free while a cell runs. The answer goes back
on the widget's own comm. Front ends that cannot open a comm send them on the widget's comm.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Protocol

from comm import get_comm_manager

from traaviis_lab.errors import EventRefused, LabError

from .pump import the_pump

TARGET = "traaviis_lab.commands"
_LOGGER = logging.getLogger("traaviis_lab.widgets")


Answer = dict[str, Any] | None | Future[dict[str, Any] | None]
"""More for the reply, or the promise of it: then the reply is sent when that is kept."""


class Obeys(Protocol):
    """A widget that commands are for."""

    key: str

    def obey(self, what: str, command: Mapping[str, Any]) -> Answer:
        """Do it, and answer more for the reply. Raises `LabError` where it cannot be done."""

    def post(self, message: dict[str, Any]) -> None:
        """Send a message to the browser."""


_WIDGETS: weakref.WeakValueDictionary[str, Obeys] = weakref.WeakValueDictionary()


def listen_for(widget: Obeys) -> None:
    """Bring commands to `widget` as long as it lives."""
    _WIDGETS[widget.key] = widget
    get_comm_manager().register_target(TARGET, _opened)


def _opened(comm: Any, _message: Any) -> None:
    comm.on_msg(lambda message: receive(message["content"]["data"]))


def receive(command: Any) -> None:
    """Carry one command out and have it answered. Any thread; never raises, never prints."""
    widget = _WIDGETS.get(str(command.get("widget"))) if isinstance(command, Mapping) else None
    if widget is None:
        return  # of a kernel that was restarted, or a widget that was closed
    found = _answer(command, lambda: widget.obey(str(command.get("do")), command))
    if isinstance(found, Future):
        found.add_done_callback(lambda done: _reply(widget, command, _answer(command, done.result)))
    else:
        _reply(widget, command, found)


def _reply(widget: Obeys, command: Mapping[str, Any], answer: Any) -> None:
    reply = {"type": "reply", "id": str(command.get("id")), **answer}
    the_pump().post(lambda: widget.post(reply))


def _answer(
    command: Mapping[str, Any], do: Callable[[], Answer]
) -> dict[str, Any] | Future[dict[str, Any] | None]:
    try:
        more = do()
    except EventRefused:
        return {"ok": False}  # the run says so itself, with the reason: it is a fact of the run
    except LabError as error:
        return {"ok": False, "error": error.message, "hint": error.hint}
    except Exception as error:
        _LOGGER.exception("A command from the browser failed: %r", command)
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}
    return more if isinstance(more, Future) else {"ok": True, **(more or {})}


def text_of(command: Mapping[str, Any], name: str) -> str:
    """A text of the command. Raises `LabError` if it is none."""
    value = command.get(name, "")
    if not isinstance(value, str):
        raise LabError(f"{name} must be a text, not {value!r}.")
    return value


def object_of(command: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A JSON object of the command. Raises `LabError` if it is none."""
    value = command.get(name, {})
    if not isinstance(value, dict):
        raise LabError(f"{name} must be a JSON object, not {value!r}.")
    return value


def number_of(command: Mapping[str, Any], name: str, standard: int | None = None) -> int:
    """A whole number of the command that is not negative. Raises `LabError` if it is none."""
    value = command.get(name, standard)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise LabError(f"{name} must be a number from 0, not {value!r}.")
    return value
