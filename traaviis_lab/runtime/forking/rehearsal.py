"""Work out a fork's recomputed part: what came in to its parent comes in again, in the same order.

Nothing is performed and nothing is written. An effect that is asked for again gets the outcome
its parent got, where its parent got it; timers come when they came, and what is new about the
fork comes when it is due.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from traaviis_lab.effects import Delay, Permit
from traaviis_lab.effects.growing import Node
from traaviis_lab.errors import EventRefused, LabError
from traaviis_lab.machine import Event
from traaviis_lab.runtime.standing import Pending, root_of
from traaviis_lab.runtime.told import told
from traaviis_lab.runtime.turn import Turn

from .change import Change
from .reel import FOR_EVER, Answer, Input, Reel, Wish, key_of
from .stage import Stage
from .tape import INHERITED, LET_THROUGH, OWN, Tape, marker, needs_no_record, patch_of

WAITED = Answer("", 0, 0)


class Rehearsal:
    """One fork, from its place in the parent's record to the end of what is taken along.

    Args:
        stage: where the fork stands at first; it stands at the end of the part afterwards.
        reel: the parent's record, read to the end of the part.
        tape: where outcomes are found that do not stand at the same place in the record.
        change: what the fork does otherwise.
        shift: from the record's times to the fork's.
    """

    def __init__(self, stage: Stage, reel: Reel, tape: Tape, change: Change, shift: int) -> None:
        self.stage, self.reel, self.tape = stage, reel, tape
        self._change, self._shift = change, shift
        self._fates = {(name, due + shift): seq for (name, due), seq in reel.fates.items()}
        self._aligned = {
            path.removeprefix(INHERITED): path for path in stage.pending if path.startswith("^")
        }
        self._by_root: dict[tuple[int, bytes], deque[Wish]] = defaultdict(deque)
        for wish in reel.wishes.values():
            if wish.root:
                self._by_root[wish.root, wish.key].append(wish)
        self._due: list[tuple[int, int, str, Answer]] = []
        self._count = 0
        self._root = 0
        self._lost: set[str] = set()
        self._ending: set[str] = {
            path
            for path in stage.pending
            if (node := _node_of(stage, path)) is not None and node.phase == "ending"
        }
        self._at_seq = 0

    def play(self, ends_at: int) -> None:
        """Go through the part, which ends at `ends_at` in the record's time.

        Raises what the changed event or data raise, and `ResultMissing`.
        """
        self._inherit()
        at, changed = self._change.at, False
        for one in self.reel.inputs:
            if one.seq > self._change.until:
                break
            if not changed and one.seq > at.seq:
                self._go_on(at.at, one.seq)
                self._do_otherwise()
                changed = True
            self._go_on(one.at, one.seq)
            self._take(one)
        if not changed:
            self._go_on(at.at, self._change.until)
            self._do_otherwise()
        self._go_on(ends_at, FOR_EVER)

    def begin(self, data: dict[str, Any], extra: bytes) -> None:
        """Enter the chart anew, as the parent did with its first fact."""
        self._root = 1
        self._act(lambda turn: turn.begin(data, extra))

    # What comes in

    def _take(self, one: Input) -> None:
        if one.seq in self._change.drop or one.what == "lost":
            self._leave_out(one)
            return
        self._root = self._at_seq = one.seq
        if one.what == "event":
            self._event(one)
        elif one.what == "timer":
            if self.stage.timers.get(one.name) == one.due + self._shift:
                self._timer(one.name)
        elif one.what == "outcome":
            self._outcome(one)
        elif self.stage.snapshot.done:
            return
        elif one.what == "stop":
            self._act(lambda turn: turn.stop("stopped"))
        else:
            self._act(lambda turn: turn.change(one.name, one.data))

    def _event(self, one: Input) -> None:
        event = Event(one.name, one.data)
        try:
            if self.stage.snapshot.done:
                raise EventRefused(
                    f"Event {one.name!r} comes too late: the fork is done by then.",
                    hint="It stands in the parent's record, and is not needed here.",
                )
            turn = self.stage.take(event)
        except LabError as error:
            self.stage.refuse(event, error, {"recorded": {"run": self.reel.run, "seq": one.seq}})
            return
        if turn is not None:
            self._after(turn)

    def _outcome(self, one: Input) -> None:
        path = self._aligned.get(one.name, "")
        answer = self.reel.wishes[one.name].answer
        if path in self.stage.pending and answer is not None:
            if answer.cancelled and path not in self._ending:
                return  # nobody told it to end here
            self._deliver(path, self.tape.given.get(one.name) or answer)

    def _leave_out(self, one: Input) -> None:
        if one.what in ("timer", "lost"):
            if self.stage.timers.get(one.name) == one.due + self._shift:
                self.stage.lose(one.name, {"run": self.reel.run, "seq": one.seq})
        elif one.what == "outcome":
            self._lost.add(self._aligned.get(one.name, ""))
        elif one.what == "stop":
            ended = {wish.ended: wish.path for wish in self.reel.wishes.values()}
            seq = one.seq - 1
            while seq in ended:  # what the stop cancelled is under way without it
                self._lost.add(self._aligned.get(ended[seq], ""))
                seq -= 1

    def _do_otherwise(self) -> None:
        """Bring in what the fork was asked to do otherwise."""
        self._root = 0
        asked = self._change.data or self._change.event is not None
        if asked and self.stage.snapshot.done:
            raise EventRefused(
                f"Run {self.reel.run!r} is done at seq {self._change.at.seq}: nothing can be sent "
                "there or changed.",
                hint="Fork it at an earlier place: fork(at=...).",
            )
        if self._change.data and self._change.at.seq:
            self._act(lambda turn: turn.change("fork", self._change.data), quiet=False)
        event = self._change.event
        if event is not None:
            self._act(lambda turn: turn.take(event), quiet=False)

    # Time

    def _go_on(self, to: int, seq: int) -> None:
        """Let everything come that is due before the record's fact `seq`, and be at its time."""
        to += self._shift
        while self.stage.timers or self._due:
            due, name = min(
                (
                    (due, name)
                    for name, due in self.stage.timers.items()
                    if due <= to and self._fates.get((name, due), 0) < seq
                ),
                default=(FOR_EVER, ""),
            )
            self._root = 0
            if self._due and self._due[0][0] <= min(due, to):
                due, _, path, answer = heapq.heappop(self._due)
                self.stage.clock.go_on(due)
                if path in self.stage.pending:
                    self._deliver(path, answer)
            elif name:
                self.stage.clock.go_on(due)
                self._timer(name)
            else:
                break
        self.stage.clock.go_on(to)

    def _timer(self, name: str) -> None:
        self.stage.timers = {k: v for k, v in self.stage.timers.items() if k != name}
        self._act(lambda turn: turn.take(Event(name)))

    def _deliver(self, path: str, answer: Answer) -> None:
        effect, more = self.stage.pending[path].effect, marker(answer)
        self._ending.discard(path)
        if answer is WAITED:
            more = {}
        if answer.cancelled:
            self._act(lambda turn: turn.cut(path))
        elif answer.error is not None:
            error = told(answer.error)
            self._act(lambda turn: turn.fail(path, error, more))
        else:
            patch = patch_of(effect, answer.result)
            self._act(lambda turn: turn.resolve(path, answer.result, patch, more))

    def _act(self, work: Callable[[Turn], Any], *, quiet: bool = True) -> None:
        """One turn. What goes wrong in one that nobody waits for is written down, as in a run."""
        try:
            turn = self.stage.act(work)
        except LabError as error:
            if not quiet or self.stage.seq == 0:
                raise
            self.stage.aside(
                "note", "trouble", {"data": {"level": "error", "error": error.to_json()}}
            )
            return
        self._after(turn)

    # Effects

    def _after(self, turn: Turn) -> None:
        for path in turn.starts:
            pending = self.stage.pending.get(path)
            if pending is not None:
                self._match(path, pending)
        for path in turn.ends:
            self._told_to_end(path)

    def _told_to_end(self, path: str) -> None:
        """One that was told to end does so when the record says, else at once."""
        if path not in self.stage.pending:
            return
        self._ending.add(path)
        wish = self.reel.wishes.get(self.tape.aligned.get(path) or path.removeprefix(INHERITED))
        if wish is None or wish.answer is None or wish.answer.seq <= self._at_seq:
            self._act(lambda turn: turn.cut(path))

    def _inherit(self) -> None:
        """Outcomes given for effects that the record leaves under way, or cancels."""
        for parents, path in self._aligned.items():
            self._given_now(parents, path, self.reel.wishes.get(parents))

    def _match(self, path: str, pending: Pending) -> None:
        """Find the outcome an effect will have: given, aligned, or of one that asked the same."""
        given = self.tape.given.get(OWN + path)
        if given is not None:
            self._later(pending.began, path, given)
            return
        wish = self._aligned_wish(pending)
        if wish is not None:
            self._aligned[wish.path] = path
            self.tape.aligned[path] = wish.path
            self.tape.used.add((self.reel.run, wish.path))
            self._given_now(wish.path, path, wish)
        elif isinstance(pending.effect, Permit):
            found = self.tape.by_spec(pending.effect)
            self._later(pending.began, path, found or LET_THROUGH)
        elif isinstance(pending.effect, Delay):
            self._later(pending.began + round(float(pending.effect.seconds) * 1e6), path, WAITED)
        elif (found := self.tape.by_spec(pending.effect)) is not None:
            self._later(pending.began + max(0, found.at - found.began), path, found)
            self.tape.keep(path, found)

    def _aligned_wish(self, pending: Pending) -> Wish | None:
        """What the parent asked for in the same words, led to by the same input."""
        if not self._root:
            return None
        left = self._by_root.get((self._root, key_of(pending.effect.to_spec())))
        while left:
            wish = left.popleft()
            if (self.reel.run, wish.path) not in self.tape.used:
                return wish
        return None

    def _given_now(self, parents: str, path: str, wish: Wish | None) -> None:
        """An outcome that is given where the record has none comes at once."""
        given = self.tape.given.get(parents)
        if given is not None and (wish is None or wish.answer is None):
            self._later(self.stage.clock.now(), path, given)

    def _later(self, due: int, path: str, answer: Answer) -> None:
        self._count += 1
        heapq.heappush(self._due, (due, self._count, path, answer))

    def check_end(self) -> None:
        """Raise `ResultMissing` for the first effect that waits for what nobody will bring."""
        for path, pending in self.stage.pending.items():
            if not (needs_no_record(pending.effect) or self.tape.live or self._may_wait(path)):
                raise self.tape.missing(path, pending.effect)

    def _may_wait(self, path: str) -> bool:
        """Whether it is under way in the parent too, left without its outcome, or answered yet."""
        if path in self._lost or self.tape.keeps(path):
            return True
        parents = self.tape.aligned.get(path) or path.removeprefix(INHERITED)
        wish = self.reel.wishes.get(parents)
        inherited = path.startswith(INHERITED) or path in self.tape.aligned
        return inherited and (wish is None or not 0 < wish.ended <= self._change.until)


def _node_of(stage: Stage, path: str) -> Node | None:
    """The place of a composed effect that stands behind an effect under way."""
    root, inner = root_of(path)
    tree = stage.trees.get(root)
    return None if tree is None else tree.nodes.get(inner)
