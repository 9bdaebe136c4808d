"""A server of tools made with the official SDK: over pipes, or `shelf.py PORT` over HTTP."""

import os
import sys
from pathlib import Path

from mcp.server.mcpserver import Context, Image, MCPServer
from mcp_types import ToolAnnotations

MOOD = Path(os.environ["MOOD_FILE"]) if "MOOD_FILE" in os.environ else None
mood = MOOD.read_text() if MOOD is not None and MOOD.exists() else ""
server = MCPServer("shelf")


@server.tool(description=f"Read a file of the shelf.{mood}")
def read_file(path: str, lines: int = 10) -> str:
    return f"{lines} lines of {path}"


@server.tool(annotations=ToolAnnotations(readOnlyHint=True))
def read_all() -> dict[str, int]:
    """Read everything."""
    return {"files": 3}


@server.tool(annotations=ToolAnnotations(destructiveHint=True))
def read_and_burn(path: str) -> str:
    """Read a file, once."""
    return f"burnt {path}"


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def fail(why: str) -> str:
    """Fail."""
    raise ValueError(f"no: {why}")


@server.tool()
def where() -> dict[str, str]:
    """Say where it runs: its process and environment."""
    return {"pid": str(os.getpid()), **os.environ}


@server.tool(structured_output=False)
def picture() -> list:
    """Say something and show something."""
    return ["look", Image(data=b"abc", format="png")]


@server.tool()
def big(size: int) -> str:
    """Answer with many letters."""
    return "x" * size


@server.tool()
async def wait(seconds: float, ctx: Context, note: str = "") -> str:
    """Take a while, telling how far it is; write down when it is cancelled."""
    import anyio

    try:
        for part in range(10):
            await ctx.report_progress(part, 10, f"part {part}")
            await anyio.sleep(seconds / 10)
    except BaseException:
        if note:
            Path(note).write_text("cancelled")
        raise
    return "waited"


@server.tool()
def leave(code: int = 3) -> str:
    """End the server in the middle of a call."""
    print("I have had enough", file=sys.stderr, flush=True)
    os._exit(code)


@server.tool()
async def ask_back(ctx: Context) -> str:
    """Ask the client's model and the client's person."""
    from mcp_types import SamplingMessage, TextContent

    said = []
    message = SamplingMessage(role="user", content=TextContent(type="text", text="hi"))
    for what in (
        lambda: ctx.session.create_message([message], max_tokens=5),
        lambda: ctx.session.list_roots(),
    ):
        try:
            said.append(str(await what()))
        except Exception as error:
            said.append(f"{type(error).__name__}: {error}")
    return " | ".join(said)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run()
