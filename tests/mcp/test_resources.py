"""Resources: what stands at which address, for whom, how much of it, and who is woken when."""

import asyncio
import contextlib
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mcp.at_library import ODD, Note, at_library
from traaviis_lab import Machine, State, read_chart
from traaviis_lab.errors import DefinitionError, LabError, PermissionDenied, RunNotFound
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.mcp.resources import read_address, write_address
from traaviis_lab.mcp.resources.address import VIEWS
from traaviis_lab.mcp.resources.reading import READERS, TEMPLATES

VIEWS_OF_RUNS = [view for view in VIEWS["runs"] if view]


@pytest.fixture(params=["memory", "disk"])
def shelf(request, tmp_path):
    with at_library(tmp_path / "door.duckdb" if request.param == "disk" else None) as found:
        yield found


@pytest.fixture
def shelves():
    with at_library() as found:
        yield found


@pytest.fixture
def door(shelf):
    run = shelf.lab.start(SmartDoor, id=ODD)
    run.send("open_command", user_id="ada")
    run.send("fully_open")
    return run


# What there is


def test_everything_that_is_listed_can_be_read(shelf, door):
    listed = shelf.listed()
    assert write_address("runs", ODD, "snapshot") in listed
    assert "fsm://machines/SmartDoor/chart" in listed
    for uri in listed:
        assert shelf.read(uri).text
    assert {outcome for _, outcome, _, _ in shelf.calls()} == {"ok"}


def test_every_kind_has_a_reader_and_every_view_a_template():
    assert set(READERS) == {(room, view) for room in VIEWS for view in VIEWS[room]}
    said = {one.template.partition("{?")[0] for one in TEMPLATES}
    names = {"machines": "{name}", "runs": "{id}"}
    wanted = {f"fsm://{room}/{names[room]}/{view}" for room, view in READERS if view}
    assert wanted <= said


@pytest.mark.parametrize("view", VIEWS_OF_RUNS)
def test_each_view_of_a_run_can_be_read_also_when_it_is_a_recording(shelf, door, view):
    live = shelf.read(write_address("runs", ODD, view))
    assert live.uri == write_address("runs", ODD, view)
    ended = shelf.lab.start(SmartDoor, id="ended")
    ended.stop()
    assert shelf.read(f"fsm://runs/ended/{view}").mime == live.mime


def test_a_snapshot_says_where_a_run_stands_as_tools_do(shelf, door):
    here = shelf.json(write_address("runs", ODD, "snapshot"))
    asked = shelf.desk.ask("get_fsm_state", fsm_id=ODD)
    assert {key: here[key] for key in ("fsm_id", "state", "data", "seq", "events")} == {
        key: asked[key] for key in ("fsm_id", "state", "data", "seq", "events")
    }
    assert here["active"] == ["open"]
    assert here["untrusted"] is True


def test_a_spec_that_was_read_makes_the_same_machine(shelf):
    spec = shelf.json("fsm://machines/SmartDoor/chart")
    assert read_chart(json.dumps(spec)).hash == SmartDoor.chart.hash


def test_diagrams_carry_the_runs_place(shelf, door):
    svg = shelf.read(write_address("runs", ODD, "diagram.svg"))
    assert svg.mime == "image/svg+xml"
    assert "tl-active" in svg.text
    assert (
        "tl-active"
        not in shelf.read("fsm://machines/SmartDoor/diagram.svg").text.split("</style>")[1]
    )
    mermaid = shelf.read(write_address("runs", ODD, "diagram.mmd")).text
    assert mermaid.startswith("stateDiagram-v2")
    assert mermaid.splitlines()[-1].endswith("in open")


def test_a_run_whose_machine_is_python_of_another_day_is_told_as_far_as_the_journal_knows(tmp_path):
    class Careful(Machine):
        here = State(initial=True)
        there = State()
        here.to(there, on="go", when=lambda data, event: True)

    path = tmp_path / "door.duckdb"
    with at_library(path) as shelf:
        shelf.lab.start(Careful, id="c").send("go")
    with at_library(path) as shelf:
        here = shelf.json("fsm://runs/c/snapshot")
        assert [here["state"], here["live"]] == ["there", False]
        assert "Careful" in here["why_no_data"] or "function" in here["why_no_data"]
        assert len(shelf.json("fsm://runs/c/journal")["facts"]) == 2
        with pytest.raises(DefinitionError):
            shelf.read("fsm://runs/c/history")


