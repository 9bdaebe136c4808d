"""`traaviis-lab mcp-bridge` is the bridge, and says what is served."""

import json
import subprocess
import sys

import pytest

from traaviis_lab import Lab, __version__

GREETING = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))


def bridge(*options, input="", command=("traaviis_lab", "mcp-bridge")):
    return subprocess.run(
        [sys.executable, "-m", *command, *options],
        input=input,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "command", [("traaviis_lab", "mcp-bridge"), ("traaviis_lab.bridge",)], ids=len
)
def test_it_lists_and_it_carries(command):
    none = bridge("--list", command=command)
    assert (none.returncode, none.stdout) == (3, "")
    assert "lab.serve_mcp()" in none.stderr
    with Lab() as lab:
        server = lab.serve_mcp()
        there = bridge("--list", command=command)
        assert there.returncode == 0
        assert server.url in there.stdout
        assert server.token not in there.stdout + there.stderr
        done = bridge(input=json.dumps(GREETING) + "\n", command=command)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)["result"]["serverInfo"]
        assert (told["name"], told["version"]) == ("traaviis-lab", __version__)
        other = bridge("--kernel", "none", input=json.dumps(GREETING) + "\n", command=command)
        assert "No lab is served by kernel 'none'" in json.loads(other.stdout)["error"]["message"]


def test_kernel_or_notebook_but_not_both():
    done = bridge("--kernel", "a", "--notebook", "b.ipynb")
    assert done.returncode == 2
    assert "not allowed with" in done.stderr


def test_its_help_names_both():
    done = bridge("--help")
    assert done.returncode == 0
    assert "--kernel" in done.stdout
    assert "--notebook" in done.stdout
