"""Names for runs that nobody named."""

from __future__ import annotations

import re
import secrets

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_id(machine: str) -> str:
    """`smart_door-k3x9p2mq`: the machine in snake case and eight letters by chance (40 bits)."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", machine)
    word = re.sub(r"[^A-Za-z0-9]+", "_", snake).strip("_").lower() or "run"
    return f"{word}-{''.join(secrets.choice(_LETTERS) for _ in range(8))}"
