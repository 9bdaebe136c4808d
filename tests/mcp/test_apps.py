"""The live diagram as an MCP App: in a real browser, in a host's frame, over a real desk."""

import base64
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.jupyter import FLAGS, find_chromium
from tests.mcp.app_host import Host
from tests.mcp.at_desk import at_desk
from tests.mcp.talking import NEW
from traaviis_lab import Machine, State
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.mcp.apps import EXTENSION, MIME
from traaviis_lab.mcp.catalogue import catalogue
from traaviis_lab.mcp.library import DIAGRAM, Library

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "traaviis_lab" / "static" / "mcp_app.html"
SOURCES = ROOT / "extensions" / "widgets"
SHOWN_BY = {"get_fsm_state", "send_event", "create_fsm"}


class Hostile(Machine):
    data = {"said": ""}
    calm = State(initial=True, title="<img src=x onerror=window.pwned=1>")
    calm.to(calm, on="said", assign={"said": "event.text"})


@pytest.fixture
def desk():
    found = at_desk()
    yield found
    found.close()


@pytest.fixture
def host(desk):
    library = Library(desk.desk)
    found = Host(desk, library)
    yield found
    library.close()
    found.close()


@pytest.fixture(scope="module")
def browser():
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium here: `playwright install chromium`, or set CHROMIUM")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 900, "height": 700})
    problems = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    yield opened
    opened.close()
    assert problems == []


def active(app):
    return app.locator(".tl-leaf.tl-active")


def test_the_page_loads_nothing_and_runs_nothing_but_its_own_script():
    text = BUILT.read_text()
    assert len(text) < 40_000
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    script = re.search(r'<script type="module">(.*?)</script>', text, re.DOTALL)[1]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    for part in (script, style):
        assert base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() in policy
    assert set(re.findall(r"https?://[\w.-]+", text)) <= {"http://www.w3.org"}
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|eval|localStorage)\b|@import", text)


@pytest.mark.skipif(
    shutil.which("node") is None or not (SOURCES / "node_modules").is_dir(),
    reason="needs node and `npm ci` in extensions/widgets",
)
def test_a_rebuild_gives_the_same_bytes(tmp_path):
    subprocess.run(["node", "build_app.mjs", str(tmp_path)], cwd=SOURCES, check=True)
    assert (tmp_path / BUILT.name).read_bytes() == BUILT.read_bytes(), "npm run build"


def test_tools_that_answer_with_a_run_name_the_app(desk):
    library = Library(desk.desk)
    assert {one.name for one in catalogue().values() if one.app} == SHOWN_BY
    for name in SHOWN_BY:
        assert library.tool_meta(catalogue()[name])["ui"] == {"resourceUri": DIAGRAM}
    assert library.tool_meta(catalogue()["list_tenant_fsms"]) is None


def test_a_client_is_told_of_the_app_and_can_read_it(talk, era):
    if era == NEW:  # the older protocol has no place for it: there the tools alone say it
        told = talk.ask("server/discover")["capabilities"]["extensions"]
        assert told[EXTENSION] == {"mimeTypes": [MIME]}
    metas = {one["name"]: one.get("_meta", {}) for one in talk.ask("tools/list")["tools"]}
    assert {name for name, meta in metas.items() if "ui" in meta} == SHOWN_BY
    [content] = talk.ask("resources/read", {"uri": metas["get_fsm_state"]["ui"]["resourceUri"]})[
        "contents"
    ]
    assert content["mimeType"] == MIME
    assert content["_meta"]["ui"]["csp"] == {}
    assert content["text"] == BUILT.read_text()


