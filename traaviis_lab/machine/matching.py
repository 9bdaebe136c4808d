"""Event names and the patterns that match them: `a.b` itself, `a.*` deeper, `*` everything."""

from __future__ import annotations

RESERVED = ("done.", "error.", "after.")


def is_pattern(text: str) -> bool:
    """Whether `text` stands for many events: `*` or `a.*`."""
    return text == "*" or text.endswith(".*")


def matches(pattern: str, name: str) -> bool:
    """Whether an event called `name` is meant by `pattern`: `a.*` means `a.b`, never `a`.

    Given a pattern as `name`, it says whether every event of that pattern is meant.
    """
    if pattern in ("*", name):
        return True
    return pattern.endswith(".*") and name.startswith(pattern[:-1]) and len(name) >= len(pattern)


def is_reserved(name: str) -> bool:
    """Whether only the engine sends events of this name; such an event is never refused."""
    return name.startswith(RESERVED)
