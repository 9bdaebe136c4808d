"""The door to DuckDB: connections with our settings, and its errors in our words.

Only this module imports duckdb. Nothing here knows a table.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import duckdb

from traaviis_lab.errors import IndexUnusable, JournalError, JournalLocked

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY = ":memory:"
MEMORY_LIMIT = "1GB"
FORMAT = "v1.5.0"
BLOCK = 32_768
"""Bytes of a block of a new file. DuckDB's 256 KiB make a file of a few runs 1.8 MB large; below
32 KiB a state far back is found noticeably later."""
_NUMBERS = count(1)
_OWN_FSYNC = int(duckdb.__version__.partition(".")[0]) >= 2
_READS = frozenset({"SELECT", "EXPLAIN", "COPY", "MULTI", "CREATE", "EXPORT"})
_SPOILT = (duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)


class Duck:
    """One DuckDB database, in a file or in memory.

    `cursor()` lends a connection for statements of this house; `ask()` runs a question of
    somebody else's, which can change nothing. Both may be called from any thread. All errors
    are `JournalError`s; `IndexUnusable` if the file cannot be used, `JournalLocked` if another
    process has it.
    """

    def __init__(self, path: str, memory_limit: str = MEMORY_LIMIT) -> None:
        self.path = path
        with _our_words(path):
            self._base = duckdb.connect(path, config=_settings(path, memory_limit))
        self._idle: deque[duckdb.DuckDBPyConnection] = deque()
        self._guard = threading.Lock()  # DuckDB refuses to close what another thread is using
        self.closed = False

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for the time of a `with`; one that failed is rolled back."""
        cursor = self._borrow()
        try:
            with _our_words(self.path):
                yield cursor
        except BaseException:
            with suppress(duckdb.Error):
                cursor.rollback()
            cursor.close()
            raise
        if self.closed:
            cursor.close()
        else:
            self._idle.append(cursor)

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A connection to keep, for what is registered on it; `close` it before the database."""
        return self._fresh()

    @contextmanager
    def transaction(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Commit what is done on `cursor` inside the `with`, or none of it."""
        with _our_words(self.path):
            cursor.execute("begin")
            try:
                yield
                cursor.execute("commit")
            except BaseException:
                with suppress(duckdb.Error):
                    cursor.execute("rollback")
                raise

    def ask(
        self,
        query: str,
        params: Sequence[Any] | Mapping[str, Any],
        hint: Callable[[str], str],
    ) -> pa.Table | None:
        """Run a question and answer its rows as Arrow, None if it has none. It writes no table.

        It runs in a read-only transaction on a connection of its own: a look at the words is not
        enough (`with x as (insert ...) select` is a `SELECT` since 2.0). Statements that
        would end the transaction or change settings of others are refused before.
        """
        cursor = self._fresh()
        try:
            _refuse_writes(cursor, query)
            cursor.execute("begin transaction read only")
            answer = cursor.query(query, params=params or None)
            return answer.to_arrow_table() if answer is not None else None
        except duckdb.Error as error:
            raise _question_error(error, self.path, hint) from None
        except RuntimeError as error:
            raise _interrupt(error) from None
        finally:
            cursor.close()

    def checkpoint(self, *, sync: bool) -> None:
        """Bring the write-ahead log into the file; with `sync` it survives a power cut."""
        with self.cursor() as cursor:
            if sync:
                _set_fsync(cursor, "STANDARD")
            cursor.execute("checkpoint")

    def stop_syncing(self) -> None:
        """From now on leave the order of writes to the operating system (DuckDB 2; 1.5 cannot)."""
        with self.cursor() as cursor:
            _set_fsync(cursor, "NONE")

    def close(self) -> None:
        """Close every connection. Closing twice does nothing."""
        if self.closed:
            return
        self.closed = True
        while self._idle:
            self._idle.pop().close()
        with self._guard, _our_words(self.path):
            self._base.close()

    def _borrow(self) -> duckdb.DuckDBPyConnection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._fresh()

    def _fresh(self) -> duckdb.DuckDBPyConnection:
        with self._guard:
            if self.closed:
                raise JournalError(
                    f"The journal's index {self.path} is closed.", hint="Open the lab again."
                )
            cursor = self._base.cursor()
        cursor.execute("set enable_progress_bar = false")
        return cursor


