"""What is pasted into a client is what that client reads, and it works."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from traaviis_lab import Lab, LabError
from traaviis_lab.bridge import Connection
from traaviis_lab.mcp.client_config import client_config

AT = Connection(
    "http://127.0.0.1:4321/mcp", "the-token", notebook="/my books/a'b.ipynb", kernel="k1"
)
KINDS = ("claude-code", "claude-desktop", "vscode", "cursor", "inspector")
BRIDGE = ["-m", "traaviis_lab.bridge", "--notebook", "/my books/a'b.ipynb"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    return str(tmp_path / "runtime")


def only(settings, *keys):
    for key in keys:
        assert list(settings) == [key]
        settings = settings[key]
    return settings


def test_http_for_the_clients_that_speak_it():
    header = {"Authorization": "Bearer the-token"}
    code = shlex.split(client_config(AT, "claude-code"))
    assert code == [
        *[
            "claude",
            "mcp",
            "add",
            "--transport",
            "http",
            "traaviis-lab",
            "http://127.0.0.1:4321/mcp",
            "--header",
        ],
        "Authorization: Bearer the-token",
    ]
    vscode = only(json.loads(client_config(AT, "vscode")), "servers", "traaviis-lab")
    assert vscode == {"type": "http", "url": AT.url, "headers": header}
    cursor = only(json.loads(client_config(AT, "cursor")), "mcpServers", "traaviis-lab")
    assert cursor == {"url": AT.url, "headers": header}
    inspector = shlex.split(client_config(AT, "inspector"))
    assert inspector[:4] == ["npx", "@modelcontextprotocol/inspector", "--server-url", AT.url]
    assert inspector[-1] == "Authorization: Bearer the-token"


def test_the_bridge_for_all_of_them(folder):
    env = {"JUPYTER_RUNTIME_DIR": folder}
    for kind, keys in (
        ("claude-desktop", "mcpServers"),
        ("cursor", "mcpServers"),
        ("vscode", "servers"),
    ):
        said = only(json.loads(client_config(AT, kind, bridge=True)), keys, "traaviis-lab")
        assert said.pop("type", "stdio") == "stdio"
        assert said == {"command": sys.executable, "args": BRIDGE, "env": env}
    code = shlex.split(client_config(AT, "claude-code", bridge=True))
    assert code[:3] == ["claude", "mcp", "add"]
    assert code[code.index("--") + 1 :] == [sys.executable, *BRIDGE]
    assert code[code.index("--env") + 1] == f"JUPYTER_RUNTIME_DIR={folder}"
    assert code[code.index("--") - 1] == "traaviis-lab"
    inspector = shlex.split(client_config(AT, "inspector", bridge=True))
    assert inspector[inspector.index("--") + 1 :] == [sys.executable, *BRIDGE]


def test_claude_desktop_starts_programs_only():
    assert client_config(AT, "claude-desktop") == client_config(AT, "claude-desktop", bridge=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bridge_needs_no_token_in_anybodys_settings(kind):
    assert "the-token" not in client_config(AT, kind, bridge=True)
    assert os.path.isabs(
        re.search(r"(\S*python[\w.]*)", client_config(AT, kind, bridge=True))[1].strip('"')
    )


def test_where_nothing_is_set_the_folder_is_not_said(monkeypatch):
    for name in (
        "JUPYTER_RUNTIME_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_PLATFORM_DIRS",
        "XDG_DATA_HOME",
    ):
        monkeypatch.delenv(name, raising=False)
    said = json.loads(client_config(AT, "claude-desktop"))["mcpServers"]["traaviis-lab"]
    assert set(said) == {"command", "args"}


def test_the_kernel_is_named_where_there_is_no_notebook():
    one = Connection("http://127.0.0.1:1/mcp", "", kernel="k1")
    assert client_config(one, "claude-code", bridge=True).endswith("--kernel k1")
    assert "Authorization" not in client_config(one, "vscode")


def test_an_unknown_client_is_told_who_is_known():
    with pytest.raises(LabError, match="'emacs'") as error:
        client_config(AT, "emacs")
    assert all(kind in error.value.hint for kind in KINDS)


@pytest.mark.parametrize("kind", ["claude-code", "claude-desktop"])
def test_what_the_handle_gives_starts_a_bridge_that_works(kind, tmp_path):
    with Lab() as lab:
        text = lab.serve_mcp().client_config(kind, bridge=True)
        if kind == "claude-code":
            words = shlex.split(text)
            command = words[words.index("--") + 1 :]
        else:
            said = json.loads(text)["mcpServers"]["traaviis-lab"]
            command = [said["command"], *said["args"]]
        asked = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        }
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": asked})
        done = subprocess.run(
            command,
            input=line + "\n",
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=60,
            check=True,
        )
        assert json.loads(done.stdout)["result"]["serverInfo"]["name"] == "traaviis-lab"
