"""Runs of other agents: transcripts in, runs on a chart that was drawn from them out."""

from __future__ import annotations

from .charting import Drawn, draw
from .messages import Transcript
from .reading import FORMATS, read_transcript, read_transcripts, tool_names
from .scribe import Scribe
from .turns import turns_of

__all__ = [
    "FORMATS",
    "Drawn",
    "Scribe",
    "Transcript",
    "draw",
    "read_transcript",
    "read_transcripts",
    "tool_names",
    "turns_of",
]
