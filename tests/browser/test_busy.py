"""A click is answered while a cell runs, asleep or computing; and where it cannot be, that is said."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .cells import DOOR

pytestmark = pytest.mark.browser

ASLEEP = "time.sleep(12)"
COMPUTING = "until = time.time() + 12\nwhile time.time() < until:\n    sum(range(200))"


@pytest.mark.parametrize("busy", [ASLEEP, COMPUTING], ids=["asleep", "computing"])
def test_a_click_is_answered_while_a_cell_runs(notebook, busy):
    page = notebook(DOOR + "run", busy)
    widget = page.widget(0)
    page.start(1)
    expect(page.page.locator(".jp-Cell").nth(1)).to_contain_text("[*]")
    for name, then in [("open_command", "opening"), ("fully_open", "open")]:
        widget.locator(f"[data-event={name}]").click()
        expect(widget.locator(".tlw-chip")).to_have_text(then)
    expect(widget.locator(".tlw-busy")).to_be_hidden()
    assert page.running(1)


def test_events_sent_by_a_running_cell_show_while_it_runs(notebook):
    page = notebook(DOOR + "run", "run.send('open_command')\ntime.sleep(8)")
    widget = page.widget(0)
    page.start(1)
    expect(widget.locator(".tlw-chip")).to_have_text("opening")
    assert page.running(1)


def test_a_kernel_without_subshells_is_said_to_be_busy(notebook):
    page = notebook(DOOR + "run", "time.sleep(4)", alone=True)
    # as a front end or a kernel without subshells would be: commands queue behind the cell
    page.forgive("subshells are not supported")  # said by JupyterLab, where it was opening one
    page.page.evaluate(
        """() => { const k = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
        Object.defineProperty(Object.getPrototypeOf(k), 'supportsSubshells', {get: () => false});
        Object.defineProperty(k, 'supportsSubshells', {get: () => false}); }"""
    )
    widget = page.widget(0)
    page.start(1)
    widget.locator("[data-event=open_command]").click()
    expect(widget.locator(".tlw-busy")).to_contain_text("Kernel busy")
    assert page.running(1)
    expect(widget.locator(".tlw-chip")).to_have_text("opening")
    expect(widget.locator(".tlw-busy")).to_be_hidden()


def test_a_kernel_that_was_restarted_is_said_not_to_answer(notebook):
    page = notebook(DOOR + "run")
    widget = page.widget(0)
    page.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    assert page.ask("print('here again')") == "here again"
    widget.locator("[data-event=open_command]").click()
    expect(widget.locator(".tlw-busy")).to_contain_text("No answer from the kernel")
    again = page.widget(0)
    again.locator("[data-event=open_command]").click()
    expect(again.locator(".tlw-chip")).to_have_text("opening")


def test_a_long_stream_of_changes_does_not_flood_the_page(notebook):
    page = notebook(
        DOOR + "run",
        "for _ in range(1000):\n"
        "    for name in ('open_command', 'fully_open', 'close_command', 'fully_closed'):\n"
        "        run.send(name)",
    )
    widget = page.widget(0)
    page.page.evaluate(
        """() => { window.__count = 0; new MutationObserver(() => { window.__count += 1; })
        .observe(document.querySelector('.tlw-seq'), {childList: true, characterData: true, subtree: true}); }"""
    )
    page.run(1)
    expect(widget.locator(".tlw-seq")).to_have_text("seq 4001")
    expect(widget.locator("[data-path=opened]")).to_contain_text("1000")
    assert page.page.evaluate("() => window.__count") < 400
