"""How soon the debugger of a long run has something to show: Python's half, without a browser."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from traaviis_lab import Event, Lab, Machine, State
from traaviis_lab.widgets.debug import DebugWidget
from traaviis_lab.widgets.pump import the_pump

MANY = 1_000_000
LUMP = 5_000
TIMES = 30


class Door(Machine):
    """A door that counts."""

    data = {"opened": 0, "locked": False}
    closed = State(initial=True)
    opening = State()
    open = State()
    closed.to(opening, on="open_command")
    opening.to(open, on="fully_open", assign={"opened": "data.opened + 1"})
    open.to(closed, on="close_command", when="!data.locked")


NAMES = ("open_command", "fully_open", "close_command")


def row(what, value, target=""):
    return {
        "what": what, "value": value, "unit": "ms", "target": target, "beside": "", "ratio": None,
    }  # fmt: skip


def fill(lab, id, facts):
    """A run of so many facts, written as quickly as the engine can."""
    run = lab.start(Door, id=id)

    def send(after, upto):
        for number in range(after, upto):
            run._live.deliver(Event(NAMES[number % 3], {"i": number}), "async")

    for after in range(0, facts - 1, LUMP):
        lab._thread.ask(lambda after=after: send(after, min(facts - 1, after + LUMP)))
    lab.journal.flush()
    return run


def took(work):
    """How long it takes until what `work` sends is on its way, in milliseconds."""
    began = time.perf_counter()
    answer = work()
    the_pump().settle()
    return answer, (time.perf_counter() - began) * 1e3


def pages(track, what, last):
    """Median and slowest of pages all over the run."""
    step = max(1, last // TIMES)
    times = sorted(took(lambda page=page: what(track, page))[1] for page in range(0, last, step))
    return statistics.median(times), times[-1]


def looked_at(lab, id, where):
    """Open the debugger of a run and look at pages of it."""
    thing = lab.recording(id)

    def opened():
        widget = DebugWidget.of(thing)
        widget.get_state("boot")
        return widget

    widget, opening = took(opened)
    track = widget.track("a")
    many = f"{track.total:,} facts {where}"
    target = "< 2000" if track.total >= MANY else "< 1000"
    found = [row(f"open the debugger, {many}", opening, target)]
    index = pages(track, lambda track, page: track.send_rows(page), -(-track.total // 4096))
    detail = pages(track, lambda track, page: track.send_page(page), -(-track.total // 256))
    found.append(row(f"a page of 4,096 rows, {many}, median", index[0]))
    found.append(row(f"a page of 256 details, {many}, median", detail[0]))
    found.append(row(f"the slowest of {TIMES} pages of details", detail[1]))
    widget.close()
    return found


def rows():
    found = []
    with Lab() as lab:
        fill(lab, "short", 10_000)
        found += looked_at(lab, "short", "in memory")
        fill(lab, "long", MANY)
        found += looked_at(lab, "long", "in memory")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "door.duckdb")
        with Lab(path, durability="async") as lab:
            fill(lab, "short", 10_000)
            fill(lab, "long", MANY)
        for id in ("short", "long"):
            with Lab(path) as lab:
                found += looked_at(lab, id, "on disk")
    return found


def main():
    for one in rows():
        print(f"{one['what']:70} {one['value']:8.1f} {one['unit']}   {one['target']}")


if __name__ == "__main__":
    main()
