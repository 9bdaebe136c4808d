"""The inside of a sandbox: a process with a tenant's rows in memory, which is asked in SQL.

It has no file, no network and no other rows, little memory, and is ended from outside if it does
not stop in time. Started by `sandbox.py`; nobody else runs it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

import orjson

from traaviis_lab.errors import JournalError

from . import schema
from .duck import MEMORY, Duck
from .hints import hint_for
from .meta import check_or_create
from .sandbox_cells import cell
from .sandbox_pipe import put, take
from .sandbox_watchdog import Watchdog
from .sandbox_words import check
from .schema import quoted, stored

MEMORY_LIMIT = "512MB"
MOST_MEMORY = 1_280 * 1024**2
"""Bytes the process may have: DuckDB does not count every allocation in its own limit."""
ADDRESSES = 4 * 1024**3
"""Bytes of addresses, of which allocators set many aside: for systems that bound these only."""
LARGEST = 150_000
"""Bytes of JSON in one answer."""
_LOCKS = (
    "set temp_directory = ''",
    "set enable_external_access = false",
    "set lock_configuration = true",
)
_LONGEST_ERROR = 800


def main() -> None:
    """Do what comes down the pipe until it is closed."""
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever prints must not break the pipe
    room = Room()
    _bind_hands()
    put(answers, {"ready": True})
    with suppress(EOFError, BrokenPipeError):
        _serve(room, orders, answers)


def _serve(room: Room, orders: IO[bytes], answers: IO[bytes]) -> None:
    while True:
        order, body = take(orders)
        if order["do"] == "feed":
            room.feed(order["table"], order.get("instead"), body)
            put(answers, {"fed": order["table"]})
            continue
        try:
            answer = room.ask(order["query"], order["rows"], order["seconds"])
        except JournalError as error:
            answer = {"error": error.message, "hint": error.hint}
        except MemoryError:
            answer = _too_large()
        put(answers, answer)


class Room:
    """The database of one tenant, and the two connections to it: one feeds, one is asked."""

    def __init__(self) -> None:
        self._duck = Duck(MEMORY, MEMORY_LIMIT)
        check_or_create(self._duck)
        self._feeding, self._asking = self._duck.connection(), self._duck.connection()
        for lock in _LOCKS:
            self._feeding.execute(lock)
        self._watchdog = Watchdog(self._asking.interrupt)

    def feed(self, table: str, instead: str | None, body: bytes) -> None:
        """Take in rows (Arrow) of a table, in place of those for which `instead` holds."""
        import pyarrow as pa

        with pa.ipc.open_stream(body) as stream:
            rows = stream.read_all()
        page = next(one for one in schema.TABLES if one.name == table)
        names = ", ".join(quoted(column.name) for column in stored(page))
        self._feeding.register("fed", rows)
        self._feeding.execute("begin")
        if instead:
            self._feeding.execute(f"delete from {page.name} where {instead}")
        self._feeding.execute(f"insert into {page.name} ({names}) select {names} from fed")
        self._feeding.execute("commit")
        self._feeding.unregister("fed")

    def ask(self, query: str, most: int, seconds: float) -> dict[str, Any]:
        """`{columns, rows, more}`. Raises `JournalError` for what is refused, fails or is slow."""
        with self._limited(query, seconds) as asking:
            text = check(asking, query)
            asking.execute("begin transaction read only")
            asking.execute(text)
            about = asking.description or []
            if any("TIME ZONE" in str(column[1]) for column in about):
                asking.execute(_in_utc(text, [str(column[1]) for column in about]))
            return _answer([str(column[0]) for column in about], asking, most)

    @contextmanager
    def _limited(self, query: str, seconds: float) -> Iterator[Any]:
        """The connection, for a time; what it fails with is told in words for who asked."""
        self._watchdog.begin(seconds)
        try:
            yield self._asking
        except (JournalError, MemoryError):
            raise
        except Exception as error:
            raise _told(str(error), query, seconds, late=self._watchdog.late) from None
        finally:
            with suppress(Exception):
                self._asking.rollback()
            self._watchdog.end()


def _answer(columns: list[str], asking: Any, most: int) -> dict[str, Any]:
    rows: list[Any] = []
    size = 0
    while (row := asking.fetchone()) is not None:
        shown = [cell(value) for value in row]
        size += len(orjson.dumps(shown, default=str))
        if len(rows) == most or size > LARGEST:
            return {"columns": columns, "rows": rows, "more": True}
        rows.append(shown)
    return {"columns": columns, "rows": rows, "more": False}


def _in_utc(text: str, kinds: list[str]) -> str:
    """The same question with its zoned times in UTC: Python would want a library for zones."""
    names = [f"c{number}" for number in range(len(kinds))]
    shown = [
        f"timezone('UTC', {name})" if kind == "TIMESTAMP WITH TIME ZONE"
        else f"{name}::varchar" if "TIME ZONE" in kind
        else name
        for name, kind in zip(names, kinds, strict=True)
    ]  # fmt: skip
    return f"select {', '.join(shown)} from (\n{text}\n) as asked({', '.join(names)})"


def _told(text: str, query: str, seconds: float, *, late: bool) -> JournalError:
    if late:
        return JournalError(
            f"The query was stopped after {seconds:g} s.",
            hint="Ask for fewer rows, or give it more time (seconds, up to 30).",
        )
    if "Out of Memory" in text or "bad allocation" in text or "bad_alloc" in text:
        raise MemoryError
    if "read-only" in text:
        return JournalError(
            "The journal is only asked here: writing is refused.", hint="select is what works."
        )
    if "Permission Error" in text:
        return JournalError("The query reaches for what is outside.", hint="Ask the views.")
    said = text.partition("\nTraceback")[0].partition("\nStack Trace")[0][:_LONGEST_ERROR]
    if " Error: " not in said[:60]:  # Python has no value for it
        return JournalError(
            f"A value of the answer cannot be shown: {said}", hint="Cast the column: x::varchar."
        )
    return JournalError(said, hint=hint_for(said, query))


def _too_large() -> dict[str, Any]:
    return {
        "error": "The query needs more memory than a question may have.",
        "hint": "Ask for less: a condition on run_id, fewer columns, a limit.",
        "spent": True,
    }


def _bind_hands() -> None:
    """Bound what the process may take from the machine, where the system can."""
    try:
        import resource
    except ImportError:
        return
    limits = {
        "RLIMIT_DATA": MOST_MEMORY, "RLIMIT_AS": ADDRESSES, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0,
    }  # fmt: skip
    for what, most in limits.items():
        with suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, what), (most, most))


if __name__ == "__main__":
    main()
