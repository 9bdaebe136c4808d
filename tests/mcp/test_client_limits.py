"""What one client may take of what its token may: a flood of one leaves the others their turns."""

import threading

from tests.mcp.talking import NEW, OLD, Talk, eventually
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.mcp.serving import Limits
from traaviis_lab.mcp.serving.limits import MOST_CLIENTS, Uses

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def test_one_clients_flood_leaves_others_of_its_token_their_turns(lab, era):
    limits = Limits(rate=1, burst=6, token_rate=1, token_burst=30, patience=0.01)
    served = lab.serve_mcp(limits=limits)
    greedy, other = (Talk(served, era=era, name=name) for name in ("greedy", "other"))
    greedy.open(), other.open()  # two requests each, in the older protocol
    found = [flooded(greedy) for _ in range(60)]
    assert found.count(429) > 50
    assert [flooded(other) for _ in range(3)] == [200] * 3


def test_who_calls_itself_otherwise_each_time_meets_the_limit_of_its_token(lab):
    limits = Limits(rate=1, burst=5, token_rate=1, token_burst=20, patience=0.01)
    served = lab.serve_mcp(limits=limits)
    found = [flooded(Talk(served, era=NEW, name=f"agent {n}")) for n in range(30)]
    assert found[:20] == [200] * 20
    assert found[20:].count(429) >= 8
    sessions = Talk(served, served.add_token(), era=OLD)
    found = [sessions.raw(PING, Mcp_Session_Id=f"{n:032}")[0] for n in range(30)]
    assert found[:20] == [404] * 20
    assert found[20:].count(429) >= 8


def flooded(client):
    body, headers = client.message("tools/list")
    return client.raw(body, **headers)[0]


def test_calls_of_one_client_under_way_are_counted(lab):
    run = lab.start(SmartDoor, id="d")
    served = lab.serve_mcp(limits=Limits(calls=2))
    quiet = {"fsm_id": "d", "after_seq": run.seq, "timeout": 4}
    waits = [Talk(served, era=NEW, name="greedy") for _ in range(2)]
    threads = [
        threading.Thread(target=one.call, args=("wait_for_fsm_event",), kwargs=quiet)
        for one in waits
    ]
    for thread in threads:
        thread.start()
    under_way = served._gate._uses.client(served.grants()[0].id, "name greedy").calls
    assert eventually(lambda: len(under_way) == 2)  # asked before, this one might take their turn
    greedy = Talk(served, era=NEW, name="greedy")
    assert flooded(greedy) == 429
    assert flooded(Talk(served, era=NEW, name="other")) == 200
    for thread in threads:
        thread.join()
    assert flooded(greedy) == 200


def test_many_clients_are_remembered_and_not_for_ever():
    uses = Uses(Limits(rate=1, burst=2, token_burst=1e9), now=lambda: 0.0)
    standing = uses.client("g", "stands")
    standing.calls.add("a call")
    for number in range(2 * MOST_CLIENTS):
        uses.wait("g", str(number))
    assert len(uses._clients) <= MOST_CLIENTS + 1
    assert uses.client("g", "stands") is standing
