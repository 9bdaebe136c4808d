"""Calls that cost money without a model: what a call may need and what it takes stand in it."""

import asyncio
import json
from collections import Counter
from fractions import Fraction

from traaviis_lab import effects as fx
from traaviis_lab.errors import ModelFailed
from traaviis_lab.runtime.spending import Need, Spent

MODEL = "shop/till"


def pay(usd=0.0, *, most=None, tokens=0, seconds=0.0, steps=1, fate="fine"):
    """An effect that pays `usd` where `most` may be needed; `fate` says how it ends.

    `fine`; `unsent` and `lost` fail before and after it was sent; `hangs` waits to be cancelled.
    """
    plan = {
        "usd": usd, "most": usd if most is None else most, "tokens": tokens, "seconds": seconds,
        "steps": steps, "fate": fate,
    }  # fmt: skip
    return fx.call_llm(prompt=json.dumps(plan))


class Till:
    """Performs `pay`, and keeps books of its own: what really was charged, and what may be yet."""

    def __init__(self, lab):
        self.charged = Counter()  # US dollars by run, exact
        self.open = Counter()
        self.sent = 0
        self.watch = lambda: None  # called whenever something changed
        self.spending = lab._engine.spending
        lab.handler("call_llm", self.call)

    async def call(self, effect, scope):
        plan = json.loads(effect.prompt)
        need = Need(MODEL, plan["tokens"], plan["most"], plan["seconds"] or 120, "till#0")
        held = await self.spending.reserve(scope, need)
        if plan["fate"] == "unsent":
            self.spending.release(scope, held)
            raise ModelFailed("It could not be reached.")
        run, most, used = scope.run.id, Fraction(str(plan["most"])), Fraction(str(plan["usd"]))
        self.sent += 1
        self.open[run] += most
        self.watch()
        try:
            if plan["fate"] == "hangs":
                await asyncio.Event().wait()
            for _ in range(plan["steps"]):
                await asyncio.sleep(0)
            if plan["fate"] == "lost":
                raise ModelFailed("The answer was cut.")
        except BaseException:
            self._over(run, most, most)
            self.spending.settle(scope, held, Spent())
            raise
        self._over(run, most, used)
        self.spending.settle(scope, held, Spent(plan["tokens"], plan["usd"], plan["seconds"]))
        self.watch()
        return "thanks"

    def _over(self, run, most, used):
        self.open[run] -= most
        self.charged[run] += used

    def most(self, runs=None):
        """What is charged, and at worst will be, for these runs (None: for all)."""
        names = {*self.charged, *self.open} if runs is None else runs
        return sum(self.charged[run] + self.open[run] for run in names)
