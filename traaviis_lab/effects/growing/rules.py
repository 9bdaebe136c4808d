"""What each kind of composed effect does when it begins, and when one of its children is over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, assert_never, cast

from traaviis_lab.effects.composed import (
    Batch,
    Bulkhead,
    Cache,
    CircuitBreaker,
    Composed,
    Fallback,
    ForEach,
    Gate,
    Parallel,
    Permit,
    Race,
    RateLimit,
    Retry,
    Saga,
    Sequence,
    Timeout,
    When,
    WithCompensation,
)
from traaviis_lab.effects.failures import breach_in, error_matches
from traaviis_lab.effects.waiting import Delay
from traaviis_lab.errors import LabError
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.problems import show

from . import troubles
from .fills import chance, formula, permit_for
from .places import below, child_of
from .values import Node, Outcome, completed, failed, under_way

if TYPE_CHECKING:
    from .walk import Walk


Around = Retry | Timeout | WithCompensation | Gate | When


def begin(walk: Walk, path: str, effect: Effect) -> None:
    """Begin with a composed effect, whose place is made."""
    match cast("Composed", effect):
        case Sequence() | Saga() | Fallback() as row:
            _one_by_one(walk, path, row)
        case Parallel() | Race():
            _fill_up(walk, path)
        case ForEach() | Batch() as loop:
            _begin_loop(walk, path, loop)
        case Retry() as retry:
            walk.turn_to(path, 0)
            walk.enter(below(path, 0), retry.effect)
        case Timeout() as timeout:
            walk.turn_to(path, 0, waiting=2)
            walk.ask(below(path, 1), Delay(timeout.after))
            walk.enter(below(path, 0), timeout.effect)
        case WithCompensation() as pair:
            walk.turn_to(path, 0)
            if pair.undo_after == "started":
                walk.can_undo(path, None)
            walk.enter(below(path, 0), pair.effect)
        case CircuitBreaker() | RateLimit() | Bulkhead() | Cache() as gate:
            walk.turn_to(path, 0)
            walk.ask(below(path, 1), permit_for(gate))
        case When() as choice:
            _choose(walk, path, choice)
        case other:
            assert_never(other)


def go_on(walk: Walk, path: str, node: Node, child: int, outcome: Outcome) -> None:
    """A child of a composed effect that is under way is over."""
    if outcome.status == "cancelled":  # by nobody here
        outcome = failed(troubles.cut_off())
    match cast("Composed", node.effect):
        case Sequence() | Saga():
            _next_of_row(walk, path, node, outcome)
        case Parallel() | ForEach() | Batch():
            _one_of_many(walk, path, node, outcome)
        case Race():
            _one_of_race(walk, path, node, child, outcome)
        case Fallback() as fallback:
            _tried(walk, path, fallback, node, outcome)
        case one:
            _go_on_around_one(walk, path, node, one, (child, outcome))


def _go_on_around_one(
    walk: Walk, path: str, node: Node, effect: Around, came: tuple[int, Outcome]
) -> None:
    """The same for those that stand around a single effect."""
    child, outcome = came
    match effect:
        case Retry() as retry:
            _after_attempt(walk, path, retry, child, outcome)
        case Timeout() as timeout:
            if child == 1 and outcome.status == "completed":
                outcome = failed(troubles.took_too_long(timeout))
            walk.end(path, outcome, kept=below(path, 0) if outcome.status == "completed" else "")
        case WithCompensation() as pair:
            _did_pair(walk, path, pair, outcome)
        case CircuitBreaker() | RateLimit() | Bulkhead() | Cache():
            _passed(walk, path, node, child, outcome)
        case When():
            walk.over(path, outcome)
        case other:
            assert_never(other)


def came_too_late(walk: Walk, path: str, node: Node, child: str, outcome: Outcome) -> None:
    """A child of something that is being stopped succeeded all the same: it has happened.

    What only stands around a leaf has then happened too, so that whoever can undo it does.
    """
    effect = node.effect
    if isinstance(effect, WithCompensation):
        if child == "0":
            walk.can_undo(path, outcome.value, again=effect.undo_after == "started")
    elif path and isinstance(effect, Around) and _is_its_own(effect, child):
        walk.happened(path, outcome)


def _is_its_own(effect: Around, child: str) -> bool:
    """Whether a child is what an effect stands around: no wait, clock or permit."""
    if isinstance(effect, Retry):
        return int(child) % 2 == 0
    return isinstance(effect, When) or child == "0"


def children(node: Node) -> Iterable[int]:
    """The numbers of the children of which something may be known."""
    match cast("Composed", node.effect):
        case Sequence() | Saga() | Fallback() | Parallel() | Race() | ForEach() | Batch():
            return range(node.turn + 1)
        case Retry():
            return range(max(0, node.turn - 2), node.turn + 1)
        case _:
            return (0, 1)


def parts(effect: Any) -> tuple[Effect, ...]:
    """What a composed effect is put together from; nothing for a leaf."""
    if not effect.composed:
        return ()
    if isinstance(effect, Saga):
        return effect.steps
    if isinstance(effect, WithCompensation):
        return (effect.effect, effect.undo)
    if isinstance(effect, When):
        return (effect.effect, *((effect.otherwise,) if effect.otherwise else ()))
    several: tuple[Effect, ...] = getattr(effect, "effects", ())
    return several or (effect.effect,) if hasattr(effect, "effect") else several


def can_be_undone(effect: Effect) -> bool:
    """Whether anything in an effect says how it is undone."""
    return isinstance(effect, WithCompensation) or any(map(can_be_undone, parts(effect)))


def is_still(effect: Effect) -> bool:
    """Whether a leaf does nothing but wait, so that nobody need wait for its end."""
    return isinstance(effect, Delay | Permit)


def _row(effect: Any) -> tuple[Effect, ...]:
    return effect.steps if isinstance(effect, Saga) else effect.effects


def _one_by_one(walk: Walk, path: str, effect: Effect) -> None:
    row = _row(effect)
    if not row:
        walk.over(path, completed([]))
        return
    walk.turn_to(path, 0)
    walk.enter(below(path, 0), row[0])


def _next_of_row(walk: Walk, path: str, node: Node, outcome: Outcome) -> None:
    row, turn = _row(node.effect), node.turn + 1
    if outcome.status == "failed":
        walk.end(path, outcome)
    elif turn == len(row):
        walk.over(path, completed(_results(walk, path, turn)))
    else:
        walk.nodes[path] = under_way(node.effect, turn, 1)
        walk.enter(below(path, turn), row[turn])


def _results(walk: Walk, path: str, count: int) -> list[Any]:
    return [walk.nodes[below(path, number)].outcome.value for number in range(count)]  # type: ignore[union-attr]


def _begin_loop(walk: Walk, path: str, loop: ForEach | Batch) -> None:
    try:
        items = walk.value_of(path, formula(loop.items, f"{loop.kind}.items").compute)
        if not isinstance(items, list | tuple):
            raise LabError(
                f"{loop.kind}: items is {show(items)}, not a list.",
                hint=f"The expression is {loop.items!r}.",
            )
    except LabError as error:
        walk.over(path, failed(error.to_json()))
        return
    if isinstance(loop, Batch):
        size = loop.size
        items = [list(items[at : at + size]) for at in range(0, len(items), size)]
    walk.nodes[path] = walk.nodes[path]._replace(items=tuple(items))
    _fill_up(walk, path)


def _many(node: Node) -> tuple[int, int]:
    """How many children there are, and how many may be under way."""
    count = _count(node)
    return count, getattr(node.effect, "concurrency", 0) or count


def _count(node: Node) -> int:
    return len(node.effect.effects if node.items is None else node.items)  # type: ignore[attr-defined]


def _fill_up(walk: Walk, path: str) -> None:
    """Start children while there are some and room for them; be over where none is left."""
    nodes = walk.nodes
    count, most = _many(nodes[path])
    while (node := nodes.get(path)) is not None and node.phase == "running":
        number, waiting = node.turn, node.waiting
        if number >= count or waiting >= most:
            if number >= count and not waiting:
                _all_over(walk, path, count)
            return
        nodes[path] = under_way(node.effect, number + 1, waiting + 1, node.items)
        walk.enter(below(path, number), child_of(node.effect, number))


def _all_over(walk: Walk, path: str, count: int) -> None:
    effect = walk.nodes[path].effect
    outcomes: list[Outcome] = [walk.nodes[below(path, n)].outcome for n in range(count)]  # type: ignore[misc]
    if isinstance(effect, Race):
        walk.end(path, failed(troubles.all_failed(effect, [one.value for one in outcomes])))
    elif getattr(effect, "settle", False):
        word = {"completed": "result", "failed": "error"}
        told = [{"status": one.status, word[one.status]: one.value} for one in outcomes]
        walk.over(path, completed(told))
    else:
        walk.over(path, completed([one.value for one in outcomes]))


def _one_of_many(walk: Walk, path: str, node: Node, outcome: Outcome) -> None:
    if outcome.status == "failed" and not getattr(node.effect, "settle", False):
        walk.end(path, outcome)
    elif not node.waiting or node.turn < _count(node):
        _fill_up(walk, path)


def _one_of_race(walk: Walk, path: str, node: Node, child: int, outcome: Outcome) -> None:
    if outcome.status == "completed":
        walk.end(path, outcome, kept=below(path, child))
    else:
        _fill_up(walk, path)


def _after_attempt(walk: Walk, path: str, retry: Retry, child: int, outcome: Outcome) -> None:
    if child % 2:  # the wait is over
        walk.turn_to(path, child + 1)
        walk.enter(below(path, child + 1), retry.effect)
        return
    attempt = child // 2 + 1
    if outcome.status == "completed" or not _is_tried_again(retry, outcome.value):
        walk.over(path, outcome)
    elif attempt >= retry.attempts:
        walk.over(path, failed(troubles.retries_spent(retry, outcome.value)))
    else:
        for before in (child - 2, child - 1):  # of which nothing need be known any more
            walk.nodes.pop(below(path, before), None)
        walk.turn_to(path, child + 1)
        wait = retry.wait_after(attempt, chance(walk.salt, below(path, child)))
        walk.ask(below(path, child + 1), Delay(wait))


def _is_tried_again(retry: Retry, error: Any) -> bool:
    """Whether a retry means this failure; what no budget covers now it will not cover then."""
    return breach_in(error) is None and error_matches(retry.on, error)


def _did_pair(walk: Walk, path: str, pair: WithCompensation, outcome: Outcome) -> None:
    if outcome.status == "completed":
        walk.can_undo(path, outcome.value, again=pair.undo_after == "started")
        walk.over(path, outcome)
    elif pair.undo_after == "started":
        walk.end(path, outcome)
    else:
        walk.over(path, outcome)


def _passed(walk: Walk, path: str, node: Node, child: int, outcome: Outcome) -> None:
    gate: Any = node.effect
    if child == 0 or outcome.status == "failed":
        walk.over(path, outcome)
    elif outcome.value and outcome.value.get("hit"):
        walk.over(path, completed(outcome.value.get("value")))
    else:
        walk.turn_to(path, 1)
        walk.enter(below(path, 0), gate.effect)


def _tried(walk: Walk, path: str, fallback: Fallback, node: Node, outcome: Outcome) -> None:
    turn = node.turn + 1
    if outcome.status == "completed":
        walk.over(path, outcome)
    elif turn == len(fallback.effects):
        errors = _results(walk, path, turn)
        walk.over(path, failed(troubles.all_failed(fallback, errors)))
    else:
        walk.turn_to(path, turn)
        walk.enter(below(path, turn), fallback.effects[turn])


def _choose(walk: Walk, path: str, choice: When) -> None:
    try:
        yes = walk.value_of(path, formula(choice.when, "when.when").compute)
        if not isinstance(yes, bool):
            raise LabError(
                f"when: the condition {choice.when!r} gives {show(yes)}.",
                hint="Compare it with something: data.count > 0.",
            )
    except LabError as error:
        walk.over(path, failed(error.to_json()))
        return
    chosen = choice.effect if yes else choice.otherwise
    if chosen is None:
        walk.over(path, completed(None))
        return
    walk.turn_to(path, 0 if yes else 1)
    walk.enter(below(path, 0 if yes else 1), chosen)
