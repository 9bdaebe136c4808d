"""A run in a real notebook: shown, clicked, driven from elsewhere, by keyboard, in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from .cells import BIG, DOOR, HOUSE, SPEED

pytestmark = pytest.mark.browser


def state(widget: Locator) -> Locator:
    return widget.locator(".tlw-header .tlw-chip")


def event(widget: Locator, name: str) -> Locator:
    return widget.locator(f"[data-event='{name}']")


def node(widget: Locator, name: str) -> Locator:
    return widget.locator(f".tlw-canvas [data-state='{name}']")


def test_shows_where_a_run_stands_and_what_it_takes(notebook):
    widget = notebook(DOOR + "run").widget(0)
    expect(widget.locator(".tlw-header")).to_contain_text("SmartDoor")
    expect(widget.locator(".tlw-header")).to_contain_text("running")
    expect(state(widget)).to_have_text("closed")
    expect(node(widget, "closed")).to_contain_class("tl-active")
    expect(event(widget, "open_command")).to_be_visible()
    expect(widget.locator(".tlw-tree [data-path=opened]")).to_contain_text("0")
    expect(widget.locator(".tlw-steps tbody tr")).to_have_count(1)


def test_a_click_sends_the_event_and_the_picture_follows(notebook):
    page = notebook(DOOR + "run")
    widget = page.widget(0)
    event(widget, "open_command").click()
    expect(state(widget)).to_have_text("opening")
    expect(widget.locator(".tl-taken")).to_have_count(1)
    event(widget, "fully_open").click()
    expect(node(widget, "open")).to_contain_class("tl-active")
    expect(node(widget, "opening")).to_contain_class("tl-visited")
    expect(widget.locator("[data-path=opened]")).to_have_text("opened0→1")
    expect(widget.locator(".tlw-steps tbody tr").first).to_contain_text("fully_open")
    assert page.ask("print(run.state, run.data['opened'])") == "open 1"


def test_a_click_on_an_arrow_sends_its_event(notebook):
    widget = notebook(DOOR + "run").widget(0)
    widget.locator(".tlw-canvas [data-transitions='closed#0'] text").first.click()
    expect(state(widget)).to_have_text("opening")


def test_an_event_from_another_cell_shows_at_once(notebook):
    page = notebook(DOOR + "run", "_ = run.send('open_command')", "run")
    widget = page.widget(0)
    page.run(1)
    expect(state(widget)).to_have_text("opening")


def test_a_timer_shows_at_once_and_the_end_is_said(notebook):
    page = notebook(SPEED + "run", "_ = run.send('set_speed', speed=2, who='u1')")
    widget = page.widget(0)
    page.run(1)
    expect(state(widget)).to_have_text("warm")
    event(widget, "stop").click()
    expect(widget.locator(".tlw-header .tlw-badge")).to_have_text("done")
    expect(widget.locator(".tlw-eventbox")).to_contain_text("takes no more events")


def test_two_views_of_one_run_go_together(notebook):
    page = notebook(DOOR + "run", "run")
    first, second = page.widget(0), page.widget(1)
    event(second, "open_command").click()
    expect(state(first)).to_have_text("opening")
    expect(state(second)).to_have_text("opening")


def test_a_refused_event_is_shown_with_the_reason(notebook):
    page = notebook(DOOR + "run")
    widget = page.widget(0)
    widget.get_by_role("button", name="Other event").click()
    name = widget.get_by_label("Event name")
    name.fill("kicked")
    name.press("Enter")
    refused = widget.get_by_role("alert").filter(has_text="Refused")
    expect(refused).to_contain_text("Event 'kicked' means nothing in closed.")
    expect(refused).to_contain_text("Events taken here: open_command.")
    event(widget, "open_command").click()
    expect(refused).to_be_hidden()


def test_a_blocked_event_can_be_reached_and_says_why(notebook):
    page = notebook(
        DOOR + "run = lab.start(SmartDoor, id='locked', data={'opened': 0, 'locked': True})\nrun",
    )
    widget = page.widget(0)
    event(widget, "open_command").click()
    event(widget, "fully_open").click()
    blocked = widget.locator("[data-blocked=close_command]")
    expect(blocked).to_have_attribute("aria-disabled", "true")
    expect(blocked).to_have_attribute("title", "Not now: guard `!data.locked` is false")
    blocked.click(force=True)
    assert page.ask("print(run.state, run.refused)") == "open None"


def test_a_form_asks_for_what_the_event_carries(notebook):
    page = notebook(SPEED + "run")
    widget = page.widget(0)
    event(widget, "set_speed").click()
    form = widget.get_by_role("form", name="Data of set_speed")
    form.get_by_label("Speed").fill("12")
    form.get_by_label("Who").fill("u1")
    form.get_by_role("button", name="Send set_speed").click()
    expect(form).to_contain_text("Speed must be at most 9")
    form.get_by_label("Speed").fill("4")
    form.get_by_label("Who").press("Enter")
    expect(state(widget)).not_to_have_text("off")
    assert page.ask("print(run.data)") == "{'speed': 4, 'who': 'u1'}"


def test_everything_can_be_done_by_keyboard(notebook):
    page = notebook(DOOR + "run")
    widget = page.widget(0)
    keys = page.page.keyboard
    event(widget, "open_command").focus()
    keys.press("Enter")
    expect(event(widget, "fully_open")).to_be_focused()
    keys.press("1")
    expect(state(widget)).to_have_text("open")
    keys.press("d")
    expect(widget.locator(".tlw-canvas")).to_be_focused()
    before = widget.locator(".tlw-canvas > svg").get_attribute("style")
    keys.press("+")
    assert widget.locator(".tlw-canvas > svg").get_attribute("style") != before
    keys.press("/")
    expect(widget.get_by_role("combobox", name="Find a state")).to_be_focused()
    keys.type("closi")
    keys.press("Enter")
    expect(node(widget, "closing")).to_contain_class("tl-found")
    keys.press("?")
    expect(widget.locator(".tlw-help")).to_be_visible()
    keys.press("Escape")
    expect(widget.locator(".tlw-help")).to_be_hidden()
    expect(page.page.locator(".jp-Notebook .jp-Cell")).to_have_count(1)


def test_changes_are_said_to_a_screen_reader(notebook):
    page = notebook(DOOR + "run")
    widget = page.widget(0)
    page.ask("run.send('open_command')")
    expect(widget.locator("[aria-live=polite].tlw-sr")).to_have_text(
        "open_command: now in opening."
    )
    unnamed = widget.locator("button").evaluate_all(
        "all => all.filter(b => !(b.ariaLabel || b.textContent.trim())).length"
    )
    assert unnamed == 0


def test_nested_and_parallel_states_are_shown_as_such(notebook):
    page = notebook(HOUSE + "house")
    widget = page.widget(0)
    before = state(widget).all_inner_texts()
    assert len(before) == 3
    assert page.ask("print(','.join(sorted(house.active)))").split(",") == sorted(
        widget.locator(".tlw-canvas .tl-active").evaluate_all(
            "all => all.map(e => e.dataset.state)"
        )
    )
    event(widget, "arm").click()
    widget.get_by_role("form", name="Data of arm").get_by_role("button", name="Send arm").click()
    expect(state(widget).filter(has_text="arming")).to_have_count(1)
    moved = widget.locator(".tlw-steps tbody tr").first.locator(".tlw-way")
    expect(moved).to_have_text("disarmed → arming")


def test_300_states_are_drawn_and_stay_usable(notebook):
    page = notebook(BIG + "big")
    widget = page.widget(0)
    expect(node(widget, "s0")).to_contain_class("tl-active")
    event(widget, "next").click()
    expect(state(widget)).to_have_text("s1")
    assert widget.locator(".tlw-canvas [data-state]").count() == 300
    widget.locator(".tlw-canvas").focus()
    page.page.keyboard.press("/")
    page.page.keyboard.type("s27")
    expect(widget.get_by_role("option")).to_have_count(8)
    page.page.keyboard.press("Enter")
    found = widget.locator(".tl-found")
    expect(found).to_be_visible()
    inside = found.evaluate(
        """el => { const r = el.getBoundingClientRect();
        const b = el.closest('.tlw-canvas').getBoundingClientRect();
        return r.left >= b.left && r.right <= b.right && r.top >= b.top && r.bottom <= b.bottom; }"""
    )
    assert inside


def test_the_theme_is_followed(notebook):
    page = notebook(DOOR + "run")
    widget = page.widget(0)
    expect(widget).to_have_attribute("data-theme", "light")
    page.theme("Dark")
    expect(widget).to_have_attribute("data-theme", "dark")
    colours = widget.evaluate(
        """el => { const s = getComputedStyle(el);
        return [s.color, s.backgroundColor].map(c => c.match(/[\\d.]+/g).map(Number)); }"""
    )
    text, back = (sum(colour[:3]) / 3 for colour in colours)
    assert text > 180
    assert back < 80
    page.theme("Light")
    expect(widget).to_have_attribute("data-theme", "light")


def test_a_static_picture_lies_beside_the_widget(notebook):
    page = notebook(DOOR + "run")
    page.widget(0)
    mimes = page.page.evaluate(
        """() => Object.keys(window.jupyterapp.shell.currentWidget.content.widgets[0]
                 .model.outputs.get(0).toJSON().data).sort()"""
    )
    assert mimes == [
        "application/vnd.jupyter.widget-view+json", "image/svg+xml", "text/plain",
    ]  # fmt: skip


def test_a_page_that_is_opened_again_shows_the_run_as_it_is(notebook):
    page = notebook(DOOR + "run")
    page.widget(0)
    page.ask("run.send('open_command')")
    page.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.reload()
    widget = page.output(0).locator(".tlw").first
    expect(state(widget)).to_have_text("opening")
    event(widget, "fully_open").click()
    expect(state(widget)).to_have_text("open")
