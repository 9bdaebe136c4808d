"""A tool call from another process into a real kernel: idle, asleep and busy; beside the bare SDK."""

import contextlib
import os
import statistics
import tempfile
import time

from tests.benchmarks.bench_run import row
from tests.mcp.kernels import COMPUTES, SLEEPS, Kernel
from tests.mcp.talking import NEW, OLD, Talk

CALLS, BLOCKS = 40, 5
PEER = """
import asyncio, socket, threading
import mcp_types as types, uvicorn
from mcp.server.lowlevel import Server

async def listed(context, params):
    schema = {"type": "object", "properties": {"fsm_id": {"type": "string"}}}
    return types.ListToolsResult(tools=[types.Tool(name="get_fsm_state", input_schema=schema)])

async def called(context, params):
    text = types.TextContent(type="text", text="{}")
    return types.CallToolResult(content=[text], structured_content={})

app = Server("bare", version="1", on_list_tools=listed, on_call_tool=called).streamable_http_app()
here = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
here.bind(("127.0.0.1", 0))
here.listen()
bare = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, loop="asyncio"))
work = threading.Thread(target=lambda: asyncio.run(bare.serve(sockets=[here])), daemon=True)
work.start()
print(here.getsockname()[1])
"""


class Bare:
    """Where the peer is; it asks for no token."""

    token = ""

    def __init__(self, port):
        self.port = port


@contextlib.contextmanager
def kernels():
    """Two kernels, one with ours and one with the peer: both with a client of each protocol."""
    before = os.environ.get("JUPYTER_RUNTIME_DIR")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JUPYTER_RUNTIME_DIR"] = folder
        ours, peer = Kernel(), Kernel()
        try:
            server = ours.serve().server
            bare = Bare(int(peer.run(PEER)))
            yield {
                "ours": (ours, {era: Talk(server, era=era).open() for era in (OLD, NEW)}),
                "bare": (peer, {era: Talk(bare, era=era).open() for era in (OLD, NEW)}),
            }
        finally:
            Talk.close_all()
            for kernel in (ours, peer):
                kernel.stop(now=True)
            os.environ.pop("JUPYTER_RUNTIME_DIR")
            if before is not None:
                os.environ["JUPYTER_RUNTIME_DIR"] = before


def block(client, count=CALLS):
    """Milliseconds of so many calls, one after the other."""
    times = []
    for _ in range(count):
        began = time.perf_counter_ns()
        client.call("get_fsm_state", fsm_id="d")
        times.append((time.perf_counter_ns() - began) / 1e6)
    return times


def measured(sides, era, cell=None):
    """Milliseconds of calls to each, in turn, while its kernel runs such a cell."""
    found = {name: [] for name in sides}
    for _ in range(BLOCKS):
        for name, (kernel, clients) in sides.items():
            if cell is not None:
                kernel.begin(cell.format(seconds=60))
            found[name] += block(clients[era])
            if cell is not None:
                kernel.manager.interrupt_kernel()
                kernel.ended()
    return found


def p95(times):
    return statistics.quantiles(times, n=20)[-1]


def rows():
    """Every way a call may meet the kernel."""
    with kernels() as sides:
        for _, clients in sides.values():
            for client in clients.values():
                block(client)
        found = []
        for era in (OLD, NEW):
            idle = measured(sides, era)
            found.append(compared(f"a call at {era}, p50", idle, statistics.median, "< 3"))
            found.append(compared(f"a call at {era}, p95", idle, p95, "< 10"))
        for what, cell, target in (
            ("a cell sleeps", SLEEPS, "< 10"),
            ("a cell computes", COMPUTES, "< 25"),
        ):
            times = measured(sides, OLD, cell)
            found.append(compared(f"while {what}, p50", times, statistics.median, ""))
            found.append(compared(f"while {what}, p95", times, p95, target))
        return found


def compared(what, times, how, target):
    ours, bare = how(times["ours"]), how(times["bare"])
    beside = f"bare SDK server with a tool that does nothing: {bare:.2f} ms"
    return row(what, ours, "ms", target, beside, ours / bare)
