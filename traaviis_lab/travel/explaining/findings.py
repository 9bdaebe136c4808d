"""Answer `run.explain()`: read the run once, compare it with others, rank what stands out."""

from __future__ import annotations

from collections.abc import Sequence

from traaviis_lab.errors import RunNotFound
from traaviis_lab.machine import leaves
from traaviis_lab.travel.trail import Trail
from traaviis_lab.views.text import counted

from .explain import Explanation, ranked
from .loops import loops
from .passage import Passage, read_passage
from .strange import slow, unusual
from .trouble import errors, refused
from .usual import FEWEST, Usual, usual
from .waiting import waiting


def explain(trail: Trail, against: Sequence[str] = ()) -> Explanation:
    """What stands out in a run, against the runs `against` (none: earlier ones of its machine).

    Raises `RunNotFound` for a run to compare with that the journal does not know.
    """
    for run in against:
        if trail.journal.info(run) is None:
            raise RunNotFound(f"No run {run!r} in this journal.", hint="lab.runs() lists them.")
    passage = read_passage(trail)
    here = trail.at(passage.facts)
    name = trail.chart.name
    others = usual(trail.journal, trail.run, name, passage.began, against)
    found = [
        *unusual(passage, others),
        *errors(passage),
        *refused(passage),
        *loops(passage, others),
        *waiting(trail, passage, here),
        *slow(passage, others),
    ]
    state = " & ".join(leaves(trail.chart, here.snapshot)) or "nothing"
    looked = tuple(_looked(passage, others, name))
    return Explanation(trail.run, name, passage.facts, state, ranked(found), looked)


def _looked(passage: Passage, others: Usual, machine: str) -> list[str]:
    said = [f"{counted(passage.facts, 'fact')}, {counted(len(passage.moves), 'move')}"]
    if others.enough:
        said.append(f"against {others.told()} of {machine}")
    else:
        many = len(others.runs)
        runs = "there is one other run" if many == 1 else f"there are {many or 'no'} other runs"
        said.append(f"not against what is usual: {runs} of {machine}, {FEWEST} are needed")
    return said
