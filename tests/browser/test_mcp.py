"""The MCP server in a real notebook: agents drive and ask, a person sees, switches, allows and stops."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from tests.mcp.talking import Talk

from .cells import DOOR

pytestmark = pytest.mark.browser

SERVE = "server = lab.serve_mcp()\nserver"


@pytest.fixture(autouse=True)
def hung_up():
    yield
    Talk.close_all()


def agent(page, name="scout"):
    """A client in this process of the server in the page's kernel."""
    port, token = page.ask("print(server.port, server.token)").split()
    return Talk(SimpleNamespace(port=int(port), token=token), name=name)


class Calling:
    """A call that waits for a person, on a thread of its own."""

    def __init__(self, talk, tool, **arguments):
        self.said = {}
        talk.open()
        self._thread = threading.Thread(
            target=lambda: self.said.update(talk.call(tool, **arguments))
        )
        self._thread.start()

    def answer(self):
        self._thread.join(15)
        assert not self._thread.is_alive(), "the call is not answered"
        return self.said


def answer(widget, name):
    widget.locator(".tlw-ask").first.get_by_role("button", name=name).click()


def test_a_call_from_outside_moves_the_diagram_and_shows(notebook):
    page = notebook(DOOR + "run", SERVE)
    diagram, widget = page.widget(0), page.widget(1)
    expect(widget).to_contain_text("No agent has called yet.")
    talk = agent(page)
    assert talk.call("send_event", fsm_id="door_001", event="open_command")["state"] == "opening"
    expect(diagram.locator(".tlw-canvas [data-state=opening]")).to_contain_class("tl-active")
    expect(diagram.locator(".tlw-header .tlw-chip")).to_have_text("opening")
    line = widget.locator(".tlw-scalls tbody tr").first
    for text in ("send_event", "scout", "door_001", "ok"):
        expect(line).to_contain_text(text)
    expect(widget.locator(".tlw-sclients tbody tr")).to_contain_text("scout")
    line.get_by_role("button").click()
    expect(widget.locator(".tlw-sopened")).to_contain_text('"event": "open_command"')


def test_an_approval_is_asked_and_given_there(notebook):
    page = notebook(DOOR + "run", SERVE, "lab")
    diagram, widget, panel = page.widget(0), page.widget(1), page.widget(2)
    call = Calling(agent(page), "destroy_fsm", fsm_id="door_001")
    card = widget.locator(".tlw-ask")
    expect(card).to_contain_text("An agent (scout) wants to")
    expect(card.locator(".tlw-askargs")).to_contain_text('"fsm_id": "door_001"')
    expect(panel.locator(".tlw-ask")).to_have_count(1)
    assert page.ask("print(run.done)") == "False"
    answer(widget, "Allow once")
    assert call.answer()["done"] is True
    expect(diagram.locator(".tlw-header .tlw-badge")).to_have_text("stopped")
    expect(card).to_have_count(0)
    expect(panel.locator(".tlw-ask")).to_have_count(0)


def test_a_no_keeps_the_run_and_always_is_asked_once(notebook):
    page = notebook(DOOR + "lab.start(SmartDoor, id='door_002')\nlab", SERVE)
    panel, widget = page.widget(0), page.widget(1)
    talk = agent(page)
    call = Calling(talk, "destroy_fsm", fsm_id="door_001")
    expect(widget.locator(".tlw-ask")).to_have_count(1)
    answer(panel, "Deny")
    assert call.answer()["error"]["kind"] == "PermissionDenied"
    expect(widget.locator(".tlw-ask")).to_have_count(0)
    expect(widget.locator(".tlw-scalls tbody tr").first).to_contain_text("PermissionDenied")
    assert page.ask("print(run.done)") == "False"
    call = Calling(talk, "destroy_fsm", fsm_id="door_001")
    answer(panel, "Always for this tool")
    assert call.answer()["done"] is True
    assert talk.call("destroy_fsm", fsm_id="door_002")["done"] is True


def test_an_answer_is_given_while_a_cell_runs(notebook):
    page = notebook(DOOR + SERVE, "time.sleep(15)")
    widget = page.widget(0)
    talk = agent(page)
    page.start(1)
    call = Calling(talk, "destroy_fsm", fsm_id="door_001")
    answer(widget, "Allow once")
    assert call.answer()["done"] is True
    assert page.running(1)
    expect(widget.locator(".tlw-ask")).to_have_count(0)


def test_several_questions_are_answered_by_keyboard_in_order(notebook):
    page = notebook(DOOR + "lab.start(SmartDoor, id='door_002')\n" + SERVE)
    widget, keys = page.widget(0), page.page.keyboard
    first = Calling(agent(page), "destroy_fsm", fsm_id="door_001")
    expect(widget.locator(".tlw-ask")).to_have_count(1)
    second = Calling(agent(page, "rival"), "destroy_fsm", fsm_id="door_002")
    expect(widget.locator(".tlw-ask")).to_have_count(2)
    expect(widget.locator("[aria-live=polite]", has_text="(rival)")).to_have_count(1)
    widget.locator(".tlw-ask").first.get_by_role("button", name="Allow once").focus()
    keys.press("Enter")
    assert first.answer()["done"] is True
    card = widget.locator(".tlw-ask")
    expect(card).to_have_count(1)
    expect(card).to_be_focused()
    keys.press("Enter")  # nothing: it must not answer the next one
    for _ in range(4):
        keys.press("Tab")
    expect(card.get_by_role("button", name="Deny")).to_be_focused()
    keys.press("Enter")
    assert "error" in second.answer()
    expect(card).to_have_count(0)


