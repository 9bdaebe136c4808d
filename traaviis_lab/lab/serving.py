"""Serve a lab to agents. The server is found by its name; the lab never imports upstairs."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import NotInstalled

from .approving import Approvals

if TYPE_CHECKING:
    from .thread import LoopThread


class Serving:
    """The part of `Lab` that lets agents in, and asks a person where they want too much."""

    _server: Any = None
    if TYPE_CHECKING:
        _thread: LoopThread

    @cached_property
    def approvals(self) -> Approvals:
        """What waits for a person's yes or no: `lab.approvals.answer(id, "once")`."""
        return Approvals()

    def serve_mcp(self, **settings: Any) -> Any:
        """Serve this lab's machines to AI agents over MCP, from this kernel; answers the handle.

        Served already, it answers the same handle, so that a cell can be run twice. Settings:
        `port` (a free one), `tenant` and `scopes` of the token (the lab's own, all of them),
        `sets` (the tool sets that are on), `token` (False: none is asked for, for tests alone),
        `waits` (seconds a question to a person stands), `asks` ("notebook": never at the client).
        See docs/mcp.md.

        Raises `NotInstalled` without the extra `[mcp]`, `LabError` for a setting that is none,
        for a port that is taken, where it is served already with other settings, and where the lab
        is closed.
        """
        if self._server is None or not self._server.is_running:
            self._thread.ask(lambda: None)  # a closed lab has nothing to serve, and says so
            self._server = _serve(self, settings)
        elif settings:
            self._server.check_same(settings)
        return self._server

    def _stop_serving(self) -> None:
        """End the server, if there is one; a lab that is closed serves nobody."""
        if self._server is not None:
            self._server.stop()


def _serve(lab: Any, settings: dict[str, Any]) -> Any:
    for point in entry_points(group="traaviis_lab.servers", name="mcp"):
        try:
            serve = point.load()
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in ("mcp", "mcp_types", "pydantic", "uvicorn"):
                break
            raise
        return serve(lab, **settings)
    raise NotInstalled(
        "The MCP server needs the extra [mcp].", hint="pip install 'traaviis-lab[mcp]'"
    )
