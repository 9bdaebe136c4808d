"""How soon a person sees what happened and Python hears a click, in a real browser."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.browser.cells import BIG, DOOR
from tests.browser.jupyter import JupyterLab, Page, find_chromium

TIMES = 100
PAUSE_MS = 120

# When each seq was on the screen: stamped in the frame after the class changed.
WATCH = """box => { window.__seen = {};
    new MutationObserver(() => {
        const seq = Number(box.querySelector('.tlw-seq').textContent.slice(4));
        requestAnimationFrame(() => { window.__seen[seq] ??= Date.now(); });
    }).observe(box.querySelector('.tlw-seq'), {childList: true, characterData: true, subtree: true}); }"""

# Press the first event there is, again and again; stamp each press with the seq it should lead to.
PRESS = """async ([box, times, pause]) => { const pressed = {};
    for (let i = 0; i < times; i += 1) {
        const seq = Number(box.querySelector('.tlw-seq').textContent.slice(4));
        pressed[seq + 1] = Date.now();
        box.querySelector('[data-event]').click();
        for (let n = 0; n < 400 && !window.__seen[seq + 1]; n += 1) await new Promise(r => setTimeout(r, 5));
        await new Promise(r => setTimeout(r, pause));
    }
    return pressed; }"""

SEND = f"""
import json, time
sent = {{}}
for _ in range({TIMES}):
    now = time.time() * 1000
    run.send(run.events[0])
    sent[run.seq] = now
    time.sleep({PAUSE_MS / 1000})
print(json.dumps(sent))
"""

TAKEN_AT = """
import json
print(json.dumps({f.seq: f.at / 1000 for f in lab.journal.read(NAME.id) if f.kind == "event"}))
"""

APPEARS = """index => new Promise(done => { const began = performance.now();
    const w = window.jupyterapp.shell.currentWidget;
    w.content.activeCellIndex = index; w.content.deselectAll();
    const look = () => {
        const found = w.content.widgets[index].node.querySelectorAll('.tlw-canvas .tl-active').length;
        if (found) requestAnimationFrame(() => done(performance.now() - began));
        else setTimeout(look, 4);
    };
    window.jupyterapp.commands.execute('notebook:run-cell'); look(); })"""


def row(what, value, target):
    return {
        "what": what, "value": value, "unit": "ms", "target": target, "beside": "", "ratio": None,
    }  # fmt: skip


def p95(later: dict[str, float], sooner: dict[str, float]) -> float:
    waits = sorted(later[seq] - sooner[seq] for seq in sooner if seq in later)
    if len(waits) < len(sooner) * 0.9:
        raise RuntimeError(f"Only {len(waits)} of {len(sooner)} were seen.")
    return waits[int(len(waits) * 0.95)]


def press(page: Page, index: int, times: int = TIMES) -> tuple[dict, dict]:
    """When the button was pressed and when its outcome was seen, by seq."""
    box = page.output(index).locator(".tlw").element_handle()
    pressed = page.page.evaluate(PRESS, [box, times, PAUSE_MS])
    return pressed, page.page.evaluate("() => window.__seen")


def watch(page: Page, index: int) -> None:
    page.page.evaluate(WATCH, page.output(index).locator(".tlw").element_handle())


def on_a_door(lab: JupyterLab) -> list[dict]:
    busy = "import time\nuntil = time.time() + 12\nwhile time.time() < until:\n    "
    page = lab.open(DOOR + "run", busy + "time.sleep(1)", busy + "sum(range(200))")
    page.widget(0)
    watch(page, 0)
    sent = json.loads(page.ask(SEND))
    seen = page.page.evaluate("() => window.__seen")
    found = [row("Python change to picture, p95", p95(seen, sent), "< 50")]
    pressed, seen = press(page, 0)
    taken = json.loads(page.ask(TAKEN_AT.replace("NAME", "run")))
    found.append(row("click to Python, p95", p95(taken, pressed), "< 50"))
    found.append(row("click to picture, p95", p95(seen, pressed), "< 100"))
    for index, what in ((1, "asleep"), (2, "computing")):
        page.start(index)
        page.page.wait_for_timeout(500)
        pressed, seen = press(page, 0, 20)
        still = page.running(index)
        found.append(row(f"click to picture, a cell is {what}, p95", p95(seen, pressed), "< 200"))
        if not still:
            raise RuntimeError("The cell ended before the clicks did.")
        page.page.wait_for_function("i => window.__cells[i] === 'done'", arg=index)
    page.close()
    return found


def on_300_states(lab: JupyterLab) -> list[dict]:
    page = lab.open(BIG, "big")
    page.run(0)
    found = [row("picture of 300 states, 900 arrows", page.page.evaluate(APPEARS, 1), "< 2000")]
    watch(page, 1)
    pressed, seen = press(page, 1, 30)
    found.append(row("click on it to picture, p95", p95(seen, pressed), "< 200"))
    page.close()
    return found


def rows() -> list[dict]:
    chromium = find_chromium()
    if chromium is None:
        return [row("no Chromium here: not measured", None, "")]
    with tempfile.TemporaryDirectory() as folder, JupyterLab(Path(folder), chromium) as lab:
        return [*on_a_door(lab), *on_300_states(lab)]


def main() -> None:
    for one in rows():
        print(f"{one['what']:45} {one['value'] or 0:8.1f} {one['unit']}   {one['target']}")


if __name__ == "__main__":
    main()
