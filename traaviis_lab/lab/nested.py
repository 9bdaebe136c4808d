"""The one door of nest-asyncio2: `asyncio.run` inside a cell's running loop, for who needs it."""

from __future__ import annotations

from traaviis_lab.errors import NotInstalled


def allow_nested_loops() -> None:
    """Patch asyncio so that loops may be nested. Raises `NotInstalled` without the extra."""
    try:
        import nest_asyncio2
    except ImportError:
        raise NotInstalled(
            "Nested loops need nest-asyncio2.", hint="pip install 'traaviis-lab[nested]'"
        ) from None
    nest_asyncio2.apply()
