"""Put a run that came in a file into a journal: whole, as one batch, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import cast

import orjson

from traaviis_lab.errors import JournalConflict, LabError
from traaviis_lab.journal import Fact, Journal, Keep
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Chart
from traaviis_lab.runtime import Recall
from traaviis_lab.runtime.run import Run
from traaviis_lab.runtime.standing import KEEP_EVERY

from .carried import Carried


def arrive(
    journal: Journal,
    carried: Carried,
    *,
    run: str | None = None,
    now: int = 0,
    chart: Chart | None = None,
) -> str:
    """Write the run's facts and what belongs to them; answers its id here.

    Under its own id its chain stays as it was; a run that is here already, as far as the file
    goes, is left as it is. Under another id (`run`) the chain begins anew, and a last fact of kind
    `note` named `imported` says where it is from; `now` is that fact's time. With `chart`, states
    of a long run are kept on the way, as a live run keeps them.

    Raises `JournalConflict` if another run has the id, `JournalLocked` if another process owns it.
    """
    if run is None or run == carried.run:
        if is_here(journal, carried):
            return carried.run
        facts: Sequence[Fact] = carried.facts
    else:
        facts = _renamed(carried, run, now)
    name = facts[0].run
    spec = carried.head["spec"]
    if journal.info(name) is not None:
        raise taken(name, journal.path)
    journal.claim(name)
    try:
        if spec is not None:
            journal.put_chart(carried.head["chart"], orjson.dumps(spec))
        for body in carried.blobs.values():
            journal.put_blob(body)
        write_facts(journal, facts)
        # What is kept is what the run's own chart says, not a later version of it.
        if chart is not None and chart.hash == carried.head["chart"] and len(facts) >= KEEP_EVERY:
            _keep_states(journal, facts, chart)
    finally:
        journal.release(name)
    return name


def _keep_states(journal: Journal, facts: Sequence[Fact], chart: Chart) -> None:
    """Compute states on the way and keep them. Where that fails, replay will say why."""
    here = Recall(chart)
    for fact in facts:
        try:
            here.apply(fact)
        except (LabError, KeyError, TypeError, ValueError, IndexError):
            return
        if fact.seq % KEEP_EVERY == 0 and here.hold is None:
            journal.keep(Keep(fact.run, fact.seq, Run.kept(cast(Run, here))))


def is_here(journal: Journal, carried: Carried) -> bool:
    """Whether the journal has this very run, as far as the file goes. It may have gone on here."""
    length = len(carried.facts)
    there = next(iter(journal.read(carried.run, after=length - 1, upto=length)), None)
    return there is not None and there.hash == carried.digest


def write_facts(journal: Journal, facts: Sequence[Fact]) -> None:
    """Append facts and wait until they are as durable as the journal is asked to be."""
    written: Future[None] = Future()

    def acknowledge(error: BaseException | None) -> None:
        written.set_exception(error) if error else written.set_result(None)

    journal.append(facts, acknowledge=acknowledge)
    written.result()


def taken(run: str, where: str | None) -> JournalConflict:
    """Another run has this id."""
    return JournalConflict(
        f"There is another run {run!r} in this journal{f' ({where})' if where else ''}.",
        hint=f"Choose another id: id={run + '-2'!r}.",
    )


def _renamed(carried: Carried, run: str, now: int) -> list[Fact]:
    last = carried.facts[-1]
    origin = {"from": carried.run, "head": carried.digest.hex()}
    note = last._replace(
        seq=last.seq + 1, at=max(now, last.at), kind="note", name="imported", cause=None,
        body=encode({"data": origin}), effect="", model="", tokens_in=None, tokens_out=None,
        cost_usd=None, duration_us=None,
    )  # fmt: skip
    return [fact._replace(run=run, hash=b"") for fact in (*carried.facts, note)]
