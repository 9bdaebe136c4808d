"""The agent that stands in the picture: it drives and debugs a refund, and asks to end a run."""

import asyncio

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import Implementation

from traaviis_lab import Lab, Machine, State


class Refund(Machine):
    """Pays a refund; a person decides where it is large, or the risk is high."""

    data = {"amount": 0, "decision": ""}

    waiting = State(initial=True)
    scoring = State()
    asking = State()
    paid = State(final=True)

    waiting.to(scoring, on="refund_wanted", assign={"amount": "event.amount"})
    scoring.to(asking, on="scored", when="data.amount > 100 && event.risk > 0.5")
    scoring.to(paid, on="scored", assign={"decision": "'paid at once'"})
    asking.to(paid, on="approved", assign={"decision": "'approved by ' + event.by"})


lab = Lab()
run = lab.start(Refund, id="refund_1")
server = lab.serve_mcp()
CALLS = [
    ("get_fsm_state", {"fsm_id": "refund_1"}),
    ("send_event", {"fsm_id": "refund_1", "event": "refund_wanted", "data": {"amount": 900}}),
    ("send_event", {"fsm_id": "refund_1", "event": "approved", "data": {"by": "zoe"}}),
    ("send_event", {"fsm_id": "refund_1", "event": "scored", "data": {"risk": 0.2}}),
    ("why", {"fsm_id": "refund_1", "what": "data.decision"}),
    ("fork_run", {"fsm_id": "refund_1", "at": 2, "new_id": "with_or"}),
]


async def call(tool, **arguments):
    """Call a tool as an agent does."""
    me = Implementation(name="refund-agent", version="1.0")
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=600) as http:
        transport = streamable_http_client(server.url, http_client=http)
        async with Client(transport, client_info=me) as client:
            await client.call_tool(tool, arguments)


async def work():
    """Call one tool after the other; the last one waits for a person's answer."""
    for tool, arguments in CALLS:
        await call(tool, **arguments)
    asked = asyncio.create_task(call("destroy_fsm", fsm_id="with_or"))
    while not lab.approvals.pending():
        await asyncio.sleep(0.01)
    return asked
