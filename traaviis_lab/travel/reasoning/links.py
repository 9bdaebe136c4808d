"""The links of a reason, and the desk they are put together on: nearest causes first, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal

LinkKind = Literal[
    "default", "earlier", "effect", "event", "fork", "guard", "raised", "start", "timer",
    "transition", "unknown", "value",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """One cause. `because` holds the places, in `Why.links`, of the causes behind it.

    `run` and `seq` name the fact it stands on; `value` is the value it speaks of, if any.
    """

    run: str
    seq: int
    kind: LinkKind
    text: str
    value: Any = None
    because: tuple[int, ...] = ()


Make = Callable[[], int | None]


class Desk:
    """Links being put together. What is asked for first is looked into first (breadth first), so
    that the nearest causes are told when `most` links are not enough for all."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.made: list[Link] = []
        self.behind: list[list[int]] = []
        self.left = 0  # causes that were not looked into
        self._known: dict[Hashable, int] = {}
        self._waiting: deque[tuple[int, Make]] = deque()
        self._last: deque[tuple[int, Make]] = deque()

    def link(self, key: Hashable, link: Link) -> int:
        """Put a link down; `key` tells it from others, so that it is made once."""
        self.made.append(link)
        self.behind.append([])
        place = len(self.made) - 1
        self._known[key] = place
        return place

    def known(self, key: Hashable) -> int | None:
        """Where the link of this key is, if it was made."""
        return self._known.get(key)

    def made_by(self) -> list[Any]:
        """The keys of the links, in the order they were made."""
        return list(self._known)

    def later(self, place: int, make: Make) -> None:
        """Look into a cause of the link at `place`, when its turn comes."""
        self._waiting.append((place, make))

    def last(self, place: int, make: Make) -> None:
        """Look into a cause of the link at `place` when all others have had their turn."""
        self._last.append((place, make))

    def work(self) -> None:
        """Look into everything that waits, up to `most` links."""
        while self._waiting or self._last:
            place, make = (self._waiting or self._last).popleft()
            if len(self.made) >= self.most:
                self.left += 1
                continue
            found = make()
            if found is not None and found != place and found not in self.behind[place]:
                self.behind[place].append(found)

    def links(self) -> tuple[Link, ...]:
        """What was put together; a cause that lies behind another one is not told beside it too."""
        reached: list[set[int]] = [set() for _ in self.made]
        for place in self._deepest_first():
            for behind in self.behind[place]:
                reached[place] |= {behind} | reached[behind]
        return tuple(
            Link(one.run, one.seq, one.kind, one.text, one.value, tuple(sparse(behind, reached)))
            for one, behind in zip(self.made, self.behind, strict=True)
        )

    def _deepest_first(self) -> list[int]:
        """The places of the links, each after all that lie behind it."""
        order: list[int] = []
        seen: set[int] = set()
        for root in range(len(self.made)):
            stack = [(root, False)]
            while stack:
                place, left = stack.pop()
                if left:
                    order.append(place)
                elif place not in seen:
                    seen.add(place)
                    stack.append((place, True))
                    stack.extend((behind, False) for behind in self.behind[place])
        return order


def sparse(places: list[int], reached: list[set[int]]) -> list[int]:
    """The places that are not reached from another one of them."""
    return [
        one for one in places if not any(one in reached[other] for other in places if other != one)
    ]
