"""What a resource is: an address, what it shows, and the text that is read there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JSON, SVG, MERMAID = "application/json", "image/svg+xml", "text/vnd.mermaid"


@dataclass(frozen=True)
class Resource:
    """One resource that is there now, as it is listed."""

    uri: str
    name: str
    title: str
    description: str
    mime: str
    meta: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Template:
    """Resources of one kind, by an address with places to fill in (RFC 6570)."""

    template: str
    name: str
    title: str
    description: str
    mime: str


@dataclass(frozen=True)
class Content:
    """What was read at an address."""

    uri: str
    mime: str
    text: str
    meta: Mapping[str, Any] | None = None
