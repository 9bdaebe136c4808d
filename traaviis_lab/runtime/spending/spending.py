"""Hold calls to their budgets: set aside before a call, settle after it, and write both down."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from typing import TYPE_CHECKING, Any

from traaviis_lab.cost.budget import Budget, amount_of
from traaviis_lab.cost.ledger import Hold, Ledger
from traaviis_lab.errors import BudgetExceeded, EffectError, LabError

from .alarm import Alarm
from .book import BOOK, Book
from .line import About, Line, Waiter
from .neighbours import Neighbours
from .past import read_ledger
from .terms import Need, Reservation, Spent, amounts
from .whose import Whose
from .wording import refusal, waits

if TYPE_CHECKING:
    from traaviis_lab.runtime.asides import Acknowledge
    from traaviis_lab.runtime.engine import Engine
    from traaviis_lab.runtime.interpreter import Scope

_LOGGER = logging.getLogger("traaviis_lab")
_NOTHING = Spent(0, 0.0, 0.0, 0)


class Spending:
    """The budgets of one engine. Its methods are called on the engine's loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._book = Book(engine)
        self.budgets: dict[str, Budget] = {}
        self.ledger = Ledger()
        self._neighbours = Neighbours(engine, self.budgets, self.ledger)
        self.budgets.update(self._book.read())
        if self.budgets:
            self.ledger.take(read_ledger(engine.journal))
        self._line, self._alarm, self._whose = Line(), Alarm(engine), Whose(engine)
        self._numbers = itertools.count(1)

    @property
    def is_watched(self) -> bool:
        """Whether there is any budget at all; without one nobody need ask here."""
        return bool(self.budgets)

    # Budgets

    def set(self, budget: Budget, acknowledge: Acknowledge | None = None) -> None:
        """Begin a budget, or give the one of this name other limits: what is spent stays spent.

        Raises `JournalLocked` while another living process keeps the budgets.
        """
        self._keep()
        before = self.budgets.get(budget.name)
        account = f"{budget.name}#{secrets.token_hex(4)}" if before is None else before.account
        told = {**budget.to_json(), "account": account}
        self._book.write("budget.set", budget.name, told, acknowledge)
        self.budgets[budget.name] = Budget.from_json(told)
        self._line.move()

    def remove(self, name: str, acknowledge: Acknowledge | None = None) -> None:
        """Forget a budget; one of this name begins anew. Raises `LabError` where there is none."""
        if name not in self.budgets:
            known = ", ".join(map(repr, self.budgets)) or "none"
            raise LabError(f"There is no budget {name!r}.", hint=f"There are: {known}.")
        self._keep()
        told = {"budget": name, "removed": True, "account": self.budgets[name].account}
        self._book.write("budget.set", name, told, acknowledge)
        self.ledger.forget(self.budgets.pop(name).account)
        self._line.move()

    def _keep(self) -> bool:
        """Be the process that keeps the budgets, with books that say what the journal says.

        Whether the books were read anew for that.
        """
        if not self._book.take():
            return False
        self._neighbours.begin_anew()
        mine = {id: hold for id, hold in self.ledger.holds.items() if not hold.lost}
        self.budgets.clear()
        self.budgets.update(self._book.read())
        fresh = read_ledger(self._engine.journal) if self.budgets or mine else Ledger()
        for id, hold in mine.items():
            fresh.settle(id, {})
            fresh.hold(id, hold)
        self.ledger.take(fresh)
        return True

    # Calls

    async def reserve(self, scope: Scope, need: Need) -> Reservation | None:
        """Set aside what a call may use, in every budget that is about it, all or none.

        Back when that is as durable as what effects are started after. None where no budget is
        about the call. Where others have set aside what it needs, it waits until they settle.
        Raises `BudgetExceeded` where a hard one does not cover it.
        """
        about = self._about(scope)
        if not about:
            return None
        is_kept = any(budget.hard and not budget.is_of_one_run for budget, _ in about)
        if is_kept and self._keep():
            about = self._about(scope)
        try:
            reservation = await self._set_aside(scope, need, about)
        except BudgetExceeded as error:
            told = {**error.to_json(), "node": need.node, "hard": True}
            scope.tell("budget.exceeded", error.budget, told)
            raise
        await self._write_down(scope, reservation, any(budget.hard for budget, _ in about))
        return reservation

    def settle(self, scope: Scope, reservation: Reservation | None, spent: Spent) -> None:
        """A call that was sent is over: what it used is spent, the rest is free again.

        A reservation that was settled before stays as it was settled.
        """
        if reservation is None or reservation.id not in self.ledger.holds:
            return
        parts, unknown = spent.parts(reservation.parts)
        over = [u for u, n in parts.items() if n > reservation.parts.get(u, n)]
        body = reservation.to_json() | {"spent": amounts(parts)}
        if unknown:
            body["unknown"] = unknown
        if over:
            body["over"] = over
        if spent is _NOTHING:
            body["released"] = True
        before = {name: self.ledger.account(name).spent.copy() for name in reservation.accounts}
        self.ledger.settle(reservation.id, parts)
        self._tell_settled(scope, reservation, body)
        if spent is not _NOTHING:
            self._alarm.look(scope, self.budgets, self.ledger, before)
        self._line.move()

    def release(self, scope: Scope, reservation: Reservation | None) -> None:
        """A call was never sent: all that was set aside for it is free again."""
        self.settle(scope, reservation, _NOTHING)

    # Inside

    def _about(self, scope: Scope) -> About:
        """The budgets that are about what this effect calls."""
        return self._whose.about(scope, self.budgets.values())

    async def _set_aside(self, scope: Scope, need: Need, about: About) -> Reservation:
        """Hold what the call needs in all accounts, now or when it is its turn."""
        made: list[Reservation] = []

        def attempt(about: About | None = None, *, hold: bool = True) -> bool:
            about = self._about(scope) if about is None else about
            parts = self._fitted(about, need)
            short = self.ledger.short(about, parts)
            if short is None and hold:
                made.append(self._hold(scope, need, about, parts))
            elif short is not None and short.why != "held":
                raise refusal(self.ledger, short, need, parts.get(short.unit))
            elif short is not None:
                scope.news.tell(None, waits(self.ledger, short))
            return short is None

        is_first = not self._line.is_before(about)
        if attempt(about, hold=is_first) and is_first:
            return made[0]
        waiter = Waiter(about, self._engine.loop.create_future(), attempt)
        self._line.join(waiter)
        try:
            await waiter.turn
        except asyncio.CancelledError:
            self._line.leave(waiter)
            if made:
                self.ledger.settle(made[0].id, {})
            if waiter.turn.done() and not waiter.turn.cancelled():
                waiter.turn.exception()  # it is nobody's any more
            self._line.move()
            raise
        return made[0]

    def _fitted(self, about: About, need: Need) -> dict[str, int]:
        """What the call needs; of seconds, which its timeout can keep to, no more than is left."""
        parts = need.parts()
        for budget, account in about:
            if not (budget.hard and "seconds" in budget.limits):
                continue
            held = self.ledger.account(account).held.get("seconds", 0)
            most = max(1, self.ledger.left(budget, account, "seconds") + held)
            parts["seconds"] = min(parts.get("seconds", most), most)
        return parts

    def _hold(self, scope: Scope, need: Need, about: About, parts: dict[str, int]) -> Reservation:
        """Set aside, at once and in all accounts."""
        pending = scope.run.pending.get(scope.path)
        bounded = any(budget.hard and "seconds" in budget.limits for budget, _ in about)
        reservation = Reservation(
            f"{scope.run.id}/{scope.path}~{scope.occurrence}.{next(self._numbers)}",
            tuple(account for _, account in about),
            parts,
            pending.seq if pending is not None else 0,
            need,
            amount_of("seconds", parts["seconds"]) if bounded else None,
        )
        self.ledger.hold(reservation.id, Hold(reservation.accounts, parts))
        return reservation

    async def _write_down(self, scope: Scope, reservation: Reservation, hard: bool) -> None:
        """Have the reservation on disk before the call is made; free it where that fails."""
        body = {**reservation.to_json(), "node": reservation.need.node}
        name = reservation.need.model
        try:
            if hard and self._engine.safest != "memory":  # there, it is kept when `tell` returns
                told = await scope.tell_safely("budget.reserved", name, body)
            else:
                told = scope.tell("budget.reserved", name, body)
        except BaseException:
            self.release(scope, reservation)
            raise
        if not told:
            self.release(scope, reservation)
            raise EffectError("The effect was over before its call was made.")

    def _tell_settled(self, scope: Scope, reservation: Reservation, body: dict[str, Any]) -> None:
        """Write it beside the effect, or in the book where the run is not here any more."""
        name, body = reservation.need.model, {**body, "node": reservation.need.node}
        try:
            told = scope.tell("budget.settled", name, body, late=reservation.began)
            if not told and self._book.is_mine:
                where = {"run": scope.run.id, "path": scope.path}
                self._book.write("budget.settled", name, {**body, **where})
        except LabError as error:  # it stays set aside in the journal: spent, for who opens it next
            _LOGGER.warning("%s of %s is not written down: %s", name, BOOK, error)
