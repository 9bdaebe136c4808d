"""Where Jupyter keeps what belongs to running kernels, worked out as jupyter_core does."""

from __future__ import annotations

import os
import sys


def runtime_folder() -> str:
    """The Jupyter runtime folder of this user: `JUPYTER_RUNTIME_DIR`, else where Jupyter has it."""
    return os.environ.get("JUPYTER_RUNTIME_DIR") or os.path.join(_data_folder(), "runtime")


def _data_folder() -> str:
    if said := os.environ.get("JUPYTER_DATA_DIR"):
        return said
    home = os.path.realpath(os.path.expanduser("~"))
    # With JUPYTER_PLATFORM_DIRS, Jupyter asks the package platformdirs.
    by_platform = os.environ.get("JUPYTER_PLATFORM_DIRS", "no").lower() not in _NO
    if sys.platform == "darwin":
        where = ("Application Support", "jupyter") if by_platform else ("Jupyter",)
        return os.path.join(home, "Library", *where)
    if os.name == "nt":
        return _on_windows(home, by_platform)
    shared = os.environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    return os.path.join(shared, "jupyter")


_NO = ("no", "n", "false", "off", "0", "0.0")


def _on_windows(home: str, by_platform: bool) -> str:
    if by_platform:
        local = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
        return os.path.join(local, "jupyter")
    if roaming := os.environ.get("APPDATA"):
        return os.path.realpath(os.path.join(roaming, "jupyter"))
    settings = os.environ.get("JUPYTER_CONFIG_DIR") or os.path.join(home, ".jupyter")
    return os.path.join(settings, "data")
