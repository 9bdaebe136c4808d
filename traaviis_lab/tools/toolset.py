"""The external tools of a lab: its servers, and who may call what."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol

from traaviis_lab.errors import DefinitionError, LabError, NoHandler, PermissionDenied
from traaviis_lab.machine.names import did_you_mean
from traaviis_lab.models.aside import Aside

from .book import Book, Key
from .definition import Definition
from .mcp_door import THREAD
from .permission import Known, Verdict, judge
from .server import Clear, Reveal, Server
from .settings import Settings

MOST_ASKED = 50
"""Questions of one tenant that may be open at once; nobody finds another's among a thousand."""


class Question(Protocol):
    """A question to a person: `answered` comes to "once", "always", "deny" or "never"."""

    @property
    def id(self) -> str:
        """What it is called."""

    @property
    def answered(self) -> Future[Any]:
        """The answer, when there is one."""


class Person(Protocol):
    """Who is asked: `lab.approvals`."""

    def ask(self, text: str, **about: Any) -> Question:
        """Put a question."""

    def answer(self, id: str, answer: Any) -> None:
        """Answer one."""

    def withdraw(self, id: str) -> None:
        """Take one back."""


class Standing(NamedTuple):
    """A tool as it stands: how it is described, what is remembered of it, whether it may be called.

    `state` is `known`, `changed` or `allowed` (for good).
    """

    server: Server
    definition: Definition
    known: Known
    verdict: Verdict
    state: str

    @property
    def name(self) -> str:
        """Its name in the lab: `files.read_file`."""
        return f"{self.server.name}.{self.definition.name}"

    @property
    def key(self) -> Key:
        """What it is filed under in the book."""
        settings = self.server.settings
        return settings.name, settings.wire.origin, self.definition.name


