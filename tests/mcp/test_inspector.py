"""The MCP Inspector lists and calls the tools of a lab, by HTTP and through the bridge."""

import json
import os
import re
import shlex
import subprocess

import pytest

from traaviis_lab import Lab
from traaviis_lab.gallery import SmartDoor

from .node import node, node_package

INSPECTOR = ("@modelcontextprotocol/inspector", "2.12.0")


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    with Lab() as lab:
        lab.start(SmartDoor, id="door")
        yield lab, lab.serve_mcp()


def inspect(config, era, *words):
    """Run the Inspector as the text to paste says, in its mode for terminals."""
    first, package, *where = shlex.split(config)
    assert (first, package) == ("npx", INSPECTOR[0])
    launcher = node_package(*INSPECTOR) / "clients" / "launcher" / "build" / "index.js"
    # A header may be followed by others: what we ask comes before it.
    command = [node(), str(launcher), "--cli", "--protocol-era", era, "--format", "json"]
    done = subprocess.run(
        [*command, *words, *where],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["result"]


@pytest.mark.parametrize("era", ["legacy", "modern", "auto"])
@pytest.mark.parametrize("bridge", [False, True], ids=["http", "bridge"])
def test_it_lists_and_calls(served, bridge, era):
    lab, server = served
    config = server.client_config("inspector", bridge=bridge)
    tools = inspect(config, era, "--method", "tools/list")["tools"]
    assert {"create_fsm", "send_event", "get_history"} <= {tool["name"] for tool in tools}
    asked = ["--tool-arg", "fsm_id=door", "--tool-arg", "event=open_command"]
    said = inspect(config, era, "--method", "tools/call", "--tool-name", "send_event", *asked)
    assert not said.get("isError"), said
    assert lab.run("door").state == "opening"


def test_every_schema_is_one_that_other_clients_take_too(served):
    _, server = served
    config = server.client_config("inspector")
    assert inspect(config, "legacy", "--strict", "--method", "tools/list")["tools"]
    assert re.search(r"inspector --server-url http://127\.0\.0\.1:\d+/mcp", config)
