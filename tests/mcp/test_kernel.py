"""The server in a real kernel: it answers whatever the cell does, and goes when the kernel goes."""

import os
import time

import pytest

from tests.mcp.kernels import COMPUTES, SLEEPS, Kernel
from tests.mcp.talking import Talk, eventually
from traaviis_lab.bridge import all_connections, find
from traaviis_lab.errors import LabError


@pytest.fixture
def start(runtime_folder):
    """Makes kernels, and ends them with the test."""
    kernels = []

    def made():
        kernels.append(Kernel())
        return kernels[-1]

    yield made
    for kernel in kernels:
        kernel.stop(now=True)


def timed(client):
    began = time.monotonic()
    answer = client.call("get_fsm_state", fsm_id="d")
    assert answer.get("machine") == "SmartDoor", answer
    return time.monotonic() - began


@pytest.mark.parametrize("cell", [SLEEPS, COMPUTES])
def test_it_answers_while_a_cell_runs(start, cell):
    kernel = start()
    client = kernel.serve()
    assert client.call("send_event", fsm_id="d", event="open_command")["state"] == "opening"
    kernel.begin(cell.format(seconds=4))
    took = sorted(timed(client) for _ in range(20))
    assert took[10] < 0.5  # a cell of four seconds did not hold it up
    assert client.call("send_event", fsm_id="d", event="fully_open")["state"] == "open"
    assert kernel.ended() == "ok"
    assert kernel.run("print(door.state)") == "open\n"


def test_an_interrupt_ends_the_cell_and_not_the_server(start):
    kernel = start()
    client = kernel.serve()
    for cell in (SLEEPS, COMPUTES):
        kernel.begin(cell.format(seconds=60))
        timed(client)
        kernel.manager.interrupt_kernel()
        assert kernel.ended() == "error"
        timed(client)
    assert kernel.run("print(server.is_running)") == "True\n"


@pytest.mark.parametrize("now", [False, True])
def test_a_restart_ends_it_and_a_cell_brings_it_back(start, now):
    kernel = start()
    before = kernel.serve().open()
    file = find(kernel=kernel.id).file
    kernel.restart(now)
    with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as it comes
        Talk(before).open()
    assert all_connections() == []
    assert not os.path.exists(file)
    after = kernel.serve()
    timed(after)
    assert after.token != before.token


def test_two_kernels_are_two_servers(start):
    one, two = start(), start()
    first, second = one.serve(), two.serve()
    first.call("send_event", fsm_id="d", event="open_command")
    states = [client.call("get_fsm_state", fsm_id="d")["state"] for client in (first, second)]
    assert states == ["opening", "closed"]
    assert Talk(first, token=second.token).raw({})[0] == 401
    with pytest.raises(LabError, match="which of 2 servers"):
        find()


@pytest.mark.parametrize("held", [False, True])
def test_a_kernel_that_is_shut_down_takes_it_along(start, held):
    kernel = start()
    client = kernel.serve().open()
    file = find(kernel=kernel.id).file
    if held:
        client.http.request("GET", "/mcp", headers=client.headers(Accept="text/event-stream"))
        assert client.http.getresponse().status == 200
    kernel.client.shutdown()
    assert eventually(lambda: not kernel.manager.is_alive(), within=20)
    assert not os.path.exists(file)


def test_a_cell_that_is_run_again_serves_a_new_lab_beside(start):
    kernel = start()
    first, second = kernel.serve(), kernel.run("server.stop()\nprint(server)")
    assert second == "<McpServer: stopped>\n"
    with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as it comes
        Talk(first).open()
    assert kernel.run("server = lab.serve_mcp()\nprint(server.is_running)") == "True\n"
    timed(Talk(find(kernel=kernel.id)))


def test_nothing_of_the_sdk_is_loaded_before_it_is_served(start):
    kernel = start()
    asked = "import sys; print([n for n in ('mcp', 'mcp_types', 'uvicorn', 'starlette', 'pydantic') if n in sys.modules])"
    assert kernel.run(f"import traaviis_lab, traaviis_lab.lab\n{asked}") == "[]\n"
    kernel.serve()
    assert "uvicorn" in kernel.run(asked)
