"""Questions that wait for a person: something wants to do what only a person may allow."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from traaviis_lab.errors import LabError

from .approving_html import approvals_html
from .shown import shown_line

Allowed = Literal["once", "always", "deny", "never"]
ANSWERS: tuple[Allowed, ...] = get_args(Allowed)
_LOGGER = logging.getLogger("traaviis_lab")


@dataclass(frozen=True)
class Approval:
    """One question: who wants what, and the answer when there is one."""

    id: str
    text: str
    who: str
    tool: str
    arguments: Mapping[str, Any]
    tenant: str
    run: str
    at: float  # seconds since the epoch
    answered: Future[Allowed] = field(repr=False, compare=False)


class Approvals:
    """The questions of a lab. Any thread may ask, answer and look."""

    def __init__(self) -> None:
        self._open: dict[str, Approval] = {}
        self._listeners: dict[int, Callable[[], object]] = {}
        self._lock, self._next = threading.Lock(), 0

    def ask(
        self,
        text: str,
        *,
        who: str,
        tool: str = "",
        arguments: Mapping[str, Any] | None = None,
        tenant: str = "",
        run: str = "",
    ) -> Approval:
        """Put a question; its `answered` is a Future of "once", "always", "deny" or
        "never"."""
        asked = Approval(
            secrets.token_hex(4),
            text,
            who,
            tool,
            arguments or {},
            tenant,
            run,
            time.time(),
            Future(),
        )
        with self._lock:
            self._open = {**self._open, asked.id: asked}
        self._tell()
        return asked

    def answer(self, id: str, answer: Allowed) -> None:
        """Answer a question. Raises `LabError` for one that is not open and for another answer.

        One that whoever asked has given up meanwhile is not open any more either.
        """
        if answer not in ANSWERS:
            raise LabError(f"{answer!r} is no answer.", hint=f"One of: {', '.join(ANSWERS)}.")
        asked = self._taken(id)
        heard = asked is not None and asked.answered.set_running_or_notify_cancel()
        if asked is not None and heard:
            asked.answered.set_result(answer)
        if asked is not None:
            self._tell()
        if not heard:
            raise LabError(
                f"No question {id!r} is open: it was answered, or is not asked any more.",
                hint=f"Open are: {', '.join(self._open) or 'none'}.",
            )

    def withdraw(self, id: str) -> None:
        """Take a question back that needs no answer any more; one that has it stays as it is."""
        asked = self._taken(id)
        if asked is not None:
            asked.answered.cancel()
            self._tell()

    def pending(self) -> tuple[Approval, ...]:
        """The questions that are open, oldest first."""
        return tuple(self._open.values())

    def on_change(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back, on the thread where it happens, when a question comes or goes."""
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._listeners = {**self._listeners, number: callback}

        def end() -> None:
            with self._lock:
                self._listeners = {k: v for k, v in self._listeners.items() if k != number}

        return end

    def _taken(self, id: str) -> Approval | None:
        with self._lock:
            asked = self._open.get(id)
            self._open = {name: one for name, one in self._open.items() if name != id}
            return asked

    def _tell(self) -> None:
        for callback in self._listeners.values():
            try:
                callback()
            except Exception:  # whoever asks or answers must not fail for one who looks on
                _LOGGER.exception("A listener to the questions of a lab failed")

    def __repr__(self) -> str:
        lines = [f"{one.id}: {shown_line(one.text, 500)}" for one in self.pending()]
        if lines:
            lines.append(
                'Answer with lab.approvals.answer(id, "once"), "always", "deny" or "never".'
            )
        return "\n".join(lines) or "<Approvals: none pending>"

    def _repr_html_(self) -> str:
        return approvals_html(self.pending())
