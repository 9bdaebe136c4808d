"""The debugger, as a person uses it: in a real JupyterLab, with mouse and keyboard."""

from __future__ import annotations

import json
import re
import time

import pytest
from playwright.sync_api import expect

from .cells import DOOR

pytestmark = pytest.mark.browser

ROUNDS = """
for number in range(12):
    run.send("open_command", who=f"u{number}"); run.send("fully_open")
    run.send("close_command"); run.send("fully_closed")
dbg = lab.debug(run)
dbg
"""


@pytest.fixture
def opened(notebook):
    """A debugger on a run of 49 facts, and the page it is in."""
    page = notebook(DOOR, ROUNDS, "time.sleep(12)")
    page.run(0)
    view = page.widget(1)
    expect(view.get_by_label("Go to seq")).to_have_value("49")
    return page, view


def at_seq(view, seq):
    expect(view.get_by_label("Go to seq")).to_have_value(f"{seq:,}")


def seq_of(view):
    return int(view.get_by_label("Go to seq").input_value().replace(",", ""))


def stands_in(view, state):
    here = view.locator(".tlw-stages .tl-state.tl-active")
    if state is None:
        expect(here).to_have_count(0)
    else:
        expect(here).to_have_attribute("data-state", state)


def field(view, path):
    return view.locator(f'[data-path="{path}"] .tlw-vals')


def go_to(view, seq):
    box = view.get_by_label("Go to seq")
    box.fill(str(seq))
    box.press("Enter")


def press(view, key):
    view.get_by_role("group", name="Debugger", exact=True).press(key)


def tab(view, name):
    view.get_by_role("tab", name=name).click()


def test_scrubbing_moves_picture_data_and_log(opened):
    _, view = opened
    stands_in(view, "closed")
    slider = view.get_by_role("slider", name="Place in the run")
    box = slider.bounding_box()
    assert box is not None
    slider.click(position={"x": box["width"] / 2, "y": 12})
    middle = seq_of(view)
    assert 20 < middle < 30
    assert slider.get_attribute("aria-valuenow") == str(middle)
    for seq, state, opened_ in (
        (2, "opening", 0),
        (3, "open", 1),
        (8, "closing", 2),
        (49, "closed", 12),
    ):
        go_to(view, seq)
        stands_in(view, state)
        expect(field(view, "opened")).to_contain_text(re.compile(rf"{opened_}$"))
    go_to(view, 3)  # the difference to the step before: old and new
    expect(field(view, "opened")).to_have_text("0→1")
    tab(view, "Log")
    expect(view.locator('.tlw-vrow[aria-selected="true"]')).to_contain_text("fully_open")


def test_dragging_the_scrubber_goes_through_the_run(opened):
    page, view = opened
    slider = view.get_by_role("slider", name="Place in the run")
    box = slider.bounding_box()
    page.page.mouse.move(box["x"] + 4, box["y"] + 14)
    page.page.mouse.down()
    seen = []
    for part in range(1, 10):
        page.page.mouse.move(box["x"] + box["width"] * part / 10, box["y"] + 14)
        seen.append(seq_of(view))
    page.page.mouse.up()
    assert seen == sorted(seen)
    assert len(set(seen)) > 6


def test_the_keyboard_does_it_all(opened):
    _, view = opened
    press(view, "Home")
    at_seq(view, 0)
    stands_in(view, None)
    press(view, "ArrowRight")
    press(view, "ArrowRight")
    at_seq(view, 2)
    stands_in(view, "opening")
    press(view, "Shift+ArrowRight")
    at_seq(view, 12)
    press(view, "ArrowLeft")
    at_seq(view, 11)
    press(view, "End")
    at_seq(view, 49)
    press(view, "Home")
    press(view, " ")
    expect(view.get_by_role("button", name="Stop playing (space)")).to_be_visible()
    expect(view.get_by_label("Go to seq")).not_to_have_value("0")
    press(view, " ")
    expect(view.get_by_role("button", name="Play (space)")).to_be_visible()
    press(view, "?")
    expect(view.get_by_text("step back, forward")).to_be_visible()
    press(view, "Escape")
    expect(view.get_by_text("step back, forward")).to_be_hidden()
    press(view, "/")
    expect(view.get_by_label("Search the log")).to_be_focused()


