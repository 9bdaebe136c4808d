"""How the server is reached: a thread of its own, a socket, HTTP, and the gate before it."""

from __future__ import annotations

from .gate import Gate
from .limits import Limits
from .sockets import listening
from .thread import Serving

__all__ = ["Gate", "Limits", "Serving", "listening"]
