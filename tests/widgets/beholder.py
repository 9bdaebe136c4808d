"""What the browser's half of the debugger knows after its messages, for tests."""

from __future__ import annotations

import copy
from array import array

from ipywidgets.widgets.widget import _put_buffers

COLUMNS = {"at": "d", "kind": "B", "name": "I", "state": "I", "taken": "I", "flags": "B"}
MOVED, BAD, CHANGED, INSIDE = 1, 2, 4, 8


class Seen:
    """One track: its tables, rows by seq and pages of details."""

    def __init__(self, message):
        self.opened = message
        self.total = message["total"]
        self.tables = {name: list(words) for name, words in message["tables"].items()}
        self.rows: dict[int, dict] = {}
        self.pages: dict[int, dict] = {}
        self.now = None

    def take_rows(self, message, buffers):
        for name, (base, words) in message["tables"].items():
            assert base <= len(self.tables[name]), "a word was missed"
            self.tables[name][base:] = words
        columns = {
            name: array(code, bytes(buffer))
            for (name, code), buffer in zip(COLUMNS.items(), buffers, strict=True)
        }
        assert {len(column) for column in columns.values()} == {message["count"]}
        for index in range(message["count"]):
            self.rows[message["first"] + index] = self._row(columns, index)
        self.total = max(self.total, message["first"] + message["count"] - 1)

    def _row(self, columns, index):
        words = {"kind": "kinds", "name": "names", "state": "states", "taken": "taken"}
        row = {name: column[index] for name, column in columns.items()}
        return row | {name: self.tables[table][row[name]] for name, table in words.items()}

    def detail(self, seq):
        page = (seq - 1) // self.opened["detail"]
        found = self.pages[page]
        return found["rows"][seq - found["first"]]

    def data(self, seq):
        """The data after fact `seq`: `set` and `del` laid over the page's base."""
        found = self.pages[(seq - 1) // self.opened["detail"]]
        data = dict(found["base"])
        for row in found["rows"][: seq - found["first"] + 1]:
            data |= row.get("set", {})
            for key in row.get("del", ()):
                del data[key]
        return data


class Beholder:
    """All that was sent on a comm, read as the browser reads it."""

    def __init__(self, comm):
        self.comm = comm
        self.read = 0
        self.tracks: dict[str, Seen | None] = {}
        self.tree = self.compare = None
        self.files: list[tuple[dict, bytes]] = []
        opened = next(one for one in comm.sent if "boot" in one["data"].get("state", {}))
        state = copy.deepcopy(opened["data"]["state"])
        _put_buffers(state, opened["data"]["buffer_paths"], opened["buffers"])
        for message in (state["boot"], *state["boot"]["more"]):
            self._take(message, message.get("buffers", []))

    def track(self, name="a"):
        """The track as it is now."""
        self.look()
        return self.tracks[name]

    def look(self):
        """Read what has come since the last time."""
        for one in self.comm.sent[self.read :]:
            self.read += 1
            if one["data"].get("method") == "custom":
                self._take(one["data"]["content"], one["buffers"])
        return self

    def until(self, holds, timeout=10):
        """Wait until `holds(self)`."""
        with self.comm.came:
            assert self.comm.came.wait_for(lambda: holds(self.look()), timeout), self.comm.sent[-5:]
        return self

    def _take(self, message, buffers):
        match message["type"]:
            case "track":
                name = message["track"]
                self.tracks[name] = Seen(message) if message["run"] is not None else None
            case "rows":
                self.tracks[message["track"]].take_rows(message, buffers)
            case "page":
                self.tracks[message["track"]].pages[message["page"]] = message
            case "stand":
                self.tracks[message["track"]].now = message["now"]
            case "tree":
                self.tree = message["nodes"]
            case "compare":
                self.compare = message
            case "file":
                self.files.append((message, bytes(buffers[0])))
