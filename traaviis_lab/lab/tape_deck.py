"""A cassette that is in: until it is ejected, or for the length of a `with`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traaviis_lab.models import Models
    from traaviis_lab.models.cassette import Cassette


class Deck:
    """What `lab.models.cassette(...)` answers."""

    def __init__(self, models: Models, cassette: Cassette) -> None:
        self._models, self.cassette = models, cassette

    def eject(self) -> None:
        """Take it out, if it still is the one that is in."""
        if self._models.cassette is self.cassette:
            self._models.eject()

    def __enter__(self) -> Cassette:
        return self.cassette

    def __exit__(self, *exc: object) -> None:
        self.eject()

    def __repr__(self) -> str:
        return f"<{self.cassette!r}, {'in' if self._models.cassette is self.cassette else 'out'}>"
