"""Play five days of an office door into a journal, then ask it questions in SQL.

Shows a long run on real input, the views `steps`, `states` and `refused`, and a DataFrame that
goes on into pandas.

    python examples/ask_the_journal.py
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from datetime import datetime
from importlib.resources import files

from traaviis_lab import Event, EventRefused, Lab, Run, ToldClock
from traaviis_lab.gallery import SmartDoor

PASSAGES = """
    select time::date as day, count(*) as passages
    from steps where event = 'open_command' group by day order by day
"""
STAYS = """
    select state, count(*) as stays, round(median(duration_us) / 1e6, 1) as median_s
    from states where duration_us is not null group by state order by state
"""
TROUBLE = """
    select hour(time) as hour, count(*) filter (event = 'obstacle') as obstacles,
           count(*) filter (event = 'after.closing.0') as too_slow
    from steps group by hour having obstacles + too_slow > 4 order by hour
"""
REFUSED = """
    select event, count(*) as refused from refused group by event order by refused desc, event
    limit 5
"""


def microseconds(text: str) -> int:
    """ISO 8601 as microseconds since the epoch."""
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000)


def play(door: Run, clock: ToldClock, lines: list[str]) -> Counter[str]:
    """Send the door every line at its time; what became of them, counted."""
    outcome: Counter[str] = Counter()
    for line in lines:
        try:
            entry = json.loads(line)
            clock.advance_to(microseconds(entry["at"]))
            door.send_event(Event(entry["event"], entry.get("data", {})))
        except json.JSONDecodeError:
            outcome["malformed"] += 1
        except EventRefused:
            outcome["refused"] += 1
        else:
            outcome["taken"] += 1
    return outcome


def main() -> None:
    """Play the log of the gallery, and ask."""
    # What the door logs is in the journal; here it would only be in the way.
    logging.getLogger("traaviis_lab.run").setLevel(logging.CRITICAL)
    log = files("traaviis_lab.gallery") / "logs" / "smart_door.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines()
    clock = ToldClock(microseconds(json.loads(lines[0])["at"]))
    with Lab(clock=clock) as lab:
        door = lab.start(SmartDoor, id="door_001")
        print(dict(play(door, clock, lines)))
        for title, query in (
            ("Passages a day", PASSAGES),
            ("Stays in each state", STAYS),
            ("Hours with trouble", TROUBLE),
            ("Refused most", REFUSED),
        ):
            print(f"\n{title}\n{lab.sql(query).to_string(index=False)}")
        steps = lab.sql("select event, time from steps where kind = 'event'")
        busiest = steps.set_index("time").resample("1h").size().idxmax()
        print(f"\nBusiest hour: {busiest}")


if __name__ == "__main__":
    main()