class Toolset:
    """The servers of an engine. They live on a loop of their own, where they can block nobody.

    Args:
        book: what is remembered of tools.
        reveal: a secret by its name, for a host.
        clear: takes the values of secrets out of what servers say.
    """

    def __init__(self, book: Book, reveal: Reveal, clear: Clear) -> None:
        self._book, self._reveal, self._clear = book, reveal, clear
        self._servers: dict[str, Server] = {}
        self._lock = threading.Lock()
        self._aside = Aside(THREAD, self._leave)
        self._entered = False
        self._never: set[tuple[str, str]] = set()
        self._asked: dict[tuple[str, str], list[Question]] = {}
        self._standing: Counter[str] = Counter()  # open questions by tenant
        self.person: Person | None = None
        self.calls: Counter[str] = Counter()

    @property
    def servers(self) -> dict[str, Server]:
        """The servers by name."""
        return dict(self._servers)

    def add(self, settings: Settings) -> Server | None:
        """Make a server known; the one that it takes the place of, which is to be closed.

        The same settings again change nothing.
        """
        with self._lock:
            old = self._servers.get(settings.name)
            if old is not None and old.settings == settings:
                return None
            if not self._entered:
                self._aside.enter(self)
                self._entered = True
            server = Server(
                settings, self._reveal, self._clear, lambda found: self._saw(settings, found)
            )
            self._servers = {**self._servers, settings.name: server}
            return old

    def take(self, name: str) -> Server:
        """Forget a server, which is to be closed. Raises `LabError` where there is none."""
        with self._lock:
            server = self._servers.get(name)
            if server is None:
                known = did_you_mean(name, sorted(self._servers), "There are")
                raise LabError(f"There is no server of tools {name!r}.", hint=known)
            self._servers = {k: v for k, v in self._servers.items() if k != name}
            return server

    async def shut(self, server: Server) -> None:
        """Close a server that was taken out."""
        await self._aside.run(server.close())

    async def open(self, name: str, *, anew: bool = False) -> None:
        """Have a server connected and its tools known. Raises `ToolFailed`, `NotInstalled`."""
        await self._aside.run(self._server(name).ready(anew=anew))

    def standing(self, server: Server, definition: Definition) -> Standing:
        """How a tool stands now."""
        settings = server.settings
        key = (settings.name, settings.wire.origin, definition.name)
        known = self._book.known(key, definition)
        verdict = judge(definition, settings.rules, known)
        state = "changed" if known.change else "allowed" if known.always else "known"
        return Standing(server, definition, known, verdict, state)

    def all(self) -> list[Standing]:
        """Every tool that is known here, by name."""
        return [
            self.standing(server, definition)
            for _, server in sorted(self._servers.items())
            for _, definition in sorted(server.definitions.items())
        ]

    def known(self, name: str) -> Standing | None:
        """A tool by its name, if its server has told of it; nobody is asked."""
        server, definition = self._parts(name)
        return None if definition is None or server is None else self.standing(server, definition)

    async def learn(self, names: Sequence[Any]) -> None:
        """Have the servers of these tools told of them, as far as names are of servers here."""
        for name in names:
            if isinstance(name, str) and self._parts(name)[0] is not None:
                await self.find(name)

    async def find(self, name: str, functions: Sequence[str] = ()) -> Standing:
        """A tool by its name; its server is connected if need be.

        Raises `NoHandler` where there is none, `ToolFailed` where its server cannot be asked.
        """
        server, _ = self._parts(name)
        if server is not None:
            await self._aside.run(server.ready())
        found = self.known(name)
        if found is None:
            names = [one.name for one in self.all()] + list(functions)
            raise NoHandler(
                f"There is no tool {name!r} here.",
                hint="lab.tools.add_mcp(...) adds those of a server, lab.register(...) a "
                f"function. {did_you_mean(name, names, 'There are')}",
            )
        return found

    def check_denied(self, tool: Standing) -> None:
        """Raise `PermissionDenied` for a tool that may not be called whatever is asked of it."""
        if tool.verdict.permission == "deny":
            raise PermissionDenied(
                f"{tool.name} may not be called: {tool.verdict.why}.",
                hint="lab.tools lists what may be, and why.",
            )

    async def permit(self, tool: Standing, **about: Any) -> Standing:
        """Be allowed to call a tool as it is described now; a person is asked where that needs one.

        Raises `PermissionDenied`, also where its description changed while a person was asked.
        """
        self.check_denied(tool)
        if tool.verdict.permission == "allow":
            return tool
        answer = await self._ask(tool, about)
        if answer in ("deny", "never"):
            said = "no" if answer == "deny" else answer
            raise PermissionDenied(
                f"{tool.name} was not called: a person said {said}.",
                hint=f"It was asked since {tool.verdict.why}.",
            )
        now = self.known(tool.name)
        if now is None or now.definition.fingerprint != tool.definition.fingerprint:
            raise PermissionDenied(
                f"{tool.name} was not called: its description changed while a person was asked.",
                hint="Look at lab.tools, and call it again.",
            )
        return now

    async def call(
        self,
        tool: Standing,
        arguments: Mapping[str, Any],
        limit: float,
        heard: Callable[[float, float | None, str | None], None],
    ) -> dict[str, Any]:
        """Call a tool that was permitted, for `limit` seconds; cancelled here, it is there too."""
        self.calls[tool.name] += 1
        work = tool.server.call(tool.definition, arguments, limit, heard)
        return await self._aside.run(work)

    def accept(self, tool: Standing, *, always: bool = False) -> None:
        """Take a tool as it is described now for known; `always`: allow it for good."""
        self._book.accept(tool.key, tool.definition, always=always)
        self._never.discard((tool.name, tool.definition.fingerprint))
        if always:
            self._answer_alike(tool)

    def withdraw(self, tool: Standing) -> None:
        """Take back that a tool was allowed for good."""
        self._book.withdraw(tool.key, tool.definition)

    def close(self) -> None:
        """Close all servers and end their loop. Waits for that, a few seconds at most."""
        with self._lock:
            entered, self._entered = self._entered, False
        if entered:
            self._aside.quit(self)

    async def _leave(self) -> None:
        await asyncio.gather(*(one.close() for one in self._servers.values()))

    async def _ask(self, tool: Standing, about: Mapping[str, Any]) -> str:
        if self.person is None:
            return "deny"
        if (tool.name, tool.definition.fingerprint) in self._never:
            return "never"
        whose = str(about.get("tenant", ""))
        if self._standing[whose] >= MOST_ASKED:
            raise PermissionDenied(
                f"{tool.name} was not asked about: {MOST_ASKED} questions of tenant {whose!r} are "
                "open already.",
                hint="Wait until a person has answered them, or ask for less at a time.",
            )
        text = _question(tool, str(about.get("who", "")))
        asked = self.person.ask(text, tool=tool.name, **about)
        self._standing[whose] += 1
        alike = self._asked.setdefault((tool.name, tool.definition.fingerprint), [])
        alike.append(asked)
        try:
            answer: str = await asyncio.wrap_future(asked.answered)
        except asyncio.CancelledError:
            self.person.withdraw(asked.id)
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return "deny"  # somebody took the question back
        finally:
            alike.remove(asked)
            self._standing[whose] -= 1
        if answer == "always":
            self.accept(tool, always=True)
        if answer == "never":  # as it is described now, while this lab is open
            self._never.add((tool.name, tool.definition.fingerprint))
        return answer

    def _answer_alike(self, tool: Standing) -> None:
        """Let those through who wait for the same question to be answered."""
        for one in list(self._asked.get((tool.name, tool.definition.fingerprint), ())):
            if self.person is not None and not one.answered.done():
                try:
                    self.person.answer(one.id, "once")
                except LabError:  # answered meanwhile
                    continue

    def _saw(self, settings: Settings, found: Mapping[str, Definition]) -> None:
        for name, definition in found.items():
            self._book.see((settings.name, settings.wire.origin, name), definition)

    def _parts(self, name: str) -> tuple[Server | None, Definition | None]:
        head, dot, tail = name.partition(".")
        server = self._servers.get(head) if dot else None
        return server, None if server is None else server.definitions.get(tail)

    def _server(self, name: str) -> Server:
        server = self._servers.get(name)
        if server is None:
            raise DefinitionError(f"There is no server of tools {name!r}.")
        return server


def _question(tool: Standing, who: str) -> str:
    """What a person is asked; what the server says of the tool is marked as its own words."""
    text = f"{who or 'A machine'} wants to call {tool.name}: {tool.verdict.why}."
    if tool.known.change:
        return f"{text}\nWhat changed:\n{tool.known.change}"
    said = tool.definition.description
    return f"{text}\nThe server {tool.server.name!r} says of it: {said}" if said else text