@pytest.mark.browser
class TestInAHost:
    def test_it_shows_a_run_and_follows_it_live(self, desk, host, page):
        run = desk.lab.start(SmartDoor, id="door/1 ä")
        app = host.show(page, result=host.ask("get_fsm_state", fsm_id=run.id))
        expect(active(app)).to_have_attribute("data-state", "closed")
        expect(app.locator(".ta-title")).to_have_text("SmartDoor · door/1 ä")
        expect(app.locator(".ta-badge")).to_have_text("live")
        run.send("open_command")
        expect(active(app)).to_have_attribute("data-state", "opening")
        run.send("fully_open")
        expect(active(app)).to_have_attribute("data-state", "open")
        expect(app.locator(".ta-caption")).to_contain_text("fully_open → open")
        expect(app.locator(".ta-fields")).to_contain_text("opened = 1")
        asked = [name for method, name in host.calls if method == "tools/call"]
        assert set(asked) == {"wait_for_fsm_event"}
        assert len(asked) < 10, "a long poll, no storm"
        assert page.evaluate("window.size.height") > 200

    def test_the_slider_steps_through_the_history_while_the_run_goes_on(self, desk, host, page):
        run = desk.lab.start(SmartDoor, id="d")
        run.send("open_command")
        app = host.show(page, arguments={"fsm_id": "d"})
        expect(active(app)).to_have_attribute("data-state", "opening")
        app.get_by_label("One step back").click()
        expect(active(app)).to_have_attribute("data-state", "closed")
        expect(app.locator(".ta-badge")).to_have_text("seq 1")
        run.send("fully_open")
        expect(app.get_by_label("Step", exact=True)).to_have_attribute("max", "2")
        expect(active(app)).to_have_attribute("data-state", "closed")
        app.get_by_label("Step", exact=True).press("ArrowRight")
        expect(active(app)).to_have_attribute("data-state", "opening")
        app.get_by_role("button", name="Live").click()
        expect(active(app)).to_have_attribute("data-state", "open")

    def test_it_says_when_the_run_is_done_and_asks_no_more(self, desk, host, page):
        run = desk.lab.start(SmartDoor, id="d")
        app = host.show(page, arguments={"fsm_id": "d"})
        expect(active(app)).to_have_count(1)
        run.stop()
        expect(app.locator(".ta-badge")).to_have_text("done")
        before = len(host.calls)
        page.wait_for_timeout(600)
        assert len(host.calls) == before

    def test_it_looks_now_and_then_where_no_tool_can_be_called(self, desk, host, page):
        run = desk.lab.start(SmartDoor, id="d")
        app = host.show(page, arguments={"fsm_id": "d"}, can={"serverResources": {}})
        expect(active(app)).to_have_attribute("data-state", "closed")
        run.send("open_command")
        expect(active(app)).to_have_attribute("data-state", "opening")
        assert page.evaluate("window.refused") == []

    @pytest.mark.parametrize("can", [{}, {"serverTools": {}}])
    def test_it_degrades_to_words_and_says_why(self, desk, host, page, can):
        desk.lab.start(SmartDoor, id="d")
        app = host.show(page, result=host.ask("get_fsm_state", fsm_id="d"), can=can)
        expect(app.locator(".ta-state")).to_have_text("closed")
        expect(app.locator(".ta-notice")).to_contain_text("This client")
        assert page.evaluate("window.refused") == []

    def test_a_call_that_failed_is_told_in_its_own_words(self, desk, host, page):
        app = host.show(page, arguments={"fsm_id": "nobody"})
        expect(app.locator(".ta-notice")).to_contain_text("There is no run 'nobody'.")

    def test_it_wears_the_hosts_theme_and_changes_with_it(self, desk, host, page):
        desk.lab.start(SmartDoor, id="d")
        colours = {"variables": {"--color-background-primary": "rgb(1, 2, 3)"}}
        app = host.show(page, arguments={"fsm_id": "d"}, theme="dark", styles=colours)
        expect(active(app)).to_have_count(1)
        expect(app.locator("html")).to_have_css("background-color", "rgb(1, 2, 3)")
        expect(active(app).locator("rect").first).to_have_css("fill", "rgb(96, 165, 250)")
        page.evaluate("tell('ui/notifications/host-context-changed', {theme: 'light'})")
        expect(active(app).locator("rect").first).to_have_css("fill", "rgb(37, 99, 235)")

    def test_what_a_run_says_is_text_and_never_markup(self, desk, host, page):
        run = desk.lab.start(Hostile, id="<b>id</b>")
        run.send("said", text="<img src=x onerror=parent.pwned=1></script><script>1</script>")
        app = host.show(page, arguments={"fsm_id": run.id})
        expect(app.locator(".ta-fields")).to_contain_text("<img src=x")
        expect(app.locator(".ta-title")).to_contain_text("<b>id</b>")
        expect(app.locator("img, .ta-page b b, .ta-title b")).to_have_count(0)
        assert page.evaluate("window.pwned") is None

    def test_it_listens_to_its_host_alone_and_ends_with_it(self, desk, host, page):
        desk.lab.start(SmartDoor, id="d")
        app = host.show(page, arguments={"fsm_id": "d"})
        expect(active(app)).to_have_count(1)
        page.evaluate(
            "post({id: 'bye', method: 'ui/resource-teardown', params: {reason: 'closed'}});"
            "post({id: 'odd', method: 'sampling/createMessage', params: {}})"
        )
        page.wait_for_function("window.seen.filter((one) => one === 'answer').length === 2")
