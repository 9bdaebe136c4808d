"""Whether a process is still the one it was, though its number may have been given away."""

from __future__ import annotations

import os


def born(pid: int) -> str:
    """When a process began, as the system counts it; "" where the system does not say."""
    return _told(pid)[1]


def _told(pid: int) -> tuple[str, str]:
    """A letter for what the process does, and when it began; "" each where that is not said."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            # The name in brackets may hold anything; what follows is counted from behind it.
            words = file.read().rpartition(")")[2].split()
    except OSError:
        return "", ""
    return (words[0], words[19]) if len(words) > 19 else ("", "")


def alive(pid: int, begun: str = "") -> bool:
    """Whether the process is there, and is the one that began then."""
    if pid <= 0:
        return False
    if os.name == "nt":
        return _alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        # Also where it is somebody else's: what we look for is this user's own.
        return False
    does, now = _told(pid)
    # Z and X: it has ended, and nobody has asked how.
    return does not in {"Z", "X"} and (not (begun and now) or begun == now)


def _alive_on_windows(pid: int) -> bool:
    # os.kill would end it there.
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009
    handle = kernel.OpenProcess(0x1000, False, pid)
    if not handle:
        return False
    code = ctypes.c_ulong()
    told = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return not told or code.value == 259