def test_the_log_is_searched_and_a_row_is_jumped_to(opened):
    _, view = opened
    tab(view, "Log")
    search = view.get_by_label("Search the log")
    search.fill("close_command")
    rows = view.locator(".tlw-vrow:visible")
    expect(rows.filter(has_text="close_command").first).to_be_visible()
    expect(rows.filter(has_text="open_command")).to_have_count(0)
    search.fill("u7")  # stands only in an event's data
    expect(rows).to_have_count(1)
    rows.first.click()
    at_seq(view, 30)


def test_a_breakpoint_holds_the_run_and_steps_let_it_go(opened):
    page, view = opened
    tab(view, "Breakpoints")
    view.get_by_label("Hold when").select_option(label="an event comes")
    view.get_by_label("State, event or expression").fill("fully_open")
    view.get_by_role("button", name="Add", exact=True).click()
    expect(view.locator('[data-breakpoint="b1"]')).to_contain_text("fully_open")
    assert (
        page.ask("run.send('open_command'); s = run.send('fully_open'); print(run.state)")
        == "opening"
    )
    held = view.get_by_role("status").filter(has_text="Held at b1")
    expect(held).to_contain_text("fully_open")
    expect(held).to_contain_text("opening → open")
    held.get_by_role("button", name="Step", exact=True).click()
    expect(view.locator(".tlw-stages .tl-active[data-state='open']")).to_be_visible()
    assert page.ask("print(run.state, run.held is not None)") == "open True"
    held = view.locator(".tlw-held")
    held.get_by_role("button", name="Resume").click()
    expect(held).to_be_hidden()
    assert page.ask("print(run.held)") == "None"
    view.locator('[data-breakpoint="b1"]').get_by_role("button", name=re.compile("Remove")).click()
    expect(view.locator('[data-breakpoint="b1"]')).to_have_count(0)


def test_an_event_is_skipped_as_a_fork_and_the_two_are_compared(opened):
    page, view = opened
    before = page.ask("print(run.seq, run.state, run.data)")
    tab(view, "Log")
    view.locator('.tlw-vrow[aria-posinset="49"]:not([hidden])').click(button="right")
    view.get_by_role("menuitem", name=re.compile("Skip this event")).click()
    compare = view.get_by_role("tabpanel", name=re.compile("Compare"))
    expect(compare).to_be_visible()
    expect(compare).to_contain_text(re.compile("part at|first", re.IGNORECASE))
    expect(view.locator(".tlw-stages svg.tl-diagram")).to_have_count(2)
    assert page.ask("print(run.seq, run.state, run.data)") == before
    forks = json.loads(
        page.ask("print(run.forks().drop(columns='started').to_json(orient='records'))")
    )
    assert [(row["at"], row["state"]) for row in forks] == [(48, "closing")]
    tab(view, "Forks")
    expect(view.locator("[data-run]")).to_have_count(2)


def test_why_names_the_step_that_did_it(opened):
    _, view = opened
    go_to(view, 3)
    field(view, "opened").hover()
    view.locator('[data-why="opened"]').click()
    panel = view.get_by_role("tabpanel", name=re.compile("Why"))
    expect(panel).to_contain_text("fully_open")
    expect(panel).to_contain_text("opened")


def test_a_live_run_grows_while_one_looks(opened):
    page, view = opened
    page.ask("run.send('open_command')")
    expect(view.get_by_label("Go to seq")).to_have_value("50")
    go_to(view, 10)
    page.ask("run.send('fully_open')")
    expect(view.get_by_role("button", name="1 new")).to_be_visible()
    at_seq(view, 10)
    press(view, "f")
    expect(view.get_by_label("Go to seq")).to_have_value("51")


