"""A library over a desk, asked from a test: each question on a loop of its own."""

import asyncio
import json
from contextlib import contextmanager

from tests.mcp.at_desk import at_desk
from traaviis_lab import Machine, State
from traaviis_lab.mcp.grants import SCOPES
from traaviis_lab.mcp.library import Library

ODD = "door/1 ä?#%2F&=+"


class Note(Machine):
    data = {"text": "", "texts": []}
    here = State(initial=True)
    here.to(here, on="write", assign={"text": "event.text"})
    here.to(here, on="add", assign={"texts": "data.texts + [event.text]"})


class AtLibrary:
    """A desk's library; `tenant` and `scopes` say who asks."""

    def __init__(self, desk):
        self.desk, self.lab = desk, desk.lab
        self.library = Library(desk.desk)

    def client(self, tenant="default", scopes=SCOPES):
        return self.desk.client(tenant, scopes)

    def read(self, uri, tenant="default", scopes=SCOPES):
        return asyncio.run(self.library.read(self.client(tenant, scopes), uri))

    def json(self, uri, tenant="default"):
        return json.loads(self.read(uri, tenant).text)

    def listed(self, tenant="default", scopes=SCOPES):
        found = asyncio.run(self.library.resources(self.client(tenant, scopes)))
        return [one.uri for one in found]

    def prompt(self, name, tenant="default", scopes=SCOPES, **arguments):
        client = self.client(tenant, scopes)
        [(role, text)] = asyncio.run(self.library.prompt(client, name, arguments))
        assert role == "user"
        return text

    def complete(self, kind, what, name, value, tenant="default"):
        client = self.client(tenant)
        return asyncio.run(self.library.complete(client, (kind, what), name, value, {}))

    def calls(self):
        """What was written down: tool, outcome, tenant and run of each, oldest first."""
        frame = self.lab.sql(
            "select tool, outcome, tenant, coalesce(run_id, '') from mcp_calls order by seq"
        )
        return list(frame.itertuples(index=False, name=None))

    def close(self):
        self.library.close()
        self.desk.close()


@contextmanager
def at_library(path=None):
    """A library over a new lab, in memory or on disk."""
    found = AtLibrary(at_desk(path))
    try:
        yield found
    finally:
        found.close()
