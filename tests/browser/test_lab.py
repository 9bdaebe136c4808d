"""The control panel in a real notebook: find, start, open, send, stop; also with 10,000 runs."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .cells import DOOR

pytestmark = pytest.mark.browser

MANY = """
for i in range(10_000):
    lab.start(SmartDoor, id=f"many_{i:05}", tenant="t%d" % (i % 7))
"""


def test_runs_are_listed_counted_and_follow(notebook):
    page = notebook(DOOR + "lab", "run.send('open_command');")
    panel = page.widget(0)
    expect(panel.locator(".tlw-runs tbody tr")).to_have_count(1)
    expect(panel.locator("[data-run=door_001]")).to_contain_text("closed")
    page.run(1)
    expect(panel.locator("[data-run=door_001]")).to_contain_text("opening")
    expect(panel.get_by_role("button", name="opening 1")).to_be_visible()


def test_a_run_is_started_opened_sent_to_and_stopped(notebook):
    page = notebook(DOOR + "lab")
    panel = page.widget(0)
    panel.get_by_role("button", name="Start a run").click()
    form = panel.get_by_role("form", name="Start a run")
    form.get_by_label("Run id").fill("door_002")
    form.get_by_label("Data").fill('{"opened": 7, "locked": false}')
    form.get_by_role("button", name="Start", exact=True).click()
    opened = panel.locator(".tlw-opened")
    expect(opened.locator(".tlw-chip")).to_have_text("closed")
    expect(opened.locator("[data-path=opened]")).to_contain_text("7")
    opened.locator("[data-event=open_command]").click()
    expect(opened.locator(".tlw-chip")).to_have_text("opening")
    expect(panel.locator("[data-run=door_002]")).to_contain_text("opening")
    stop = panel.locator("[data-run=door_002]").get_by_role("button").nth(1)
    stop.click()
    expect(stop).to_have_text("Really stop?")
    assert page.ask("print(lab.run('door_002').done)") == "False"
    stop.click()
    expect(panel.locator("[data-run=door_002]")).to_contain_text("stopped")
    expect(opened.locator(".tlw-header .tlw-badge")).to_have_text("stopped")


def test_a_mistake_in_the_form_is_told(notebook):
    panel = notebook(DOOR + "lab").widget(0)
    panel.get_by_role("button", name="Start a run").click()
    form = panel.get_by_role("form", name="Start a run")
    form.get_by_label("Run id").fill("door_001")
    form.get_by_role("button", name="Start", exact=True).click()
    expect(form.get_by_role("alert")).to_contain_text("door_001")


def test_ten_thousand_runs_are_paged_and_found(notebook):
    page = notebook(DOOR + MANY + "lab")
    panel = page.widget(0)
    expect(panel).to_contain_text("10,001 runs")
    expect(panel.locator(".tlw-runs tbody tr")).to_have_count(12)
    panel.get_by_role("button", name="Next page").click()
    expect(panel.locator(".tlw-place")).to_have_text("13–24 of 10,001")
    panel.get_by_label("Find a run").fill("many_0123")
    expect(panel.locator(".tlw-place")).to_have_text("1–10 of 10")
    panel.get_by_label("Find a run").fill("t3")
    expect(panel.locator(".tlw-place")).to_have_text("1–12 of 1,429")
