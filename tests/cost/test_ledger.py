"""Laws of the books: nothing is set aside twice, nothing is lost, no limit is passed."""

from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.cost.budget import Budget
from traaviis_lab.cost.ledger import Hold, Ledger

AB = (
    (Budget("a", {"tokens": 100}, account="a"), "a"),
    (Budget("b", {"tokens": 60, "calls": 3}, account="b"), "b"),
)


def test_a_call_fits_where_all_cover_it():
    ledger = Ledger()
    assert ledger.short(AB, {"tokens": 60, "calls": 1}) is None
    short = ledger.short(AB, {"tokens": 61, "calls": 1})
    assert (short.budget.name, short.unit, short.why) == ("b", "tokens", "spent")
    short = ledger.short(AB, {"calls": 1})
    assert (short.budget.name, short.unit, short.why) == ("a", "tokens", "unknown")


def test_what_others_hold_may_come_free():
    ledger = Ledger()
    ledger.hold("x", Hold(("a", "b"), {"tokens": 50, "calls": 1}))
    assert ledger.short(AB, {"tokens": 20, "calls": 1}).why == "held"
    ledger.settle("x", {"tokens": 41, "calls": 1})
    assert ledger.short(AB, {"tokens": 20, "calls": 1}).why == "spent"
    assert ledger.short(AB, {"tokens": 19, "calls": 1}) is None


def test_what_never_fits_is_told_before_what_may():
    ledger = Ledger()
    ledger.hold("x", Hold(("a",), {"tokens": 90, "calls": 1}))
    assert ledger.short(AB, {"tokens": 70, "calls": 1}).why == "spent"


def test_a_soft_budget_never_stands_in_the_way():
    soft = ((Budget("s", {"tokens": 1}, hard=False, account="s"), "s"),)
    assert Ledger().short(soft, {"tokens": 10**9}) is None
    assert Ledger().short(soft, {}) is None


def test_what_is_lost_counts_as_spent_until_it_is_settled_after_all():
    ledger = Ledger()
    ledger.hold("x", Hold(("a",), {"tokens": 90}, lost=True))
    assert ledger.short(AB, {"tokens": 20, "calls": 1}).why == "spent"
    assert ledger.account("a").holds == 0
    ledger.settle("x", {"tokens": 10})
    assert ledger.account("a").used("tokens") == 10
    assert ledger.short(AB, {"tokens": 20, "calls": 1}) is None


def test_settling_twice_and_settling_what_nobody_knows_changes_nothing():
    ledger = Ledger()
    ledger.hold("x", Hold(("a",), {"tokens": 10}))
    assert ledger.settle("x", {"tokens": 5}) is not None
    assert ledger.settle("x", {"tokens": 5}) is None
    assert ledger.settle("y", {"tokens": 5}) is None
    assert ledger.account("a").spent == {"tokens": 5}


def test_the_books_of_each_run_are_closed_with_their_budget():
    ledger = Ledger()
    ledger.hold("x", Hold(("a/r1",), {"tokens": 10}))
    ledger.hold("y", Hold(("ab",), {"tokens": 10}))
    ledger.forget("a")
    assert set(ledger.accounts) == {"ab"}
    ledger.settle("x", {"tokens": 1})
    assert set(ledger.accounts) == {"ab"}


CALLS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50), st.booleans()), min_size=1, max_size=30
)


@given(CALLS, st.integers(0, 200), st.randoms(use_true_random=False))
def test_no_limit_is_ever_passed_and_the_books_are_exact(calls, limit, chance):
    budget = Budget("a", {"tokens": limit}, account="a")
    about, ledger, open_, spent = ((budget, "a"),), Ledger(), [], 0
    for number, (most, used, _) in enumerate(calls):
        if ledger.short(about, {"tokens": most}) is None:
            ledger.hold(str(number), Hold(("a",), {"tokens": most}))
            open_.append((str(number), most, min(used, most)))
        held = sum(most for _, most, _ in open_)
        assert spent + held <= limit
        assert ledger.left(budget, "a", "tokens") == limit - spent - held
        while open_ and chance.random() < 0.5:
            id, _, used_up = open_.pop(chance.randrange(len(open_)))
            ledger.settle(id, {"tokens": used_up})
            spent += used_up
    for id, _, used_up in open_:
        ledger.settle(id, {"tokens": used_up})
        spent += used_up
    books = ledger.account("a")
    assert books.spent.get("tokens", 0) == spent <= limit
    assert books.held.get("tokens", 0) == 0 == books.holds
