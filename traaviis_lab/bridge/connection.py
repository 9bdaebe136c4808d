"""The file that says where a kernel serves MCP and with which token: written, found, removed."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from socket import gethostname
from typing import Any
from urllib.parse import urlsplit

from traaviis_lab.errors import LabError

from .folder import runtime_folder
from .messages import is_token
from .process import alive, born

PREFIX, ENDING = "traaviis-mcp-", ".json"
_LARGEST = 65_536
_LOOPBACK = ("127.0.0.1", "localhost")
Said = Callable[[str], object]


@dataclass(frozen=True)
class Connection:
    """Where one server is and how to get in. Its repr never shows the token.

    `kernel` is the id of the Jupyter kernel it lives in and `notebook` the path of the notebook,
    both "" where there is none. `started` is ISO 8601 text in UTC. `file` is where this was read
    or written. `born` and `host` tell the process from a later one that has the same number.
    """

    url: str
    token: str = field(repr=False)
    pid: int = field(default_factory=os.getpid)
    kernel: str = ""
    notebook: str = ""
    tenant: str = ""
    version: str = ""
    started: str = ""
    file: str = ""
    born: str = ""
    host: str = ""

    @property
    def port(self) -> int:
        """The port of its address; raises `LabError` where that is not on this machine."""
        port = _port_here(self.url)
        if not port:
            raise LabError(
                f"The address {self.url!r} is not one of this machine.",
                hint="A lab is served at http://127.0.0.1:<port>/mcp and nowhere else.",
            )
        return port

    @property
    def name(self) -> str:
        """What tells it from others, for a person: the notebook, else the kernel, else the pid."""
        return self.notebook or self.kernel or f"process {self.pid}"


def write(connection: Connection) -> str:
    """Write it for nobody but this user, whole or not at all; answers the file's path.

    A file of the same kernel and port is replaced, as after a restart.
    """
    folder = runtime_folder()
    os.makedirs(folder, mode=0o700, exist_ok=True)
    name = f"{PREFIX}{_plain(connection.kernel) or connection.pid}-{connection.port}{ENDING}"
    path = os.path.join(folder, name)
    known = replace(connection, file=path, born=born(connection.pid), host=gethostname())
    said = {key: value for key, value in asdict(known).items() if key != "file"}
    # Another name first: nobody ever reads half a file, and a link of that name is not followed.
    beside = os.path.join(folder, f".{name}.{secrets.token_hex(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o600)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(said, file, indent=1)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    return path


def remove(file: str) -> None:
    """Remove a connection file; one that is gone already is no mistake."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(file)


def all_connections(say: Said | None = None) -> list[Connection]:
    """Every server of this user that is alive on this machine, the newest first.

    Files of processes that are gone are removed. A file that cannot be trusted is left out, and
    `say` is told why.
    """
    tell: Said = say or (lambda text: None)
    folder = runtime_folder()
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    paths = [os.path.join(folder, n) for n in names if n.startswith(PREFIX) and n.endswith(ENDING)]
    found = [one for path in paths for one in _trusted(path, tell)]
    return sorted(found, key=lambda one: one.started, reverse=True)


def find(
    kernel: str | None = None, notebook: str | None = None, *, say: Said | None = None
) -> Connection:
    """The server of a kernel (its id, or how that begins) or of a notebook (a path).

    Without either, the one that there is. Raises `LabError`, saying what there is, where none
    fits or where it is not clear which one is meant.
    """
    there = all_connections(say)
    fit = [one for one in there if _fits(one, kernel, notebook)]
    if len({(one.kernel, one.pid) for one in fit}) == 1:
        return fit[0]
    if fit:
        by = f" by {_asked(kernel, notebook)}" if kernel or notebook else ""
        raise LabError(
            f"It is not clear which of {len(fit)} servers is meant{by}.",
            hint="Name one with --kernel or --notebook:\n" + listed(fit),
        )
    if there:
        raise LabError(
            f"No lab is served by {_asked(kernel, notebook)}.",
            hint="Run lab.serve_mcp() in that notebook, or name one of these:\n" + listed(there),
        )
    raise LabError(
        f"No lab is being served on this machine (looked in {runtime_folder()}).",
        hint="Run lab.serve_mcp() in the notebook whose machines are meant.",
    )


