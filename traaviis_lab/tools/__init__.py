"""Tools of others: described, judged, kept an eye on, and called through one door."""

from .definition import Definition
from .settings import Http, Rules, Settings, Stdio
from .toolset import Standing, Toolset

__all__ = ["Definition", "Http", "Rules", "Settings", "Standing", "Stdio", "Toolset"]
