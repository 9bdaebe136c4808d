"""Open a journal that is there already, and write its facts and times for people and scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from traaviis_lab.errors import RunNotFound

if TYPE_CHECKING:
    from traaviis_lab.journal.port import Fact
    from traaviis_lab.lab import Lab

JournalPath = Annotated[Path, typer.Argument(metavar="JOURNAL", help="The .duckdb file.")]
HOT = ("state", "effect", "model", "tokens_in", "tokens_out", "cost_usd", "duration_us")


@contextmanager
def opened(path: Path, run: str | None = None) -> Iterator[Lab]:
    """The lab over a journal that is there; one that is not is wrong usage.

    Raises `RunNotFound` if `run` is given and not in it.
    """
    from traaviis_lab import Lab

    must_be_there(path)
    with Lab(path) as lab:
        if run is not None:
            check_run(lab, path, run)
        yield lab


def check_run(lab: Lab, path: Path, run: str) -> None:
    """Raise `RunNotFound` if the journal does not have the run."""
    if lab.journal.info(run) is None:
        raise RunNotFound(
            f"There is no run {run!r} in {path}.", hint=f"traaviis-lab journal ls {path}"
        )


def must_be_there(path: Path) -> None:
    """Refuse to make an empty journal where somebody mistyped the name of one."""
    if not path.is_file() and not log_of(path).is_dir():
        near = sorted(p.name for p in path.parent.glob("*.duckdb")) if path.parent.is_dir() else []
        there = f" There is {', '.join(near[:5])}." if near else ""
        raise typer.BadParameter(f"There is no journal {path}.{there}")


def log_of(path: Path) -> Path:
    """The folder with the log of the journal at `path`."""
    return path.parent / f"{path.name}.log"


def when(at: int) -> str:
    """Microseconds since the epoch as people read them, in UTC."""
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def leaves(state: str) -> str:
    """The journal's `state` column with room to break the line between the leaves."""
    return state.replace(",", ", ")


def as_line(fact: Fact) -> str:
    """A fact as one line of JSON; the body stands in it byte for byte, as it was hashed."""
    head = {
        **{"run": fact.run, "seq": fact.seq, "at": fact.at, "tenant": fact.tenant},
        **{"kind": fact.kind, "name": fact.name, "cause": fact.cause},
        **{key: value for key in HOT if (value := getattr(fact, key)) not in {None, ""}},
        "hash": fact.hash.hex(),
    }
    return f'{json.dumps(head)[:-1]}, "body": {fact.body.decode()}}}'
