"""Run the shelf over HTTP in a process of its own, on a port that stays the same when it restarts."""

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

SHELF = str(Path(__file__).parent / "shelf.py")


class HttpShelf:
    """`with HttpShelf() as shelf: shelf.url`; `restart()` ends it in the middle and starts anew."""

    def __init__(self, **env):
        self._env = {**os.environ, **env}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}/mcp"
        self._process = None

    def start(self):
        self._process = subprocess.Popen(
            [sys.executable, SHELF, str(self.port)],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=self._env,
        )
        until = time.monotonic() + 60
        while True:
            try:
                asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                asked.request("GET", "/nothing")
                asked.getresponse().read()
                asked.close()
                return
            except OSError:
                assert time.monotonic() < until, "the shelf never came up"
                time.sleep(0.05)

    def stop(self):
        self._process.kill()
        self._process.wait()

    def restart(self):
        self.stop()
        self.start()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()
