"""How often Python changes threads: more often while somebody is served, as before when not."""

from __future__ import annotations

import sys
import threading

SERVING = 0.001
"""Seconds. With Python's 5 ms, a call waits 5 ms for a busy cell each time it needs the lock."""

_lock = threading.Lock()
_servers = 0
_before = 0.0
_set = 0.0


def faster() -> None:
    """Change threads often, until `slower` is called as many times."""
    global _servers, _before, _set  # noqa: PLW0603 - the setting is one of the process
    with _lock:
        _servers += 1
        if _servers == 1 and sys.getswitchinterval() > SERVING:
            _before = sys.getswitchinterval()
            sys.setswitchinterval(SERVING)
            _set = sys.getswitchinterval()


def slower() -> None:
    """The last one restores what was set before, unless somebody else has changed it since."""
    global _servers, _before  # noqa: PLW0603 - the setting is one of the process
    with _lock:
        _servers -= 1
        if _servers == 0 and _before:
            if sys.getswitchinterval() == _set:
                sys.setswitchinterval(_before)
            _before = 0.0


def forget() -> None:
    """In a child that was forked nobody is served: as it was before."""
    global _lock, _servers  # noqa: PLW0603 - the setting is one of the process
    _lock = threading.Lock()
    if _servers:
        _servers = 1
        slower()