def test_one_that_is_withdrawn_is_gone(notebook):
    page = notebook(DOOR + SERVE)
    widget = page.widget(0)
    page.ask("q = lab.approvals.ask('An agent (x) wants a thing.', who='x')")
    expect(widget.locator(".tlw-ask")).to_have_count(1)
    page.ask("lab.approvals.withdraw(q.id)")
    expect(widget.locator(".tlw-ask")).to_have_count(0)


def test_what_an_agent_writes_is_text(notebook):
    page = notebook(DOOR + SERVE, "lab.approvals")
    widget = page.widget(0)
    evil = "<img src=x onerror=document.title='gone'>"
    page.ask(
        f"lab.approvals.ask({evil!r}, who={evil!r}, tool={evil!r}, arguments={{'a': {evil!r}}})"
    )
    agent(page, evil).call("get_fsm_state", fsm_id=evil)
    expect(widget.locator(".tlw-ask strong")).to_have_text(evil)
    expect(widget.locator(".tlw-scalls tbody")).to_contain_text(evil)
    page.run(1)
    expect(page.output(1)).to_contain_text(evil)
    assert page.page.locator(".jp-OutputArea img").count() == 0
    assert page.page.title() != "gone"


def test_a_set_that_is_switched_off_is_gone_from_the_list(notebook):
    page = notebook(DOOR + SERVE)
    widget = page.widget(0)
    talk = agent(page)
    assert "get_history" in talk.names()
    switch = widget.get_by_role("switch", name="debug")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.focus()
    page.page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "false")
    assert "get_history" not in talk.names()
    page.ask("server.switch('debug', True)")
    expect(switch).to_have_attribute("aria-checked", "true")


def test_the_token_is_shown_on_a_click_and_in_no_file(notebook):
    page = notebook(DOOR + SERVE, "print(repr(server))")
    widget = page.widget(0)
    page.run(1)
    token = page.ask("print(server.token)")
    said = widget.evaluate("el => el.outerHTML")
    assert token not in said
    expect(widget.locator(".tlw-stext")).to_contain_text("••••")
    widget.get_by_role("button", name="Show token").click()
    expect(widget.locator(".tlw-stoken")).to_have_text(token)
    page.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    saved = page.page.evaluate(
        "() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.model.toJSON())"
    )
    files = [path.read_text() for path in page.lab.root.rglob("*.ipynb")]
    assert any("MCP server" in text for text in files)
    assert not any(token in text for text in (saved, *files))
    widget.get_by_role("button", name="Hide token").click()
    expect(widget.locator(".tlw-stoken")).to_contain_text("••••")


def test_what_to_paste_and_the_token_are_copied_without_being_shown(notebook):
    page = notebook(DOOR + SERVE)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    widget = page.widget(0)
    token = page.ask("print(server.token)")
    read = "() => navigator.clipboard.readText()"
    widget.get_by_role("button", name="Copy the token without showing it").click()
    expect(widget.get_by_role("button", name="Copied")).to_have_count(1)
    assert page.page.evaluate(read) == token
    for client, name in (("cursor", "Cursor"), ("claude-code", "Claude Code")):
        widget.get_by_role("radio", name=name).click()
        expect(widget.locator(".tlw-stext")).not_to_have_text("")
        widget.get_by_role("button", name="Copy the text with the token").click()
        page.page.wait_for_function(
            "async text => (await navigator.clipboard.readText()).trim() === text",
            arg=page.ask(f"print(server.client_config({client!r}))"),
        )
        assert token not in widget.evaluate("el => el.outerHTML")


def test_it_is_stopped_and_serves_again(notebook):
    page = notebook(DOOR + SERVE)
    widget = page.widget(0)
    talk = agent(page)
    talk.call("get_fsm_state", fsm_id="door_001")
    stop = widget.locator("[data-do=stop]")
    stop.click()
    expect(stop).to_have_text("Really stop? 1 connected")
    assert page.ask("print(server.is_running)") == "True"
    stop.click()
    expect(widget.locator(".tlw-header .tlw-badge")).to_have_text("stopped")
    assert page.ask("print(server.is_running)") == "False"
    with pytest.raises(ConnectionRefusedError):
        agent(page).open()
    widget.locator("[data-do=start]").click()
    expect(widget.locator(".tlw-header .tlw-badge")).to_have_text("serving")
    page.ask("server = lab.serve_mcp()")
    expect(widget.locator(".tlw-surl")).to_have_text(page.ask("print(server.url)"))
    agent(page).call("get_fsm_state", fsm_id="door_001")
    expect(widget.locator(".tlw-scalls tbody tr")).to_have_count(1)


def test_a_page_that_is_opened_again_shows_what_is_so_now(notebook):
    page = notebook(DOOR + SERVE)
    page.widget(0)
    page.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    agent(page).call("get_fsm_state", fsm_id="door_001")
    page.reload()
    widget = page.output(0).locator(".tlw").first
    expect(widget.locator(".tlw-scalls tbody tr")).to_have_count(1)
    Calling(agent(page), "destroy_fsm", fsm_id="door_001")
    answer(widget, "Deny")
    expect(widget.locator(".tlw-ask")).to_have_count(0)


def test_the_theme_is_followed(notebook):
    page = notebook(DOOR + SERVE)
    widget = page.widget(0)
    page.theme("Dark")
    expect(widget).to_have_attribute("data-theme", "dark")
    back, text = (
        sum(colour[:3]) / 3
        for colour in widget.evaluate(
            """el => ['backgroundColor', 'color'].map(name =>
            getComputedStyle(el)[name].match(/[\\d.]+/g).map(Number))"""
        )
    )
    assert back < 80
    assert text > 180
