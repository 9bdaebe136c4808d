"""Every effect of a run as a row: what it was, how it went, how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from traaviis_lab.effects.growing import Tree
from traaviis_lab.journal import Fact
from traaviis_lab.runtime.large import said_in_full
from traaviis_lab.runtime.standing import Pending
from traaviis_lab.views.spec_words import spec_words

from .trail import Trail

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "path", "root", "depth", "effect", "label", "owner", "status", "seq", "end_seq", "began",
    "took", "starts", "progress", "message", "result", "error", "spec",
)  # fmt: skip
QUESTIONS = ("path", "effect", "label", "owner", "seq", "asked", "question", "spec")
ENDS = frozenset({"effect.completed", "effect.failed", "effect.cancelled"})


@dataclass(slots=True)
class Performed:
    """One effect of a run: a root, or a leaf below it. `began` is microseconds since the epoch.

    `status` is `started`, `completed`, `failed`, `cancelled`, or `asked` where a person has to say
    what becomes of it. `starts` is 0 for what was performed within its step. `question` is the
    fact that asks, while it asks.
    """

    path: str
    effect: str
    owner: str
    seq: int
    began: int
    status: str = "started"
    starts: int = 0
    spec: Mapping[str, Any] | None = None
    end_seq: int | None = None
    took_us: int | None = None
    progress: float | None = None
    message: str = ""
    result: Any = None
    error: Mapping[str, Any] | None = None
    question: Fact | None = None

    @property
    def depth(self) -> int:
        """How far below its root it is."""
        return max(self.path.count("/") - 1, 0)

    @property
    def root(self) -> str:
        """The path of the effect that the machine asked for."""
        return "/".join(self.path.split("/", 2)[:2])

    @property
    def label(self) -> str:
        """What it is, in a few words."""
        return spec_words(self.spec, self.effect)


def performed(trail: Trail) -> list[Performed]:
    """The effects of a run, roots and leaves, in the order of their first facts."""
    found: dict[str, Performed] = {}
    for fact, body in _facts_of(trail):
        if fact.kind == "run.forked":
            _brought_along(trail, fact, found)
            continue
        path = str(body.get("path", fact.seq))
        row = found.get(path)
        if row is None:
            row = found[path] = Performed(
                path, fact.effect, str(body.get("owner", "")), fact.seq, fact.at
            )
        _follow(row, fact, body)
    return list(found.values())


def _facts_of(trail: Trail) -> Iterator[tuple[Fact, Mapping[str, Any]]]:
    for fact in trail.journal.read(trail.run, hashed=False):
        kind = fact.kind
        if kind == "run.forked":
            yield fact, {}
        elif kind.startswith("effect."):
            body = orjson.loads(fact.body)
            if "refs" in body:  # only large ones need to know where the run stood
                data = trail.at(fact.seq - 1).snapshot.data if fact.seq > 1 else {}
                body = said_in_full(body, data)
            yield fact, body
        elif kind in ("human.asked", "human.answered"):
            body = orjson.loads(fact.body)
            if "path" in body:
                yield fact, body


def _brought_along(trail: Trail, fact: Fact, found: dict[str, Performed]) -> None:
    """What was under way where the fork begins; its parent's facts say how it was started."""
    here = trail.at(fact.seq)
    under_way: list[tuple[str, Tree | Pending]] = [*here.trees.items(), *here.pending.items()]
    for path, one in sorted(under_way, key=lambda one: one[1].seq):
        found[path] = Performed(
            path, one.effect.kind, one.owner, fact.seq, one.began, spec=one.effect.to_spec()
        )


def _follow(row: Performed, fact: Fact, body: Mapping[str, Any]) -> None:
    word = fact.kind.partition(".")[2]
    if row.spec is None and "effect" in body:
        row.spec = body["effect"]
    if word == "progress":
        row.progress = body.get("fraction")
        row.message = body.get("message") or row.message
    elif word in ("started", "answered"):
        row.status, row.question = "started", None
        row.starts += word == "started"
    elif word == "asked":
        row.status, row.question = "asked", fact
    elif fact.kind in ENDS:
        row.status, row.end_seq, row.question = word, fact.seq, None
        row.took_us = fact.duration_us if fact.duration_us is not None else fact.at - row.began
        row.result, row.error = body.get("result"), body.get("error")


def effects_frame(rows: list[Performed]) -> pd.DataFrame:
    """A row per effect; `took` is seconds, NaN while it is under way."""
    import pandas as pd

    frame = pd.DataFrame([{name: _cell(row, name) for name in COLUMNS} for row in rows])
    frame = frame.reindex(columns=list(COLUMNS))
    frame["began"] = pd.to_datetime(frame["began"], unit="us")
    for name, kind in _TYPES.items():
        frame[name] = frame[name].astype(kind)
    return frame


_TYPES: dict[str, Any] = {
    "depth": "int64",
    "seq": "int64",
    "starts": "int64",
    "end_seq": "Int64",
    "took": "float64",
    "progress": "float64",
}


def _cell(row: Performed, name: str) -> Any:
    if name == "took":
        return None if row.took_us is None else row.took_us / 1e6
    return getattr(row, name)


def questions_frame(rows: list[Performed]) -> pd.DataFrame:
    """A row per effect that waits for a person to say what becomes of it."""
    import pandas as pd

    found = [(row, row.question) for row in rows if row.question is not None]
    made = [
        {
            "path": row.path,
            "effect": row.effect,
            "label": row.label,
            "owner": row.owner,
            "seq": fact.seq,
            "asked": fact.at,
            "question": orjson.loads(fact.body).get("question", ""),
            "spec": row.spec,
        }
        for row, fact in found
    ]
    frame = pd.DataFrame(made, columns=list(QUESTIONS))
    frame["asked"] = pd.to_datetime(frame["asked"], unit="us")
    return frame
