"""What an open model does to its process: nothing said, nothing listened to, a clean end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models import weights

LISTENING = "0A"

STATES = """
import asyncio, os, tempfile
from pathlib import Path
from traaviis_lab.models import Request
from traaviis_lab.models.local import Local

HI = ({"role": "user", "content": "hi"},)

async def main():
    local = Local(context=512)
    await local.complete(Request("smollm2", HI, max_tokens=2))
    local.count(Request("smollm2", HI))
    mine = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{fd}")}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            assert f"socket:[{line.split()[9]}]" not in mine, line
    folder, = Path(tempfile.gettempdir()).iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    await local.close()
    assert list(folder.parent.iterdir()) == []

asyncio.run(main())
"""

NO_UNIX_SOCKETS = """
import http.client, socket
del socket.AF_UNIX
from traaviis_lab.models import weights
from traaviis_lab.models.llama_door import Llama

llama = Llama(weights.file_of("smollm2"), context=256, threads=1)
assert llama.count({"messages": [{"role": "user", "content": "hi"}]}) == 31
address = llama._server.listening_address
assert address.startswith("http://127.0.0.1:"), address
stranger = http.client.HTTPConnection(address.partition("://")[2])
stranger.request("POST", "/v1/chat/completions/input_tokens", "{}")
assert stranger.getresponse().status == 401
stranger.close()
llama.close()
"""

LEFT_OPEN = """
import asyncio, threading, time
from traaviis_lab.models import Request
from traaviis_lab.models.local import Local

STORY = Request("smollm2", ({"role": "user", "content": "A long story"},), max_tokens=3000)
local = Local(context=4096)

def talk():
    try:
        asyncio.run(local.complete(STORY))
    except BaseException:
        pass

asyncio.run(local.ready())
threading.Thread(target=talk, daemon=True).start()
time.sleep(0.5)
"""


def python(code, **more):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **more},
    )


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="asks Linux what is open")
def test_it_says_nothing_and_opens_no_way_in_from_the_network(tmp_path):
    weights.here()
    done = python(STATES, TMPDIR=str(tmp_path))
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_where_there_are_no_unix_sockets_only_who_has_the_key_comes_in():
    weights.here()
    done = python(NO_UNIX_SOCKETS)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_a_process_that_leaves_it_open_and_busy_ends_cleanly():
    weights.here()
    done = python(LEFT_OPEN)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_the_engine_is_imported_when_a_model_is_opened():
    done = python(
        "import sys, traaviis_lab.models.local as m; m.Local();sys.exit('xllamacpp' in sys.modules)"
    )
    assert (done.stderr, done.returncode) == ("", 0)


def test_without_the_extra_it_says_what_to_install():
    weights.here()
    done = python(
        "import asyncio, sys; sys.modules['xllamacpp'] = None\n"
        "from traaviis_lab.errors import NotInstalled\n"
        "from traaviis_lab.models.local import Local\n"
        "try: asyncio.run(Local().ready())\n"
        "except NotInstalled as error: print(error.hint)"
    )
    assert (done.stdout, done.stderr) == ("pip install 'traaviis-lab[local]'\n", "")
