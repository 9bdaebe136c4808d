"""Data of which some fields are not known yet: asking for one of those is noticed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from traaviis_lab.machine.chart import Compute
from traaviis_lab.machine.values import Event


class _NotKnown(Exception):
    """A field was asked for that is not known. Never leaves this room; cheap to raise."""


class Known(dict[str, Any]):
    """A mapping that notes when it is asked for what it does not know.

    `unknown` are the fields it does not know; None: it knows only those it has, and any other
    may be there too.
    """

    __slots__ = ("asked", "unknown")

    def __init__(
        self, values: Mapping[str, Any], unknown: frozenset[str] | None = frozenset()
    ) -> None:
        super().__init__(values)
        self.unknown = unknown
        self.asked = False

    def misses(self, key: object) -> bool:
        """Whether it cannot tell about this field; from now on it was asked."""
        missed = key not in self.keys() if self.unknown is None else key in self.unknown
        self.asked = self.asked or missed
        return missed

    def __getitem__(self, key: str) -> Any:
        if self.unknown != _NONE and self.misses(key):
            raise _NotKnown
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        return not self.misses(key) and super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """As of a mapping."""
        return default if self.misses(key) else super().get(key, default)

    def __iter__(self) -> Iterator[str]:
        self.asked = self.asked or self.unknown is None or bool(self.unknown)
        return super().__iter__()

    def __len__(self) -> int:
        self.asked = self.asked or self.unknown is None or bool(self.unknown)
        return super().__len__()

    __hash__ = None

    def with_fields(self, values: Mapping[str, Any], unknown: Iterable[str] = ()) -> Known:
        """The same with other values, some of which are not known."""
        gone = frozenset(unknown)
        merged = {k: v for k, v in self.items() if k not in gone}
        merged.update(values)
        if self.unknown is None:
            return Known(merged, None)
        return Known(merged, (self.unknown - values.keys()) | gone)


_NONE: frozenset[str] = frozenset()
NOTHING_KNOWN: Mapping[str, Any] = {}


def unknown_event(name: str) -> Event:
    """An event of which nothing but its name is known."""
    return Event(name, Known({}, None))


UNSURE = object()
"""What `told` answers where that depends on what is not known."""


def told(compute: Compute, data: Known, event: Event, active: frozenset[str]) -> Any:
    """What a formula or a template gives; `UNSURE` where it asks for what is not known.

    Lets an error out that does not come from that.
    """
    data.asked = False
    carried = event.data
    if isinstance(carried, Known):
        carried.asked = False
    try:
        value = compute(data, event, active)
    except Exception:
        if _asked(data, carried):
            return UNSURE
        raise
    if isinstance(value, Known):  # the whole of it, nothing in it was asked for
        return UNSURE if value.unknown != _NONE else dict(value.items())
    return UNSURE if _asked(data, carried) else value


def _asked(data: Known, carried: Mapping[str, Any]) -> bool:
    return data.asked or (isinstance(carried, Known) and carried.asked)
