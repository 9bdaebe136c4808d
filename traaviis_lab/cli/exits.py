"""What the exit codes mean, and how an error is said at the terminal: one sentence, one hint.

* 0    all is well
* 1    the thing that was checked is not right: a machine that cannot work, a journal that is
       not whole, a run that does not come out as recorded, with `--strict` a log with refused or
       malformed lines
* 2    the command was typed wrong, or a file that it names is not there
* 3    it could not be done: a journal is locked, a run is not known, an extra is missing, a
       disk is full
* 130  interrupted with Ctrl-C
* 141  whoever read the output went away
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn, TextIO

from traaviis_lab.errors import DefinitionError, LabError

OK, NOT_RIGHT, WRONG_USAGE, NOT_DONE, INTERRUPTED, PIPE_GONE = 0, 1, 2, 3, 130, 141


def leave(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command; end the process with the code that says how it went."""
    from .app import app

    try:
        app(args=None if arguments is None else list(arguments), prog_name="traaviis-lab")
    except LabError as error:
        say(error.message, error.hint)
        sys.exit(NOT_RIGHT if isinstance(error, DefinitionError) else NOT_DONE)
    except BrokenPipeError:
        # The reader is gone: what is still buffered must not raise once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(PIPE_GONE)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        say(f"{error.strerror or error}{where}", "")
        sys.exit(NOT_DONE)
    except KeyboardInterrupt:
        say("Interrupted.", "")
        sys.exit(INTERRUPTED)
    sys.exit(OK)


def say(message: str, hint: str, *, out: TextIO | None = None) -> None:
    """Say what went wrong on stderr: the message in red, the hint below it."""
    out = out or sys.stderr
    red, plain = ("\033[31m", "\033[0m") if colourful(out) else ("", "")
    lines = [f"{red}{message}{plain}", *(f"  {line}" for line in hint.splitlines())]
    out.write("\n".join(lines) + "\n")


def colourful(out: TextIO) -> bool:
    """Whether colours are welcome there: a terminal, and nobody said NO_COLOR."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