def listed(connections: list[Connection]) -> str:
    """A line for each: kernel, notebook, address and since when. Never the token."""
    return "\n".join(
        f"{one.kernel or '-'}  {one.notebook or '-'}  {one.url}  pid {one.pid}  {one.started}"
        for one in connections
    )


def _port_here(url: str) -> int | None:
    # It becomes a line of a request: no blank in it, and nothing that ends the line.
    if not is_token(url):
        return None
    try:
        parts = urlsplit(url)
        here = parts.scheme == "http" and parts.netloc in {
            f"{name}:{parts.port}" for name in _LOOPBACK
        }
        return parts.port if here else None
    except ValueError:
        return None


_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


def _plain(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in text)[:80]


def _asked(kernel: str | None, notebook: str | None) -> str:
    wanted = [f"kernel {kernel!r}"] if kernel else []
    wanted += [f"notebook {notebook!r}"] if notebook else []
    return " and ".join(wanted)


def _fits(one: Connection, kernel: str | None, notebook: str | None) -> bool:
    if kernel and not one.kernel.startswith(kernel):
        return False
    return not notebook or _same_notebook(one.notebook, notebook)


def _same_notebook(known: str, asked: str) -> bool:
    if not known:
        return False
    if os.path.realpath(known) == os.path.realpath(os.path.expanduser(asked)):
        return True
    parts, end = Path(known).parts, Path(os.path.normpath(asked)).parts
    return not os.path.isabs(asked) and bool(end) and parts[-len(end) :] == end


def _trusted(path: str, tell: Said) -> Iterator[Connection]:
    try:
        text, seen = _read(path)
        one = _connection(text, path)
        _ = one.port
    except FileNotFoundError:
        return
    except (OSError, ValueError, RecursionError) as error:
        tell(f"{path} is left out: {getattr(error, 'strerror', '') or error}")
        return
    except LabError as error:
        tell(f"{path} is left out: {error.message}")
        return
    if one.host and one.host != gethostname():
        tell(f"{path} is left out: it was written on {one.host}")
    elif alive(one.pid, one.born):
        yield one
    else:
        _forget(path, seen)


def _read(path: str) -> tuple[str, os.stat_result]:
    """The text of a file that is this user's own and nobody else's to read."""
    # Not blocking: a pipe of that name must not hold us.
    handle = os.open(path, os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0))
    with open(handle, "rb") as file:
        seen = os.fstat(handle)
        if not stat.S_ISREG(seen.st_mode):
            raise LabError("it is no plain file")
        if hasattr(os, "getuid") and seen.st_uid != os.getuid():
            raise LabError("it belongs to another user")
        if os.name == "posix" and seen.st_mode & 0o077:
            raise LabError("others may read or write it; a token in it is no secret")
        if seen.st_size > _LARGEST:
            raise LabError("it is too large to be one of ours")
        return file.read(_LARGEST).decode("utf-8"), seen


def _connection(text: str, path: str) -> Connection:
    said = json.loads(text)
    if not isinstance(said, dict):
        raise LabError("it is no JSON object")
    kinds = {one.name: int if one.name == "pid" else str for one in fields(Connection)}
    known: dict[str, Any] = {name: said[name] for name in kinds if name in said}
    if not {"url", "token", "pid"} <= set(known):
        raise LabError("it does not say url, token and pid")
    if any(type(value) is not kinds[name] for name, value in known.items()):
        raise LabError("what it says is not of the right kind")
    if not is_token(known["token"]):
        raise LabError("what it says to be a token is no token")
    return Connection(**{**known, "file": path})


def _forget(path: str, seen: os.stat_result) -> None:
    """Remove a dead process's file, unless a new one has taken its name since it was read."""
    with contextlib.suppress(OSError):
        now = os.lstat(path)
        if (now.st_ino, now.st_mtime_ns) == (seen.st_ino, seen.st_mtime_ns):
            os.unlink(path)
