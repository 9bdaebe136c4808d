"""How large a long conversation is on disk: log and index together, beside its raw bytes."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path

from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx

TURNS = 400


class Assigned(Machine):
    """Appends each turn by an assignment."""

    data = {"messages": []}
    here = State(initial=True)
    here.to(here, on="say", assign={"messages": "data.messages + [event.text]"})


class Asked(Machine):
    """Hands all turns to an effect each time, as a model is asked, and appends its answer."""

    data = {"messages": []}
    here = State(initial=True)
    asking = State(enter=[fx.call("ask", {"messages": "{{ data.messages }}"}, into="answer")])
    here.to(asking, on="say", assign={"messages": "data.messages + [event.text]"})
    asking.to(here, on="done.invoke.asking", assign={"messages": "data.messages + [event.result]"})


def size(path):
    files = [path, *path.with_name(path.name + ".log").rglob("*")]
    return sum(file.stat().st_size for file in files if file.is_file())


def ratio_of(machine):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "talk.duckdb"
        with Lab(path, durability="async") as lab:
            lab.register(lambda messages: secrets.token_hex(512), "ask")
            run = lab.start(machine, id="talk")
            for _ in range(TURNS):
                run.send("say", text=secrets.token_hex(512))
                run.wait("here")
            raw = sum(map(len, run.data["messages"]))
        return size(path) / raw


def row(what, value, target):
    return {
        "what": what, "value": value, "unit": "x raw", "target": target, "beside": "", "ratio": None,
    }  # fmt: skip


def rows():
    return [
        row(f"{TURNS} turns of 1 KB in one list", ratio_of(Assigned), "<= 3"),
        row(f"{TURNS} turns, each handed whole to an effect", ratio_of(Asked), ""),
    ]


def main() -> None:
    for one in rows():
        print(f"{one['what']:45} {one['value']:8.2f} {one['unit']}   {one['target']}")


if __name__ == "__main__":
    main()
