"""Take the documentation's pictures of debugger and server: `python -m tests.pictures`.

A real JupyterLab, a real kernel, the notebook cells below; what is wrong in the page fails it.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.jupyter import JupyterLab, Page, find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Locator

OUT = Path(__file__).parents[2] / "docs" / "pictures"
REFUND = Path(__file__).with_name("refund.py").read_text(encoding="utf-8")
AGENT = Path(__file__).with_name("agent.py").read_text(encoding="utf-8")
DEBUG = "lab.debug(run)"


def main() -> None:
    """Take them all, light and dark."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("No Chromium here: playwright install chromium, or set CHROMIUM.")
    folder = Path(tempfile.mkdtemp(prefix="pictures-"))
    with JupyterLab(folder, chromium, width=1400, height=1200) as lab:
        page = lab.open(REFUND, DEBUG)
        page.run(0)
        view = page.widget(1)
        _travel(page, view)
        _hold(page, view)
        _compare(page, view)
        problems = page.problems()
        page.close()
        problems += _serve(lab)
    if problems:
        sys.exit("\n".join(problems))


def _travel(page: Page, view: Locator) -> None:
    box = view.get_by_label("Go to seq")
    box.fill("7")
    box.press("Enter")
    page.page.wait_for_timeout(600)
    _take(page, view, "debugger")
    page.theme("Dark")
    page.page.wait_for_timeout(600)
    _take(page, view, "debugger-dark")
    page.theme("Light")


def _hold(page: Page, view: Locator) -> None:
    page.ask("run.breakpoint('paid'); run.send('approved', by='zoe')")
    view.locator(".tlw-held").get_by_text("Held at").wait_for()
    view.get_by_role("tab", name=re.compile("Breakpoints")).click()
    page.page.wait_for_timeout(600)
    _take(page, view, "held")
    view.locator(".tlw-held").get_by_role("button", name="Resume").click()


def _compare(page: Page, view: Locator) -> None:
    page.ask("run.fork(at=8, event='rejected', data={'by': 'zoe'}, id='what_if')")
    view.get_by_role("tab", name=re.compile("Forks")).click()
    row = view.locator("[data-run='what_if']")
    row.get_by_role("button", name=re.compile("B|ompare")).first.click()
    view.get_by_role("tab", name=re.compile("Compare")).click()
    page.page.wait_for_timeout(900)
    _take(page, view, "compare")


def _serve(lab: JupyterLab) -> list[str]:
    page = lab.open(AGENT, "server", "asked = await work()")
    page.run(0)
    view = page.widget(1)
    page.run(2)
    view.get_by_role("button", name="Allow once").wait_for()
    page.page.wait_for_timeout(600)
    _take(page, view, "mcp")
    problems = page.problems()
    page.ask("server.stop()")
    page.close()
    return problems


def _take(page: Page, view: Locator, name: str) -> None:
    page.page.mouse.move(2, 2)
    view.screenshot(path=str(OUT / f"{name}.png"))


if __name__ == "__main__":
    main()
