"""Costs in a real notebook: as calls come, chosen, downloaded, beside the debugger, in both themes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SETUP = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tests.lab.spending import Triage, called, foreseen
from traaviis_lab import Lab
lab = Lab()
run = lab.start(Triage, "t1", tenant="acme")
"""
CALLS = """
called(run, "classify", "a/small", 300, 10, 0.0001, foreseen(300, 10, 0.0001))
run.send("classified")
called(run, "answer", "a/large", 1500, 500, 0.01, foreseen(1500, 250, 0.005))
_ = called(run, "answer", "new/model", 1500, 500, None)
"""


def test_it_is_empty_and_fills_as_calls_come(notebook):
    page = notebook(SETUP + "run.costs()", CALLS)
    widget = page.widget(0)
    expect(widget.locator(".tlw-cnone")).to_contain_text("No model was asked yet.")
    page.run(1)
    expect(widget.locator(".tlw-ctotals")).to_contain_text("$0.0101 + 1 unknown")
    expect(widget.locator("[data-group=classify] .tlw-cnum")).to_have_text("≈$0.0001 → $0.0001")
    expect(widget.locator(".tlw-shadetext")).to_have_count(2)
    expect(widget.locator("canvas")).to_have_count(1)
    line = widget.locator("[data-group='a/large'] .tlw-cwas").bounding_box()
    came = widget.locator("[data-group='a/large'] .tlw-ccame").bounding_box()
    assert line
    assert came
    assert abs(line["width"] / came["width"] - 0.5) < 0.02


def test_keys_choose_and_download(notebook):
    page = notebook(SETUP + CALLS + "run.costs()")
    widget = page.widget(0)
    widget.locator(".tlw-costs").focus()
    page.page.keyboard.press("2")
    expect(widget.locator("[data-unit=tokens]")).to_have_attribute("aria-checked", "true")
    expect(widget.locator("[data-group=classify] .tlw-cnum")).to_have_text("≈310 → 310")
    with page.page.expect_download() as download:
        page.page.keyboard.press("c")
    text = Path(download.value.path()).read_text()
    assert download.value.suggested_filename == "costs-t1.csv"
    assert text == page.ask("print(run.costs().to_csv())") + "\n"


def test_a_press_on_a_call_goes_to_its_step_in_the_debugger(notebook):
    page = notebook(SETUP + CALLS + "run.costs()", "lab.debug(run)")
    widget, debugger = page.widget(0), page.widget(1)
    dearest = widget.locator(".tlw-ccalls tbody button").first
    seq = dearest.inner_text()
    dearest.click()
    expect(widget.locator(".tlw-cmore")).to_contain_text("off by -50%")
    expect(debugger.locator("[aria-valuetext]").first).to_have_attribute(
        "aria-valuetext", f"seq {seq} of {page.ask('print(run.seq)')}: answer, a/large"
    )


def test_the_debugger_has_the_sums_up_to_its_step(notebook):
    page = notebook(SETUP + CALLS + "lab.debug(run)")
    debugger = page.widget(0)
    debugger.locator(".tlw-debug").focus()
    page.page.keyboard.press("8")
    rows = debugger.locator(".tlw-costtab tr")
    expect(rows).to_have_count(4)
    expect(rows.last).to_contain_text("$0.0101 + 1 unknown")
    page.page.keyboard.press("Home")
    expect(debugger.locator(".tlw-costtab")).to_contain_text("No model was asked up to here.")


def test_many_runs_and_both_themes(notebook):
    page = notebook(
        SETUP + CALLS + "lab.costs()",
        "_ = called(lab.start(Triage, 't2'), 'answer', 'a/large', 1500, 500, 0.5)",
    )
    widget = page.widget(0)
    expect(widget.locator(".tlw-chead")).to_contain_text("1 run")
    page.run(1)
    expect(widget.locator(".tlw-chead")).to_contain_text("2 runs")
    expect(widget.locator("[data-group=default] .tlw-cnum")).to_have_text("$0.50")
    expect(widget.locator("canvas")).to_have_count(2)
    page.theme("Dark")
    expect(widget).to_have_attribute("data-theme", "dark")
    page.theme("Light")
    expect(widget).to_have_attribute("data-theme", "light")
