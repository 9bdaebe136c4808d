"""Laws of how composed effects go on, over random trees and random outcomes in random order."""

from hypothesis import given
from hypothesis import strategies as st

from tests.effects.driving import Drive, fine, no, pair_at
from tests.effects.trees import DATA, bookings, trees, wishes
from tests.machine.charts import tries
from traaviis_lab import effects as fx
from traaviis_lab.effects.growing import CANCELLED, completed
from traaviis_lab.effects.growing.places import above, is_under
from traaviis_lab.effects.recorded import recorded_effect


@tries(100)
@given(wishes)
def test_effects_come_back_from_json(wish):
    assert fx.read_effect(wish.to_spec()) == wish
    assert recorded_effect(wish.to_spec()) == wish


def play(drive, data, leaves=True):
    """Outcomes of chance, in an order of chance, until it has ended."""
    draw = data.draw
    late = draw(st.integers(0, 40)) if leaves else -1
    for count in range(2_000):
        if drive.ended is not None:
            return
        if count == late:
            drive.leave()
            continue
        path = draw(st.sampled_from(sorted(drive.under_way)))
        effect = drive.under_way[path]
        word = draw(st.sampled_from("ccccf"))
        if path in drive.ending:
            outcome = {"c": CANCELLED, "f": no()}[word]
            if draw(st.integers(0, 3)) == 0:
                outcome = fine(path, effect)
        elif effect.kind == "delay" or path.endswith("into"):
            outcome = completed(None)
        else:
            outcome = fine(path, effect) if word == "c" else no()
        drive.outcome(path, outcome)
    raise AssertionError("it does not come to its end")


@tries(300)
@given(trees, st.data())
def test_every_leaf_has_one_end_and_none_outlives_its_scope(tree, data):
    drive = Drive(tree, DATA)
    play(drive, data)
    started = [path for what, path in drive.log if what == "start"]
    ended = [p for what, p in drive.log if what in ("completed", "failed", "cancelled", "drop")]
    assert sorted(started) == sorted(ended)
    assert len(set(started)) == len(started)


class Ledger(Drive):
    """A drive of single calls that can be undone, which keeps account of what was and is undone.

    `done` are the paths of pairs in the order in which their effect happened, `undone` of those
    the undoing of which began.
    """

    def __init__(self, effect):
        self.done, self.undone = [], []
        super().__init__(effect, DATA)

    def _go(self, work):
        known = len(self.log)
        super()._go(work)
        for what, path in self.log[known:]:
            pair, last = above(path)
            if what == "start" and last == "1" and pair_at(self.effect, pair):
                self._undoes(pair)

    def outcome(self, path, outcome):
        pair = path
        while pair and not pair_at(self.effect, pair):
            pair = above(pair)[0]
        if (
            pair_at(self.effect, pair)
            and outcome.status == "completed"
            and self.under_way[path].kind == "call"
        ):
            here = path.removeprefix(pair + "/") if pair else path
            if here.startswith("0"):
                self.done.append(pair)
        super().outcome(path, outcome)

    def _undoes(self, pair):
        assert pair not in self.undone
        effect, node = pair_at(self.effect, pair), self.tree.nodes.get(pair)
        assert pair in self.done or effect.undo_after == "started"
        self.undone.append(pair)
        if node is not None and pair in self.done:  # None: that was undone in the same walk
            later = self.done[self.done.index(pair) + 1 :]
            kept = self.tree.nodes[node.back].kept
            left = {p for p in later if p not in self.undone and is_under(p, node.back)}
            left = {p for p in left if not (kept and is_under(p, kept))}
            assert not left, (pair, left)


@tries(300)
@given(bookings, st.data())
def test_what_was_done_is_undone_once_the_last_first(tree, data):
    drive = Ledger(tree)
    play(drive, data)
    if drive.ended.status != "completed":
        assert sorted(drive.undone) == sorted({*drive.done, *drive.undone})
