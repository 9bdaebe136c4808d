"""How effects are spelled in Python: `from traaviis_lab import effects as fx; fx.log("x")`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.problems import show

from .calling import MAX_BYTES, Call, CallApi
from .data import GetData, Log, MergeData, PutData, UpdateData
from .machines import InvokeFsm, Raise, SendEvent, SpawnFsm
from .waiting import Delay


def raise_event(event: str, data: Mapping[str, Any] | str | None = None) -> Raise:
    """Raise an event inside the machine (`kind: raise`); it is taken before outside events."""
    return Raise(event, _mapping(data))


def log(message: str, level: str = "info") -> Log:
    """Write a line into the run's history; `level`: debug, info, warning or error."""
    return Log(message, level)


def put_data(key: str, value: Any) -> PutData:
    """Set the field `key` of the run's data to a JSON value."""
    return PutData(key, value)


def get_data(key: str, into: str = "") -> GetData:
    """Read the field `key` (dots lead inside) of the run's data; null where there is none."""
    return GetData(key, into)


def merge_data(values: Mapping[str, Any], key: str = "") -> MergeData:
    """Merge `values` into the run's data, or into the mapping in its field `key`."""
    return MergeData(_mapping(values), key)


def update_data(key: str, value: str) -> UpdateData:
    """Compute the field `key` anew by an expression, from the data there is when it is done."""
    return UpdateData(key, value)


def delay(duration: float | str) -> Delay:
    """Wait; seconds, or `250ms`, `2s`, `5m`, `1h`. Raises DefinitionError for anything else."""
    return Delay(duration)


def call(
    function: str | Callable[..., Any],
    args: Mapping[str, Any] | str | None = None,
    into: str = "",
    repeat: str = "",
) -> Call:
    """Call a registered function by its name (a Python function stands for its own name)."""
    name = function if isinstance(function, str) else getattr(function, "__name__", None)
    if not isinstance(name, str) or not name.strip() or name == "<lambda>":
        raise DefinitionError(
            f"call: {show(function)} has no name to call it by.",
            hint='lab.register(function, "its_name") gives one; then fx.call("its_name").',
        )
    return Call(name, _mapping(args), into, repeat)


def call_api(  # noqa: PLR0913 - all but the first two have names
    method: str,
    url: str,
    *,
    headers: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    json: Any = None,
    body: str = "",
    timeout: float | str = "30s",
    max_bytes: int = MAX_BYTES,
    expect: str | int | Sequence[str | int] = (),
    into: str = "",
    repeat: str = "",
) -> CallApi:
    """Make one HTTP request to a host that `lab.allow_host` allows.

    `expect`: the statuses that are no failure (`404`, `"4xx"`; none: `2xx`). A secret is written
    `{"secret": "NAME"}` or within a text `"Bearer $secret{NAME}"`.
    """
    statuses: Any = expect
    return CallApi(
        method.upper() if isinstance(method, str) else method,
        url,
        _mapping(headers),
        _mapping(params),
        json,
        body,
        timeout,
        max_bytes,
        statuses,
        into,
        repeat,
    )


def send_event(
    to: Any,
    event: str,
    data: Mapping[str, Any] | str | None = None,
    into: str = "",
    repeat: str = "",
) -> SendEvent:
    """Send an event to the run with the id `to` (a run stands for its own id).

    The result is `{run, seq, state}`.
    """
    whom = to if isinstance(to, str) else getattr(to, "id", to)
    return SendEvent(whom, event, _mapping(data), into, repeat)


def invoke_fsm(
    machine: Any, data: Mapping[str, Any] | str | None = None, id: str = "", into: str = ""
) -> InvokeFsm:
    """Run a machine the lab knows to its end; the result is `{run, state, data}`."""
    return InvokeFsm(_name_of(machine), _mapping(data), id, into)


def spawn_fsm(
    machine: Any, data: Mapping[str, Any] | str | None = None, id: str = "", into: str = ""
) -> SpawnFsm:
    """Start a machine the lab knows, which goes on by itself; the result is `{run, state}`."""
    return SpawnFsm(_name_of(machine), _mapping(data), id, into)


def _mapping(given: Mapping[str, Any] | str | None) -> Any:
    """A mapping of its own; a template that becomes one stays as it is, and so does a mistake."""
    if given is None:
        return {}
    return dict(given) if isinstance(given, Mapping) else given


def _name_of(machine: Any) -> str:
    """A machine's name; a Machine class or a chart stands for its own."""
    chart = getattr(machine, "chart", machine)
    name: str = getattr(chart, "name", chart)
    return name


def read_effect(document: Mapping[str, Any]) -> Effect:
    """The effect a document describes (`{kind: log, message: hi}`).

    Raises DefinitionError with every mistake in it: kind, fields, types, templates.
    """
    from traaviis_lab.machine.reader_effects import read_one_effect

    return read_one_effect(document)
