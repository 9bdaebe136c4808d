"""The listening socket, on this machine's own address and nowhere else."""

from __future__ import annotations

import socket

from traaviis_lab.errors import LabError

ADDRESS = "127.0.0.1"
_WAITING = 256


def listening(port: int) -> socket.socket:
    """A socket that listens on a port of this machine, 0 for a free one.

    Raises `LabError` for a port that is none, is taken, or may not be used.
    """
    if not isinstance(port, int) or not 0 <= port <= 65535:
        raise LabError(f"{port!r} is no port.", hint="0 takes a free one.")
    # Named IPPROTO_TCP, or asyncio does not know it for TCP and leaves Nagle's delay on: 44 ms
    # a call.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((ADDRESS, port))
        made.listen(_WAITING)
        made.setblocking(False)
    except OSError as error:
        made.close()
        raise LabError(
            f"The MCP server cannot listen on port {port}: {error.strerror or error}.",
            hint="Leave `port` out for a free one, or stop what listens there.",
        ) from error
    return made
