"""The idempotency key of a wish: the same for every attempt at it, after a crash too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traaviis_lab.effects import Retry
from traaviis_lab.effects.growing.places import child_of
from traaviis_lab.effects.growing.rules import can_be_undone
from traaviis_lab.machine.effect import Effect

from .standing import root_of

if TYPE_CHECKING:
    from .run import Run


def key_of(run: Run, path: str) -> str:
    """`run:path`, where every attempt of a retry has the path of the first.

    Who is asked to pay a second time, since the first answer was lost, can tell by the key that
    it is the same payment. Where an attempt is undone before the next, that is another wish, with
    a key of its own: the old answer would be to something that is not there any more.
    """
    root, inner = root_of(path)
    tree = run.trees.get(root) if inner else None
    way = path if tree is None else f"{root}/{_first_attempts(tree.effect, inner)}"
    return f"{run.id}:{way}"


def _first_attempts(effect: Effect, inner: str) -> str:
    parts = []
    for part in inner.split("/"):
        number = int(part) if part.isdigit() else -1
        again = isinstance(effect, Retry) and number % 2 == 0 and not can_be_undone(effect.effect)
        parts.append("0" if again else part)
        if effect.composed and number >= 0:
            effect = child_of(effect, number)
    return "/".join(parts)