def _settings(path: str, memory_limit: str) -> dict[str, Any]:
    """Small, quiet and predictable: one thread, a memory limit, nothing fetched from anywhere.

    Python variables are not tables here: DuckDB would look for them in our own frames. And a
    question that DuckDB itself stumbles over (`try(make_timestamp(x))` does it in 2.0) must not
    take the database away from everybody; where a feeding meets such an error, no other follows.
    """
    own = f"traaviis-lab-{os.getpid()}-{next(_NUMBERS)}"  # two databases may never share one
    spill = f"{path}.tmp" if path != MEMORY else os.path.join(tempfile.gettempdir(), own)
    return {
        "threads": 1,
        "memory_limit": memory_limit,
        "temp_directory": spill,
        "storage_compatibility_version": FORMAT,
        "default_block_size": BLOCK,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
        "disable_database_invalidation": True,
    }


def _set_fsync(cursor: duckdb.DuckDBPyConnection, mode: str) -> None:
    if _OWN_FSYNC:
        cursor.execute(f"set fsync_mode = '{mode}'")


def _refuse_writes(cursor: duckdb.DuckDBPyConnection, query: str) -> None:
    kinds = [statement.type.name for statement in cursor.extract_statements(query)]
    if not kinds:
        raise JournalError("The query is empty.", hint="Try: select * from runs")
    for kind in kinds:
        if kind not in _READS:
            raise _no_write(kind)


def _no_write(kind: str) -> JournalError:
    return JournalError(
        f"The journal is asked here, not changed: {kind} is refused.",
        hint="The tables are a copy of the log and would be rebuilt from it. select, explain, "
        "copy ... to and export work; for more, write Parquet and open it with duckdb.",
    )


def _question_error(error: duckdb.Error, path: str, hint: Callable[[str], str]) -> JournalError:
    text = str(error)
    if "read-only" in text and isinstance(error, duckdb.TransactionException):
        return _no_write("writing")
    if isinstance(error, _SPOILT):
        return JournalError(f"DuckDB failed at this question: {text}", hint="Ask it otherwise.")
    return _spoilt(error, path) or JournalError(text, hint=hint(text))


@contextmanager
def _our_words(path: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise _in_our_words(error, path) from error
    except RuntimeError as error:
        raise _interrupt(error) from None


def _interrupt(error: RuntimeError) -> BaseException:
    """Ctrl-C in a question reaches us as a RuntimeError; a cell must see what it is."""
    return KeyboardInterrupt() if "interrupted" in str(error).lower() else error


def _in_our_words(error: duckdb.Error, path: str) -> JournalError:
    text = str(error)
    if "Could not set lock" in text:
        found = re.search(r"PID (\d+)", text)
        owner = f"process {found[1]}" if found else "another process"
        return JournalLocked(
            f"The index {path} is open in {owner}.",
            hint="Close the lab there, or read the journal with an index of its own here.",
        )
    if (spoilt := _spoilt(error, path)) is not None:
        return spoilt
    if "No space left" in text:
        return JournalError(
            f"There is no room left for the index {path}: {text}",
            hint="The log is whole. Make room; the index catches up by itself.",
        )
    return JournalError(f"The index {path}: {text}", hint="")


def stranger(path: str) -> IndexUnusable:
    """The error for a file that is no DuckDB database."""
    return IndexUnusable(
        f"{path} is no DuckDB database.",
        hint="If it is a file of yours, give the journal another path.",
        reason="stranger",
    )


def _spoilt(error: duckdb.Error, path: str) -> IndexUnusable | None:
    """What it means if the file itself is wrong, None if it is not that."""
    text = str(error)
    if "not a valid DuckDB database file" in text:
        return stranger(path)
    if "newer version" in text or "version number" in text:
        return IndexUnusable(
            f"The index {path} was written by a newer DuckDB: {text}",
            hint="Upgrade duckdb, or rebuild the index from the log.",
            reason="newer",
        )
    marks = ("Corrupt", "Could not read enough bytes", "WAL file", "invalidated", "checksum")
    if isinstance(error, _SPOILT) or any(mark in text for mark in marks):
        return IndexUnusable(
            f"The index {path} is damaged: {text}",
            hint="The log is not touched by this. Rebuild: traaviis-lab journal rebuild",
            reason="damaged",
        )
    return None
