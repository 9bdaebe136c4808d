"""Every command the debugger's browser half may send, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError
from traaviis_lab.widgets.commands import Answer

from . import drive, exchange, look

if TYPE_CHECKING:
    from .widget import DebugWidget

Does = Callable[["DebugWidget", Mapping[str, Any]], Answer]

COMMANDS: dict[str, Does] = {
    # looking
    "open": look.say_all,
    "rows": look.send_rows,
    "page": look.send_page,
    "search": look.search_facts,
    "track": look.open_track,
    "compare": look.compare,
    "why": look.why,
    "explain": look.explain,
    "costs": look.costs,
    # driving the live run of track a
    "send": drive.send,
    "stop": drive.stop,
    "pause": drive.pause,
    "resume": drive.resume,
    "step": drive.step,
    "run_to": drive.run_to,
    "answer": drive.answer,
    "breakpoint": drive.add_breakpoint,
    "breakpoint_set": drive.set_breakpoint,
    "breakpoint_remove": drive.remove_breakpoint,
    # other ways, and things to take along
    "fork": exchange.fork,
    "export": exchange.export,
    "import": exchange.import_run,
    "test_case": exchange.test_case,
}


def obey(widget: DebugWidget, what: str, command: Mapping[str, Any]) -> Answer:
    """Do one command. Raises `LabError` for one that is not known or cannot be done."""
    does = COMMANDS.get(what)
    if does is None:
        raise LabError(f"Command {what!r} is not known here.", hint="Reload the page.")
    return does(widget, command)
