"""What the widget asks of a server: its handle, whoever made it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab


class Handle(Protocol):
    """A server of a lab's machines, as `lab.serve_mcp()` answers it."""

    @property
    def lab(self) -> Lab:
        """Whose machines it serves."""

    @property
    def url(self) -> str:
        """Where clients connect."""

    @property
    def is_running(self) -> bool:
        """Whether it serves."""

    @property
    def tenant(self) -> str:
        """The tenant of its token."""

    @property
    def token(self) -> str:
        """The secret that clients show; empty where none is asked for."""

    @property
    def sets(self) -> dict[str, bool]:
        """The tool sets, and whether each is on."""

    @property
    def settings(self) -> dict[str, Any]:
        """What it was told, as `lab.serve_mcp` takes it."""

    def switch(self, set: str, on: bool) -> None:
        """Switch a tool set on or off."""

    def grants(self) -> Sequence[Any]:
        """What its tokens grant, its own first."""

    def clients(self) -> Sequence[Any]:
        """Who is connected."""

    def calls(self, last: int = 20) -> Sequence[Any]:
        """The last calls, newest first."""

    def rate(self) -> float:
        """Calls a second, lately."""

    def on_change(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back, on any thread, when something of this is different."""

    def client_config(self, kind: str, *, bridge: bool = False) -> str:
        """What to paste into a client, token and all."""

    def stop(self) -> None:
        """Serve nobody any more."""
