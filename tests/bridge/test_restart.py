"""Kernels that come and go under the bridge: real ones, restarted, killed, two at a time."""

import json
import os
import signal
import time
from contextlib import contextmanager

import pytest
from jupyter_client.manager import KernelManager

from traaviis_lab.bridge import all_connections, find

from .client import Bridged
from .raw import Raw, answered, greeted, http

SERVE = """
from traaviis_lab import Lab
from traaviis_lab.gallery import SmartDoor
lab = Lab(); lab.start(SmartDoor, id="door"); server = lab.serve_mcp()
"""


class Kernel:
    """A real ipykernel."""

    def __init__(self, notebook=""):
        env = {**os.environ, **({"JPY_SESSION_NAME": notebook} if notebook else {})}
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=env)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code):
        reply = self.client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok", reply["content"]
        return self

    @property
    def pid(self):
        return self.manager.provisioner.pid

    def restart(self):
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=60)
        return self

    def close(self):
        if not self.manager.has_kernel:
            return
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@contextmanager
def kernel(notebook=""):
    one = Kernel(notebook)
    try:
        yield one
    finally:
        one.close()


def state_of(bridge, **how):
    answer = bridge.call("get_fsm_state", {"fsm_id": "door"}, **how)
    assert "result" in answer, answer
    return answer["result"]["structuredContent"]["state"]


@pytest.mark.parametrize("modern", [False, True], ids=["sessions", "modern"])
def test_a_kernel_restarts_and_the_client_goes_on(modern, tmp_path):
    with kernel() as one, Bridged(tmp_path) as bridge:
        one.run(SERVE)
        first = find()
        assert first.kernel
        assert first.kernel in one.manager.connection_file
        if not modern:
            bridge.greet()
        bridge.call("send_event", {"fsm_id": "door", "event": "open_command"}, modern=modern)
        assert state_of(bridge, modern=modern) == "opening"
        one.restart()
        # Asked while nobody serves: it waits for the server to come back.
        number = bridge.send(
            "tools/call",
            {"name": "get_fsm_state", "arguments": {"fsm_id": "door"}},
            modern=modern,
        )
        one.run(SERVE)
        second = find()
        assert second.kernel == first.kernel
        assert second.token != first.token
        answer = bridge.answer(number)
        assert answer["result"]["structuredContent"]["state"] == "closed"
        assert state_of(bridge, modern=modern) == "closed"
        if not modern:
            news = [m["method"] for m in bridge.seen if "method" in m]
            assert "notifications/tools/list_changed" in news
        assert bridge.end() == 0


def test_a_kernel_that_is_killed_in_the_middle_of_a_call_is_not_asked_again(tmp_path):
    with kernel() as one, Bridged(tmp_path) as bridge:
        one.run(SERVE)
        bridge.greet()
        assert state_of(bridge) == "closed"
        wait = {"fsm_id": "door", "after_seq": 1, "timeout": 50}
        number = bridge.send("tools/call", {"name": "wait_for_fsm_event", "arguments": wait})
        time.sleep(1)
        os.kill(one.pid, signal.SIGKILL)
        told = bridge.answer(number)["error"]["message"]
        assert "may have been performed, or not" in told
        # Its sockets are closed a moment before it has ended.
        end = time.monotonic() + 10
        while all_connections():
            assert time.monotonic() < end
            time.sleep(0.05)


def test_two_kernels_each_with_its_own_bridge(tmp_path):
    with kernel(str(tmp_path / "a.ipynb")) as one, kernel(str(tmp_path / "b.ipynb")) as other:
        one.run(SERVE)
        other.run(SERVE)
        with Bridged(tmp_path) as lost:
            told = lost.ask("tools/list", modern=True)["error"]["message"]
            assert "--notebook" in told
            assert "a.ipynb" in told
            assert "b.ipynb" in told
        kernel_of_other = find(notebook=str(tmp_path / "b.ipynb")).kernel
        with (
            Bridged(tmp_path, "--notebook", str(tmp_path / "a.ipynb")) as first,
            Bridged(tmp_path, "--kernel", kernel_of_other[:8]) as second,
        ):
            first.greet()
            second.greet()
            first.call("send_event", {"fsm_id": "door", "event": "open_command"})
            assert state_of(first) == "opening"
            assert state_of(second) == "closed"
            one.close()
            assert state_of(second) == "closed"
            number = first.send(
                "tools/call", {"name": "get_fsm_state", "arguments": {"fsm_id": "door"}}
            )
            with kernel(str(tmp_path / "a.ipynb")) as again:
                again.run(SERVE)
                answer = first.answer(number)
                assert answer["result"]["structuredContent"]["state"] == "closed"


