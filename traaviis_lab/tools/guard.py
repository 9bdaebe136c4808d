"""Start a program and end it with all it started, as soon as the one who asked is gone.

It is run as a script with the standard library alone: `python guard.py FD COMMAND...`. `FD` is
the reading end of a pipe that nobody writes to: it comes to its end when the process that holds
the other end does, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

GRACE = 1.0
"""Seconds between being asked to end and being ended."""


def main() -> None:
    """Guard one program; ends with its exit code."""
    life, command = int(sys.argv[1]), sys.argv[2:]
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child = subprocess.Popen(command, preexec_fn=_usual)  # noqa: PLW1509 - no thread yet
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror or error}\n")
        sys.stderr.flush()
        os._exit(127)
    for stream in (0, 1, 2):  # they are the program's alone: their ends are to be seen
        os.close(stream)
    threading.Thread(target=_watch, args=(life,), daemon=True).start()
    code = child.wait()
    _tell(signal.SIGTERM)  # what it started and left behind
    os._exit(code if code >= 0 else 128 - code)


def _usual() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _watch(life: int) -> None:
    with contextlib.suppress(OSError):
        os.read(life, 1)
    _tell(signal.SIGTERM)
    time.sleep(GRACE)
    _tell(signal.SIGKILL)


def _tell(what: signal.Signals) -> None:
    """A signal to the whole group; this one is of it, and ends with it where it is killed."""
    with contextlib.suppress(OSError):
        os.killpg(0, what)


if __name__ == "__main__":
    main()
