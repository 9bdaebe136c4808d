"""Tables and progress for people at a terminal; plain text where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PLAIN_WIDTH = 120


def console(*, stderr: bool = False) -> Console:
    """A console that keeps to `NO_COLOR`, and to lines of 120 where nobody looks."""
    from rich.console import Console

    out = sys.stderr if stderr else sys.stdout
    width = None if out.isatty() else PLAIN_WIDTH
    return Console(file=out, width=width, highlight=False, markup=False, emoji=False)


def table(columns: Mapping[str, str], rows: Iterable[Sequence[Any]], *, title: str = "") -> Table:
    """A table; `columns` says each one's heading and "left" or "right"."""
    from rich import box
    from rich.table import Table

    made = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for heading, side in columns.items():
        made.add_column(heading, justify="right" if side == "right" else "left", overflow="fold")
    for row in rows:
        made.add_row(*(_plain(cell) for cell in row))
    return made


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Any]:
    """A bar on stderr while something long goes on; hands out `advance(done, total=None)`.

    Where stderr is no terminal nothing is shown, so that logs stay readable.
    """
    if not sys.stderr.isatty():
        yield lambda done, total=None: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, total=None: bar.update(
            task, completed=done, **({} if total is None else {"total": total})
        )


def _plain(cell: Any) -> str:
    return "" if cell is None else str(cell)