def going(name, offers=None):
    """Answers as a server in its n-th life does."""

    def answer(head, body):
        if b'"initialize"' in body:
            return greeted(body, session=f"session-{name}", offers=offers)
        if f"mcp-session-id: session-{name}" not in head.lower():
            return [http(404)]
        return answered(body, {"life": name}) if body and b'"id"' in body else [http(202)]

    return answer


def test_a_session_that_is_forgotten_is_opened_again_with_all_that_was_asked_for(tmp_path):
    offers = {"tools": {"listChanged": True}, "resources": {"subscribe": True}}
    with Raw(going("one", offers)) as raw, Bridged(tmp_path) as bridge:
        bridge.greet()
        bridge.ask("logging/setLevel", {"level": "debug"})
        bridge.ask("resources/subscribe", {"uri": "fsm://a"})
        bridge.ask("resources/subscribe", {"uri": "fsm://b"})
        bridge.ask("resources/unsubscribe", {"uri": "fsm://a"})
        assert bridge.call("x")["result"] == {"life": "one"}
        raw.answer, before = going("two", offers), len(raw.seen)
        assert bridge.call("x")["result"] == {"life": "two"}
        told = [(m["method"], m.get("params", {}).get("uri")) for m in raw.posts()[-7:]]
        assert ("initialize", None) in told
        assert ("notifications/initialized", None) in told
        assert ("logging/setLevel", None) in told
        assert ("resources/subscribe", "fsm://b") in told
        assert ("resources/subscribe", "fsm://a") not in told
        assert len(raw.seen) > before
        answers = [m for m in bridge.seen if str(m.get("id", "")).startswith("traaviis")]
        assert not answers, "the client hears nothing of the bridge's own requests"
        news = [m["method"] for m in bridge.seen if "method" in m]
        assert news == ["notifications/tools/list_changed"]


def test_a_client_that_only_waits_is_told_when_the_server_is_back(tmp_path):
    def answer(head, body):
        return going("one")(head, body) if body else standing()

    def standing():
        yield http(200, kind="text/event-stream").replace(b"Content-Length: 0\r\n", b"")
        raw.over.wait(30)

    with Bridged(tmp_path) as bridge:
        with Raw(answer) as raw:
            bridge.greet()
            bridge.ask("ping")
            time.sleep(1)
        with Raw(going("two")):
            assert bridge.until(lambda m: m.get("method") == "notifications/tools/list_changed")
            assert bridge.call("x")["result"] == {"life": "two"}


def test_when_the_server_stays_away_the_waiting_ends_and_later_calls_are_told_at_once(tmp_path):
    with Bridged(tmp_path) as bridge:
        with Raw(going("one")):
            bridge.greet()
            bridge.ask("ping")
        with Raw(going("other"), kernel="another"):
            told = bridge.call("x", patience=60)["error"]["message"]
            assert "lab.serve_mcp()" in told
            begun = time.monotonic()
            assert "error" in bridge.call("x")
            assert time.monotonic() - begun < 5
        with Raw(going("two")):
            time.sleep(2)
            assert bridge.call("x")["result"] == {"life": "two"}


def test_what_is_harmless_is_asked_again_and_a_call_is_not(tmp_path):
    broken = {"tools/list": 1, "tools/call": 1}

    def answer(head, body):
        method = json.loads(body)["method"] if body else ""
        if method == "initialize":
            return greeted(body)
        if broken.get(method):
            broken[method] -= 1
            return []
        return answered(body, {}) if body and b'"id"' in body else [http(202)]

    with Raw(answer) as raw, Bridged(tmp_path) as bridge:
        bridge.greet()
        assert bridge.ask("tools/list")["result"] == {}
        assert "may have been performed" in bridge.call("x")["error"]["message"]
        assert [m["method"] for m in raw.posts()].count("tools/list") == 2
        assert [m["method"] for m in raw.posts()].count("tools/call") == 1
