"""A bridge as its client sees it: a process that is given lines and gives lines."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time

LEGACY, MODERN = "2025-11-25", "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Bridged:
    """The bridge process. Use it as a context; it is ended with it."""

    def __init__(self, folder, *options, command=("-m", "traaviis_lab.bridge"), **env):
        self.errors = folder / f"stderr-{time.monotonic_ns()}.txt"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, *command, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **env},
            )
        self.lines = queue.Queue()
        self.seen = []
        self._next = 0
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if not self.process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()

    def _read(self):
        with self.process.stdout as out:
            for line in out:
                self.lines.put(line)
        self.lines.put(None)

    def write(self, *messages):
        for one in messages:
            text = one if isinstance(one, bytes) else json.dumps(one).encode()
            self.process.stdin.write(text + b"\n")
        self.process.stdin.flush()

    def read(self, patience=30):
        """The next message; None at the end."""
        line = self.lines.get(timeout=patience)
        if line is None:
            return None
        assert line.endswith(b"\n")
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0", "nothing but protocol on stdout"
        self.seen.append(message)
        return message

    def until(self, fits, patience=30):
        """The first message that fits; the others are kept in `seen`."""
        end = time.monotonic() + patience
        while True:
            message = self.read(max(0.1, end - time.monotonic()))
            assert message is not None, f"the bridge ended: {self.said()}"
            if fits(message):
                return message

    def send(self, method, params=None, *, modern=False, id=None):
        """Send a request; answers its id."""
        self._next += 1
        number = id if id is not None else self._next
        params = {**(params or {}), **({"_meta": META} if modern else {})}
        self.write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return number

    def answer(self, number, patience=30):
        def fits(message):
            return message.get("id") == number and "method" not in message

        # It may have come while another answer was waited for.
        return next((one for one in self.seen if fits(one)), None) or self.until(fits, patience)

    def ask(self, method, params=None, *, modern=False, patience=30):
        """Send a request and wait for its answer."""
        return self.answer(self.send(method, params, modern=modern), patience)

    def call(self, name, arguments=None, **how):
        return self.ask("tools/call", {"name": name, "arguments": arguments or {}}, **how)

    def greet(self, capabilities=None):
        """Open a session of the older era."""
        who = {"name": "test", "version": "1"}
        told = self.ask(
            "initialize",
            {"protocolVersion": LEGACY, "capabilities": capabilities or {}, "clientInfo": who},
        )
        self.write({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return told

    def said(self):
        """What it told a person."""
        return self.errors.read_text()

    def says(self, text, patience=20):
        """Wait until it has told a person that."""
        end = time.monotonic() + patience
        while text not in self.said():
            assert time.monotonic() < end, self.said()
            time.sleep(0.05)

    def end(self, patience=10):
        """Close its input; answers its exit code."""
        self.process.stdin.close()
        return self.process.wait(patience)