# Pages


@pytest.mark.parametrize(("view", "rows"), [("history", "steps"), ("journal", "facts")])
def test_pages_in_turn_are_the_whole(shelf, view, rows):
    run = shelf.lab.start(Note, id="n")
    for number in range(7):
        run.send("write", text=f"{number}")
    whole = shelf.json(f"fsm://runs/n/{view}")
    assert whole["more"] is False
    found, uri = [], f"fsm://runs/n/{view}?limit=3"
    while uri:
        page = shelf.json(uri)
        assert len(page[rows]) <= 3
        found += page[rows]
        uri = page.get("next")
    assert found == whole[rows]
    assert [one["seq"] for one in found] == sorted({one["seq"] for one in found})
    assert shelf.json(f"fsm://runs/n/{view}?after={run.seq}")[rows] == []


def test_a_page_stays_small_whatever_the_run_holds(shelf):
    run = shelf.lab.start(Note, id="n")
    for _ in range(30):
        run.send("add", text="x" * 20_000)
    for view in ("history", "journal", "snapshot", "costs"):
        assert len(shelf.read(f"fsm://runs/n/{view}").text) < 256_000
    seen, uri = set(), "fsm://runs/n/history?limit=500"
    while uri:
        page = shelf.json(uri)
        seen |= {one["seq"] for one in page["steps"]}
        uri = page.get("next")
    assert len(seen) == 31


def test_the_index_is_bounded_newest_first_and_of_one_machine_if_asked(shelves):
    for number in range(60):
        shelves.lab.start(Note, id=f"n{number}")
    shelves.lab.start(SmartDoor, id="d").send("open_command")
    index = shelves.json("fsm://runs")
    assert [len(index["runs"]), index["more"]] == [50, True]
    assert index["runs"][0]["fsm_id"] == "d"
    only = shelves.json("fsm://runs?machine=SmartDoor&limit=5")
    assert [one["fsm_id"] for one in only["runs"]] == ["d"]
    assert len(shelves.listed()) <= 150
    assert shelves.json(only["runs"][0]["uri"])["fsm_id"] == "d"


# Who may read


def test_another_tenants_runs_do_not_exist(shelf, door):
    for view in VIEWS_OF_RUNS:
        uri = write_address("runs", ODD, view)
        with pytest.raises(RunNotFound) as other:
            shelf.read(uri, tenant="other")
        with pytest.raises(RunNotFound) as none:
            shelf.read(write_address("runs", "nobody", view), tenant="other")
        assert str(other.value).replace(repr(ODD), "") == str(none.value).replace("'nobody'", "")
        with pytest.raises(RunNotFound):
            shelf.library.watch(shelf.client("other"), [uri], print)
    assert shelf.json("fsm://runs", tenant="other")["runs"] == []
    assert not [uri for uri in shelf.listed("other") if "/runs/" in uri]
    assert shelf.complete("prompt", "debug_run", "fsm_id", "", tenant="other") == []


def test_what_an_agent_of_one_tenant_made_is_not_anothers(shelf):
    spec = {"spec": "traaviis/1", "name": "Mine", "states": {"a": {}}}
    shelf.desk.desk.charts.keep("default", read_chart(json.dumps(spec)))
    assert shelf.json("fsm://machines/Mine/chart")["name"] == "Mine"
    with pytest.raises(LabError, match="no machine 'Mine'"):
        shelf.read("fsm://machines/Mine/chart", tenant="other")
    made = {one["name"]: one["made_by"] for one in shelf.json("fsm://machines")["machines"]}
    assert made == {"Mine": "an agent", "SmartDoor": "the lab"}


def test_without_the_scope_nothing_is_listed_read_or_watched(shelf, door):
    scopes = ("write",)
    client = shelf.client(scopes=scopes)
    assert shelf.listed(scopes=scopes) == []
    assert shelf.library.templates(client) == shelf.library.prompts(client) == []
    with pytest.raises(PermissionDenied):
        shelf.read("fsm://runs", scopes=scopes)
    with pytest.raises(PermissionDenied):
        shelf.library.watch(client, ["fsm://runs"], print)
    assert shelf.calls() == [("resources/read", "PermissionDenied", "default", "")]


