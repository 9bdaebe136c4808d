"""A thousand trials: random budgets, calls, prices, failures and cancels, many at a time.

The till keeps books of its own. At no moment may what it was charged, and may be yet, pass any
hard limit; in the end the lab's books, its journal and the till agree to the last part.
"""

import random
from fractions import Fraction

from tests.runtime.asking import chart_asking, until
from tests.runtime.paying import Till, pay
from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.runtime.spending.past import read_ledger

TRIALS, AT_ONCE = 1000, 20
FATES = ("fine",) * 7 + ("unsent", "lost", "hangs")
AMOUNTS = (0.0, 1e-9, 3.3e-7, 0.01, 0.1, 0.3, 1.0)


def a_call(chance):
    most = round(chance.choice(AMOUNTS) * chance.randint(1, 9), 9)
    used = most if chance.random() < 0.5 else round(most * chance.random(), 9)
    return pay(
        min(used, most), most=most, steps=chance.randint(0, 3), fate=chance.choice(FATES),
    )  # fmt: skip


def a_wish(chance):
    """Up to a dozen calls, in shapes that fail, wait and cancel each other."""
    calls = [a_call(chance) for _ in range(chance.randint(1, 12))]
    shape = chance.choice(("parallel", "settled", "race", "few"))
    if shape == "race":
        return fx.timeout(fx.race(*calls), 0.005)
    if shape == "few":
        return fx.timeout(fx.parallel(*calls, concurrency=2, settle=True), 0.005)
    return fx.timeout(fx.parallel(*calls, settle=shape == "settled"), 0.005)


class Trial:
    """A tenant with some budgets and some runs, and what its till must hold to."""

    def __init__(self, lab, till, number):
        self.lab, self.till = lab, till
        self.tenant, self.chance = f"t{number}", random.Random(number)
        self.names = [f"t{number}-{n}" for n in range(self.chance.randint(1, 3))]
        self.limits = []  # (limit, the runs that share it)
        self.passed = []
        self.budgets = [self.budget({}, [self.names])] + [
            self.budget(about, groups)
            for about, groups in (
                ({"machine": "Asking"}, [self.names]),
                ({"run": self.names[0]}, [self.names[:1]]),
                ({"machine": "Asking", "state": "asking"}, [self.names]),
                ({"machine": "Asking", "per": "run"}, [[name] for name in self.names]),
            )
            if self.chance.random() < 0.3
        ]

    def budget(self, about, groups):
        limit = round(self.chance.choice(AMOUNTS) * self.chance.randint(1, 12), 9)
        self.limits += [(Fraction(str(limit)), group) for group in groups]
        return self.lab.budget(usd=limit, tenant=self.tenant, **about).name

    def watch(self):
        for limit, runs in self.limits:
            if self.till.most(runs) > limit:
                self.passed.append((limit, runs, self.till.most(runs)))

    def begin(self):
        self.runs = [
            self.lab.start(chart_asking(a_wish(self.chance)), id=name, tenant=self.tenant)
            for name in self.names
        ]
        if self.chance.random() < 0.3:
            self.runs[0].stop()

    def is_over(self):
        return all(run.done or run.state != "asking" for run in self.runs)

    def check(self):
        assert self.passed == []
        for name in self.budgets:
            for row in (one for one in self.lab.budgets() if one.name == name):
                assert (row.reserved["usd"], row.lost["usd"]) == (0, 0)
                mine = [row.of] if row.of else ([row.budget.run] if row.budget.run else self.names)
                self.check_row(row, mine)
            self.lab.budgets().remove(name)

    def check_row(self, row, runs):
        charged = sum(self.till.charged[run] for run in runs)
        assert abs(Fraction(str(row.spent["usd"])) - charged) <= Fraction(1, 10**12)
        assert row.left["usd"] >= 0


def test_a_thousand_random_trials_overspend_nothing(monkeypatch):
    with Lab() as lab:
        till = Till(lab)
        forget, kept = lab._engine.spending.ledger.forget, {}

        def forgotten(account):
            accounts = lab._engine.spending.ledger.accounts
            kept.update({n: a for n, a in accounts.items() if n.partition("/")[0] == account})
            forget(account)

        monkeypatch.setattr(lab._engine.spending.ledger, "forget", forgotten)
        for first in range(0, TRIALS, AT_ONCE):
            trials = [Trial(lab, till, first + n) for n in range(AT_ONCE)]
            till.watch = lambda mine=trials: [trial.watch() for trial in mine]
            for trial in trials:
                trial.begin()
            until(lambda mine=trials: all(trial.is_over() for trial in mine), 60)
            until(lambda: not lab._engine.spending.ledger.holds)  # a state left waits for nobody
            till.watch = lambda: None
            for trial in trials:
                trial.check()
        refused = lab.sql("select count(*) as n from events where kind = 'budget.exceeded'")["n"][0]
        assert till.sent > TRIALS // 2
        assert refused > TRIALS // 5  # else the trials tried nothing
        written = read_ledger(lab.journal)
        assert written.holds == {}
        for name, books in written.accounts.items():
            mine = {unit: n for unit, n in kept[name].spent.items() if n}
            assert {unit: n for unit, n in books.spent.items() if n} == mine
