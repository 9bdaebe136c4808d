"""What a client has told a server that forgets it with a restart, to be told again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .messages import Message, own

_LISTS = ("tools", "resources", "prompts")


class Remembered:
    """The greeting of a session and what was asked for in it."""

    def __init__(self) -> None:
        self.greeting: Message | None = None
        self.version = ""
        self._offered: Mapping[str, Any] = {}
        self._wishes: dict[str, Message] = {}
        self._number = 0

    def greeted(self, greeting: Message, result: Mapping[str, Any]) -> None:
        """A session was opened by this message; what was known of one before is forgotten."""
        version, offered = result.get("protocolVersion"), result.get("capabilities")
        self.greeting = greeting
        self.version = version if isinstance(version, str) else ""
        self._offered = offered if isinstance(offered, Mapping) else {}
        self._wishes = {}

    def note(self, message: Message) -> None:
        """Keep a message that a new session has to hear as well; forget one that it undoes."""
        if message.method in {"notifications/initialized", "logging/setLevel"}:
            self._wishes[message.method] = message
        elif message.method in {"resources/subscribe", "resources/unsubscribe"}:
            uri = f"uri {message.params.get('uri')}"
            if message.method.endswith("/subscribe"):
                self._wishes[uri] = message
            else:
                self._wishes.pop(uri, None)

    def messages(self) -> list[Message]:
        """What a new session is told, the greeting first, under ids of the bridge's own."""
        told = [*([self.greeting] if self.greeting else ()), *self._wishes.values()]
        return [self._again(message) for message in told]

    def news(self) -> list[Message]:
        """What the client is told after that: that the lists it knows may be others now."""
        offers = ((name, self._offered.get(name)) for name in _LISTS)
        return [
            own(f"notifications/{name}/list_changed")
            for name, offer in offers
            if isinstance(offer, Mapping) and offer.get("listChanged") is True
        ]

    def _again(self, message: Message) -> Message:
        if message.kind != "request":
            return message
        self._number += 1
        return own(message.method, message.params, id=f"traaviis-bridge-{self._number}")