def test_it_is_answered_while_a_cell_runs(opened):
    page, view = opened
    page.start(2)
    began = time.monotonic()
    tab(view, "Breakpoints")
    view.get_by_label("Hold when").select_option(label="an event comes")
    view.get_by_label("State, event or expression").fill("open_command")
    view.get_by_role("button", name="Add", exact=True).click()
    expect(view.locator('[data-breakpoint="b1"]')).to_be_visible()
    view.get_by_role("button", name="Send", exact=True).click()
    view.get_by_role("menuitem", name="open_command").click()
    form = view.locator(".tlw-forms form")
    if form.count():
        form.get_by_role("button", name=re.compile("Send")).click()
    held = view.locator(".tlw-held")
    expect(held).to_contain_text("Held at b1")
    press(view, "ArrowLeft")
    held.get_by_role("button", name="Step", exact=True).click()
    view.get_by_role("button", name="Fork here …").click()
    view.locator(".tlw-forms form").get_by_role("button", name=re.compile("Fork")).first.click()
    tab(view, "Forks")
    expect(view.locator("[data-run]")).to_have_count(2)
    assert page.running(2), "the cell had ended: nothing was shown"
    assert time.monotonic() - began < 12


def test_ten_thousand_steps_are_scrubbed_in_the_browser_alone(notebook):
    page = notebook(
        DOOR,
        """
from traaviis_lab import Event
def many(acknowledge):
    for number in range(2500):
        for name in ("open_command", "fully_open", "close_command", "fully_closed"):
            run._live.deliver(Event(name, {"n": number}))
    acknowledge(None)
lab.acknowledged(many)
lab.debug(run)
""",
        "time.sleep(20)",
    )
    page.run(0)
    view = page.widget(1)
    expect(view.get_by_label("Go to seq")).to_have_value("10,001", timeout=15_000)
    page.page.wait_for_timeout(1_500)  # every page of details is fetched while nothing else happens
    page.start(2)
    for seq, state, count in (
        (2, "opening", "0"),
        (5_003, "open", "1251"),
        (9_999, "open", "2500"),
    ):
        go_to(view, seq)
        stands_in(view, state)
        expect(field(view, "opened")).to_contain_text(re.compile(rf"{count}$"))
    assert page.running(2)


def test_the_keys_go_on_when_what_was_pressed_is_switched_off_or_hidden(opened):
    page, view = opened
    keyboard = page.page.keyboard
    view.get_by_role("button", name="To the beginning (Home)").click()
    at_seq(view, 0)
    expect(view.get_by_role("group", name="Debugger", exact=True)).to_be_focused()
    keyboard.press("ArrowRight")
    at_seq(view, 1)
    view.locator('[data-path="opened"]').focus()
    keyboard.press("ArrowRight")
    keyboard.press("ArrowRight")
    at_seq(view, 3)
    expect(view.locator('[data-path="opened"]')).to_be_focused()
    view.get_by_role("button", name="Pause").press("Enter")
    expect(view.locator(".tlw-held")).to_be_visible()
    expect(view.get_by_role("group", name="Debugger", exact=True)).to_be_focused()


def test_a_fork_shows_its_parents_past_until_it_left(opened):
    page, view = opened
    page.ask("run.fork(at=46, data={'locked': True}, id='other')")
    tab(view, "Forks")
    view.locator('[data-run="other"]').get_by_role("button", name=re.compile("Compare")).click()
    go_to(view, 11)
    stages = view.locator(".tlw-stage")
    expect(stages.nth(1)).to_contain_text("as A until seq 46")
    state = stages.nth(0).locator(".tl-state.tl-active").get_attribute("data-state")
    expect(stages.nth(1).locator(".tl-state.tl-active")).to_have_attribute("data-state", state)
    slider = view.get_by_role("slider", name="Place in the run")
    box = slider.bounding_box()
    slider.click(position={"x": box["width"] * 45.5 / 49, "y": 52})  # its own first fact
    expect(stages.nth(1)).to_contain_text("other · seq 1")
    at_seq(view, 46)


def test_a_held_run_says_so_in_its_plain_widget_and_is_let_go(notebook):
    page = notebook(DOOR, "run", "time.sleep(12)")
    page.run(0)
    view = page.widget(1)
    page.ask("run.breakpoint('opening'); run.send('open_command')")
    line = view.get_by_role("status").filter(has_text="Held at b1")
    expect(line).to_contain_text("open_command would enter opening")
    page.start(2)
    line.get_by_role("button", name="Resume").click()
    expect(line).to_be_hidden()
    expect(view.locator(".tlw-chip")).to_have_text("opening")
    assert page.running(2), "the cell had ended: nothing was shown"
