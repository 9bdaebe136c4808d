"""Transcripts to start from: four times the same task of a shop's agent, two of them passed."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def transcripts() -> list[dict[str, Any]]:
    """The conversations, as chat messages with tool calls; `lab.import_transcripts` takes them.

    Each has `task_id`, `trial`, `reward` (1.0: passed) and `messages`.
    """
    folder = files("traaviis_lab.gallery").joinpath("transcripts")
    found = sorted((one for one in folder.iterdir() if one.name.endswith(".json")), key=_name)
    return [json.loads(one.read_text("utf-8")) for one in found]


def _name(one: Any) -> str:
    return str(one.name)