def test_the_labs_own_books_are_not_runs(shelf, door):
    shelf.read("fsm://runs")
    book = shelf.desk.desk.record.book
    with pytest.raises(RunNotFound):
        shelf.read(write_address("runs", book, "journal"))
    assert book not in [one["fsm_id"] for one in shelf.json("fsm://runs?limit=200")["runs"]]


def test_a_secret_is_struck_out_of_whatever_is_read(shelves):
    run = shelves.lab.start(Note, id="n")
    run.send("write", text="key is hunter-two-hunter")
    shelves.lab.secrets["KEY"] = "hunter-two-hunter"
    for view in VIEWS_OF_RUNS:
        assert "hunter-two" not in shelves.read(f"fsm://runs/n/{view}").text
    assert "[secret]" in shelves.read("fsm://runs/n/snapshot").text


def test_each_read_is_a_fact_with_run_and_outcome(shelf, door):
    shelf.read(write_address("runs", ODD, "snapshot"))
    with pytest.raises(RunNotFound):
        shelf.read("fsm://runs/nobody/snapshot", tenant="other")
    assert shelf.calls() == [
        ("resources/read", "ok", "default", ODD),
        ("resources/read", "RunNotFound", "other", ""),
    ]


# Addresses


@given(st.text(min_size=1, max_size=50).filter(lambda text: text.isprintable()))
def test_an_address_leads_back_to_its_name(name):
    uri = write_address("runs", name, "history", after=3, limit=7)
    address = read_address(uri)
    assert (address.room, address.name, address.view) == ("runs", name, "history")
    assert (address.number("after", 0, 0, 10), address.number("limit", 1, 1, 9)) == (3, 7)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_addresses(text):
    for uri in (text, f"fsm://{text}", f"fsm://runs/{text}", f"fsm://runs/a/history?{text}"):
        with contextlib.suppress(LabError):  # and no other error
            assert read_address(uri).room in VIEWS


@pytest.mark.parametrize(
    "uri",
    [
        "", "fsm:", "fsm://", "fsm://runs/", "fsm://runs/a", "fsm://runs//snapshot",
        "fsm://runs/a/", "fsm://runs/a/b/snapshot", "fsm://runs/a/secrets", "fsm://runs/%ff/snapshot",
        "fsm://runs/../machines", "file://localhost/etc/passwd", "fsm://machines/SmartDoor/snapshot",
        "fsm://runs/a/snapshot#x", "FSM://runs", "fsm://runs/a/history?after=1&after=2",
        "fsm://runs/a/history?after", "fsm://runs/a/snapshot?after=1", "fsm://runs?" + "x" * 3000,
        "ui://traaviis/other.html",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(shelves, uri):
    with pytest.raises(LabError) as refused:
        shelves.read(uri)
    assert refused.value.hint
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=-1", "after=x", "limit=٣", "after=1e3"]
)
def test_numbers_are_checked(shelves, query):
    shelves.lab.start(Note, id="n")
    with pytest.raises(LabError, match="cannot be read"):
        shelves.read(f"fsm://runs/n/history?{quote(query, safe='=')}")


# Completing


def test_ids_and_names_are_completed_those_that_begin_so_first(shelves):
    for name in ("door-1", "door-2", "my-door", "window"):
        shelves.lab.start(SmartDoor, id=name)
    ask = shelves.complete
    assert ask("resource", "fsm://runs/{id}/snapshot", "id", "DOOR") == [
        "door-2",
        "door-1",
        "my-door",
    ]
    assert ask("resource", "fsm://machines/{name}/chart", "name", "sm") == ["SmartDoor"]
    assert ask("resource", "fsm://runs{?machine,limit}", "machine", "") == ["SmartDoor"]
    assert ask("resource", "fsm://runs{?machine,limit}", "limit", "") == []
    with pytest.raises(LabError, match="no resource"):
        ask("resource", "fsm://elsewhere/{id}", "id", "")


def test_a_read_that_is_cancelled_is_written_down_as_that(shelves):
    async def broken_off():
        task = asyncio.ensure_future(shelves.library.read(shelves.client(), "fsm://runs"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(broken_off())
    assert shelves.calls()[0][:2] == ("resources/read", "cancelled")
