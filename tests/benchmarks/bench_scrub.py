"""How smoothly one scrubs through 10,000 steps in a real browser, and how soon they are there."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.browser.cells import DOOR
from tests.browser.jupyter import JupyterLab, find_chromium

STEPS = 10_000
FILL = f"""
from traaviis_lab import Event
def many(acknowledge):
    for number in range({STEPS} // 4):
        for name in ("open_command", "fully_open", "close_command", "fully_closed"):
            run._live.deliver(Event(name, {{"n": number}}))
    acknowledge(None)
lab.acknowledged(many)
from traaviis_lab.widgets import DebugWidget
"""

OPENS = """index => new Promise(done => { const began = performance.now();
    const w = window.jupyterapp.shell.currentWidget;
    w.content.activeCellIndex = index; w.content.deselectAll();
    const look = () => {
        const node = w.content.widgets[index].node;
        const there = node.querySelector('.tlw-stages .tl-active') && node.querySelector('.tlw-seqinput');
        if (there && there.value === '10,001') requestAnimationFrame(() => done(performance.now() - began));
        else setTimeout(look, 4);
    };
    window.jupyterapp.commands.execute('notebook:run-cell'); look(); })"""

# The work of a move on the main thread: the handler, the frame it asked for, the layout after it.
SCRUB = """async ([box, places]) => { const slider = box.querySelector('[role=slider]');
    const { left, width, top } = slider.getBoundingClientRect();
    const costs = [];
    const frame = () => new Promise(requestAnimationFrame);
    const point = (type, x) => slider.dispatchEvent(new PointerEvent(type, {
        bubbles: true, clientX: x, clientY: top + 12, pointerId: 1, button: 0, buttons: 1, isPrimary: true }));
    point('pointerdown', left + 1);
    for (let i = 0; i < places; i += 1) {
        await frame();
        let first = 0;
        requestAnimationFrame(() => { first = performance.now(); }); // before what the move asks for
        const began = performance.now();
        point('pointermove', left + (width - 2) * ((i * 7919) % places) / places);
        const handled = performance.now() - began;
        await frame(); // after it
        box.getBoundingClientRect();
        costs.push(handled + performance.now() - first);
    }
    point('pointerup', left + 1);
    return costs; }"""


def row(what, value, target, unit="ms"):
    return {
        "what": what, "value": value, "unit": unit, "target": target, "beside": "", "ratio": None,
    }  # fmt: skip


def p95(values):
    return sorted(values)[int(len(values) * 0.95)]


def rows():
    chromium = find_chromium()
    if chromium is None:
        return [row("no Chromium here: not measured", None, "")]
    with tempfile.TemporaryDirectory() as folder, JupyterLab(Path(folder), chromium) as lab:
        page = lab.open(DOOR, FILL, "lab.debug(run)")
        page.run(0)
        page.run(1)
        opens = page.page.evaluate(OPENS, 2)
        page.page.wait_for_timeout(3_000)
        box = page.output(2).locator(".tlw").element_handle()
        page.page.evaluate(SCRUB, [box, 60])
        costs = page.page.evaluate(SCRUB, [box, 600])
        page.close()
    return [
        row("debugger on 10,000 steps, from running the cell", opens, "< 1000"),
        row("work of a frame while scrubbing 10,000 steps, p95", p95(costs), "< 16"),
    ]


def main() -> None:
    for one in rows():
        print(f"{one['what']:45} {one['value'] or 0:8.1f} {one['unit']}   {one['target']}")


if __name__ == "__main__":
    main()
