"""A server that answers what a test tells it to: bytes on a socket, right or wrong."""

import json
import socket
import threading
from contextlib import suppress
from dataclasses import replace

from traaviis_lab.bridge import Connection, remove, write


class Raw:
    """Listens on this machine; `answer(head, body)` gives the bytes to send, or None for none.

    A connection is closed after its answer; `seen` holds every (head, body) that came.
    """

    def __init__(self, answer, *, kernel="raw", token="secret-of-raw", path="/mcp"):
        self.answer, self.seen, self._open = answer, [], []
        self.over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.connection = Connection(
            f"http://127.0.0.1:{self.port}{path}", token, kernel=kernel, started="2026"
        )
        self.file = write(self.connection)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        remove(self.file)
        self.over.set()
        with suppress(OSError):
            # Closing alone leaves a thread that waits in accept() listening.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def announce(self, **changes):
        """Write the connection file again."""
        self.file = write(replace(self.connection, **changes))

    def posts(self):
        return [json.loads(body) for _, body in self.seen if body]

    def _accept(self):
        with suppress(OSError):
            while True:
                one, _ = self._socket.accept()
                self._open.append(one)
                threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    def _serve(self, one):
        with suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = one.recv(65_536)
                if not piece:
                    return
                head += piece
            head, _, body = head.partition(b"\r\n\r\n")
            text = head.decode()
            size = next(
                (
                    int(line.split(":")[1])
                    for line in text.split("\r\n")
                    if "content-length" in line.lower()
                ),
                0,
            )
            while len(body) < size:
                body += one.recv(65_536)
            self.seen.append((text, body))
            for piece in self.answer(text, body) or ():
                one.sendall(piece)
        one.close()


def answered(body, result, **headers):
    """The bytes of a JSON answer to a request."""
    said = {"jsonrpc": "2.0", "id": json.loads(body)["id"], "result": result}
    return [http(200, json.dumps(said).encode(), **headers)]


def http(status, body=b"", kind="application/json", **headers):
    lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {len(body)}", f"Content-Type: {kind}"]
    lines.append("Connection: close")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def greeted(body, session="s1", offers=None):
    """The bytes of the answer to `initialize`."""
    result = {
        "protocolVersion": "2025-11-25",
        "capabilities": offers or {"tools": {"listChanged": True}},
        "serverInfo": {"name": "raw", "version": "1"},
    }
    return answered(body, result, Mcp_Session_Id=session)
