"""A desk over a real lab, with agents of several tenants at it."""

import asyncio
import json
import threading
import time
from collections import defaultdict

from traaviis_lab import Lab
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.mcp.approval import Approver
from traaviis_lab.mcp.call import Client
from traaviis_lab.mcp.desk import Desk
from traaviis_lab.mcp.grants import SCOPES, Grants
from traaviis_lab.mcp.record import Record
from traaviis_lab.runtime.ids import guest_id


class AtDesk:
    """A lab with a desk; `ask` performs one call as an agent of a tenant."""

    def __init__(self, lab, waits=5.0):
        self.lab = lab
        self.desk = Desk(lab, Approver(waits=waits), Record(lab))
        self.grants = Grants()
        self.clients = {}
        self.asked = []
        self.answer = None  # what the agent's person says to questions; None: cannot be asked
        self.news = []
        self.written = defaultdict(str)

    def client(self, tenant="default", scopes=SCOPES):
        key = (tenant, tuple(scopes))
        if key not in self.clients:
            _, grant = self.grants.add(tenant, scopes)
            now = time.time()
            name = f"agent-{tenant}"
            self.clients[key] = Client(name, name, "1", "2026-07-28", grant, now, now)
        return self.clients[key]

    async def perform(self, tool, tenant="default", scopes=SCOPES, **arguments):
        async def elicit(question):
            self.asked.append(question)
            return self.answer

        async def progress(done, total, message):
            self.news.append((done, total, message))

        client = self.client(tenant, scopes)
        return await self.desk.perform(client, tool, arguments, progress, elicit)

    def reply(self, tool, tenant="default", scopes=SCOPES, **arguments):
        """The whole reply, also where it is a failure."""
        reply = asyncio.run(self.perform(tool, tenant, scopes, **arguments))
        json.dumps(reply.data)
        return reply

    def ask(self, tool, tenant="default", **arguments):
        """What a call that succeeds answers, without the mark of what comes from the journal."""
        reply = self.reply(tool, tenant, **arguments)
        assert not reply.is_error, reply.text
        return {name: value for name, value in reply.data.items() if name != "untrusted"}

    def refused(self, tool, tenant="default", **arguments):
        """The error of a call that fails: `{kind, message, hint}`."""
        reply = self.reply(tool, tenant, **arguments)
        assert reply.is_error, reply.data
        return reply.data["error"]

    def run(self, name, tenant="default"):
        """The live run of this name, also where an agent of the tenant asked for it."""
        return self.lab.live().get(name) or self.lab.run(guest_id(tenant, name))

    def destroy(self, fsm_id, tenant="default"):
        """`destroy_fsm`, with a person who says yes."""
        before, self.answer = self.answer, "once"
        try:
            return self.reply("destroy_fsm", tenant, fsm_id=fsm_id)
        finally:
            self.answer = before

    def close(self):
        self.desk.close()
        self.lab.close()


def at_desk(path=None):
    """A desk over a new lab that knows `SmartDoor`."""
    lab = Lab(path)
    lab.add(SmartDoor)
    return AtDesk(lab)


def soon(work, delay=0.2):
    """Do this on another thread a little later."""
    timer = threading.Timer(delay, work)
    timer.daemon = True
    timer.start()
    return timer
