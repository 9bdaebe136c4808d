"""The lane of effects in a real notebook: live, in the debugger, by keyboard, in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WORK = """
import threading
from traaviis_lab import Lab, Machine, State, effects as fx
lab, again, goes_on, tries = Lab(), threading.Event(), threading.Event(), []
@lab.register
def flaky():
    tries.append(1)
    if len(tries) < 2: raise ConnectionError("the server hung up")
    again.wait(60)
    return 7
@lab.register
def read(book, scope):
    scope.progress(0.4, f"reading {book}")
    goes_on.wait(60)
    return len(book)
class Work(Machine):
    idle = State(initial=True)
    busy = State(enter=fx.parallel(
        fx.retry(fx.call("flaky"), attempts=3, delay=0.05), fx.call("read", args={"book": "Emma"})))
    idle.to(busy, on="go")
run = lab.start(Work, id="worker")
_ = run.send("go")
"""

ASKS = """
import tempfile, threading
from traaviis_lab import Lab, Machine, State, effects as fx
class Payer(Machine):
    idle = State(initial=True)
    busy = State(enter=fx.call("pay", repeat="human", into="paid"))
    idle.to(busy, on="go")
folder, hangs = tempfile.mkdtemp(), threading.Event()
with Lab(folder + "/pay.duckdb") as first:
    first.register(lambda: hangs.wait(60), name="pay")
    first.start(Payer, id="payer").send("go")
hangs.set()
lab = Lab(folder + "/pay.duckdb")
lab.register(lambda: 5, name="pay")
payer = lab.resume("payer", Payer)
payer
"""


def row(view, path):
    return view.locator(f'.tlw-lane [data-path="{path}"]')


def test_the_lane_shows_attempts_progress_and_results_as_they_come(notebook):
    page = notebook(WORK + "run")
    view = page.widget(0)
    expect(row(view, "2/0")).to_have_attribute("data-state", "running")
    expect(row(view, "2/0/0")).to_contain_text("2 of 3")
    expect(row(view, "2/0/0/earlier")).to_contain_text("1 earlier attempt")
    reading = row(view, "2/0/1")
    expect(reading.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    expect(reading).to_contain_text("reading Emma")
    page.ask("again.set(); goes_on.set()")
    expect(reading).to_have_attribute("data-state", "done")
    expect(reading).to_contain_text("→ 4")
    expect(row(view, "2/0").locator(".tlw-fxcount")).to_have_text("2 of 2")
    row(view, "2/0").press("ArrowDown")
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowRight")
    expect(row(view, "2/0/0/0")).to_contain_text("the server hung up")
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    expect(row(view, "2/0/0/0").locator("dl")).to_contain_text("because ofConnectionError")


def test_the_debugger_shows_effects_as_they_stood(notebook):
    page = notebook(
        WORK, "again.set(); goes_on.set(); run.wait(lambda run: not run.under_way)\nlab.debug(run)"
    )
    page.run(0)
    view = page.widget(1)
    view.get_by_role("tab", name="Effects").click()
    expect(row(view, "2/0")).to_have_attribute("data-state", "done")
    slider = view.get_by_label("Go to seq")
    slider.fill("5")
    slider.press("Enter")
    expect(row(view, "2/0/1")).to_have_attribute("data-state", "running")
    slider.fill("999")
    slider.press("Enter")
    expect(row(view, "2/0/1")).to_have_attribute("data-state", "done")
    view.locator(".tlw-effectstab").get_by_role("button", name="failed", exact=True).click()
    expect(row(view, "2/0/1")).to_have_count(0)
    row(view, "2/0/0/0").locator("b").click()
    kinds = "next(f.seq for f in lab.journal.read('worker') if f.kind == 'effect.failed')"
    expect(slider).to_have_value(page.ask(f"print({kinds})"))


def test_one_that_asks_is_answered_with_a_click(notebook):
    page = notebook(ASKS)
    view = page.widget(0)
    asking = row(view, "2/0")
    expect(asking).to_have_attribute("data-state", "asks")
    expect(asking).to_contain_text("did it happen?")
    page.theme("Dark")
    expect(view).to_have_attribute("data-theme", "dark")
    asking.get_by_role("button", name="Repeat").click()
    expect(asking).to_have_attribute("data-state", "done")
    expect(asking).to_contain_text("started 2 times")
    assert page.ask("print(payer.data['paid'])") == "5"
