"""Commands that make something of a run: a fork, a file, a test."""

from __future__ import annotations

import tempfile
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError
from traaviis_lab.machine import Event
from traaviis_lab.widgets.commands import Answer, number_of, object_of, text_of

from .look import track_of

if TYPE_CHECKING:
    from .widget import DebugWidget

Command = Mapping[str, Any]
MAX_FILE = 64 * 2**20
"""Bytes of a run's file that goes through the browser."""
EXPORTED = ".run.jsonl.gz"


def fork(widget: DebugWidget, command: Command) -> Answer:
    """`{run}`: another way from some place; it is opened on track b and compared."""
    subject, asked = widget.subject(track_of(command)), _fork_words(command)

    def make() -> dict[str, Any]:
        made = subject.seen().fork(**asked)
        widget.put_on("b", made)
        widget.send_soon(widget.tree.whole_now())
        if widget.subject("a").id != made.id:
            widget.compare()
        return {"run": made.id}

    return widget.work(make)


def export(widget: DebugWidget, command: Command) -> Answer:
    """The run as a file to download."""
    subject = widget.subject(track_of(command))

    def make() -> None:
        name = f"{_file_name(subject.id)}{EXPORTED}"
        with tempfile.TemporaryDirectory() as folder:
            path = subject.seen().export(str(Path(folder, name)))
            size = Path(path).stat().st_size
            if size > MAX_FILE:
                raise LabError(
                    f"Run {subject.id!r} as a file has {size:,} bytes; "
                    f"a browser gets at most {MAX_FILE:,}.",
                    hint=f"Write it from Python: run.export('{name}').",
                )
            body = Path(path).read_bytes()
        widget.send_file(name, "application/gzip", body)

    return widget.work(make)


def import_run(widget: DebugWidget, command: Command) -> Answer:
    """`{run}`: a run brought in from a file that was exported."""
    lab, text = widget.subject("a").lab(), text_of(command, "base64")
    name = _file_name(text_of(command, "name")) or "imported"
    if len(text) > MAX_FILE * 4 // 3 + 4:
        raise LabError(
            f"The file {name!r} has more than {MAX_FILE:,} bytes.",
            hint="Bring it in from Python: lab.import_run(path).",
        )
    try:
        body = b64decode(text, validate=True)
    except (BadBase64, ValueError):
        raise LabError(f"The file {name!r} did not come whole.", hint="Try it again.") from None

    def bring() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_bytes(body)
            try:
                found = lab.import_run(str(path))
            except LabError as error:  # a person knows the file by its name, not by our folder
                said = error.message.replace(str(path), name)
                raise LabError(said, hint=error.hint) from None
        widget.send_soon(widget.tree.whole_now())
        return {"run": found.id}

    return widget.work(bring)


def test_case(widget: DebugWidget, command: Command) -> Answer:
    """`{text}`: a pytest file that makes one step again."""
    subject, seq = widget.subject(track_of(command)), number_of(command, "seq")
    return widget.work(lambda: {"text": subject.seen().test_case(seq)})


def _fork_words(command: Command) -> dict[str, Any]:
    """The arguments of `run.fork`. Raises `LabError` for what cannot be one."""
    asked: dict[str, Any] = {}
    if command.get("at") is not None:
        asked["at"] = number_of(command, "at")
    if command.get("event") is not None:
        event = object_of(command, "event")
        asked["event"] = Event(text_of(event, "name"), object_of(event, "data"))
    for name in ("data", "results"):
        if command.get(name) is not None:
            asked[name] = object_of(command, name)
    if command.get("drop") is not None:
        drop = command["drop"]
        if not isinstance(drop, list) or not all(type(seq) is int for seq in drop):
            raise LabError(f"drop must be a list of seqs, not {drop!r}.")
        asked["drop"] = tuple(drop)
    if command.get("until") is not None:
        until = command["until"]
        asked["until"] = until if until == "end" else number_of(command, "until")
    if command.get("live") is True:
        asked["live"] = True
    return asked


def _file_name(text: str) -> str:
    """A text as the name of a file anywhere."""
    plain = "".join(c if c.isalnum() or c in "-_." else "_" for c in text)
    return plain.lstrip(".")[:100]
