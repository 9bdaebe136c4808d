"""An id of another tenant is nowhere told: asked for anew, it is as one that nobody has."""

import re
import statistics
import time

import pytest

from tests.mcp.at_desk import at_desk
from tests.mcp.at_library import AtLibrary
from tests.mcp.test_core import GATE
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.runtime.ids import MOST_OF_TENANT, check_id, guest_id, is_guest


@pytest.fixture
def desk():
    """A lab in which a person named runs of two tenants, and an agent of each another."""
    found = at_desk()
    for tenant in ("default", "acme"):
        found.lab.start(SmartDoor, id=f"persons-{tenant}", tenant=tenant)
        found.ask("create_fsm", tenant, machine="SmartDoor", fsm_id=f"agents-{tenant}")
    yield found
    found.close()


OTHERS = {"default": ("persons-acme", "agents-acme", "acme:agents-acme"),
          "acme": ("persons-default", "agents-default", "default:agents-default")}  # fmt: skip
WAYS = {
    "create_fsm": lambda id: {"machine": "SmartDoor", "fsm_id": id},
    "create_ai_workflow": lambda id: {"spec": GATE, "fsm_id": id},
    "fork_run": lambda id: {"fsm_id": "mine", "at": 1, "new_id": id},
}


def plain(reply, id):
    """What was answered, without the id and what differs from one run to the next."""
    text = re.sub(r'"estimate":.*?"run":', "", reply.text)  # it knows the runs before it
    text = re.sub(r"[0-9a-f]{12}", "mark", text.replace(id, "ID"))
    return reply.is_error, re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("tenant", OTHERS)
def test_an_id_of_another_tenant_can_be_had_as_any_other(desk, way, tenant):
    desk.ask("create_fsm", tenant, machine="SmartDoor", fsm_id="mine")
    free = plain(desk.reply(way, tenant, **WAYS[way]("nobody-has-it")), "nobody-has-it")
    assert free[0] is False
    for id in OTHERS[tenant]:
        assert plain(desk.reply(way, tenant, **WAYS[way](id)), id) == free
        assert desk.ask("get_fsm_state", tenant, fsm_id=id)["fsm_id"] == f"{tenant}:{id}"
        assert desk.refused(way, tenant, **WAYS[way](id))["message"] == f"The id {id!r} is taken."


@pytest.mark.parametrize("tenant", OTHERS)
def test_what_the_tenant_itself_has_is_taken(desk, tenant):
    for id in (f"persons-{tenant}", f"agents-{tenant}", f"{tenant}:agents-{tenant}"):
        told = desk.refused("create_fsm", tenant, machine="SmartDoor", fsm_id=id)
        assert told["message"] == f"The id {id!r} is taken."


@pytest.mark.parametrize("kind", ["spawn_fsm", "send_event"])
@pytest.mark.parametrize("tenant", OTHERS)
def test_effects_of_an_agents_chart_tell_of_no_other_tenants_id(desk, kind, tenant):
    def came_of(id):
        effect = {"kind": kind, "machine": "SmartDoor", "id": id}
        if kind == "send_event":
            effect = {"kind": kind, "to": id, "event": "open_command"}
        reply = desk.reply("execute_effect_pipeline", tenant, effects=effect)
        text = plain(reply, id)[1]
        return re.sub(r"run-\w{8}|pipeline-\w{8}|\d\.\d+", "-", text)

    free = came_of("nobody-has-it")
    for id in OTHERS[tenant]:
        assert came_of(id) == free
    states = [desk.lab.run(f"persons-{one}").state for one in OTHERS]
    assert states == ["closed", "closed"]


def test_resources_and_completions_tell_of_none(desk):
    shelves = AtLibrary(desk)
    for tenant, others in OTHERS.items():
        listed = shelves.read("fsm://runs", tenant=tenant).text
        assert not any(id in listed for id in others)
        for id in others:
            with pytest.raises(Exception, match="There is no run"):
                shelves.read(f"fsm://runs/{id.replace(':', '%3A')}/snapshot", tenant=tenant)


def test_a_name_that_was_asked_for_goes_on_to_mean_that_run(desk):
    desk.ask("send_event", "acme", fsm_id="agents-acme", event="open_command")
    told = desk.ask("wait_for_fsm_event", "acme", fsm_id="agents-acme", after_seq=1)
    assert told["fsm_id"] == "acme:agents-acme"
    assert desk.lab.run("acme:agents-acme").state == "opening"
    shelves = AtLibrary(desk)
    woken = []
    end = shelves.library.watch(
        desk.client("acme"), ["fsm://runs/agents-acme/snapshot"], woken.append
    )
    desk.ask("send_event", "acme", fsm_id="agents-acme", event="fully_open")
    until = time.monotonic() + 5
    while not woken and time.monotonic() < until:
        time.sleep(0.01)
    end()
    assert woken == ["fsm://runs/agents-acme/snapshot"]


def test_children_and_forks_of_agents_runs_lie_in_the_space_too(desk):
    child = {"kind": "spawn_fsm", "machine": "SmartDoor", "id": "child"}
    told = desk.ask("execute_effect_pipeline", "acme", effects=child)
    assert told["result"]["run"] == "acme:child"
    unnamed = {"kind": "spawn_fsm", "machine": "SmartDoor"}
    told = desk.ask("execute_effect_pipeline", "acme", effects=unnamed)
    assert told["result"]["run"].startswith("acme:")
    desk.ask("create_fsm", "acme", spec=GATE)
    made = desk.ask("fork_run", "acme", fsm_id="persons-acme")
    assert made["fsm_id"].startswith("acme:smart_door_fork-")


def test_it_takes_no_longer_to_be_told_nothing_of_anothers_run(desk):
    def took(id):
        began = time.perf_counter()
        assert desk.refused("get_fsm_state", fsm_id=id)["kind"] == "RunNotFound"
        return time.perf_counter() - began

    took("warm")
    ids = ("persons-acme", "nobody-has-it")
    times = {id: [] for id in ids}
    for _ in range(40):
        for id in ids:
            times[id].append(took(id))
    theirs, nobodys = (statistics.median(times[id]) for id in ids)
    assert theirs < 3 * nobodys + 0.001
    assert nobodys < 3 * theirs + 0.001


def test_no_two_tenants_share_a_space():
    tenants = ["a", "a:b", "a%3Ab", "a%", "", ":", "x" * 200, "x" * 199 + "y"]
    for one in tenants:
        mine = guest_id(one, "b:run")
        assert guest_id(one, mine) == check_id(mine) == mine
        assert [other for other in tenants if is_guest(mine, other)] == [one]
        assert len(mine) < MOST_OF_TENANT + 8


def test_an_id_that_is_too_long_with_its_space_is_refused(desk):
    told = desk.refused("create_fsm", machine="SmartDoor", fsm_id="x" * 200)
    assert told["hint"] == "Use a text of 1 to 200 characters."
